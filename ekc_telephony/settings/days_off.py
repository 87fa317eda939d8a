"""
The production calendar of Russia: public holidays, days off that were moved, weekends worked.

Which days are holidays is law (article 112 of the Labour Code); which days off are moved where is
decreed by the government for each year, in the autumn before. The package `holidays` carries the
decrees that were known when it was released.

Rule 1: a year without a moved day is a year whose decree the package does not know: a weekend
always falls on the eight holidays of January, and is always moved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

import holidays

_STATUTORY: Final = frozenset(
    {
        *((1, day) for day in range(1, 9)),
        (2, 23),
        (3, 8),
        (5, 1),
        (5, 9),
        (6, 12),
        (11, 4),
    }
)
"""Month and day; article 112 of the Labour Code."""
_MOVED: Final = re.compile(r"перенесено с (\d\d)\.(\d\d)\.(\d{4})")
"""How the package names a day off that was moved."""
_YEARS_LOOKED_AHEAD: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionCalendar:
    """The days of some years that differ from their weekday."""

    days_off: Mapping[date, str]
    """Holidays and days off moved here, with their titles."""
    worked: Mapping[date, date | None]
    """Days of a weekend that are worked → the working day that is free instead, if it is told."""


def is_public_holiday(day: date) -> bool:
    """Tell whether it is a holiday by law, and not only a day off."""
    return (day.month, day.day) in _STATUTORY


@lru_cache(maxsize=8)
def production_calendar(first_year: int, last_year: int) -> ProductionCalendar:
    """Return the calendar of these years, both included."""
    return _calendar(range(first_year, last_year + 1))


def decrees_known_until(today: date) -> int:
    """Return the last year, of those around today, whose moved days off are known."""
    years = range(today.year - 1, today.year + _YEARS_LOOKED_AHEAD + 1)
    return max((year for year in years if _is_decreed(year)), default=years[0] - 1)


@lru_cache(maxsize=32)
def _is_decreed(year: int) -> bool:
    calendar = _calendar([year])
    return bool(calendar.worked) or any(map(_MOVED.search, calendar.days_off.values()))


def _calendar(years: Iterable[int]) -> ProductionCalendar:
    found = holidays.country_holidays("RU", years=years, language="ru")
    free_instead = {
        date(int(year), int(month), int(day)): free
        for free, title in found.items()
        for day, month, year in _MOVED.findall(title)
    }
    return ProductionCalendar(
        days_off=dict(sorted(found.items())),
        worked={day: free_instead.get(day) for day in sorted(found.weekend_workdays)},
    )
