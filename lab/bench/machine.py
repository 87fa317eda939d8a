"""
How much of the machine other programs used while we measured.

A time from INVITE to 200 is also a time of waiting for a processor. On a machine that is busy with
something else all three targets are slow, and the one that needs the most hand-overs between
programs, the engine, is slowed down most; so a report without this figure cannot be judged.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from lab.child import cpu_time

_IDLE: Final = (3, 4)
"""Columns of the first line of proc(5)'s stat: idle, and idle while a disk works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The processors at one moment."""

    at: float
    """By the monotonic clock."""
    busy: timedelta
    """Used by everybody, on all cores, since the machine started."""
    ours: timedelta
    """Used by us and by what we started."""

    @classmethod
    def take(cls, pids: Iterable[int]) -> Reading:
        """
        Read the clocks.

        Args:
            pids: Our programs that are running.
        """
        columns = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
        ticks = sum(int(text) for at, text in enumerate(columns) if at not in _IDLE)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        running = sum((cpu_time(pid) for pid in (os.getpid(), *pids)), timedelta())
        return cls(
            at=time.monotonic(),
            busy=timedelta(seconds=ticks / os.sysconf("SC_CLK_TCK")),
            ours=running + timedelta(seconds=ended.ru_utime + ended.ru_stime),
        )

    def used_by_others(self, later: Reading) -> float:
        """Return the share of the machine, 0 to 1, that others used until the later reading."""
        others = (later.busy - self.busy) - (later.ours - self.ours)
        there_was = timedelta(seconds=later.at - self.at) * (os.cpu_count() or 1)
        return max(0.0, others / there_was)
