"""
The virtual clock: what is to happen, in order of time.

Rule 1: time never runs back; what is planned for a moment that is over happens now.
Rule 2: things of one moment happen in the order in which they were planned.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeAlias

Action: TypeAlias = Callable[[Any], None]


class Agenda:
    """
    All that is planned.

    Args:
        start: The moment at which everything begins.
    """

    def __init__(self, start: datetime) -> None:
        self.now = start
        self._heap: list[tuple[datetime, int, Action, Any]] = []
        self._soon: deque[tuple[datetime, int, Action, Any]] = deque()
        """What was planned for the moment at which it was planned: it needs no sorting."""
        self._planned = 0

    def at(self, moment: datetime, action: Action, subject: Any) -> None:
        """Let `action(subject)` happen at the moment."""
        if moment > self.now:
            self._planned += 1
            heapq.heappush(self._heap, (moment, self._planned, action, subject))
        else:
            self.soon(action, subject)

    def after(self, seconds: float, action: Action, subject: Any) -> None:
        """Let `action(subject)` happen in so many seconds from now."""
        moment = self.now + timedelta(seconds=seconds)
        if moment > self.now:
            self._planned += 1
            heapq.heappush(self._heap, (moment, self._planned, action, subject))
        else:
            self.soon(action, subject)

    def soon(self, action: Action, subject: Any) -> None:
        """Let `action(subject)` happen now, after all that is planned for this moment already."""
        self._planned += 1
        self._soon.append((self.now, self._planned, action, subject))

    def next(self) -> datetime | None:
        """Return the moment of what is next; None when nothing is planned."""
        if self._soon:
            return self._soon[0][0]
        return self._heap[0][0] if self._heap else None

    def let_happen(self) -> None:
        """Go to the moment of what is next, and let it happen."""
        heap, soon = self._heap, self._soon
        # What was planned before for this very moment comes first.
        is_soon = soon and not (heap and heap[0] < soon[0])
        self.now, _, action, subject = soon.popleft() if is_soon else heapq.heappop(heap)
        action(subject)

    def go_to(self, moment: datetime) -> None:
        """Let time pass."""
        self.now = max(self.now, moment)
