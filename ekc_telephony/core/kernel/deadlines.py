"""
Named future moments, pulled and never pushed.

A machine does not own timers; it says when it next wants to be asked (`next_deadline`) and is asked
then (`on_time`). Where many machines live side by side, their next moments stand in one of these.

Rule 1: a name has at most one moment; setting it again replaces the old one.
Rule 2: setting, clearing and asking cost O(log n); a replaced moment is dropped when it surfaces.
"""

from __future__ import annotations

import heapq
from datetime import datetime
from typing import Generic, TypeVar

NameT = TypeVar("NameT")


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return whichever of two next moments comes first; None when nothing is pending."""
    if one is None:
        return other
    return one if other is None or one <= other else other


class Deadlines(Generic[NameT]):
    """The next moment of each name, and the earliest of all."""

    def __init__(self) -> None:
        self._moments: dict[NameT, datetime] = {}
        self._heap: list[tuple[datetime, int, NameT]] = []
        self._set_so_far = 0  # breaks ties in order of setting; names need no order of their own

    def set(self, name: NameT, moment: datetime | None) -> None:
        """Remember when the name is due; None forgets it."""
        if moment is None:
            self._moments.pop(name, None)
        elif self._moments.get(name) != moment:
            self._moments[name] = moment
            self._set_so_far += 1
            heapq.heappush(self._heap, (moment, self._set_so_far, name))

    def next(self) -> datetime | None:
        """Return the earliest moment, or None when nothing is pending."""
        heap, moments = self._heap, self._moments
        while heap:
            moment, _, name = heap[0]
            if moments.get(name) == moment:
                return moment
            heapq.heappop(heap)
        return None

    def take_due(self, now: datetime) -> NameT | None:
        """Forget the earliest name whose moment has come and return it; None when none has."""
        earliest = self.next()
        if earliest is None or earliest > now:
            return None
        _, _, name = heapq.heappop(self._heap)
        del self._moments[name]
        return name
