"""What a call means for figures when several things in it belong together."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ekc_telephony.core.call.facts import SegmentOutcome
from ekc_telephony.core.stats.parts import parts_of, service_time
from ekc_telephony.core.stats.visits import VisitEnding
from tests.core.stats.days import ANNA, BORIS, after, call, segment

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
    assert [visit.ending for visit in parts_of(CONFERENCE).visits] == [VisitEnding.ANSWERED]
    service = service_time(CONFERENCE)
    assert service is not None
    assert [step.answered.seconds for step in service.steps] == [50, 30]
    assert service.total == timedelta(seconds=10 + 80 + 15 + 5)


def test_a_message_and_a_supervisor_change_nothing_that_is_counted() -> None:
    beside = (segment(8, "message", 90, 99, queue=None), segment(9, "ear", 15, 80, agent=ANNA))
    disturbed = replace(CONFERENCE, segments=(*CONFERENCE.segments, *beside))
    assert parts_of(disturbed) == parts_of(CONFERENCE)
    assert service_time(disturbed) == service_time(CONFERENCE)
