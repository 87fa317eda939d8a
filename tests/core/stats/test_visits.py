"""How a wait in a queue ends for the caller, whatever the call comes to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ekc_telephony.core.appeals.fallback import FALLBACK_QUEUE
from ekc_telephony.core.call.facts import CallOutcome, SegmentOutcome
from ekc_telephony.core.stats.parts import parts_of
from ekc_telephony.core.stats.records import CallRecord
from ekc_telephony.core.stats.visits import VisitEnding
from tests.core.stats.days import (
    ANNA,
    BORIS,
    FIRST,
    SECOND,
    abandoned,
    after,
    answered,
    answered_outside,
    call,
    segment,
)


def endings(story: CallRecord) -> list[VisitEnding]:
    return [visit.ending for visit in parts_of(story).visits]


def test_an_answered_visit_lasts_until_the_conversation_begins() -> None:
    (visit,) = parts_of(answered(waited=12)).visits
    assert visit.ending is VisitEnding.ANSWERED
    assert visit.waited == timedelta(seconds=12)
    assert visit.agent == ANNA


def test_who_left_a_message_flowed_out_of_the_queue() -> None:
    story = call(
        segment(1, "wait", 0, 30, SegmentOutcome.LEFT_BY_KEY),
        segment(2, "message", 30, 60, queue=None),
        outcome=CallOutcome.MESSAGE_LEFT,
    )
    assert endings(story) == [VisitEnding.FLOWED_OUT]


def test_who_hung_up_while_he_waited_is_abandoned_be_it_at_once() -> None:
    assert endings(abandoned()) == [VisitEnding.ABANDONED]
    assert endings(abandoned(outcome=CallOutcome.SHORT)) == [VisitEnding.ABANDONED]


@pytest.mark.parametrize(
    "outcome",
    [
        CallOutcome.CALLBACK_PROMISED,
        CallOutcome.MESSAGE_LEFT,
        CallOutcome.INFORMED_NO_AGENTS,
        CallOutcome.SENT_TO_FALLBACK,
    ],
)
def test_who_left_the_queue_for_something_else_is_not_abandoned(outcome: CallOutcome) -> None:
    assert endings(abandoned(outcome=outcome)) == [VisitEnding.FLOWED_OUT]


def test_who_was_answered_outside_flowed_out_of_the_queue() -> None:
    assert endings(answered_outside()) == [VisitEnding.FLOWED_OUT]


def test_a_failure_of_ours_is_told_apart_from_callers_who_gave_up() -> None:
    assert endings(abandoned(outcome=CallOutcome.TECHNICAL_FAILURE)) == [VisitEnding.BROKEN]


def test_who_gave_up_in_the_fallback_is_abandoned() -> None:
    story = abandoned(queue=FALLBACK_QUEUE, outcome=CallOutcome.SENT_TO_FALLBACK)
    assert endings(story) == [VisitEnding.ABANDONED]


def test_whom_the_fallback_served_was_answered_there_and_left_the_first_queue() -> None:
    # The engine ended its wait only after the fallback had taken the caller over.
    story = call(
        segment(1, "wait", 0, 40, SegmentOutcome.ABANDONED),
        segment(1001, "wait", 33, 46, queue=FALLBACK_QUEUE),
        segment(1002, "talk", 46, 60, queue=FALLBACK_QUEUE, agent=ANNA),
        outcome=CallOutcome.SENT_TO_FALLBACK,
    )
    assert endings(story) == [VisitEnding.FLOWED_OUT, VisitEnding.ANSWERED]


def test_a_caller_who_overflows_to_another_queue_is_offered_to_both() -> None:
    story = call(
        segment(1, "wait", 0, 30, SegmentOutcome.OVERFLOWED),
        segment(2, "wait", 30, 40, queue=SECOND),
        segment(3, "talk", 40, 90, queue=SECOND, agent=BORIS),
    )
    visits = parts_of(story).visits
    assert [(visit.queue, visit.ending) for visit in visits] == [
        (FIRST, VisitEnding.FLOWED_OUT),
        (SECOND, VisitEnding.ANSWERED),
    ]


def test_a_wait_that_an_engines_death_cut_in_two_is_one_visit() -> None:
    story = call(
        segment(1, "wait", 0, 90, SegmentOutcome.BROKEN),  # closed when the call ended
        segment(2001, "wait", 20, 30),
        segment(2002, "talk", 30, 90, agent=ANNA),
        end=90,
    )
    (visit,) = parts_of(story).visits
    assert (visit.at, visit.ended_at, visit.ending) == (after(0), after(30), VisitEnding.ANSWERED)


def test_a_caller_who_waits_still_is_counted_as_waiting() -> None:
    story = call(segment(1, "wait", 0, None), end=None)
    assert endings(story) == [VisitEnding.WAITING]
