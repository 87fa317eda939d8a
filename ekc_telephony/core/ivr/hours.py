"""
Business hours: is a service open at this moment, in its own time zone?

A schedule is seven days of intervals and the dates that differ from them: public holidays, working
Saturdays, one-off closures. Which dates those are is worked out when the configuration is read.

Rule 1: an interval includes its start and excludes its end; it never crosses midnight.
Rule 2: a date that is listed replaces its weekday completely.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo


@dataclass(frozen=True, slots=True)
class Interval:
    """From one time of day to another; `end=time.max` means until midnight."""

    start: time
    end: time


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessHours:
    """When a service is open."""

    zone: tzinfo
    weekly: tuple[tuple[Interval, ...], ...]
    """Seven days from Monday."""
    dates: Mapping[date, tuple[Interval, ...]]
    """The dates that differ from their weekday."""

    def is_open(self, now: datetime) -> bool:
        """Tell whether the service is open at this moment."""
        local = now.astimezone(self.zone)
        day = local.date()
        intervals = self.dates.get(day, self.weekly[day.weekday()])
        moment = local.time()
        return any(each.start <= moment < each.end or _is_last(moment, each) for each in intervals)


def _is_last(moment: time, interval: Interval) -> bool:
    """Tell whether it is the last microsecond of a day that is open until midnight."""
    return interval.end == time.max == moment
