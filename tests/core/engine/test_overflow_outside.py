"""A caller whom nobody here takes is sent to a number outside, and comes back from it once."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import pytest

from ekc_telephony.core.call.commands import (
    Command,
    DialAgent,
    DialNumber,
    HangUpLeg,
    JoinBridge,
    StartMusic,
)
from ekc_telephony.core.call.events import (
    CallArrived,
    ControlRegained,
    EndReason,
    Event,
    LegAnswered,
    LegEnded,
    PresenceDeclared,
)
from ekc_telephony.core.call.facts import (
    CallbackDue,
    CallbackReason,
    CallEnded,
    CallOutcome,
    Fact,
    SegmentEnded,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.call.presence import Presence
from ekc_telephony.core.engine.engine import Effect
from ekc_telephony.core.engine.state import Phase
from ekc_telephony.core.kernel.ids import CallId, Did, LegId
from tests.core.office import ANNA, CLARA, NOON, engine, restored_engine, seconds

CALL: Final = CallId("ekc1-1.1")
CALLER: Final = LegId(CALL)
OUTSIDE: Final = LegId(f"{CALL}-outside-1")
REMOTE: Final = Did("910")
"""Nobody serves it: after 10 s a number outside is rung, after 20 s it is the first line's."""


class Day:
    """One call to a queue that nobody serves."""

    def __init__(self) -> None:
        self.engine = engine(ready=[CLARA])
        self.now = NOON
        self.said: list[Effect] = []
        self.tell(ControlRegained(legs=(), bridges=frozenset()))
        self.tell(CallArrived(call=CALL, did=REMOTE, number="79001234567"))

    def tell(self, event: Event) -> list[Effect]:
        self.said = self.engine.handle(event, self.now)
        return self.said

    def waits(self, count: float) -> list[Effect]:
        ends, self.said = self.now + seconds(count), []
        while (due := self.engine.next_deadline()) is not None and due <= ends:
            self.now = max(due, self.now)
            self.said += self.engine.on_time(self.now)
        self.now = ends
        return self.said

    def outside_ends(self, reason: EndReason) -> list[Effect]:
        return self.tell(LegEnded(leg=OUTSIDE, reason=reason))

    def caller_hangs_up(self) -> list[Effect]:
        return self.tell(LegEnded(leg=CALLER, reason=EndReason.HUNG_UP))

    def phase(self) -> Phase:
        return self.engine.sessions[CALL].phase

    def is_restarted(self) -> None:
        self.engine = restored_engine(self.engine.state(), self.now)


def dialled(effects: list[Effect]) -> list[str]:
    return [each.number for each in effects if isinstance(each, DialNumber)]


def outcome(effects: list[Effect]) -> CallOutcome:
    (ended,) = [each.outcome for each in effects if isinstance(each, CallEnded)]
    return ended


def callbacks(effects: list[Effect]) -> list[CallbackReason]:
    return [each.reason for each in effects if isinstance(each, CallbackDue)]


def waited_until(effects: list[Effect]) -> list[tuple[SegmentOutcome, datetime]]:
    return [
        (each.outcome, each.at)
        for each in effects
        if isinstance(each, SegmentEnded) and each.kind is SegmentKind.WAITING
    ]


def test_whom_nobody_takes_the_number_outside_is_rung_for() -> None:
    day = Day()
    said = day.waits(10)
    assert dialled(said) == ["112"]
    assert any(isinstance(each, StartMusic) for each in said)
    assert waited_until(said) == [(SegmentOutcome.OVERFLOWED, NOON + seconds(10))]
    assert day.engine.acd.place(CALL) is None
    assert day.phase() is Phase.OUTSIDE


def test_nobody_here_is_offered_a_caller_who_is_outside() -> None:
    day = Day()
    day.waits(25)
    said = day.tell(PresenceDeclared(agent=ANNA, presence=Presence.READY))
    assert not any(isinstance(each, DialAgent) for each in said)


def test_who_is_taken_outside_is_answered() -> None:
    day = Day()
    day.waits(10)
    said = day.tell(LegAnswered(leg=OUTSIDE))
    assert any(isinstance(each, JoinBridge) for each in said)
    day.waits(60)
    said = day.outside_ends(EndReason.HUNG_UP)
    assert any(isinstance(each, HangUpLeg) and each.leg == CALLER for each in said)
    said = day.caller_hangs_up()
    assert outcome(said) is CallOutcome.ANSWERED
    assert callbacks(said) == []


@pytest.mark.parametrize("reason", [EndReason.BUSY, EndReason.FAILED, EndReason.NOT_ANSWERED])
def test_whom_nobody_takes_outside_waits_at_his_place_and_is_sent_there_once(
    reason: EndReason,
) -> None:
    day = Day()
    day.waits(12)
    day.outside_ends(reason)
    place = day.engine.acd.place(CALL)
    assert place is not None
    assert place.joined_at == NOON
    assert dict(place.skills) == {"german": 1}
    said = day.waits(30)
    assert dialled(said) == []
    assert [each.agent for each in said if isinstance(each, DialAgent)] == [CLARA]


def test_a_number_outside_that_rings_for_long_gives_the_caller_back() -> None:
    day = Day()
    said = day.waits(40)
    assert any(isinstance(each, HangUpLeg) and each.leg == OUTSIDE for each in said)
    assert day.phase() is Phase.WAITING


def test_who_hangs_up_while_it_rings_outside_left_the_queue_and_is_called_back() -> None:
    day = Day()
    day.waits(15)
    said = day.caller_hangs_up()
    assert outcome(said) is CallOutcome.ABANDONED_IN_QUEUE
    assert callbacks(said) == [CallbackReason.ABANDONED]
    assert any(isinstance(each, HangUpLeg) and each.leg == OUTSIDE for each in said)
    assert day.engine.acd.place(CALL) is None


def test_another_engine_knows_that_he_was_outside_and_what_he_needs() -> None:
    day = Day()
    day.waits(12)
    day.is_restarted()
    session = day.engine.sessions[CALL]
    assert session.phase is Phase.OUTSIDE
    assert session.course.was_outside
    assert dict(session.course.skills) == {"german": 1}
    day.is_restarted()
    assert day.engine.state().sessions[0].was_outside


def test_every_fact_of_a_call_outside_is_numbered_without_a_gap() -> None:
    day = Day()
    said: list[Effect] = []
    said += day.waits(12)
    said += day.outside_ends(EndReason.BUSY)
    said += day.waits(5)
    said += day.caller_hangs_up()
    facts: list[Fact] = [each for each in said if not isinstance(each, Command)]
    numbers = [each.sequence for each in facts if hasattr(each, "sequence")]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
