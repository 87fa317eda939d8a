"""Rare things that are counted all the same, and things that are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ekc_telephony.core.call.facts import RecordingStarted, SegmentOutcome
from ekc_telephony.core.kernel.ids import RecordingId
from ekc_telephony.core.stats import formulas
from ekc_telephony.core.stats.from_facts import records_of
from ekc_telephony.core.stats.grouping import By, Directory, moment_of, tallies_by
from ekc_telephony.core.stats.parts import parts_of
from ekc_telephony.core.stats.records import CallRecord
from ekc_telephony.core.stats.spans import (
    DAY,
    HALF_HOUR,
    HOUR,
    cut_before,
    length,
    most_at_once,
    next_cut,
)
from ekc_telephony.core.stats.tally import Tally, merged
from tests.adapters.sql.stories import call_story
from tests.core.stats.days import (
    ANNA,
    BORIS,
    abandoned,
    after,
    answered,
    call,
    day,
    segment,
    span,
)


def tally_of(*calls: CallRecord) -> Tally:
    records = day(*calls)
    found = tallies_by(
        By.ALL, records, since=after(0), until=after(3600), zone=None, directory=Directory()
    )
    return found[None]


def test_a_conversation_with_an_unknown_agent_is_handled_by_nobody_in_particular() -> None:
    tally = tally_of(call(segment(1, "talk", 0, 60)))
    assert tally.handlings.count == 1
    assert tally.handling == timedelta()


def test_a_phone_that_rings_now_is_ringing() -> None:
    tally = tally_of(call(segment(1, "offer", 0, None, agent=ANNA), end=None))
    assert (tally.ringing, tally.rings.total()) == (1, 0)


def test_hold_and_transfer_are_counted_where_they_are_measured() -> None:
    (handling,) = parts_of(answered(talked=60, wrapped=20)).handlings
    tally = Tally()
    tally.add(replace(handling, held=timedelta(seconds=10), was_transferred=True))
    tally.add(replace(handling, held=timedelta(seconds=20), was_transferred=False))
    assert (tally.held, tally.transferred) == (timedelta(seconds=30), 1)
    assert formulas.average_handle_time(tally) == timedelta(seconds=80)
    assert formulas.average_talk(tally) == timedelta(seconds=45)
    assert formulas.average_hold(tally) == timedelta(seconds=15)
    assert formulas.hold_share(tally) == pytest.approx(30 / 160)
    assert formulas.transfer_share(tally) == pytest.approx(1 / 2)


def test_redials_of_one_person_are_one_person() -> None:
    again = [abandoned(f"ekc-2.{number}", begin=60 * number) for number in range(4)]
    tally = tally_of(*again, answered(), abandoned("ekc-3.1", number=None))
    assert (tally.received, tally.people) == (6, 2)


def test_people_of_two_parts_are_not_known_of_their_sum_unless_one_has_none() -> None:
    some, none, hidden = tally_of(answered()), Tally(), tally_of(answered(number=None))
    for nobody in (none, hidden):
        assert merged([some, nobody]).people == merged([nobody, some]).people == 1
    assert merged([some, some]).people is None
    assert merged([some, some, none]).people is None


def test_who_is_asked_for_advice_is_busy_but_handles_no_call() -> None:
    story = call(
        segment(1, "talk", 0, 60, agent=ANNA),
        segment(2, "advice", 20, 50, agent=ANNA),
        segment(3, "advice", 20, 50, agent=BORIS),
        end=60,
    )
    records = day(story, presences=(span(ANNA, 0, None), span(BORIS, 0, None)))
    found = tallies_by(
        By.OPERATOR, records, since=after(0), until=after(100), zone=None, directory=Directory()
    )
    anna, boris = found[ANNA], found[BORIS]
    assert (anna.handling, anna.advising) == (timedelta(seconds=60), timedelta())
    assert (boris.handling, boris.advising) == (timedelta(seconds=30), timedelta(seconds=30))
    assert (boris.handlings.count, boris.available) == (0, timedelta(seconds=100))
    assert formulas.occupancy_share(boris) == pytest.approx(0.3)


def test_advice_before_anything_was_declared_claims_no_occupancy() -> None:
    story = call(segment(1, "advice", 0, 30, agent=BORIS), segment(2, "advice", 0, 30), end=60)
    assert formulas.occupancy_share(tally_of(story)) is None


def test_a_conversation_cut_off_by_a_failure_is_handled_and_said_to_be_cut_off() -> None:
    tally = tally_of(call(segment(1, "talk", 0, 60, SegmentOutcome.BROKEN, agent=ANNA)))
    assert (tally.handlings.count, tally.cut_off) == (1, 1)


def test_the_average_speed_of_answer_is_the_mean_wait_of_the_answered() -> None:
    tally = tally_of(answered("ekc-1.1", waited=10), answered("ekc-2.1", waited=20))
    assert formulas.average_speed_of_answer(tally) == timedelta(seconds=15)


def test_a_recording_of_a_segment_that_nobody_told_of_is_left_out() -> None:
    registered, *_ = call_story("ekc-1.1")
    stray = RecordingStarted(
        call=registered.call,
        sequence=2,
        at=registered.at,
        segment=4,
        recording=RecordingId("r"),
    )
    (told,) = records_of([registered, stray]).calls
    assert told.segments == ()


def test_what_is_not_over_has_no_moment_to_be_booked_at() -> None:
    (handling,) = parts_of(call(segment(1, "talk", 0, None, agent=ANNA), end=None)).handlings
    with pytest.raises(ValueError, match="not over yet"):
        moment_of(handling)


def test_stretches_without_a_length_neither_last_nor_overlap() -> None:
    moment = (after(5), after(5))
    assert length([moment, (after(0), after(9))]) == timedelta(seconds=9)
    assert most_at_once([moment, (after(0), after(9)), (after(9), after(10))]) == 1


def test_a_caller_who_waits_still_has_not_waited_any_length_yet() -> None:
    tally = tally_of(call(segment(1, "wait", 0, None), end=None))
    assert (tally.offered, tally.from_queue.answered.count) == (1, 0)
    assert tally.longest_queue == 1


@pytest.mark.parametrize(
    ("at", "step", "begin"),
    [
        ("2026-03-02T09:44:59", HALF_HOUR, "2026-03-02T09:30:00"),
        ("2026-03-02T09:30:00", HALF_HOUR, "2026-03-02T09:30:00"),
        ("2026-03-02T09:44:59", HOUR, "2026-03-02T09:00:00"),
        ("2026-03-02T18:00:00", DAY, "2026-03-02T17:00:00"),  # midnight in Barnaul
    ],
)
def test_the_interval_of_a_moment_begins_at_a_round_time(
    at: str, step: timedelta, begin: str
) -> None:
    moment, expected = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (at, begin))
    assert cut_before(moment, step, ZoneInfo("Asia/Barnaul")) == expected
    assert cut_before(moment, step, None) <= moment < next_cut(moment, step, None)
