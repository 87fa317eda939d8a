"""
The proof that business hours decide every minute of a year, and what is odd about them.

That every minute is decided follows from how hours are asked (`BusinessHours`, Rule 3); what can go
wrong is that they decide otherwise than their author means. So a year is walked from change to
change: the time open and the time closed must add up to the year, and whatever nobody means, such
as a service that is never open, is an oddity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from itertools import pairwise, takewhile

from ekc_telephony.core.ivr.hours import BusinessHours, Interval


class OddityKind(Enum):
    """What nobody means."""

    NEVER_OPEN = "never_open"
    """Not for one minute of the year."""
    NO_WEEKDAY = "no_weekday"
    """No ordinary week has an open minute; single dates may."""
    EMPTY_INTERVAL = "empty_interval"
    """An interval that ends where or before it begins."""
    OVERLAP = "overlap"
    """An interval that begins before the one before it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """One thing that nobody means, and where it is."""

    kind: OddityKind
    weekday: int | None = None
    """0 = Monday; None when it is not one weekday's."""
    day: date | None = None
    """None when it is not one date's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YearOfHours:
    """A year by the clock of the service: `open` and `closed` are all of it."""

    year: int
    open: timedelta
    closed: timedelta
    days_open: int
    """Days with an open minute."""
    oddities: tuple[Oddity, ...]


def prove_year(hours: BusinessHours, year: int) -> YearOfHours:
    """Walk a year of business hours from its first minute to its last."""
    begin, end = _new_year(hours, year), _new_year(hours, year + 1)
    turns = [begin, *takewhile(lambda moment: moment < end, hours.next_changes(begin)), end]
    is_open = hours.is_open(begin)
    spent = {True: timedelta(), False: timedelta()}
    for earlier, later in pairwise(turns):
        spent[is_open] += later - earlier
        is_open = not is_open
    days = (
        date.fromordinal(each)
        for each in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())
    )
    days_open = sum(1 for day in days if any(each.start < each.end for each in hours.on(day)))
    oddities = list(_oddities(hours, year))
    if not spent[True]:
        oddities.insert(0, Oddity(kind=OddityKind.NEVER_OPEN))
    return YearOfHours(
        year=year,
        open=spent[True],
        closed=spent[False],
        days_open=days_open,
        oddities=tuple(oddities),
    )


def _new_year(hours: BusinessHours, year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=hours.zone).astimezone(UTC)


def _oddities(hours: BusinessHours, year: int) -> Iterator[Oddity]:
    if not any(each.start < each.end for intervals in hours.weekly for each in intervals):
        yield Oddity(kind=OddityKind.NO_WEEKDAY)
    for weekday, intervals in enumerate(hours.weekly):
        for kind in _of_one_day(intervals):
            yield Oddity(kind=kind, weekday=weekday)
    for day, intervals in sorted(hours.dates.items()):
        if day.year == year:
            for kind in _of_one_day(intervals):
                yield Oddity(kind=kind, day=day)


def _of_one_day(intervals: Iterable[Interval]) -> Iterator[OddityKind]:
    for each in intervals:
        if each.start >= each.end:
            yield OddityKind.EMPTY_INTERVAL
    for earlier, later in pairwise(intervals):
        if later.start < earlier.end:
            yield OddityKind.OVERLAP
