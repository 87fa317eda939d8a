"""
How late the engine is: the time that passes between a moment's coming and the engine's noticing it.

All calls of a node share one event loop. Whatever keeps it busy (too many events, a slow disk, a
machine without a free core) keeps every caller waiting, and shows here before anybody complains.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

LOOK_EVERY_S: Final = 0.1
KEPT_S: Final = 60.0
"""Longer than Prometheus' usual interval, so that no hitch falls between two looks."""


class Lateness:
    """Measures it all the time."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()
        """When, and how late; each is later than all that came after it were late."""

    @property
    def worst_s(self) -> float:
        """How late it was at worst in the last minute, in seconds."""
        return self._seen[0][1] if self._seen else 0.0

    async def run(self) -> None:
        """Measure; cancel to stop."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LOOK_EVERY_S
            await asyncio.sleep(LOOK_EVERY_S)
            self._note(loop.time(), loop.time() - due)

    def _note(self, now: float, late: float) -> None:
        while self._seen and self._seen[-1][1] <= late:
            self._seen.pop()
        self._seen.append((now, late))
        while self._seen[0][0] < now - KEPT_S:
            self._seen.popleft()
