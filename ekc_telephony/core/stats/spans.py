"""
Arithmetic of stretches of time.

A stretch is a pair (begin, end). Slots are the stretches between consecutive cuts: half-hours,
days, or one slot for the whole period.

Rule 1: slots neither overlap nor leave a gap, so whatever is cut into slots adds up to itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypeAlias, final

Stretch: TypeAlias = tuple[datetime, datetime]

HALF_HOUR = timedelta(minutes=30)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def length(stretches: Iterable[Stretch]) -> timedelta:
    """Return how long at least one of the stretches lasted: overlaps count once."""
    total = timedelta()
    reached: datetime | None = None
    for began, ended in sorted(stretches):
        begin = began if reached is None else max(began, reached)
        if ended > begin:
            total += ended - begin
            reached = ended
    return total


def most_at_once(stretches: Iterable[Stretch]) -> int:
    """Return how many of the stretches overlapped at most; one that ends makes room first."""
    steps: list[tuple[datetime, int]] = []
    for began, ended in stretches:
        if ended > began:
            steps += [(began, 1), (ended, -1)]
    now = most = 0
    for _, step in sorted(steps):
        now += step
        most = max(most, now)
    return most


@final
class Slots:
    """
    A period cut into slots.

    Args:
        cuts: The beginning of each slot and the end of the last, ascending; two at least.
    """

    def __init__(self, cuts: Sequence[datetime]) -> None:
        self.cuts = tuple(cuts)

    @classmethod
    def whole(cls, since: datetime, until: datetime) -> Slots:
        """Return the period as one slot."""
        return cls((since, until))

    @classmethod
    def every(
        cls, step: timedelta, *, since: datetime, until: datetime, zone: tzinfo | None
    ) -> Slots:
        """
        Cut the period at half-hours, hours or local days.

        Args:
            step: `HALF_HOUR`, `HOUR` or `DAY`.
            since: The beginning; the first slot is shorter when this is no round moment.
            until: The end.
            zone: Whose midnights and hours; None is the machine's own.
        """
        cuts = [since]
        while cuts[-1] < until:
            cuts.append(min(next_cut(cuts[-1], step, zone), until))
        return cls(cuts if len(cuts) > 1 else (since, until))

    @property
    def since(self) -> datetime:
        """The beginning of the first slot."""
        return self.cuts[0]

    @property
    def until(self) -> datetime:
        """The end of the last slot."""
        return self.cuts[-1]

    def holds(self, at: datetime) -> bool:
        """Tell whether the moment lies in the period; its end does not."""
        return self.since <= at < self.until

    def slot_of(self, at: datetime) -> datetime:
        """Return the beginning of the slot that holds this moment of the period."""
        return self.cuts[bisect_right(self.cuts, at) - 1]

    def cut(self, began: datetime, ended: datetime) -> Iterator[tuple[datetime, Stretch]]:
        """Cut a stretch; yield the beginning of each slot it touches, and its part there."""
        begin, end = max(began, self.since), min(ended, self.until)
        index = bisect_right(self.cuts, begin) - 1
        while begin < end:
            part_end = min(end, self.cuts[index + 1])
            yield self.cuts[index], (begin, part_end)
            begin, index = part_end, index + 1


def cut_before(at: datetime, step: timedelta, zone: tzinfo | None) -> datetime:
    """Return the last half-hour, hour or midnight up to the moment; see `Slots.every`."""
    local = at.astimezone(zone)
    return _midnight(local.date(), zone) if step >= DAY else at - _since_midnight(local) % step


def next_cut(at: datetime, step: timedelta, zone: tzinfo | None) -> datetime:
    """Return the first half-hour, hour or midnight after the moment; see `Slots.every`."""
    local = at.astimezone(zone)
    if step >= DAY:
        return _midnight(local.date() + DAY, zone)
    return at + (step - _since_midnight(local) % step)


def _midnight(day: date, zone: tzinfo | None) -> datetime:
    begin = datetime.combine(day, time())
    # A bare moment is read by the machine's own zone.
    begin = begin.astimezone() if zone is None else begin.replace(tzinfo=zone)
    return begin.astimezone(UTC)


def _since_midnight(local: datetime) -> timedelta:
    return timedelta(
        hours=local.hour,
        minutes=local.minute,
        seconds=local.second,
        microseconds=local.microsecond,
    )
