"""
The clock: the only place where the present moment is read.

Rule 1: moments are aware and UTC.
Rule 2: within one process they never decrease, and they advance with the monotonic clock: setting
the machine's clock neither shortens nor lengthens a wait. Durations therefore stay true; moments
keep the offset that the machine's clock had when the process started.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path


class SystemClock:
    """The machine's clock at start, carried on by its monotonic clock."""

    def __init__(self) -> None:
        self._started_at = datetime.now(UTC)  # noqa: TID251 - here time enters
        self._started_ns = time.monotonic_ns()

    def now(self) -> datetime:
        """Return the present moment."""
        elapsed_ns = time.monotonic_ns() - self._started_ns
        return self._started_at + timedelta(microseconds=elapsed_ns // 1000)


def seconds_since_start() -> float:
    """Return how long this process has lived (proc(5), field 22 of `stat`), to a hundredth."""
    # The text after the name in brackets begins with field 3.
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    started_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started_s
