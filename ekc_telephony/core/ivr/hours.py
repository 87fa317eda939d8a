"""
Business hours: is a service open at this moment, by the clock that counts for this call?

A schedule is seven days of intervals and the dates that differ from them: public holidays, working
Saturdays, one-off closures. Which dates those are is worked out when the configuration is read.

Whose clock counts is part of the schedule: that of the service's own wall, that of the region that
was dialled, or that of the region the caller calls from. `for_call` puts the call's zone in once,
when the call arrives; from then on «is it open» is a function of the moment alone.

Rule 1: an interval includes its start and excludes its end; it never crosses midnight.
Rule 2: a date that is listed replaces its weekday completely.
Rule 3: every moment is decided: what is not within an interval is closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import Enum
from typing import Final

_DAY: Final = timedelta(days=1)
_DAYS_LOOKED_AHEAD: Final = 370
"""Whoever is closed for a year is closed for good."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From one time of day to another; `end=time.max` means until midnight."""

    start: time
    end: time


class ZoneOf(Enum):
    """Whose clock counts."""

    SERVICE = "service"
    CALLER = "caller"
    """That of the region whose code his number has; a mobile number has none."""
    DIALLED = "dialled"
    """That of the region whose number he dialled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallZones:
    """What is known of the clocks at both ends of a call; None where nothing is."""

    caller: tzinfo | None = None
    dialled: tzinfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessHours:
    """When a service is open."""

    zone: tzinfo
    """By whose clock; with `zone_of` other than the service, where that is not known."""
    weekly: tuple[tuple[Interval, ...], ...]
    """Seven days from Monday."""
    dates: Mapping[date, tuple[Interval, ...]]
    """The dates that differ from their weekday."""
    zone_of: ZoneOf = ZoneOf.SERVICE

    def for_call(self, zones: CallZones) -> BusinessHours:
        """Return the hours by the clock that counts for this call."""
        zone = {ZoneOf.CALLER: zones.caller, ZoneOf.DIALLED: zones.dialled}.get(self.zone_of)
        return self if zone is None else replace(self, zone=zone)

    def is_open(self, now: datetime) -> bool:
        """Tell whether the service is open at this moment."""
        local = now.astimezone(self.zone)
        moment = local.time()
        return any(
            each.start <= moment < each.end or _is_last(moment, each)
            for each in self.on(local.date())
        )

    def on(self, day: date) -> tuple[Interval, ...]:
        """Return the intervals of a day."""
        return self.dates.get(day, self.weekly[day.weekday()])

    def next_changes(self, now: datetime) -> Iterator[datetime]:
        """
        Yield when it opens, closes, opens … after this moment, for a year.

        Around a change of the clocks an hour may pass twice or not at all; only moments at which
        the answer of `is_open` really changes are yielded.
        """
        first = now.astimezone(self.zone).date()
        was_open = self.is_open(now)
        for day in (first + _DAY * number for number in range(_DAYS_LOOKED_AHEAD)):
            for moment in sorted(self._edges(day)):
                if moment > now and self.is_open(moment) is not was_open:
                    was_open = not was_open
                    yield moment

    def _edges(self, day: date) -> set[datetime]:
        """Return every moment of a local day at which the answer may change, in UTC."""
        clock = {time.min, *(edge for each in self.on(day) for edge in (each.start, each.end))}
        local = [datetime.combine(day, edge) for edge in clock if edge != time.max]
        # Both readings of an hour that passes twice; where the clocks jump, an edge within the
        # hour that never is takes effect at the jump, which the hour's two readings enclose.
        return {
            edge.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)
            for edge in local
            for fold in (0, 1)
        } | {jump for jump in (_jump(day, self.zone),) if jump is not None}


def _is_last(moment: time, interval: Interval) -> bool:
    """Tell whether it is the last microsecond of a day that is open until midnight."""
    return interval.end == time.max == moment


def _jump(day: date, zone: tzinfo) -> datetime | None:
    """Return when the clocks are changed on this day, in UTC; they are, on a whole minute."""
    before = datetime.combine(day, time.min, zone).astimezone(UTC)
    after = datetime.combine(day + _DAY, time.min, zone).astimezone(UTC)
    offset = before.astimezone(zone).utcoffset()
    if after.astimezone(zone).utcoffset() == offset:
        return None
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
