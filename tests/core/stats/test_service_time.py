"""The service time of S1.13: waiting and answer on all levels, and the recording of the topic."""

from __future__ import annotations

from datetime import timedelta

from ekc_telephony.core.appeals.fallback import FALLBACK_QUEUE
from ekc_telephony.core.call.facts import SegmentOutcome
from ekc_telephony.core.stats.parts import service_time
from tests.core.stats.days import ANNA, BORIS, SECOND, abandoned, call, segment


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
