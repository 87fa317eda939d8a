"""What an earlier engine left open is ended as soon as it is known who is still there."""

from __future__ import annotations

from collections.abc import Sequence

from ekc_telephony.core.call.events import (
    CallsLeftOpen,
    ControlLost,
    ControlRegained,
    EndReason,
    LegEnded,
    LiveLeg,
    OpenCall,
)
from ekc_telephony.core.call.facts import CallEnded, CallOutcome, CallRegistered
from ekc_telephony.core.engine.engine import Effect
from ekc_telephony.core.kernel.ids import CallId, Did, LegId
from tests.core.office import NOON, engine, seconds

OLGA, PAUL = CallId("ekc-1.1"), CallId("ekc-1.2")
NOW = NOON + seconds(61.5)
LEFT_OPEN = CallsLeftOpen(
    calls=(
        OpenCall(call=OLGA, registered_at=NOON, was_answered=False),
        OpenCall(call=PAUL, registered_at=NOON + seconds(60), was_answered=True),
    )
)
OLGA_ENDED = CallEnded(
    call=OLGA,
    sequence=62_002,
    at=NOW,
    outcome=CallOutcome.TECHNICAL_FAILURE,
    registered_at=NOON,
)
PAUL_ENDED = CallEnded(
    call=PAUL,
    sequence=2_002,
    at=NOW,
    outcome=CallOutcome.ANSWERED,
    registered_at=NOON + seconds(60),
)


def regained(*calls: CallId) -> ControlRegained:
    """Tell that these callers are still there, on the number 200."""
    legs = tuple(
        LiveLeg(
            leg=LegId(call),
            did=Did("200"),
            agent=None,
            number=None,
            is_answered=True,
            bridge=None,
            created_at=NOON,
        )
        for call in calls
    )
    return ControlRegained(legs=legs, bridges=frozenset())


def endings(effects: Sequence[Effect]) -> list[CallEnded]:
    return [each for each in effects if isinstance(each, CallEnded)]


def test_calls_whose_callers_are_gone_end_when_the_channels_are_known() -> None:
    core = engine()
    assert core.handle(LEFT_OPEN, NOON + seconds(60)) == []
    assert endings(core.handle(regained(), NOW)) == [OLGA_ENDED, PAUL_ENDED]


def test_they_end_at_once_when_the_channels_are_known_already() -> None:
    core = engine()
    assert core.handle(regained(), NOW) == []
    assert endings(core.handle(LEFT_OPEN, NOW)) == [OLGA_ENDED, PAUL_ENDED]


def test_they_wait_while_the_connection_is_broken() -> None:
    core = engine()
    core.handle(regained(), NOON)
    core.handle(ControlLost(), NOON)
    assert core.handle(LEFT_OPEN, NOW) == []
    assert endings(core.handle(regained(), NOW)) == [OLGA_ENDED, PAUL_ENDED]


def test_they_end_only_once() -> None:
    core = engine()
    core.handle(LEFT_OPEN, NOW)
    core.handle(regained(), NOW)
    core.handle(ControlLost(), NOW)
    assert core.handle(regained(), NOW + seconds(1)) == []


def test_a_caller_who_is_still_there_is_taken_over_and_ends_with_his_session() -> None:
    core = engine()
    core.handle(LEFT_OPEN, NOW)
    effects = core.handle(regained(OLGA), NOW)
    assert endings(effects) == [PAUL_ENDED]
    (registered,) = [each for each in effects if isinstance(each, CallRegistered)]
    assert (registered.call, registered.sequence) == (OLGA, 62_001)
    gone = LegEnded(leg=LegId(OLGA), reason=EndReason.HUNG_UP)
    (ended,) = endings(core.handle(gone, NOW + seconds(9)))
    assert ended.outcome is CallOutcome.ABANDONED_IN_QUEUE
    assert ended.sequence > registered.sequence


def test_a_caller_taken_over_is_left_to_his_session_when_the_store_tells_late() -> None:
    core = engine()
    core.handle(regained(OLGA), NOW)
    assert endings(core.handle(LEFT_OPEN, NOW)) == [PAUL_ENDED]


def test_a_call_that_ended_before_the_store_told_does_not_end_twice() -> None:
    core = engine()
    core.handle(regained(OLGA), NOON)
    gone = LegEnded(leg=LegId(OLGA), reason=EndReason.HUNG_UP)
    assert len(endings(core.handle(gone, NOW))) == 1
    assert endings(core.handle(LEFT_OPEN, NOW)) == [PAUL_ENDED]


def test_a_clock_that_went_back_still_numbers_the_end_behind_what_was_said() -> None:
    core = engine()
    core.handle(regained(), NOON)
    (ended, _) = endings(core.handle(LEFT_OPEN, NOON - seconds(9)))
    assert ended.sequence == 1_002
