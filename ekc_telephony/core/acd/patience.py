"""
What waiting changes for a caller: whom he may be offered to, and in which queue he waits.

    joined ──▶ kept for the agent he knows ──▶ the queue's need ──▶ easing ──▶ easing …
                          │                                             │
                          └── overflow: another queue, a number outside,
                              «shall we call you back?», «leave a message»

Rule 1: every answer follows from the caller, his queue and the moment. Nothing is remembered but
what stands in `Waiting`, so another engine goes on where this one was.
Rule 2: the moments at which something may change are known beforehand (`next_moment`).
Rule 3: an overflow happens once for each time that the caller comes to the queue, and never while
a phone rings for him.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.acd.census import Census
from ekc_telephony.core.acd.expected_wait import WaitEstimator
from ekc_telephony.core.acd.floor import Floor, Lane, Waiting
from ekc_telephony.core.acd.specs import (
    Overflow,
    OverflowCause,
    OverflowTarget,
    QueueSpec,
    needs_after,
)
from ekc_telephony.core.kernel.ids import AgentId, QueueId

LOOK_AGAIN: Final = timedelta(seconds=5)
"""How often it is looked whether anybody is ready, and how long it will take, where an overflow
asks for it."""


class Patience:
    """
    Tell what a caller's waiting asks for.

    Args:
        queues: The queues.
        floor: Makes the lanes.
        census: Knows who is there.
        estimator: Knows how long it takes.
    """

    def __init__(
        self,
        queues: Mapping[QueueId, QueueSpec],
        floor: Floor,
        census: Census,
        estimator: WaitEstimator,
    ) -> None:
        self._queues = queues
        self._floor = floor
        self._census = census
        self._estimator = estimator
        self._lanes: dict[tuple[QueueId, int], Lane] = {}

    def enter(self, waiting: Waiting, queue: QueueId, now: datetime) -> None:
        """Let the caller come to another queue; he is as old as he was."""
        waiting.priority += self._queues[queue].priority - self._queues[waiting.queue].priority
        waiting.queue, waiting.entered_at, waiting.overflows = queue, now, 0
        self.keep_for(waiting, None)

    def keep_for(
        self, waiting: Waiting, agent: AgentId | None, *, until: datetime | None = None
    ) -> None:
        """Keep the caller for this agent, or for nobody; without `until` as the queue says."""
        waiting.preferred, waiting.kept_until = agent, until

    # --- whom he may be offered to

    def lane(self, waiting: Waiting, now: datetime) -> Lane:
        """Return where he waits for an offer now."""
        spec = self._queues[waiting.queue]
        if waiting.preferred is not None and now < self._kept_until(waiting):
            return self._floor.lane_of_one(waiting.preferred)
        waited = now - waiting.joined_at
        if waiting.skills:
            return self._floor.lane(needs_after(spec, waited, waiting.skills), spec.choice)
        step = sum([easing.after <= waited for easing in spec.easings])
        lane = self._lanes.get((spec.queue, step))
        if lane is None:
            lane = self._floor.lane(needs_after(spec, waited, {}), spec.choice)
            self._lanes[spec.queue, step] = lane
        return lane

    def _kept_until(self, waiting: Waiting) -> datetime:
        spec = self._queues[waiting.queue]
        return waiting.kept_until or waiting.entered_at + spec.prefers_for

    def stop_sparing(self, waiting: Waiting, now: datetime) -> bool:
        """Let him be offered again to those whose time is over; return whether there are any."""
        over = [agent for agent, until in waiting.spared.items() if until <= now]
        for agent in over:
            del waiting.spared[agent]
        return bool(over)

    # --- where he waits

    def due_overflow(self, waiting: Waiting, now: datetime) -> Overflow | None:
        """Return the overflow that is due now, which is thereby gone through; None without one."""
        if waiting.offer is not None:
            return None
        for number, overflow in enumerate(self._queues[waiting.queue].overflows):
            bit = 1 << number
            if waiting.overflows & bit or not _may_lead(overflow, waiting):
                continue
            if self._is_due(overflow, waiting, now):
                waiting.overflows |= bit
                return overflow
        return None

    def _is_due(self, overflow: Overflow, waiting: Waiting, now: datetime) -> bool:
        has_waited = now >= waiting.entered_at + overflow.after
        match overflow.cause:
            case OverflowCause.WAITED:
                return has_waited
            case OverflowCause.LINE_TOO_LONG:
                has_just_come = now == waiting.entered_at
                return has_just_come and self._floor.position(waiting) > overflow.length
            case OverflowCause.NOBODY_READY:
                return has_waited and not self._census.ready(waiting.queue)
            case OverflowCause.NOBODY_SIGNED_IN:
                return has_waited and not self._census.signed_in(waiting.queue)
            case OverflowCause.EXPECTED_WAIT:
                return has_waited and self._will_wait(waiting, overflow.longer_than, now)

    def _will_wait(self, waiting: Waiting, longer_than: timedelta, now: datetime) -> bool:
        if self._floor.best_for(waiting) is not None:
            return False  # what is expected is expected of those for whom nobody is free
        expected = self._estimator.expect(waiting, now)
        return expected is not None and expected.mean > longer_than

    # --- when to look again

    def next_moment(self, waiting: Waiting, now: datetime) -> datetime | None:
        """Return when something may change for him next."""
        spec = self._queues[waiting.queue]
        moments = [waiting.joined_at + easing.after for easing in spec.easings]
        moments += waiting.spared.values()
        if waiting.preferred is not None:
            moments.append(self._kept_until(waiting))
        for number, overflow in enumerate(spec.overflows):
            if not waiting.overflows & (1 << number) and _may_lead(overflow, waiting):
                moments.append(_next_look(overflow, waiting, now))
        return min([each for each in moments if each > now], default=None)


def _may_lead(overflow: Overflow, waiting: Waiting) -> bool:
    """Tell whether the overflow is for him: nobody is sent outside twice."""
    return overflow.target is not OverflowTarget.OUTSIDE or not waiting.was_outside


def _next_look(overflow: Overflow, waiting: Waiting, now: datetime) -> datetime:
    """Return when the overflow may be due next; `now` means never again."""
    first = waiting.entered_at + overflow.after
    match overflow.cause:
        case OverflowCause.WAITED:
            return first
        case OverflowCause.LINE_TOO_LONG:
            return now
        case (
            OverflowCause.NOBODY_READY
            | OverflowCause.NOBODY_SIGNED_IN
            | OverflowCause.EXPECTED_WAIT
        ):
            late = max(timedelta(), now - first) // LOOK_AGAIN
            return first if now < first else first + (late + 1) * LOOK_AGAIN
