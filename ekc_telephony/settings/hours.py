"""
From a schedule of `ekc.yaml` to business hours: the week, and every date that differs from it.

Stronger is what comes later: the week; public holidays, days off moved by decree and weekends
worked instead; holidays of the region; the hour less before a holiday; `closed`; `open`.

Rule 1: a day of a weekend that is worked has the hours of the working day that is free instead:
the order of the Ministry of Health and Social Development of 13 August 2009, no. 588н, says so.
Rule 2: a working day is shorter when a holiday comes the very next day (article 95 of the Labour
Code): a Friday before a holiday on Monday is not. If the day before the holiday is itself free for
a weekend worked, that one is shorter, by Rule 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import Enum
from typing import Final

from ekc_telephony.core.ivr.hours import BusinessHours, Interval
from ekc_telephony.settings import values
from ekc_telephony.settings.days_off import (
    ProductionCalendar,
    is_public_holiday,
    production_calendar,
)
from ekc_telephony.settings.models import NamedDay, Schedule, Settings
from ekc_telephony.settings.values import HolidayCalendar

_FRIDAY: Final = 4
YEARS_AHEAD: Final = 2
"""So many years after this one the engine knows the dates of."""
_DAY: Final = timedelta(days=1)
_MIDNIGHT: Final = timedelta(hours=24)
_NO_CALENDAR: Final = ProductionCalendar(days_off={}, worked={})


class DayKind(Enum):
    """Why a date differs from its weekday."""

    HOLIDAY = "holiday"
    DAY_OFF = "day_off"
    """Moved here by decree, or from a weekend that a holiday fell on."""
    WORKED = "worked"
    """A day of a weekend that is worked."""
    REGIONAL = "regional"
    SHORT = "short"
    CLOSED = "closed"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialDay:
    """What one date is, and why."""

    kind: DayKind
    hours: tuple[values.Interval, ...] = ()
    """None: closed."""
    title: str = ""
    """For people; may be empty."""


def business_hours(settings: Settings, schedule: Schedule, *, today: date) -> BusinessHours:
    """Return the hours of a schedule for the years around today."""
    days = special_days(settings, schedule, today.year - 1, today.year + YEARS_AHEAD)
    return BusinessHours(
        zone=schedule.time_zone.otherwise,
        zone_of=schedule.time_zone.of,
        weekly=tuple(_intervals(schedule.hours_of(weekday)) for weekday in range(7)),
        dates={day: _intervals(special.hours) for day, special in days.items()},
    )


def special_days(
    settings: Settings, schedule: Schedule, first_year: int, last_year: int
) -> Mapping[date, SpecialDay]:
    """Return every date of these years that differs from its weekday, in order."""
    is_russian = schedule.holidays is HolidayCalendar.RU
    # One year more: the first of January makes a short day of the last of December.
    calendar = production_calendar(first_year, last_year + 1) if is_russian else _NO_CALENDAR
    listed = settings.regional_holidays.get(schedule.region or "", ())
    regional = {each.date: each for each in listed}
    days = _official(schedule, calendar) | _closed(regional, DayKind.REGIONAL)
    days |= _shortened(schedule, calendar, days)
    # Who is closed anyway, and says nothing new, is closed for the reason known already.
    closed = {
        each.date: each
        for each in schedule.closed
        if each.title or each.date not in days or days[each.date].hours
    }
    days |= _closed(closed, DayKind.CLOSED)
    days |= {
        day: SpecialDay(kind=DayKind.OPEN, hours=hours) for day, hours in schedule.open.items()
    }
    return {day: days[day] for day in sorted(days) if first_year <= day.year <= last_year}


def _official(schedule: Schedule, calendar: ProductionCalendar) -> dict[date, SpecialDay]:
    days = {
        day: SpecialDay(
            kind=DayKind.HOLIDAY if is_public_holiday(day) else DayKind.DAY_OFF, title=title
        )
        for day, title in calendar.days_off.items()
    }
    for day, free in calendar.worked.items():
        hours = schedule.hours_of(_FRIDAY if free is None else free.weekday())
        title = "Рабочий день" if free is None else f"Рабочий день (вместо {free:%d.%m.%Y})"
        days[day] = SpecialDay(kind=DayKind.WORKED, hours=hours, title=title)
    return days


def _closed(named: Mapping[date, NamedDay], kind: DayKind) -> dict[date, SpecialDay]:
    return {day: SpecialDay(kind=kind, title=each.title or "") for day, each in named.items()}


def _shortened(
    schedule: Schedule, calendar: ProductionCalendar, days: Mapping[date, SpecialDay]
) -> dict[date, SpecialDay]:
    """Return the working days before a holiday, with their shorter hours."""
    if not schedule.short_days:
        return {}
    worked_for = {free: day for day, free in calendar.worked.items()}
    shortened = {}
    for holiday, special in days.items():
        if special.kind not in {DayKind.HOLIDAY, DayKind.REGIONAL}:
            continue
        eve = holiday - _DAY
        eve = worked_for.get(eve, eve)
        hours = days[eve].hours if eve in days else schedule.hours_of(eve.weekday())
        if hours:
            title = f"Короткий день перед {holiday:%d.%m.%Y}"
            if eve in days:
                title = f"{days[eve].title}; {title[0].lower()}{title[1:]}"
            earlier = _until(hours, hours[-1].closes - schedule.short_days)
            shortened[eve] = SpecialDay(kind=DayKind.SHORT, hours=earlier, title=title)
    return shortened


def _until(hours: tuple[values.Interval, ...], latest: timedelta) -> tuple[values.Interval, ...]:
    """Return the hours before a time of day."""
    return tuple(
        values.Interval(opens=each.opens, closes=min(each.closes, latest))
        for each in hours
        if each.opens < latest
    )


def _intervals(hours: tuple[values.Interval, ...]) -> tuple[Interval, ...]:
    return tuple(Interval(_time_of_day(each.opens), _time_of_day(each.closes)) for each in hours)


def _time_of_day(since_midnight: timedelta) -> time:
    if since_midnight >= _MIDNIGHT:
        return time.max
    minutes = int(since_midnight.total_seconds() // 60)
    return time(minutes // 60, minutes % 60)
