"""
The callers' side of the ACD: joining, waiting, easing, overflow, being put elsewhere by hand.

A caller joins once and waits until he is answered or leaves; what his waiting changes is decided in
`patience.py` and carried out here, when its moment has come. Whom he is offered to is matched on
the shared floor (`matching.py`).

Rule 1: a caller whose offer lapsed keeps his place, because his place is the moment he joined.
Rule 2: what waiting changes for a caller follows from the caller alone, never from when it was
asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.acd.floor import Waiting
from ekc_telephony.core.acd.matching import Matching
from ekc_telephony.core.acd.messages import (
    AcdEffect,
    CallbackOffered,
    CallerJoined,
    CallerMoved,
    CallerPlaced,
    CallerSentOutside,
    MessageOffered,
    NobodySignedIn,
    OfferLapsed,
)
from ekc_telephony.core.acd.patience import Patience
from ekc_telephony.core.acd.specs import NoAgentsPolicy, Overflow, OverflowTarget
from ekc_telephony.core.kernel.deadlines import Deadlines
from ekc_telephony.core.kernel.ids import AgentId, CallId

_INSTANT: Final = timedelta(microseconds=1)


class CallersSide:
    """
    Let callers wait.

    Args:
        matching: The floor that they share with the agents.
    """

    def __init__(self, matching: Matching) -> None:
        self._matching = matching
        self._queues = matching.queues
        self._floor = matching.floor
        self._patience = Patience(
            matching.queues, matching.floor, matching.census, matching.estimator
        )
        self._due: Deadlines[CallId] = Deadlines()
        self._tickets = 0
        self._touched: dict[CallId, None] = {}
        """Callers who changed without a word."""

    def take_touched(self) -> list[CallId]:
        """Return the callers whose places changed without an effect since this was asked last."""
        waiting = self._matching.waiting
        touched, self._touched = [call for call in self._touched if call in waiting], {}
        return touched

    def restore(self, waiting: Waiting) -> None:
        """Let a caller wait at the place he had, with the offer he had."""
        self._tickets = max(self._tickets, waiting.ticket)
        self._matching.waiting[waiting.call] = waiting
        offer, agent = waiting.offer, waiting.agent
        waiting.offer = waiting.agent = None
        # Where he stood is found out by `let_wait`, which knows what time it is.
        self._floor.join(waiting, self._patience.lane(waiting, waiting.entered_at))
        self._due.set(waiting.call, waiting.entered_at)
        if offer is not None and agent is not None:
            self._matching.restore_offer(waiting, offer, agent)

    def go_on(self, now: datetime) -> None:
        """Let those wait who were restored as they waited at this moment, and look at nothing."""
        for waiting in self._matching.waiting.values():
            self._floor.move(waiting, self._patience.lane(waiting, now))
            # What falls due at this very moment may not have been done yet.
            moment = self._patience.next_moment(waiting, now - _INSTANT)
            self._due.set(waiting.call, moment)

    # --- coming and going

    def join(self, event: CallerJoined, now: datetime) -> list[AcdEffect]:
        """Let a caller wait, or tell him that nobody works, as his queue says."""
        spec = self._queues[event.queue]
        says_so = spec.when_no_agents is NoAgentsPolicy.INFORM
        if says_so and not self._matching.census.signed_in(event.queue):
            return [NobodySignedIn(call=event.call)]
        self._tickets += 1
        waiting = Waiting(
            call=event.call,
            queue=event.queue,
            joined_at=event.since or now,
            entered_at=now,
            ticket=self._tickets,
            priority=spec.priority + event.priority,
            skills=event.skills,
            preferred=event.preferred if self._is_worth_waiting_for(event.preferred) else None,
            offers_made=event.offers_before,
            was_outside=event.was_outside,
            kept_until=None if event.kept_for is None else now + event.kept_for,
        )
        self._matching.waiting[event.call] = waiting
        self._floor.join(waiting, self._patience.lane(waiting, now))
        return self._ripen(waiting, now) + self._offer_if_here(waiting, now)

    def place(self, event: CallerPlaced, now: datetime) -> list[AcdEffect]:
        """Let a supervisor put a caller elsewhere; one for whom a phone rings stays."""
        waiting = self._matching.waiting.get(event.call)
        if waiting is None or waiting.offer is not None:
            return []
        before = waiting.queue
        self._floor.leave(waiting)
        if event.queue != before:
            self._patience.enter(waiting, event.queue, now)
        waiting.priority += event.raised
        self._floor.join(waiting, self._patience.lane(waiting, now))
        self._touched[waiting.call] = None
        moved = CallerMoved(call=event.call, before=before, queue=event.queue, is_by_hand=True)
        effects: list[AcdEffect] = [moved] if event.queue != before else []
        effects += self._ripen(waiting, now)
        return effects + self._offer_if_here(waiting, now)

    def _offer_if_here(self, waiting: Waiting, now: datetime) -> list[AcdEffect]:
        is_here = waiting.call in self._matching.waiting  # he may have overflowed to outside
        return self._matching.offer_somebody(waiting, now) if is_here else []

    def _is_worth_waiting_for(self, agent_id: AgentId | None) -> bool:
        agent = None if agent_id is None else self._matching.agents.get(agent_id)
        return agent is not None and agent.is_ready

    def forget(self, waiting: Waiting) -> None:
        """Let the caller wait no longer."""
        self._matching.forget(waiting)
        self._due.set(waiting.call, None)

    # --- waiting

    def next_deadline(self) -> datetime | None:
        """Return when somebody's waiting changes something."""
        return self._due.next()

    def let_wait(self, now: datetime) -> tuple[list[Waiting], list[AcdEffect]]:
        """Do what his waiting asks for, for every caller whose moment has come; return them."""
        ripe: list[Waiting] = []
        effects: list[AcdEffect] = []
        while (call := self._due.take_due(now)) is not None:
            waiting = self._matching.waiting[call]
            ripe.append(waiting)
            effects += self._ripen(waiting, now)
        return ripe, effects

    def _ripen(self, waiting: Waiting, now: datetime) -> list[AcdEffect]:
        """Do what the caller's waiting asks for; he is offered to nobody yet."""
        effects: list[AcdEffect] = []
        while (overflow := self._patience.due_overflow(waiting, now)) is not None:
            effects += self._overflow(waiting, overflow, now)
            if overflow.target is OverflowTarget.OUTSIDE:
                return effects
        if self._patience.stop_sparing(waiting, now):
            self._touched[waiting.call] = None
        self._floor.move(waiting, self._patience.lane(waiting, now))
        self._due.set(waiting.call, self._patience.next_moment(waiting, now))
        return effects

    def _overflow(self, waiting: Waiting, overflow: Overflow, now: datetime) -> list[AcdEffect]:
        match overflow.target:
            case OverflowTarget.QUEUE:
                assert overflow.to_queue is not None  # `Overflow` sees to it
                before = waiting.queue
                self._floor.leave(waiting)
                self._patience.enter(waiting, overflow.to_queue, now)
                self._floor.join(waiting, self._patience.lane(waiting, now))
                return [CallerMoved(call=waiting.call, before=before, queue=waiting.queue)]
            case OverflowTarget.CALLBACK:
                return [CallbackOffered(call=waiting.call)]
            case OverflowTarget.MESSAGE:
                return [MessageOffered(call=waiting.call)]
            case OverflowTarget.OUTSIDE:
                assert overflow.number is not None  # `Overflow` sees to it
                self.forget(waiting)
                return [CallerSentOutside(call=waiting.call, number=overflow.number)]

    # --- what agents let happen to callers

    def lapsed(self, waiting: Waiting, event: OfferLapsed, agent: AgentId, now: datetime) -> None:
        """Spare the caller the agent who did not take him."""
        waiting.spared[agent] = now + self._queues[waiting.queue].spared_for
        if self._is_worth_waiting_for(event.preferred):
            self._patience.keep_for(waiting, event.preferred, until=now + event.kept_for)
        elif waiting.preferred in waiting.spared:
            # Whom he was kept for did not take him: he waits for anybody.
            self._patience.keep_for(waiting, None)

    def offer_again(self, waiting: Waiting, now: datetime) -> list[AcdEffect]:
        """Offer a caller whose offer lapsed to the next one."""
        self._floor.move(waiting, self._patience.lane(waiting, now))
        self._forgive_if_alone(waiting)
        effects = self._ripen(waiting, now)
        return effects + self._matching.offer_somebody(waiting, now)

    def _forgive_if_alone(self, waiting: Waiting) -> None:
        """Offer a caller again to those who did not take him, when nobody else is there."""
        fit = () if waiting.lane is None else waiting.lane.agents
        agents = self._matching.agents
        if not any(agents[each].is_ready for each in fit if each not in waiting.spared):
            waiting.spared.clear()

    def wait_for_others(self, callers: Iterable[Waiting], now: datetime) -> list[AcdEffect]:
        """Let those who wait for one agent alone wait for anybody."""
        callers = list(callers)
        effects: list[AcdEffect] = []
        for waiting in callers:
            self._patience.keep_for(waiting, None)
            self._touched[waiting.call] = None
            effects += self._ripen(waiting, now)
        return effects + self._matching.offer_in_turn(callers, now)
