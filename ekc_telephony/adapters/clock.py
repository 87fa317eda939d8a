"""
The clock: the only place where the present moment is read.

Rule 1: moments are aware and UTC.
Rule 2: within one process they never decrease, and they advance with the monotonic clock: setting
the machine's clock neither shortens nor lengthens a wait. Durations therefore stay true; moments
keep the offset that the machine's clock had when the process started.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's clock at start, carried on by its monotonic clock."""

    def __init__(self) -> None:
        self._started_at = datetime.now(UTC)  # noqa: TID251 - here time enters
        self._started_ns = time.monotonic_ns()

    def now(self) -> datetime:
        """Return the present moment."""
        elapsed_ns = time.monotonic_ns() - self._started_ns
        return self._started_at + timedelta(microseconds=elapsed_ns // 1000)
