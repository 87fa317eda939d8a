"""
How long a waiting caller will wait, as far as it can be known.

Who waits at place *k* is answered when *k* conversations have ended among the operators who fit
him. So his wait is *k* gaps between ends, and a gap is the time one conversation takes an operator,
from the first ring to the end of the wrap-up, divided by the number of operators who are ready:

    wait  =  k × time of one conversation / ready operators

- *The time of one conversation* is measured for each queue: the time that operators were engaged
  for it, divided by the conversations that ended, the last fifty counting most. What is going on
  counts, too, so the short conversations that end first after a morning's start do not deceive.
- *k* counts who is due before him: in his own queue everybody, in a queue that shares operators
  with it the part that his operators will take.
- The gaps are taken for random, so the wait is spread like a sum of *k* random gaps (a gamma
  distribution); that the measured time is not certain spreads it further. The range told leaves
  out one fifth on either side.

Not foreseen are callers who give up and operators who come: both make the wait shorter than told.

Rule 1: everything follows from what happened and the moment, never from when it was asked for.
Rule 2: nothing is told (None) while it is not known: nobody who fits is ready, or of the queues
whose callers keep these operators busy more than half have had fewer conversations than
`ENOUGH_CONVERSATIONS`, or fewer than go on now.
Rule 3: no guess from the configuration takes the place of a measurement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Final

from ekc_telephony.core.acd.floor import Floor, Lane, Waiting
from ekc_telephony.core.acd.specs import AgentSpec, QueueSpec, serves
from ekc_telephony.core.kernel.ids import AgentId, QueueId

ENOUGH_CONVERSATIONS: Final = 5
"""Of fewer than these nothing is concluded."""
KEPT: Final = 0.98
"""What a conversation still counts after the next one: the last 50 count most."""
ONE_FIFTH: Final = 0.8416
"""So many standard deviations from the middle of a normal distribution leave one fifth out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedWait:
    """What is expected for one caller at one moment."""

    low: timedelta
    """Four of five wait longer."""
    mean: timedelta
    high: timedelta
    """One of five waits longer."""
    turns: float
    """How often each operator who fits must become free until it is his turn. It falls while he
    waits, unless operators go or he is overtaken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceState:
    """How fast a queue's callers are served, for another engine to go on from."""

    queue: QueueId
    engaged_s: float
    """Seconds that agents were engaged for it, the older ones counting less."""
    conversations: float
    """Those that ended meanwhile, counted likewise."""
    seen: int
    """Those that ended, ever."""
    counted_to: datetime | None
    """Up to when `engaged_s` is counted."""


class Pace:
    """How fast one queue's callers are served."""

    __slots__ = ("conversations", "counted_to", "engaged", "engaged_s", "queue", "seen")

    def __init__(self, queue: QueueId) -> None:
        self.queue = queue
        self.engaged = 0
        """How many agents ring, talk or wrap up for it now."""
        self.engaged_s = 0.0
        self.conversations = 0.0
        self.seen = 0
        self.counted_to: datetime | None = None

    def state(self) -> PaceState:
        """Return what is needed to go on."""
        return PaceState(
            queue=self.queue,
            engaged_s=self.engaged_s,
            conversations=self.conversations,
            seen=self.seen,
            counted_to=self.counted_to,
        )

    def resume(self, state: PaceState) -> None:
        """Go on where the pace of this state was; who is engaged is told besides."""
        self.engaged_s, self.conversations = state.engaged_s, state.conversations
        self.seen, self.counted_to = state.seen, state.counted_to

    def count(self, now: datetime) -> None:
        """Count the time up to now."""
        if self.counted_to is not None and self.engaged and now > self.counted_to:
            self.engaged_s += self.engaged * (now - self.counted_to).total_seconds()
        self.counted_to = now

    def conversation_ended(self) -> None:
        """Count a conversation whose wrap-up is over."""
        self.engaged_s *= KEPT
        self.conversations = (self.conversations + 1) * KEPT
        self.seen += 1

    def seconds_each(self, now: datetime) -> float | None:
        """Return how long one caller keeps an agent engaged; None while it is not known."""
        if self.seen < max(ENOUGH_CONVERSATIONS, self.engaged):
            return None
        going_on = 0.0
        if self.counted_to is not None and now > self.counted_to:
            going_on = self.engaged * (now - self.counted_to).total_seconds()
        return (self.engaged_s + going_on) / self.conversations


