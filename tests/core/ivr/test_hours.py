"""Business hours by the clock on the service's own wall, or by the caller's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekc_telephony.core.ivr.hours import BusinessHours, CallZones, Interval, ZoneOf

MOSCOW = ZoneInfo("Europe/Moscow")
ALTAI = ZoneInfo("Asia/Barnaul")  # UTC+7, four hours ahead of Moscow
BERLIN = ZoneInfo("Europe/Berlin")  # has summer time
MINUTE = timedelta(minutes=1)

MORNING = Interval(time(9), time(13))
AFTERNOON = Interval(time(14), time(18))
WHOLE_DAY = Interval(time(0), time.max)
MONDAY = date(2026, 11, 23)
HOLIDAY = date(2026, 11, 4)  # a Wednesday
WORKING_SATURDAY = date(2026, 11, 28)


def office(zone: ZoneInfo = MOSCOW) -> BusinessHours:
    """Return an office with a lunch break on weekdays, and two dates of their own."""
    return BusinessHours(
        zone=zone,
        weekly=((MORNING, AFTERNOON),) * 5 + ((), ()),
        dates={HOLIDAY: (), WORKING_SATURDAY: (MORNING,)},
    )


def on(day: date, clock: str, zone: ZoneInfo = MOSCOW) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("day", "clock", "is_open"),
    [
        (MONDAY, "08:59:59.999999", False),
        (MONDAY, "09:00", True),
        (MONDAY, "12:59:59.999999", True),
        (MONDAY, "13:00", False),
        (MONDAY, "13:59:59.999999", False),
        (MONDAY, "14:00", True),
        (MONDAY, "18:00", False),
        (date(2026, 11, 22), "12:00", False),
        (HOLIDAY, "12:00", False),
        (WORKING_SATURDAY, "12:00", True),
        (WORKING_SATURDAY, "15:00", False),
    ],
)
def test_the_office_is_open_from_the_first_moment_to_before_the_last(
    day: date,
    clock: str,
    is_open: bool,  # noqa: FBT001 - pytest passes parameters by name
) -> None:
    assert office().is_open(on(day, clock)) is is_open


def test_the_same_moment_finds_moscow_open_and_altai_closed() -> None:
    moment = on(MONDAY, "16:00", MOSCOW)
    assert office(MOSCOW).is_open(moment)
    assert not office(ALTAI).is_open(moment)


def test_the_day_is_the_one_in_the_offices_own_zone() -> None:
    sunday_evening_in_moscow = on(date(2026, 11, 22), "23:30", MOSCOW)
    night = BusinessHours(zone=ALTAI, weekly=((WHOLE_DAY,), *((),) * 6), dates={})
    assert night.is_open(sunday_evening_in_moscow)


@given(st.integers(0, 86_400_000_000 - 1))
def test_a_service_open_all_day_is_open_at_every_microsecond(microseconds: int) -> None:
    always = BusinessHours(zone=MOSCOW, weekly=((WHOLE_DAY,),) * 7, dates={})
    assert always.is_open(on(MONDAY, "00:00") + timedelta(microseconds=microseconds))


def test_midnight_belongs_to_the_next_day() -> None:
    mondays = BusinessHours(zone=MOSCOW, weekly=((WHOLE_DAY,), *((),) * 6), dates={})
    assert mondays.is_open(on(MONDAY, "23:59:59.999999"))
    assert not mondays.is_open(on(MONDAY, "00:00") + timedelta(days=1))


class TestWhoseClockCounts:
    """A call from the east finds a service of its own morning open."""

    @pytest.mark.parametrize(
        ("zone_of", "zones", "is_open"),
        [
            (ZoneOf.SERVICE, CallZones(caller=ALTAI, dialled=ALTAI), False),
            (ZoneOf.CALLER, CallZones(caller=ALTAI), True),
            (ZoneOf.CALLER, CallZones(dialled=ALTAI), False),
            (ZoneOf.DIALLED, CallZones(dialled=ALTAI), True),
            (ZoneOf.DIALLED, CallZones(caller=ALTAI), False),
            (ZoneOf.DIALLED, CallZones(), False),
        ],
    )
    def test_the_schedule_says_whose(
        self,
        zone_of: ZoneOf,
        zones: CallZones,
        is_open: bool,  # noqa: FBT001 - pytest passes parameters by name
    ) -> None:
        hours = replace(office(), zone_of=zone_of)
        before_moscow_opens = on(MONDAY, "05:30", MOSCOW)
        assert hours.for_call(zones).is_open(before_moscow_opens) is is_open

    def test_the_day_of_a_holiday_is_the_callers_too(self) -> None:
        hours = replace(office(), zone_of=ZoneOf.CALLER).for_call(CallZones(caller=ALTAI))
        evening_before_in_moscow = on(HOLIDAY, "09:30", ALTAI)
        assert evening_before_in_moscow.astimezone(MOSCOW).hour < 9
        assert not hours.is_open(evening_before_in_moscow)


def on_the_minute() -> st.SearchStrategy[time]:
    return st.integers(0, 24 * 60 - 1).map(lambda each: time(each // 60, each % 60))


@st.composite
def any_hours(draw: st.DrawFn, zone: tzinfo, first: date) -> BusinessHours:
    """Return hours that may be odd: empty intervals, overlaps, no day open."""
    intervals = st.lists(
        st.builds(Interval, on_the_minute(), on_the_minute() | st.just(time.max)), max_size=3
    ).map(tuple)
    week = draw(st.lists(intervals, min_size=7, max_size=7))
    days = [first + timedelta(number) for number in range(4)]
    dates = draw(st.dictionaries(st.sampled_from(days), intervals, max_size=2))
    return BusinessHours(zone=zone, weekly=tuple(week), dates=dates)


def is_open_by_hand(hours: BusinessHours, moment: datetime) -> bool:
    """Judge anew: is the minute on the wall one that the day lists?"""
    local = moment.astimezone(hours.zone)
    minute = local.hour * 60 + local.minute
    intervals = (
        hours.dates[local.date()]
        if local.date() in hours.dates
        else hours.weekly[local.isoweekday() - 1]
    )
    return any(
        each.start.hour * 60 + each.start.minute
        <= minute
        < (24 * 60 if each.end == time.max else each.end.hour * 60 + each.end.minute)
        for each in intervals
    )


def changes_by_hand(hours: BusinessHours, begin: datetime, end: datetime) -> Iterator[datetime]:
    moment, before = begin, is_open_by_hand(hours, begin)
    while (moment := moment + MINUTE) < end:
        if (after := is_open_by_hand(hours, moment)) is not before:
            before = after
            yield moment


CLOCK_CHANGES = [
    (MOSCOW, MONDAY),
    (ALTAI, date(2026, 12, 31)),
    (BERLIN, date(2026, 3, 28)),  # the night after it an hour is left out
    (BERLIN, date(2026, 10, 24)),  # the night after it an hour passes twice
]


@pytest.mark.parametrize(("zone", "first"), CLOCK_CHANGES)
@settings(max_examples=25)
@given(choose=st.data())
def test_every_minute_is_decided_as_its_day_says(
    zone: ZoneInfo, first: date, choose: st.DataObject
) -> None:
    hours = choose.draw(any_hours(zone, first))
    begin = datetime.combine(first, time.min, zone).astimezone(UTC)
    for number in range(0, 3 * 24 * 60, 7):
        moment = begin + number * MINUTE
        assert hours.is_open(moment) is is_open_by_hand(hours, moment)


@pytest.mark.parametrize(("zone", "first"), CLOCK_CHANGES)
@settings(max_examples=25)
@given(choose=st.data())
def test_the_changes_are_those_that_every_minute_shows(
    zone: ZoneInfo, first: date, choose: st.DataObject
) -> None:
    hours = choose.draw(any_hours(zone, first))
    begin = datetime.combine(first, time(12), zone).astimezone(UTC)
    end = begin + timedelta(days=2)
    found = list(takewhile(lambda moment: moment < end, hours.next_changes(begin)))
    assert found == list(changes_by_hand(hours, begin, end))


def test_who_never_opens_has_no_change_to_come() -> None:
    never = BusinessHours(zone=MOSCOW, weekly=((),) * 7, dates={})
    assert list(never.next_changes(on(MONDAY, "12:00"))) == []
