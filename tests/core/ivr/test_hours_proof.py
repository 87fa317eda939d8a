"""A year of business hours adds up, and what nobody means is found."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from ekc_telephony.core.ivr.hours import BusinessHours, Interval
from ekc_telephony.core.ivr.hours_proof import Oddity, OddityKind, prove_year

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")
DAY = (Interval(time(9), time(13)), Interval(time(14), time(18)))
NIGHT = (Interval(time(0), time(6)), Interval(time(20), time.max))
MINUTE = timedelta(minutes=1)
CHRISTMAS = date(2026, 1, 7)


def hours(*, zone: ZoneInfo = MOSCOW, **dates: tuple[Interval, ...]) -> BusinessHours:
    """Return hours by day on weekdays, with other dates given as `d20260107=…`."""
    return BusinessHours(
        zone=zone,
        weekly=(DAY,) * 5 + ((), ()),
        dates={date.fromisoformat(day[1:]): intervals for day, intervals in dates.items()},
    )


@pytest.mark.parametrize("zone", [MOSCOW, BERLIN])
@pytest.mark.parametrize("year", [2026, 2028])
def test_every_minute_of_the_year_is_either_open_or_closed(zone: ZoneInfo, year: int) -> None:
    at_night = BusinessHours(zone=zone, weekly=(NIGHT,) * 6 + ((),), dates={CHRISTMAS: DAY})
    proved = prove_year(at_night, year)

    moment = datetime(year, 1, 1, tzinfo=zone).astimezone(UTC)
    end = datetime(year + 1, 1, 1, tzinfo=zone).astimezone(UTC)
    counted = {True: 0, False: 0}
    while moment < end:
        counted[at_night.is_open(moment)] += 1
        moment += MINUTE
    assert proved.open == counted[True] * MINUTE
    assert proved.closed == counted[False] * MINUTE
    assert not proved.oddities


def test_the_days_that_are_open_for_a_minute_are_counted() -> None:
    proved = prove_year(hours(d20260105=(), d20260110=DAY, d20260111=DAY), 2026)
    assert proved.days_open == 261 - 1 + 2


@pytest.mark.parametrize(
    ("odd", "kinds"),
    [
        (hours(), []),
        (
            BusinessHours(zone=MOSCOW, weekly=((),) * 7, dates={}),
            [OddityKind.NEVER_OPEN, OddityKind.NO_WEEKDAY],
        ),
        (
            BusinessHours(zone=MOSCOW, weekly=((),) * 7, dates={CHRISTMAS: DAY}),
            [OddityKind.NO_WEEKDAY],
        ),
        (hours(d20260107=(Interval(time(9), time(9)),)), [OddityKind.EMPTY_INTERVAL]),
        (hours(d20260107=(Interval(time(9), time(8)),)), [OddityKind.EMPTY_INTERVAL]),
        (hours(d20260107=(DAY[0], Interval(time(12), time(15)))), [OddityKind.OVERLAP]),
        (hours(d20270107=(Interval(time(9), time(8)),)), []),
    ],
)
def test_what_nobody_means_is_found(odd: BusinessHours, kinds: list[OddityKind]) -> None:
    assert [each.kind for each in prove_year(odd, 2026).oddities] == kinds


def test_an_oddity_says_where_it_is() -> None:
    broken = (Interval(time(18), time(9)),)
    odd = BusinessHours(zone=MOSCOW, weekly=((DAY,) * 6 + (broken,)), dates={CHRISTMAS: broken})
    assert prove_year(odd, 2026).oddities == (
        Oddity(kind=OddityKind.EMPTY_INTERVAL, weekday=6),
        Oddity(kind=OddityKind.EMPTY_INTERVAL, day=CHRISTMAS),
    )
