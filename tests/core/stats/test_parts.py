"""What a call means for figures: visits, handlings, rings, service time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ekc_telephony.core.appeals.fallback import FALLBACK_QUEUE
from ekc_telephony.core.call.facts import CallOutcome, NoteKind, SegmentOutcome
from ekc_telephony.core.stats.parts import parts_of, service_time
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
    call,
    segment,
    silence,
)


def endings(story: CallRecord) -> list[VisitEnding]:
    return [visit.ending for visit in parts_of(story).visits]


def test_an_answered_visit_lasts_until_the_conversation_begins() -> None:
    (visit,) = parts_of(answered(waited=12)).visits
    assert visit.ending is VisitEnding.ANSWERED
    assert visit.waited == timedelta(seconds=12)
    assert visit.agent == ANNA


def test_a_handling_holds_the_conversation_and_its_wrap_up_and_is_booked_at_its_end() -> None:
    (handling,) = parts_of(answered(waited=10, talked=60, wrapped=20)).handlings
    assert handling.talk == (after(15), after(75))
    assert handling.wrap_up == (after(75), after(95))
    assert handling.at == after(95)


def test_a_conversation_without_hold_or_transfer_says_so() -> None:
    (handling,) = parts_of(answered()).handlings
    assert (handling.held, handling.was_transferred) == (timedelta(), False)


def test_the_fallback_notes_no_holding_and_a_conversation_that_goes_on_tells_nothing_yet() -> None:
    (in_fallback,) = parts_of(answered(queue=FALLBACK_QUEUE)).handlings
    assert (in_fallback.held, in_fallback.was_transferred) == (None, False)
    (goes_on,) = parts_of(call(segment(1, "talk", 5, None, agent=ANNA), end=None)).handlings
    assert (goes_on.held, goes_on.was_transferred, goes_on.spoken) == (None, None, None)


def test_hold_is_part_of_the_conversation_of_the_agent_who_held() -> None:
    story = call(
        segment(1, "wait", 0, 5),
        segment(2, "talk", 5, 65, SegmentOutcome.TRANSFERRED, agent=ANNA),
        segment(3, "hold", 10, 20, agent=ANNA),
        segment(4, "hold", 40, 70, agent=ANNA),  # the phone told its end late
        segment(5, "talk", 65, 90, agent=BORIS),
        segment(6, "hold", 80, 85, agent=BORIS),
    )
    first, second = parts_of(story).handlings
    assert (first.held, first.spoken) == (timedelta(seconds=35), timedelta(seconds=25))
    assert (second.held, second.spoken) == (timedelta(seconds=5), timedelta(seconds=20))
    assert (first.was_transferred, second.was_transferred) == (True, False)


def test_a_hold_that_an_engines_death_left_open_ends_with_the_conversation() -> None:
    story = call(segment(1, "talk", 0, 60, agent=ANNA), segment(2, "hold", 50, None, agent=ANNA))
    (handling,) = parts_of(story).handlings
    assert handling.held == timedelta(seconds=10)


def test_a_silence_belongs_to_the_conversation_it_was_noted_in() -> None:
    story = call(
        segment(1, "wait", 0, 5),
        segment(2, "talk", 5, 165, SegmentOutcome.TRANSFERRED, agent=ANNA),
        segment(3, "talk", 165, 300, agent=BORIS),
        segment(4, "talk", 300, 400, agent=ANNA),
        silences=(
            silence(65),
            silence(130),
            silence(140, NoteKind.AGENT_SILENT),
            silence(225, NoteKind.AGENT_SILENT, agent=BORIS),
            silence(360),
        ),
    )
    counted = [(each.caller_silences, each.agent_silences) for each in parts_of(story).handlings]
    assert counted == [(2, 1), (0, 1), (1, 0)]


def test_silences_are_not_measured_in_the_fallback_nor_counted_while_they_talk() -> None:
    (in_fallback,) = parts_of(answered(queue=FALLBACK_QUEUE)).handlings
    assert (in_fallback.caller_silences, in_fallback.agent_silences) == (None, None)
    talk = segment(1, "talk", 5, None, agent=ANNA)
    (goes_on,) = parts_of(call(talk, end=None, silences=(silence(65),))).handlings
    assert (goes_on.caller_silences, goes_on.agent_silences) == (None, None)


CONFERENCE = call(
    segment(1, "wait", 0, 10),
    segment(2, "talk", 10, 60, agent=ANNA),
    segment(3, "advice", 20, 30, SegmentOutcome.JOINED, agent=ANNA),
    segment(4, "advice", 20, 30, SegmentOutcome.JOINED, agent=BORIS),
    segment(5, "talk", 30, 90, SegmentOutcome.CALLER_HUNG_UP, agent=BORIS),
    segment(6, "wrap", 60, 75, agent=ANNA),
    segment(7, "wrap", 90, 95, agent=BORIS),
    end=90,
)


def test_in_a_conference_each_agent_has_his_own_conversation_and_the_caller_one() -> None:
    anna, boris = parts_of(CONFERENCE).handlings
    assert (anna.talk, anna.wrap_up) == ((after(10), after(60)), (after(60), after(75)))
    assert (boris.talk, boris.wrap_up) == ((after(30), after(90)), (after(90), after(95)))
    assert endings(CONFERENCE) == [VisitEnding.ANSWERED]
    service = service_time(CONFERENCE)
    assert service is not None
    assert [step.answered.seconds for step in service.steps] == [50, 30]
    assert service.total == timedelta(seconds=10 + 80 + 15 + 5)


def test_of_two_conversations_at_once_each_goes_on_with_its_own_when_an_engine_died() -> None:
    story = call(
        segment(1, "talk", 0, 90, SegmentOutcome.BROKEN, agent=ANNA),
        segment(2, "talk", 10, 90, SegmentOutcome.BROKEN, agent=BORIS),
        segment(1001, "talk", 40, 60, agent=ANNA),
        segment(1002, "talk", 40, 80, agent=BORIS),
        end=90,
    )
    assert [each.talk for each in parts_of(story).handlings] == [
        (after(0), after(60)),
        (after(10), after(80)),
    ]


def test_a_message_and_a_supervisor_change_nothing_that_is_counted() -> None:
    beside = (segment(8, "message", 90, 99, queue=None), segment(9, "ear", 15, 80, agent=ANNA))
    disturbed = replace(CONFERENCE, segments=(*CONFERENCE.segments, *beside))
    assert parts_of(disturbed) == parts_of(CONFERENCE)
    assert service_time(disturbed) == service_time(CONFERENCE)


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


def test_each_agents_wrap_up_goes_with_his_own_conversation() -> None:
    story = call(
        segment(1, "wait", 0, 5),
        segment(2, "talk", 5, 30, agent=ANNA),
        segment(3, "wait", 30, 40, queue=SECOND),
        segment(4, "talk", 40, 90, queue=SECOND, agent=BORIS),
        segment(5, "wrap", 30, 50, agent=ANNA),
        segment(6, "wrap", 90, 95, queue=SECOND, agent=BORIS),
    )
    first, second = parts_of(story).handlings
    assert (first.agent, first.wrap_up) == (ANNA, (after(30), after(50)))
    assert (second.agent, second.wrap_up) == (BORIS, (after(90), after(95)))


def test_service_time_is_waiting_and_answer_on_all_levels_and_the_recording_of_the_topic() -> None:
    story = call(
        segment(1, "ivr", 0, 20, queue=None),
        segment(2, "wait", 20, 25),
        segment(3, "talk", 25, 55, agent=ANNA),
        segment(4, "wait", 55, 65, queue=SECOND),
        segment(5, "talk", 65, 125, queue=SECOND, agent=BORIS),
        segment(6, "wrap", 125, 140, queue=SECOND, agent=BORIS),
        end=125,
    )
    service = service_time(story)
    assert service is not None
    assert [(step.waited.seconds, step.answered.seconds) for step in service.steps] == [
        (5, 30),
        (10, 60),
    ]
    assert service.recorded == timedelta(seconds=15)
    assert service.total == timedelta(seconds=5 + 30 + 10 + 60 + 15)


def test_waits_that_overlap_are_waited_once() -> None:
    story = call(
        segment(1, "wait", 0, 40, SegmentOutcome.ABANDONED),
        segment(1001, "wait", 33, 46, queue=FALLBACK_QUEUE),
        segment(1002, "talk", 46, 60, queue=FALLBACK_QUEUE, agent=ANNA),
    )
    service = service_time(story)
    assert service is not None
    assert service.steps[0].waited == timedelta(seconds=46)
    assert service.recorded is None


def test_a_last_wait_without_an_answer_belongs_to_the_service_time_too() -> None:
    story = call(
        segment(1, "wait", 0, 5),
        segment(2, "talk", 5, 30, agent=ANNA),
        segment(3, "wait", 30, 70, SegmentOutcome.ABANDONED, queue=SECOND),
        end=70,
    )
    service = service_time(story)
    assert service is not None
    assert service.total == timedelta(seconds=5 + 25 + 40)


def test_there_is_no_service_time_without_a_conversation_or_before_its_end() -> None:
    assert service_time(abandoned()) is None
    assert service_time(call(segment(1, "talk", 0, None, agent=ANNA), end=None)) is None
    wrapping_up = call(
        segment(1, "talk", 0, 50, agent=ANNA), segment(2, "wrap", 50, None, agent=ANNA), end=50
    )
    assert service_time(wrapping_up) is None