class WaitEstimator:
    """
    Measure how fast callers are served, and conclude how long one will wait.

    Sets of agents are numbers whose bits are the agents: of thousands of them it is known in a
    fraction of a microsecond how many two sets have in common.

    Args:
        queues: All queues.
        agents: All agents.
        floor: Knows who waits.
    """

    def __init__(
        self, queues: Mapping[QueueId, QueueSpec], agents: Iterable[AgentSpec], floor: Floor
    ) -> None:
        specs = {spec.agent: spec for spec in agents}
        self._floor = floor
        self._bits = {agent: 1 << number for number, agent in enumerate(specs)}
        ever = {queue: self._set(floor.agents_of(queue)) for queue in queues}
        self._serving = {
            queue: self._set(
                agent for agent in floor.agents_of(queue) if serves(specs[agent], spec)
            )
            if spec.easings
            else ever[queue]
            for queue, spec in queues.items()
        }
        self._rivals = {
            queue: [each for each in queues if each != queue and ever[queue] & self._serving[each]]
            for queue in queues
        }
        self._paces = {queue: Pace(queue) for queue in queues}
        self._fitting: dict[Lane, int] = {}
        self._engaged: dict[AgentId, QueueId] = {}
        self._ready = 0
        self._touched: dict[QueueId, None] = {}

    def _set(self, agents: Iterable[AgentId]) -> int:
        together = 0
        for agent in agents:
            together |= self._bits[agent]
        return together

    # --- going on after another engine

    def states(self) -> tuple[PaceState, ...]:
        """Return what was measured."""
        return tuple(pace.state() for pace in self._paces.values() if pace.counted_to is not None)

    def take_changes(self) -> tuple[PaceState, ...]:
        """Return what was measured of the queues where it changed since this was asked last."""
        touched, self._touched = self._touched, {}
        return tuple(self._paces[queue].state() for queue in touched)

    def restore(self, states: Iterable[PaceState]) -> None:
        """Go on where an earlier engine was; queues that exist no longer are forgotten."""
        for state in states:
            if state.queue in self._paces:
                self._paces[state.queue].resume(state)

    def restore_engaged(self, agent: AgentId, queue: QueueId | None) -> None:
        """Let the agent be engaged for the queue as he was."""
        if queue in self._paces and agent not in self._engaged:
            self._engaged[agent] = queue
            self._paces[queue].engaged += 1

    # --- what happens

    def engaged_for(self, agent: AgentId) -> QueueId | None:
        """Return for which queue's caller the agent rings, talks or wraps up."""
        return self._engaged.get(agent)

    def engage(self, agent: AgentId, queue: QueueId, now: datetime) -> None:
        """Take note that the agent is offered a caller of the queue, or takes one over."""
        self._engaged[agent] = queue
        pace = self._paces[queue]
        pace.count(now)
        pace.engaged += 1
        self._touched[queue] = None

    def release(self, agent: AgentId, now: datetime, *, has_talked: bool) -> None:
        """Take note that the agent has done with his caller, wrap-up and all."""
        queue = self._engaged.pop(agent, None)
        if queue is None:
            return
        pace = self._paces[queue]
        pace.count(now)
        pace.engaged -= 1
        if has_talked:
            pace.conversation_ended()
        self._touched[queue] = None

    def be_ready(self, agent: AgentId, *, is_ready: bool) -> None:
        """Take note of whether the agent takes calls, now or when he has done what he does."""
        bit = self._bits[agent]
        if bool(self._ready & bit) is not is_ready:
            self._ready ^= bit

    # --- what follows

    def expect(self, waiting: Waiting, now: datetime) -> ExpectedWait | None:
        """Return how long the caller will wait from now on; None while it is not known."""
        fit = self._fit(waiting) & self._ready
        agents = fit.bit_count()
        if not agents:
            return None
        shares = self._shares(waiting.queue, fit)
        measured = self._seconds_each(shares, now)
        if measured is None:
            return None
        seconds_each, certainty = measured
        place = 1 + sum(
            share * before
            for queue, share in shares.items()
            if (before := self._floor.line(queue).bisect_key_left(waiting.due))
        )
        turns = place / agents
        low, high = _spread(1 / (1 / place + 1 / certainty))
        return ExpectedWait(
            low=timedelta(seconds=turns * seconds_each * low),
            mean=timedelta(seconds=turns * seconds_each),
            high=timedelta(seconds=turns * seconds_each * high),
            turns=turns,
        )

    def _fit(self, waiting: Waiting) -> int:
        """Return whom he may be offered to; who is kept for one agent will not be for long."""
        lane = waiting.lane
        assert lane is not None  # he waits
        fit = self._fitting.get(lane)
        if fit is None:
            fit = self._fitting[lane] = self._set(lane.agents)
        return fit if waiting.preferred is None else fit | self._serving[waiting.queue]

    def _shares(self, queue: QueueId, fit: int) -> dict[QueueId, float]:
        """Return what part of each queue's callers the agents who fit will take."""
        shares = {queue: 1.0}
        for rival in self._rivals[queue]:
            serving = self._serving[rival] & self._ready
            common = serving & fit
            if common:
                shares[rival] = common.bit_count() / serving.bit_count()
        return shares

    def _seconds_each(
        self, shares: Mapping[QueueId, float], now: datetime
    ) -> tuple[float, float] | None:
        """Return how long a caller keeps these agents engaged, and how many say so."""
        known = unknown = rate = certainty = 0.0
        for queue, share in shares.items():
            pace = self._paces[queue]
            weight = share * pace.engaged
            each = pace.seconds_each(now) if weight else None
            if each:
                known += weight
                rate += weight / each
                certainty += weight * pace.conversations
            else:
                unknown += weight
        if not known or unknown > known:
            return None
        return known / rate, certainty / known


def _spread(gaps: float) -> tuple[float, float]:
    """Return the lower and the upper fifth of a sum of random gaps whose mean is 1."""
    # Wilson and Hilferty 1931: the cube root of a gamma variable is nearly normal.
    middle, width = 1 - 1 / (9 * gaps), ONE_FIFTH / (3 * sqrt(gaps))
    return max(0.0, middle - width) ** 3, (middle + width) ** 3
