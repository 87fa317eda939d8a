"""Whatever happens in a centre, its figures add up, stay in range, and survive being stored."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from ekc_telephony.core.acd.specs import Line
from ekc_telephony.core.call.facts import SegmentKind
from ekc_telephony.core.stats.figures import figures_of, questions_of
from ekc_telephony.core.stats.form_rows import Period
from ekc_telephony.core.stats.forms import intervals, wait_profile
from ekc_telephony.core.stats.grouping import By, CountBy, Directory, tallies_by
from ekc_telephony.core.stats.lengths import WAIT_EDGES
from ekc_telephony.core.stats.norms import NORMS, Preset, judge
from ekc_telephony.core.stats.parts import service_time
from ekc_telephony.core.stats.passport import passport_of
from ekc_telephony.core.stats.records import Records
from ekc_telephony.core.stats.spans import DAY, HALF_HOUR, HOUR, Slots
from ekc_telephony.core.stats.tally import Tally, merged
from ekc_telephony.core.stats.tally_codec import plain, tally_of
from tests.core.stats.days import ANNA, BORIS, FIRST, MORNING, SECOND, after, days
from tests.core.stats.filled import counted, f1, f5, f6, f8

SINCE, UNTIL = after(900), after(4 * 3600)
BARNAUL = ZoneInfo("Asia/Barnaul")
DIRECTORY = Directory(
    queues={FIRST: Line.FIRST, SECOND: Line.SECOND}, agents={ANNA: Line.FIRST, BORIS: None}
)
TARGET = timedelta(seconds=20)


def by(kind: By, records: Records) -> dict[Any, Tally]:
    found = tallies_by(kind, records, since=SINCE, until=UNTIL, zone=BARNAUL, directory=DIRECTORY)
    return dict(found)


def whole(records: Records) -> Tally:
    return by(By.ALL, records).get(None) or Tally()


def comparable(tally: Tally, *, with_peak: bool = True) -> dict[str, Any]:
    """Everything that was counted; counts of nothing and counts of zero are the same."""
    values = plain(tally)
    del values["people"]  # one person may call in several parts
    if not with_peak:
        del values["longest_queue"]
    return {
        name: {word: count for word, count in value.items() if count}
        if isinstance(value, dict)
        else value
        for name, value in values.items()
    }


@given(days())
def test_offered_is_answered_abandoned_and_all_the_rest(records: Records) -> None:
    figures = figures_of(whole(records), target=TARGET, period=UNTIL - SINCE)
    assert figures.offered == (
        figures.answered + figures.abandoned + figures.flowed_out + figures.broken + figures.waiting
    )
    assert figures.short <= figures.abandoned
    assert sum(figures.wait.counts) == figures.answered


@given(days(), st.sampled_from([By.HALF_HOUR, By.HOUR, By.DAY]))
def test_the_sum_over_intervals_is_the_whole(records: Records, kind: By) -> None:
    parts = by(kind, records).values()
    assert comparable(merged(parts)) == comparable(whole(records))


@given(days(), st.sampled_from([By.QUEUE, By.LINE, By.OPERATOR]))
def test_the_sum_over_queues_lines_or_agents_is_the_whole(records: Records, kind: By) -> None:
    parts = by(kind, records).values()
    total = comparable(merged(parts), with_peak=False)
    assert total == comparable(whole(records), with_peak=False)


@given(days(), st.sampled_from(By))
def test_a_period_counted_part_by_part_is_the_period_counted_at_once(
    records: Records, kind: By
) -> None:
    count = CountBy(kind, since=SINCE, until=UNTIL, zone=BARNAUL, directory=DIRECTORY)
    cuts = Slots.every(HOUR, since=SINCE, until=UNTIL, zone=BARNAUL).cuts
    if kind is By.DAY:  # no interval is cut
        cuts = (SINCE, UNTIL)
    for begin, end in pairwise(cuts):
        part = count.part(since=begin, until=end)
        part.add(records.calls)
        part.end(records.presences)
    found = {key: plain(tally) for key, tally in count.tallies().items()}
    at_once = by(kind, records)
    assert found == {key: plain(tally) for key, tally in at_once.items()}
    shown = {call.number for call in records.calls if SINCE <= call.registered_at < UNTIL}
    assert whole(records).people == len(shown - {None})


@given(days())
def test_talk_hold_and_wrap_up_are_what_was_handled(records: Records) -> None:
    tally = whole(records)
    assert tally.talk + (tally.held or timedelta()) + tally.wrap_up == tally.handlings.total
    assert tally.advising <= tally.handling
    assert (tally.transferred or 0) <= tally.handlings.count


@given(days())
def test_every_silence_is_counted_once_at_most_and_in_no_more_talks_than_there_were(
    records: Records,
) -> None:
    tally = whole(records)
    noted = sum(len(call.silences) for call in records.calls)
    assert (tally.caller_silences or 0) + (tally.agent_silences or 0) <= noted
    for talks, times in (
        (tally.caller_silent or 0, tally.caller_silences or 0),
        (tally.agent_silent or 0, tally.agent_silences or 0),
    ):
        assert talks <= min(times, tally.handlings.count)


@given(days(), st.sampled_from(By))
def test_no_more_have_answered_than_were_asked_of_whatever_group(
    records: Records, kind: By
) -> None:
    for tally in by(kind, records).values():
        assert tally.marks.total() <= tally.asked_to_rate
        for question in questions_of(tally):
            assert question.answered <= question.asked


@given(days())
def test_messages_and_supervisors_disturb_no_figure(records: Records) -> None:
    strange = {SegmentKind.MESSAGE, SegmentKind.SUPERVISION}
    without = replace(
        records,
        calls=tuple(
            replace(
                call, segments=tuple(each for each in call.segments if each.kind not in strange)
            )
            for call in records.calls
        ),
    )
    for kind in By:
        assert by(kind, records) == by(kind, without)


@given(days())
def test_a_caller_talks_no_longer_than_his_call_lasts_however_many_talk_to_him(
    records: Records,
) -> None:
    for call in records.calls:
        ended = [each.ended_at for each in call.segments if each.ended_at is not None]
        lasted = max(ended, default=call.registered_at) - call.registered_at
        passport, service = passport_of(call), service_time(call)
        assert passport.on_hold <= passport.in_talk <= lasted
        if service is not None:
            answers = sum((step.answered for step in service.steps), timedelta())
            assert answers == passport.in_talk


@given(days(), st.sampled_from(By))
def test_every_share_is_between_nothing_and_all(records: Records, kind: By) -> None:
    for tally in by(kind, records).values():
        figures = figures_of(tally, target=TARGET, period=HOUR)
        shares = [
            *figures.service_levels.values(),
            figures.answer_share,
            figures.abandon_share,
            figures.occupancy_share,
            figures.transfer_share,
            figures.hold_share,
            *(judge(NORMS[preset], tally).share for preset in Preset),
        ]
        assert [share for share in shares if share is not None and not 0 <= share <= 1] == []


@given(days())
def test_a_mean_is_never_longer_than_its_maximum(records: Records) -> None:
    tally = whole(records)
    for lengths in (
        tally.from_queue.answered,
        tally.from_ring.abandoned,
        tally.handlings,
        tally.service,
    ):
        if lengths.mean is None:
            assert lengths.longest is None
        else:
            assert lengths.longest is not None
            assert lengths.mean <= lengths.longest


@given(days())
def test_a_tally_comes_back_from_json_as_it_was(records: Records) -> None:
    tally = whole(records)
    assert tally_of(json.loads(json.dumps(plain(tally)))) == tally


@given(days(), st.sampled_from(Preset))
@settings(deadline=None)
def test_every_form_can_be_filled_in_and_agrees_with_the_figures(
    records: Records, preset: Preset
) -> None:
    period = Period(
        since=SINCE,
        until=UNTIL,
        zone=BARNAUL,
        norm=NORMS[preset],
        wait_edges=WAIT_EDGES,
        directory=DIRECTORY,
    )
    tally = whole(records)
    summary = f1(records, period)
    assert sum(row.received for row in summary) == tally.received
    assert all((row.unique_numbers or 0) <= row.received for row in summary)
    rows = intervals(counted(By.HALF_HOUR, records, period), period)
    assert sum(row.answered for row in rows) == tally.answered
    profile = wait_profile(tally)
    assert sum(row.answered + row.abandoned for row in profile) == tally.answered + tally.abandoned
    assert all(row.first_at <= row.last_at for row in f5(records, period))
    loads = sum((row.load for row in f6(records, period)), timedelta())
    assert loads == tally.handlings.total
    assert len(f8(records, period)) == tally.service.count


@given(
    st.integers(0, 200_000),
    st.integers(1, 200_000),
    st.sampled_from([HALF_HOUR, HOUR, DAY]),
    st.sampled_from([None, BARNAUL, ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")]),
)
def test_slots_leave_no_gap_and_do_not_overlap(
    begin: int, lasting: int, step: timedelta, zone: ZoneInfo | None
) -> None:
    since, until = after(begin), after(begin + lasting)
    slots = Slots.every(step, since=since, until=until, zone=zone)
    assert (slots.since, slots.until) == (since, until)
    assert list(slots.cuts) == sorted(set(slots.cuts))
    pieces = list(slots.cut(since - HOUR, until + HOUR))
    assert sum((end - start for _, (start, end) in pieces), timedelta()) == until - since
    assert [slots.slot_of(start) for _, (start, _) in pieces] == [slot for slot, _ in pieces]


def test_a_day_begins_at_local_midnight_also_when_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    since, until = MORNING.replace(month=3, day=28), MORNING.replace(month=3, day=31)
    slots = Slots.every(DAY, since=since, until=until, zone=berlin)
    assert [cut.astimezone(berlin).hour for cut in slots.cuts[1:-1]] == [0, 0, 0]
    assert slots.cuts[2] - slots.cuts[1] == timedelta(hours=23)
