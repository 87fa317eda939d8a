"""What the engine concludes, when it is back, about callers whom the dialplan served without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.appeals.fallback import (
    BEYOND_THE_ENGINE,
    FALLBACK_QUEUE,
    FallbackCall,
    facts_of_cut,
    facts_of_ended,
)
from ekc_telephony.core.appeals.numbering import appeal_number
from ekc_telephony.core.call.facts import (
    FACTS_PER_SECOND,
    CallbackDue,
    CallbackReason,
    CallDisturbed,
    CallEnded,
    CallFact,
    CallOutcome,
    CallRegistered,
    Disturbance,
    SegmentEnded,
    SegmentKind,
    SegmentOutcome,
    SegmentStarted,
)
from ekc_telephony.core.kernel.ids import AgentId, CallId, Did

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CALL = CallId("ekc-1795300000.17")


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


GONE = FallbackCall(
    call=CALL,
    did=Did("88001000001"),
    number="+79001234567",
    began_at=NOON,
    entered_at=after(1),
    was_served=False,
    ended_at=after(60),
)
ASKED = replace(GONE, has_asked=True)
TALKED = replace(GONE, answered_at=after(20), agent=AgentId("ivanova"))

notes = st.builds(
    FallbackCall,
    call=st.just(CALL),
    did=st.just(Did("88001000001")),
    number=st.sampled_from([None, "+79001234567"]),
    began_at=st.just(NOON),
    entered_at=st.integers(-5, 100).map(after),
    was_served=st.booleans(),
    ended_at=st.integers(-5, 200).map(after),
    has_asked=st.booleans(),
    answered_at=st.none() | st.integers(-5, 250).map(after),
    agent=st.sampled_from([None, AgentId("ivanova")]),
)


def ended(call: FallbackCall) -> list[CallFact]:
    assert call.ended_at is not None
    return facts_of_ended(call, ended_at=call.ended_at)


def outcome_of(facts: Sequence[CallFact]) -> CallOutcome:
    (end,) = [fact for fact in facts if isinstance(fact, CallEnded)]
    return end.outcome


def due(facts: Sequence[CallFact]) -> list[CallbackReason]:
    return [fact.reason for fact in facts if isinstance(fact, CallbackDue)]


def segments(facts: Sequence[CallFact]) -> list[tuple[SegmentKind, SegmentOutcome, float]]:
    return [
        (fact.kind, fact.outcome, (fact.at - fact.started_at).total_seconds())
        for fact in facts
        if isinstance(fact, SegmentEnded)
    ]


def disturbances(facts: Sequence[CallFact]) -> list[Disturbance]:
    return [fact.disturbance for fact in facts if isinstance(fact, CallDisturbed)]


@pytest.mark.parametrize(
    ("call", "outcome", "reasons"),
    [
        (GONE, CallOutcome.SENT_TO_FALLBACK, [CallbackReason.NOT_SERVED]),
        (ASKED, CallOutcome.CALLBACK_PROMISED, [CallbackReason.ASKED]),
        (TALKED, CallOutcome.ANSWERED, []),
        (
            replace(GONE, was_served=True),
            CallOutcome.SENT_TO_FALLBACK,
            [CallbackReason.NOT_SERVED],
        ),
        (replace(ASKED, was_served=True), CallOutcome.SENT_TO_FALLBACK, [CallbackReason.ASKED]),
        (replace(TALKED, was_served=True), CallOutcome.SENT_TO_FALLBACK, []),
        (replace(GONE, number=None), CallOutcome.SENT_TO_FALLBACK, []),
    ],
)
def test_a_caller_who_left_has_the_outcome_of_what_he_did_and_is_called_back_if_he_must_be(
    call: FallbackCall, outcome: CallOutcome, reasons: list[CallbackReason]
) -> None:
    facts = ended(call)
    assert (outcome_of(facts), due(facts)) == (outcome, reasons)
    assert disturbances(facts) == [Disturbance.ENGINE_AWAY]


def test_a_conversation_in_the_fallback_is_told_with_the_wait_before_it() -> None:
    assert segments(ended(TALKED)) == [
        (SegmentKind.WAITING, SegmentOutcome.COMPLETED, 19),
        (SegmentKind.TALK, SegmentOutcome.COMPLETED, 40),
    ]


def test_whoever_hangs_up_waiting_has_waited_in_the_queue_of_the_fallback() -> None:
    facts = ended(GONE)
    assert segments(facts) == [(SegmentKind.WAITING, SegmentOutcome.ABANDONED, 59)]
    assert {fact.queue for fact in facts if isinstance(fact, SegmentEnded)} == {FALLBACK_QUEUE}


@pytest.mark.parametrize(
    ("call", "outcome", "reason"),
    [
        (GONE, CallOutcome.TECHNICAL_FAILURE, CallbackReason.NOT_SERVED),
        (TALKED, CallOutcome.TECHNICAL_FAILURE, CallbackReason.CUT_OFF),
        (ASKED, CallOutcome.TECHNICAL_FAILURE, CallbackReason.ASKED),
        (
            replace(TALKED, was_served=True),
            CallOutcome.SENT_TO_FALLBACK,
            CallbackReason.CUT_OFF,
        ),
    ],
)
def test_a_caller_under_whom_asterisk_died_is_called_back_and_his_appeal_says_why(
    call: FallbackCall, outcome: CallOutcome, reason: CallbackReason
) -> None:
    facts = facts_of_cut(replace(call, ended_at=None), asterisk_started_at=after(90))
    assert (outcome_of(facts), due(facts)) == (outcome, [reason])
    assert disturbances(facts) == [Disturbance.ENGINE_AWAY, Disturbance.ASTERISK_DIED]
    assert {last for _, last, _ in segments(facts)[-1:]} == {SegmentOutcome.BROKEN}
    assert facts[-1].at == after(90)


@given(call=notes, is_cut=st.booleans())
def test_whatever_the_note_says_the_facts_are_numbered_as_the_store_expects(
    call: FallbackCall, *, is_cut: bool
) -> None:
    facts = facts_of_cut(call, asterisk_started_at=after(300)) if is_cut else ended(call)
    first = BEYOND_THE_ENGINE + 1 if call.was_served else 1
    assert [fact.sequence for fact in facts] == list(range(first, first + len(facts)))
    registered, *rest, end = facts
    assert isinstance(registered, CallRegistered)
    assert isinstance(end, CallEnded)
    assert registered.appeal == appeal_number(CALL)
    assert not any(isinstance(fact, CallRegistered | CallEnded) for fact in rest)
    assert end.at >= call.entered_at
    begun = [fact.segment for fact in facts if isinstance(fact, SegmentStarted)]
    over = [fact.segment for fact in facts if isinstance(fact, SegmentEnded)]
    assert begun == over == list(range(first, first + len(begun)))
    assert all(seconds >= 0 for _, _, seconds in segments(facts))


@given(notes)
def test_nobody_who_left_without_a_talk_and_can_be_called_is_forgotten(call: FallbackCall) -> None:
    facts = ended(call)
    is_to_be_called = call.number is not None and (call.has_asked or not call.has_talked)
    assert len(due(facts)) == is_to_be_called


def test_what_the_engine_left_open_is_below_the_numbers_of_the_fallback() -> None:
    assert BEYOND_THE_ENGINE % FACTS_PER_SECOND == 0
    last = max(fact.sequence for fact in ended(replace(TALKED, was_served=True)))
    assert last < BEYOND_THE_ENGINE + FACTS_PER_SECOND
    assert last < 2**31  # PostgreSQL's INTEGER
