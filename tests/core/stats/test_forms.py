"""The forms' rows, on days told by hand."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ekc_telephony.core.acd.specs import Line
from ekc_telephony.core.call.facts import CallbackReason, CallOutcome, SegmentOutcome
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.stats import forms
from ekc_telephony.core.stats.form_rows import (
    NOT_MEASURED,
    Form,
    IntervalRow,
    LostRow,
    Period,
    ShiftRow,
)
from ekc_telephony.core.stats.grouping import By, Directory
from ekc_telephony.core.stats.lengths import WAIT_EDGES
from ekc_telephony.core.stats.norms import NORMS, Preset
from ekc_telephony.core.stats.passport import HungUpBy, Passport, PassportStatus, passport_of
from ekc_telephony.core.stats.records import CallbackRecord, CallRecord, Records
from ekc_telephony.core.stats.tally import Tally
from tests.core.stats.days import (
    ANNA,
    BORIS,
    FIRST,
    SECOND,
    abandoned,
    after,
    answer,
    answered,
    answered_outside,
    call,
    day,
    segment,
    span,
    surveyed,
)
from tests.core.stats.filled import counted, f1, f5, f6, f8

PERIOD = Period(
    since=after(-9 * 3600),
    until=after(15 * 3600),
    zone=UTC,
    norm=NORMS[Preset.N80_20],
    wait_edges=WAIT_EDGES,
    directory=Directory(
        queues={FIRST: Line.FIRST, SECOND: Line.SECOND},
        agents={ANNA: Line.FIRST, BORIS: Line.SECOND},
    ),
)
A_WEEK_S = 7 * 86_400


def test_f1_counts_people_and_not_attempts_and_compares_with_a_week_ago() -> None:
    records = day(
        answered("ekc-1.1", begin=-A_WEEK_S),
        answered("ekc-2.1"),
        abandoned("ekc-3.1", begin=60),
        abandoned("ekc-3.2", begin=120),
        call(name="ekc-4.1", begin=30, outcome=CallOutcome.SELF_SERVED, number=None),
        presences=(span(ANNA, 0, None),),
    )
    menu, first = f1(records, PERIOD)
    assert (menu.line, menu.received, menu.closed_by_menu, menu.queued) == (None, 1, 1, 0)
    assert first.day == date(2026, 3, 2)
    assert (first.line, first.received, first.unique_numbers) == (Line.FIRST, 3, 2)
    assert (first.answered, first.not_answered, first.agents) == (1, 2, 1)
    assert first.not_answered_share == pytest.approx(2 / 3)
    assert first.service_level_share == pytest.approx(1 / 3)
    assert first.to_last_week_share == pytest.approx(2)
    assert first.received_so_far == 3


def test_f1_says_nothing_of_a_week_ago_that_it_does_not_know() -> None:
    (first,) = f1(day(answered()), PERIOD)
    assert first.to_last_week_share is None


def test_f2_has_a_row_for_every_interval() -> None:
    hour = replace(PERIOD, since=after(0), until=after(3600))
    records = day(answered(begin=0, talked=60, wrapped=20), presences=(span(ANNA, 0, 3600),))
    rows = forms.intervals(counted(By.HALF_HOUR, records, hour), hour)
    assert [row.received for row in rows] == [1, 0]
    assert rows[0].mean_handling == timedelta(seconds=80)
    assert rows[0].agents == pytest.approx(1)
    assert rows[0].longest_queue == 1
    assert rows[0].agents_planned is None


def test_f3_tells_the_profile_of_waiting_cumulatively() -> None:
    records = day(
        answered("ekc-1.1", waited=5),
        answered("ekc-2.1", waited=15),
        abandoned("ekc-3.1", waited=70),
        abandoned("ekc-4.1", waited=400),
    )
    rows = forms.wait_profile(_whole(records))
    assert [(row.answered, row.abandoned) for row in rows] == [
        *[(1, 0), (0, 0), (1, 0), (0, 0), (0, 1), (0, 0), (0, 1)]
    ]
    assert [row.up_to_here_share for row in rows] == [0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 1.0]
    assert (rows[0].over, rows[0].up_to) == (timedelta(), timedelta(seconds=5))
    assert (rows[-1].over, rows[-1].up_to) == (timedelta(seconds=300), None)


def test_f4_is_the_passport_of_a_call() -> None:
    passport = passport_of(answered(waited=10, talked=60))
    assert passport.queued_at == after(5)
    assert passport.answered_at == after(15)
    assert (passport.in_menu, passport.in_queue, passport.in_talk, passport.total) == tuple(
        timedelta(seconds=number) for number in (5, 10, 60, 75)
    )
    assert passport.status is PassportStatus.SUCCESSFUL
    assert passport.hung_up_by is HungUpBy.CALLER
    assert (passport.queues, passport.talked_to) == ((FIRST,), (ANNA,))
    assert passport.menu_path is None
    assert (passport.identification, passport.rating) == ((), None)


def test_the_passport_names_those_at_whose_phones_it_rang_in_vain() -> None:
    story = call(
        segment(1, "wait", 0, 40, SegmentOutcome.ABANDONED),
        segment(2, "offer", 0, 20, SegmentOutcome.NOT_ANSWERED, agent=ANNA),
        segment(3, "offer", 20, 30, SegmentOutcome.REFUSED, agent=BORIS),
        segment(4, "offer", 30, 40, SegmentOutcome.WITHDRAWN, agent=ANNA),
        end=40,
        outcome=CallOutcome.ABANDONED_IN_QUEUE,
    )
    assert passport_of(story).not_answered_by == (ANNA, BORIS)
    assert passport_of(story).status is PassportStatus.MISSED


@pytest.mark.parametrize(
    ("outcome", "status", "who"),
    [
        (CallOutcome.SHORT, PassportStatus.SHORT, HungUpBy.CALLER),
        (CallOutcome.ABANDONED_IN_MENU, PassportStatus.IVR, HungUpBy.CALLER),
        (CallOutcome.SELF_SERVED, PassportStatus.IVR, HungUpBy.SYSTEM),
        (CallOutcome.TECHNICAL_FAILURE, PassportStatus.ERROR, HungUpBy.SYSTEM),
    ],
)
def test_a_call_without_a_conversation_has_one_of_the_forms_words(
    outcome: CallOutcome, status: PassportStatus, who: HungUpBy
) -> None:
    passport = passport_of(call(outcome=outcome))
    assert (passport.status, passport.hung_up_by) == (status, who)


@pytest.mark.parametrize(
    ("ended_by", "who"),
    [
        (SegmentOutcome.AGENT_HUNG_UP, HungUpBy.AGENT),
        (SegmentOutcome.COMPLETED, None),
        (SegmentOutcome.BROKEN, HungUpBy.SYSTEM),
    ],
)
def test_the_passport_tells_who_hung_up_where_it_is_known(
    ended_by: SegmentOutcome, who: HungUpBy | None
) -> None:
    assert passport_of(call(segment(1, "talk", 0, 50, ended_by, agent=ANNA))).hung_up_by is who


@pytest.mark.parametrize(
    ("ended_by", "who"),
    [(SegmentOutcome.CALLER_HUNG_UP, HungUpBy.CALLER), (SegmentOutcome.COMPLETED, None)],
)
def test_a_call_that_was_answered_outside_went_well_though_no_agent_of_ours_had_it(
    ended_by: SegmentOutcome, who: HungUpBy | None
) -> None:
    passport = passport_of(answered_outside(ended_by=ended_by))
    assert (passport.status, passport.hung_up_by) == (PassportStatus.SUCCESSFUL, who)
    assert (passport.answered_at, passport.talked_to) == (None, ())


def test_the_passport_of_a_call_that_goes_on_has_no_status_yet() -> None:
    passport = passport_of(call(end=None))
    assert (passport.status, passport.total, passport.hung_up_by) == (None, None, None)


def lost(*calls: CallRecord) -> LostRow:
    (row,) = f5(day(*calls), PERIOD)
    return row


def test_f5_counts_attempts_of_one_citizen_until_he_gets_through() -> None:
    row = lost(
        abandoned("ekc-1.1", begin=0, number="1"),
        abandoned("ekc-1.2", begin=100, number="1"),
        answered("ekc-1.3", begin=700, waited=15, number="1"),
    )
    assert (row.attempts, row.first_at, row.last_at) == (2, after(0), after(100))
    assert row.called_again
    assert not row.is_left
    assert row.closed_within == timedelta(seconds=700 + 5 + 15 - 100)


def test_f5_looks_for_a_talk_after_the_last_attempt_only() -> None:
    row = lost(
        abandoned("ekc-1.1", begin=0, number="1"),
        answered("ekc-1.2", begin=100, number="1"),
        abandoned("ekc-1.3", begin=700, number="1"),
    )
    assert (row.attempts, row.last_at, row.is_left) == (2, after(700), True)


def test_f5_knows_who_was_called_back_and_who_is_left() -> None:
    due = CallbackRecord(reason=CallbackReason.ABANDONED, due_at=after(20), is_done=False)
    story = replace(abandoned(), callback=due)
    assert lost(story).is_left
    called_back = lost(replace(story, callback=replace(due, is_done=True)))
    assert called_back.called_back
    assert not called_back.is_left


def test_f5_holds_nobody_who_was_served_hid_his_number_or_is_still_there() -> None:
    records = day(
        answered("ekc-1.1", number="1"),
        call(name="ekc-2.1", outcome=CallOutcome.SELF_SERVED, number="2"),
        abandoned("ekc-3.1", number=None),
        call(name="ekc-4.1", end=None, number="4"),
        answered_outside("ekc-5.1", number="5"),
    )
    assert f5(records, PERIOD) == []


def test_f5_takes_whoever_was_answered_outside_for_one_who_got_through() -> None:
    row = lost(
        abandoned("ekc-1.1", begin=0, number="1"),
        answered_outside("ekc-1.2", begin=700, number="1"),
    )
    assert (row.attempts, row.is_left) == (1, False)
    assert row.closed_within == timedelta(seconds=700 + 30)


def test_f6_tells_a_shift_with_its_states() -> None:
    spans = (
        span(ANNA, 0, 1000),
        span(ANNA, 1000, 1600, Presence.NOT_READY, NotReadyReason.LUNCH),
        span(ANNA, 1600, 2000, Presence.NOT_READY, NotReadyReason.NO_ANSWER),
        span(ANNA, 2000, None, Presence.SIGNED_OUT),
    )
    (row,) = f6(day(answered(talked=60, wrapped=20), presences=spans), PERIOD)
    assert (row.agent, row.line) == (ANNA, Line.FIRST)
    assert (row.signed_in_at, row.signed_out_at) == (after(0), after(2000))
    assert (row.signed_in, row.ready, row.at_lunch, row.after_no_answer) == tuple(
        timedelta(seconds=number) for number in (2000, 1000, 600, 400)
    )
    assert (row.offered, row.accepted, row.not_answered, row.refused) == (1, 1, 0, 0)
    assert row.load == timedelta(seconds=80)
    assert (row.transferred, row.mean_hold, row.advising) == (0, timedelta(), timedelta())


def test_f6_leaves_the_end_of_a_shift_open_while_it_lasts() -> None:
    (row,) = f6(day(presences=(span(BORIS, 0, None),)), PERIOD)
    assert (row.signed_in_at, row.signed_out_at) == (after(0), None)


def test_f6_tells_when_a_shift_ended_that_went_on_past_midnight() -> None:
    night = replace(PERIOD, until=after(39 * 3600))
    late = (span(ANNA, 0, 20 * 3600), span(ANNA, 20 * 3600, None, Presence.SIGNED_OUT))
    (row,) = f6(day(presences=late), night)
    assert (row.signed_in_at, row.signed_out_at) == (after(0), after(20 * 3600))
    assert row.signed_in == timedelta(hours=20)


def test_f6_knows_no_shift_of_one_who_only_talked() -> None:
    (row,) = f6(day(answered()), PERIOD)
    assert (row.signed_in_at, row.signed_out_at, row.occupancy_share) == (None, None, None)


def test_f8_tells_the_levels_apart() -> None:
    story = call(
        segment(1, "wait", 0, 5),
        segment(2, "talk", 5, 35, agent=ANNA),
        segment(3, "wait", 35, 45, queue=SECOND),
        segment(4, "talk", 45, 105, queue=SECOND, agent=BORIS),
        segment(5, "wrap", 105, 125, queue=SECOND, agent=BORIS),
        end=105,
    )
    two, one = f8(day(story, answered("ekc-9.1", begin=50)), PERIOD)
    assert (two.first_waited, two.first_answer, two.next_waited, two.next_answer) == tuple(
        timedelta(seconds=number) for number in (5, 30, 10, 60)
    )
    assert (two.recorded, two.total, two.line) == (
        timedelta(seconds=20),
        timedelta(seconds=125),
        Line.SECOND,
    )
    assert (one.next_waited, one.line) == (None, Line.FIRST)


def test_the_passport_says_who_the_caller_was_proved_to_be_and_his_last_mark() -> None:
    story = call(
        segment(1, "talk", 5, 65, agent=ANNA),
        answers=(*answer(66, "2"), *answer(80, None), *answer(90, "4"), *surveyed(95, "yes")),
    )
    passport = passport_of(replace(story, proofs=("number", "snils", "number")))
    assert (passport.identification, passport.rating) == (("number", "snils"), "4")


def test_columns_that_are_not_measured_are_columns() -> None:
    columns = {
        Form.F2: {field.name for field in fields(IntervalRow)},
        Form.F4: {field.name for field in fields(Passport)},
        Form.F6: {field.name for field in fields(ShiftRow)},
    }
    assert {form: set(names) - columns[form] for form, names in NOT_MEASURED.items() if names} == {
        Form.F2: set(),
        Form.F4: set(),
        Form.F6: set(),
    }


def _whole(records: Records) -> Tally:
    return counted(By.ALL, records, PERIOD)[None]


def test_a_period_may_begin_in_the_middle_of_a_day() -> None:
    noon = replace(PERIOD, since=datetime(2026, 3, 2, 12, tzinfo=UTC))
    (row,) = f1(day(answered(), answered("ekc-2.1", begin=4 * 3600)), noon)
    assert (row.day, row.received) == (date(2026, 3, 2), 1)
