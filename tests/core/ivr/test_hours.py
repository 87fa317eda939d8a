"""Business hours by the clock on the service's own wall."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.ivr.hours import BusinessHours, Interval

MOSCOW = ZoneInfo("Europe/Moscow")
ALTAI = ZoneInfo("Asia/Barnaul")  # UTC+7, four hours ahead of Moscow

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
