"""
`ekc conf hours`: a schedule as an admin compares it with the production calendar.

The week, every date of the year that differs from it and why, the year's working days and hours (a
production calendar gives the same two sums), and when the service opens and closes next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from typing import Final

from ekc_telephony.core.ivr.hours import Interval, ZoneOf
from ekc_telephony.core.ivr.hours_proof import prove_year
from ekc_telephony.core.ivr.spoken import plural
from ekc_telephony.settings.days_off import decrees_known_until
from ekc_telephony.settings.hours import DayKind, business_hours, special_days
from ekc_telephony.settings.models import Schedule, Settings
from ekc_telephony.settings.values import HolidayCalendar

_WEEKDAYS: Final = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
_CHANGES: Final = 6
_MINUTE: Final = timedelta(minutes=1)
_CLOCKS: Final = {
    ZoneOf.SERVICE: "по времени {zone}",
    ZoneOf.CALLER: "по времени звонящего, а если оно неизвестно, {zone}",
    ZoneOf.DIALLED: "по времени набранного номера, а если оно неизвестно, {zone}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """One date that differs from its weekday."""

    date: date
    kind: DayKind
    hours: tuple[str, ...]
    """`09:00-18:00`; none: closed."""
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """One moment at which the service opens or closes."""

    at: datetime
    opens: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleView:
    """One schedule in one year."""

    schedule: str
    time_zone: str
    clock_of: ZoneOf
    week: tuple[tuple[str, ...], ...]
    """Seven days from Monday."""
    year: int
    days_open: int
    open_minutes: int
    days: tuple[DayLine, ...]
    days_off_known_until: int | None
    """The last year whose decree is known; None when holidays do not matter."""
    is_open: bool
    """At this moment, by the service's own clock."""
    next_changes: tuple[ChangeLine, ...]


def schedule_view(
    settings: Settings, name: str, schedule: Schedule, *, year: int, now: datetime
) -> ScheduleView:
    """Return what there is to see of a schedule."""
    hours = business_hours(settings, schedule, today=date(year, 1, 1))
    today = now.astimezone(hours.zone)
    of_now = business_hours(settings, schedule, today=today.date())
    is_open = of_now.is_open(now)
    changes = islice(of_now.next_changes(now), _CHANGES)
    proved = prove_year(hours, year)
    is_russian = schedule.holidays is HolidayCalendar.RU
    return ScheduleView(
        schedule=name,
        time_zone=schedule.time_zone.otherwise.key,
        clock_of=schedule.time_zone.of,
        week=tuple(_spans(intervals) for intervals in hours.weekly),
        year=year,
        days_open=proved.days_open,
        open_minutes=proved.open // _MINUTE,
        days=tuple(
            DayLine(date=day, kind=each.kind, title=each.title, hours=_spans(hours.on(day)))
            for day, each in special_days(settings, schedule, year, year).items()
        ),
        days_off_known_until=decrees_known_until(today.date()) if is_russian else None,
        is_open=is_open,
        next_changes=tuple(
            ChangeLine(at=at.astimezone(hours.zone), opens=is_open is bool(number % 2))
            for number, at in enumerate(changes)
        ),
    )


def hours_lines(view: ScheduleView) -> Iterator[str]:
    """Yield the lines of a schedule for a person."""
    clock = _CLOCKS[view.clock_of].format(zone=view.time_zone)
    yield f"{view.schedule}: {clock}; сейчас {'открыто' if view.is_open else 'закрыто'}"
    yield from _week_lines(view.week)
    working = plural(view.days_open, "рабочий день", "рабочих дня", "рабочих дней")
    hours, minutes = divmod(view.open_minutes, 60)
    yield f"{view.year} год: {view.days_open} {working}, {hours} ч {minutes} мин"
    width = max((len(_written(each.hours)) for each in view.days), default=0)
    for each in view.days:
        title = each.title or _TITLES[each.kind]
        weekday = _WEEKDAYS[each.date.weekday()]
        yield f"  {each.date:%d.%m} {weekday}  {_written(each.hours):{width}}  {title}"
    if (until := view.days_off_known_until) is not None:
        unknown = "" if view.year <= until else f", переносов {view.year} года ещё нет"
        yield f"Переносы выходных дней известны по {until} год включительно{unknown}"
    for change in view.next_changes:
        weekday = _WEEKDAYS[change.at.weekday()]
        what = "откроется" if change.opens else "закроется"
        yield f"  {change.at:%d.%m.%Y} {weekday} {change.at:%H:%M}  {what}"


def _week_lines(week: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Yield the days of the week, those in a row that are alike as one."""
    for spans, days in groupby(enumerate(week), key=lambda each: each[1]):
        names = [_WEEKDAYS[day] for day, _ in days]
        name = names[0] if len(names) == 1 else f"{names[0]}-{names[-1]}"
        yield f"  {name:6} {_written(spans)}"


def _written(spans: tuple[str, ...]) -> str:
    return ", ".join(spans) or "закрыто"


def _spans(intervals: Iterable[Interval]) -> tuple[str, ...]:
    # 24:00 is how the configuration writes the end of a day.
    return tuple(
        f"{each.start:%H:%M}-{'24:00' if each.end == each.end.max else f'{each.end:%H:%M}'}"
        for each in intervals
    )


_TITLES: Final = {
    DayKind.HOLIDAY: "Праздник",
    DayKind.DAY_OFF: "Выходной",
    DayKind.WORKED: "Рабочий день",
    DayKind.REGIONAL: "Праздник региона",
    DayKind.SHORT: "Короткий день",
    DayKind.CLOSED: "Закрыто",
    DayKind.OPEN: "Особые часы",
}
