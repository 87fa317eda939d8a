"""The chronicle numbers without a gap and closes every segment once, whatever it is told."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.call.facts import (
    CallEnded,
    CallFact,
    CallOutcome,
    SegmentEnded,
    SegmentKind,
    SegmentOutcome,
    SegmentStarted,
)
from ekc_telephony.core.engine.chronicle import Chronicle
from ekc_telephony.core.kernel.ids import AppealId, CallId, Did, PromptKey, RecordingId
from tests.core.office import ANNA, BORIS, FIRST, NOON, seconds

CALL = CallId("ekc1-1795253112.17")


def a_chronicle(facts_before: int = 0) -> tuple[Chronicle, list[CallFact]]:
    chronicle = Chronicle(CALL, registered_at=NOON, facts_before=facts_before)
    registered = chronicle.registered(
        appeal=AppealId("1"), did=Did("100"), number=None, script=None
    )
    return chronicle, [registered]


def test_every_fact_has_the_next_number() -> None:
    chronicle, facts = a_chronicle()
    facts.append(chronicle.start(SegmentKind.TALK, NOON, queue=FIRST, agent=ANNA))
    facts.append(chronicle.recording_started(RecordingId("r"), NOON, agent=ANNA))
    facts.append(chronicle.recording_lost(RecordingId("r"), "no room", NOON))
    facts.append(chronicle.prompts_not_heard((PromptKey("greeting"),), NOON))
    facts += chronicle.ended(CallOutcome.ANSWERED, NOON)
    assert [fact.sequence for fact in facts] == [1, 2, 3, 4, 5, 6, 7]


def test_a_call_of_an_earlier_engine_is_numbered_on_from_where_that_one_cannot_have_been() -> None:
    chronicle, facts = a_chronicle(facts_before=1_000)
    started = chronicle.start(SegmentKind.IVR, NOON)
    assert (facts[0].sequence, started.sequence, started.segment) == (1_001, 1_002, 1_001)


def test_an_end_says_all_that_the_start_said() -> None:
    chronicle, _ = a_chronicle()
    chronicle.start(SegmentKind.OFFER, NOON, queue=FIRST, agent=ANNA)
    later = NOON + seconds(7)
    (ended,) = chronicle.end(SegmentKind.OFFER, SegmentOutcome.REFUSED, later)
    assert isinstance(ended, SegmentEnded)
    assert (ended.queue, ended.agent, ended.started_at, ended.at) == (FIRST, ANNA, NOON, later)


def test_a_segment_ends_once() -> None:
    chronicle, _ = a_chronicle()
    chronicle.start(SegmentKind.IVR, NOON)
    assert len(chronicle.end(SegmentKind.IVR, SegmentOutcome.COMPLETED, NOON)) == 1
    assert chronicle.end(SegmentKind.IVR, SegmentOutcome.ABANDONED, NOON) == []


def test_two_people_can_wrap_up_the_same_call() -> None:
    chronicle, _ = a_chronicle()
    first = chronicle.start(SegmentKind.WRAP_UP, NOON, agent=ANNA)
    second = chronicle.start(SegmentKind.WRAP_UP, NOON, agent=BORIS)
    for agent, started in ((BORIS, second), (ANNA, first)):
        assert chronicle.is_open(SegmentKind.WRAP_UP)
        (ended,) = chronicle.end(SegmentKind.WRAP_UP, SegmentOutcome.TIME_IS_UP, NOON, agent=agent)
        assert isinstance(ended, SegmentEnded)
        assert ended.segment == started.segment
    assert not chronicle.is_open(SegmentKind.WRAP_UP)


def test_the_end_of_the_call_closes_what_was_forgotten_but_not_wrap_up() -> None:
    chronicle, _ = a_chronicle()
    chronicle.start(SegmentKind.WAITING, NOON)
    chronicle.start(SegmentKind.WRAP_UP, NOON, agent=ANNA)
    closed, ended = chronicle.ended(CallOutcome.TECHNICAL_FAILURE, NOON)
    assert isinstance(closed, SegmentEnded)
    assert (closed.kind, closed.outcome) == (SegmentKind.WAITING, SegmentOutcome.BROKEN)
    assert isinstance(ended, CallEnded)
    assert chronicle.is_open(SegmentKind.WRAP_UP)


@given(st.lists(st.tuples(st.sampled_from(SegmentKind), st.booleans()), max_size=30))
def test_whatever_is_opened_and_closed_no_number_is_missing_or_given_twice(
    orders: list[tuple[SegmentKind, bool]],
) -> None:
    chronicle, facts = a_chronicle()
    now = NOON
    for kind, opens in orders:
        now += timedelta(seconds=1)
        if not opens:
            facts += chronicle.end(kind, SegmentOutcome.COMPLETED, now)
        elif not chronicle.is_open(kind):
            facts.append(chronicle.start(kind, now))
    facts += chronicle.end(SegmentKind.WRAP_UP, SegmentOutcome.TIME_IS_UP, now)
    facts += chronicle.ended(CallOutcome.ANSWERED, now)
    assert [fact.sequence for fact in facts] == list(range(1, len(facts) + 1))
    started = [fact.segment for fact in facts if isinstance(fact, SegmentStarted)]
    ended = [fact.segment for fact in facts if isinstance(fact, SegmentEnded)]
    assert started == list(range(1, len(started) + 1))
    assert sorted(ended) == started
