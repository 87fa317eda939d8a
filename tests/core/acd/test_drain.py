"""Whatever the configuration lets pass, a floor with operators empties: every wait has an end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.acd.messages import (
    AcdEffect,
    AcdEvent,
    CallerJoined,
    CallerMoved,
    CallerSentOutside,
    ConversationEnded,
    NobodySignedIn,
    OfferAccepted,
    OfferMade,
    PresenceSet,
)
from ekc_telephony.core.acd.specs import AgentSpec, Easing, Need, QueueSpec, ever_serves
from ekc_telephony.core.call.presence import Presence
from ekc_telephony.core.kernel.ids import CallId, QueueId
from tests.core.acd.test_acd_machine import agent_specs, queue_specs
from tests.core.office import NOON, seconds

TALK = seconds(30)
STEP = seconds(5)
RINGS = seconds(30)
LONG_ENOUGH = timedelta(hours=1)


def is_accepted(queues: Sequence[QueueSpec], agents: Sequence[AgentSpec]) -> bool:
    """What `settings/routing.py` asks for: from every queue somebody is reached one day."""
    served = {q.queue for q in queues if any(ever_serves(agent, q) for agent in agents)}
    ways = {
        q.queue: {
            o.to_queue
            for o in q.overflows
            if o.to_queue is not None and o.is_certain_where_unserved
        }
        for q in queues
    }
    return all(served & reached(queue.queue, ways) for queue in queues)


def widening(queue: QueueSpec) -> QueueSpec:
    """Whoever was good enough stays so, as `settings/routing.py` asks of every easing."""
    needs: tuple[Need, ...] = (queue.need,)
    easings: list[Easing] = []
    for easing in queue.easings:
        needs = (*needs, *easing.needs)
        easings.append(replace(easing, needs=needs))
    return replace(queue, easings=tuple(easings))


def reached(start: QueueId, ways: dict[QueueId, set[QueueId]]) -> set[QueueId]:
    found, ahead = {start}, list(ways[start])
    while ahead:
        queue = ahead.pop()
        if queue not in found:
            found.add(queue)
            ahead += ways[queue]
    return found


class Shift:
    """Operators who take whoever is offered, talk for a while, and go on."""

    def __init__(self, queues: list[QueueSpec], agents: list[AgentSpec]) -> None:
        self.acd = Acd(queues, agents)
        self.now = NOON
        self.waiting: set[CallId] = set()
        self.served: list[CallId] = []
        self.talks: dict[CallId, timedelta] = {}
        self.queues: dict[CallId, QueueId] = {}
        self.outside: dict[CallId, datetime] = {}
        """Whom a number outside rings for since when; nobody there answers."""
        for agent in agents:
            self.tell(PresenceSet(agent=agent.agent, presence=Presence.READY))

    def tell(self, event: AcdEvent) -> None:
        self.heed(self.acd.handle(event, self.now))

    def heed(self, effects: Sequence[AcdEffect]) -> None:
        for effect in effects:
            match effect:
                case OfferMade(offer=offer, call=call):
                    self.waiting.remove(call)
                    self.served.append(call)
                    self.talks[call] = self.now - NOON + TALK
                    self.tell(OfferAccepted(offer=offer))
                case NobodySignedIn(call=call):
                    self.waiting.remove(call)
                case CallerMoved(call=call, queue=queue):
                    assert call in self.waiting
                    self.queues[call] = queue
                case CallerSentOutside(call=call):
                    self.outside[call] = self.now
                case _:
                    pass

    def goes_on(self) -> None:
        self.now += STEP
        for call in [call for call, ends in self.talks.items() if ends <= self.now - NOON]:
            del self.talks[call]
            self.tell(ConversationEnded(call=call))
        self.heed(self.acd.on_time(self.now))
        for call in [call for call, since in self.outside.items() if self.now >= since + RINGS]:
            del self.outside[call]
            self.tell(CallerJoined(call=call, queue=self.queues[call], was_outside=True))


@given(
    queues=queue_specs(),
    agents=agent_specs(),
    callers=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12),
)
def test_a_floor_with_operators_empties(
    queues: list[QueueSpec], agents: list[AgentSpec], callers: list[tuple[int, int]]
) -> None:
    queues = [widening(queue) for queue in queues]
    assume(is_accepted(queues, agents))
    shift = Shift(queues, agents)
    for number, (which, priority) in enumerate(callers):
        call = CallId(f"call-{number}")
        queue = queues[which % len(queues)].queue
        shift.waiting.add(call)
        shift.queues[call] = queue
        shift.tell(CallerJoined(call=call, queue=queue, priority=priority))
    while shift.waiting and shift.now - NOON < LONG_ENOUGH:
        shift.goes_on()
    assert not shift.waiting
    assert len(set(shift.served)) == len(shift.served)
