"""
What is allowed in schedules, but hardly meant: told by `ekc conf check` and by `/healthz`.

A mistake keeps the engine from starting; a doubt does not. Most doubts come with time: the decree
on next year's days off is published in the autumn, and reaches us with a new release of the package
`holidays`; a region's holidays are listed by hand, year by year.

Rule 1: next year's days must be known a month before it begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from typing_extensions import override

from ekc_telephony.core.ivr.hours_proof import Oddity, OddityKind, prove_year
from ekc_telephony.settings.days_off import decrees_known_until
from ekc_telephony.settings.hours import YEARS_AHEAD, business_hours
from ekc_telephony.settings.models import Schedule, Settings
from ekc_telephony.settings.values import HolidayCalendar

_NOTICE: Final = timedelta(days=31)
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FOUND: Final = {
    OddityKind.NEVER_OPEN: "not one open minute in {year}",
    OddityKind.NO_WEEKDAY: "no weekday with an open minute",
    OddityKind.EMPTY_INTERVAL: "an interval without a minute on {day}",
    OddityKind.OVERLAP: "intervals that overlap on {day}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One thing that is hardly meant."""

    where: str
    """The block of `ekc.yaml`."""
    found: str
    expected: str
    advice: str

    @override
    def __str__(self) -> str:
        return (
            f"{self.where}: found {self.found}\n"
            f"    expected: {self.expected}\n"
            f"    what to do: {self.advice}"
        )


def hours_doubts(settings: Settings, *, today: date) -> Iterator[Doubt]:
    """Yield what is hardly meant in the schedules, for this year and the next."""
    for name, schedule in settings.schedules.items():
        yield from _oddities(settings, name, schedule, today)
        yield from _closed_and_open(name, schedule)
    if trouble := _decrees_end(settings, planned_on=today, today=today):
        yield trouble
    yield from _regions_end(settings, today)


def holidays_trouble(settings: Settings, *, planned_on: date, today: date) -> str | None:
    """
    Return why coming holidays may be taken for working days, for `/healthz`; None if they are not.

    Args:
        settings: The configuration.
        planned_on: When the engine read it; it knows no later decrees.
        today: The day it is.
    """
    doubts = [*_regions_end(settings, today)]
    if (decrees := _decrees_end(settings, planned_on=planned_on, today=today)) is not None:
        doubts.append(decrees)
    return "; ".join(f"{each.found}: {each.advice}" for each in doubts) or None


def _oddities(settings: Settings, name: str, schedule: Schedule, today: date) -> Iterator[Doubt]:
    hours = business_hours(settings, schedule, today=today)
    told: set[str] = set()
    for year in (today.year, today.year + 1):
        for oddity in prove_year(hours, year).oddities:
            found = _FOUND[oddity.kind].format(year=year, day=_place(oddity))
            if found not in told:
                told.add(found)
                yield Doubt(
                    where=f"schedules.{name}",
                    found=found,
                    expected="a service that callers can reach one day",
                    advice="look at `ekc conf hours`; remove the schedule if nobody needs it",
                )


def _place(oddity: Oddity) -> str:
    if oddity.day is not None:
        return f"{oddity.day}"
    return "" if oddity.weekday is None else _WEEKDAYS[oddity.weekday]


def _closed_and_open(name: str, schedule: Schedule) -> Iterator[Doubt]:
    for day in sorted({each.date for each in schedule.closed} & schedule.open.keys()):
        yield Doubt(
            where=f"schedules.{name}",
            found=f"{day} under `closed` and under `open`",
            expected="a date in one of the two; `open` is the stronger",
            advice="remove it from one of them",
        )


def _decrees_end(settings: Settings, *, planned_on: date, today: date) -> Doubt | None:
    if all(each.holidays is HolidayCalendar.NONE for each in settings.schedules.values()):
        return None
    known = min(decrees_known_until(planned_on), planned_on.year + YEARS_AHEAD)
    if (today + _NOTICE).year <= known:
        return None
    return Doubt(
        where="schedules",
        found=f"days off of Russia that are known until the end of {known}",
        expected=f"the decree on the days off of {known + 1}",
        advice="update EKC, or list the moved days under `closed` and `open`, and restart",
    )


def _regions_end(settings: Settings, today: date) -> Iterator[Doubt]:
    used = {each.region for each in settings.schedules.values() if each.region is not None}
    for region in sorted(used):
        last = max((each.date.year for each in settings.regional_holidays[region]), default=None)
        if last is None or last < (today + _NOTICE).year:
            until = "that are not listed" if last is None else f"that are listed until {last}"
            yield Doubt(
                where=f"regional_holidays.{region}",
                found=f"holidays of the region {region} {until}",
                expected=f"those of {(today + _NOTICE).year}",
                advice="list them by date; the region publishes them every year",
            )
