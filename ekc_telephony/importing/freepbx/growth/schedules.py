"""
Time groups of FreePBX as weekly schedules of ours.

A line of a time group is `09:00-17:59|mon-fri|*|*`: time, days of the week, days of the month,
months, as Asterisk's GotoIfTime reads them (main/pbx_timing.c): a time wraps around midnight within
the days named, and the last minute is included.

Rule 1: a line limited to dates is no part of a week; it is given back, not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = 24 * 60
_TIME: Final = re.compile(r"(\d{1,2}):(\d{2})(?:-(\d{1,2}):(\d{2}))?", re.ASCII)
_PARTS: Final = 4

Span: TypeAlias = tuple[int, int]
"""Minutes since midnight; the second is not included."""
Weekly: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]

OFFICE_HOURS: Final[Weekly] = (("mon-fri", ("09:00-18:00",)),)
"""Stands where FreePBX's hours are not known, until the admin writes his."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a time group, as far as a week can say it."""

    days: frozenset[int]
    spans: tuple[Span, ...]
    ends_on_a_full_minute: bool
    """FreePBX still let calls in during the minute that is written as the end."""


def read_line(written: str) -> Line | None:
    """Return what a line says of an ordinary week; None if it is about dates, or unreadable."""
    parts = [part.strip().lower() for part in re.split(r"[|,]", written)]
    if len(parts) < _PARTS or parts[2] != "*" or parts[3] != "*":
        return None
    times, days = _spans(parts[0]), _weekdays(parts[1])
    if times is None or days is None:
        return None
    spans, is_full = times
    return Line(days=days, spans=spans, ends_on_a_full_minute=is_full)


def week_of(lines: Iterable[Line]) -> Weekly:
    """Return the hours of a week; neighbouring days with the same hours are written together."""
    by_day: list[list[Span]] = [[] for _ in DAYS]
    for line in lines:
        for day in line.days:
            by_day[day] += line.spans
    hours = [_merged(spans) for spans in by_day]
    week: list[tuple[str, tuple[str, ...]]] = []
    first = 0
    while first < len(DAYS):
        last = first
        while last + 1 < len(DAYS) and hours[last + 1] == hours[first]:
            last += 1
        if hours[first]:
            days = DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}"
            week.append((days, tuple(f"{_clock(a)}-{_clock(b)}" for a, b in hours[first])))
        first = last + 1
    return tuple(week)


def _spans(written: str) -> tuple[tuple[Span, ...], bool] | None:
    """Return the spans of a time, and whether it ends on a full minute such as 18:00."""
    if written in {"*", ""}:
        return ((0, _DAY),), False
    found = _TIME.fullmatch(written)
    opens = _minute(found[1], found[2]) if found else None
    closes = _minute(found[3] or found[1], found[4] or found[2]) if found else None
    if opens is None or closes is None:
        return None
    is_full = opens != closes and closes > 0 and closes % 10 != 9  # noqa: PLR2004 - 17:59, 17:29
    end = closes if is_full else closes + 1
    if opens <= closes:
        return ((opens, end),), is_full
    night = ((0, end),) if closes else ()
    return (*night, (opens, _DAY)), is_full


def _minute(hours: str, minutes: str) -> int | None:
    moment = int(hours) * 60 + int(minutes)
    return moment if int(minutes) < 60 and moment < _DAY else None  # noqa: PLR2004 - an hour


def _weekdays(written: str) -> frozenset[int] | None:
    if written in {"*", ""}:
        return frozenset(range(len(DAYS)))
    names = written.split("-")
    if not 1 <= len(names) <= 2 or not set(names) <= set(DAYS):  # noqa: PLR2004 - from, to
        return None
    first, last = DAYS.index(names[0]), DAYS.index(names[-1])
    count = (last - first) % len(DAYS) + 1
    return frozenset((first + step) % len(DAYS) for step in range(count))


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for opens, closes in sorted(spans):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closes))
        else:
            merged.append((opens, closes))
    return tuple(merged)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
