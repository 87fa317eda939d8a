"""
The clock: the only place where the present moment is read.

Rule 1: moments are aware and UTC.
Rule 2: within one process they never decrease, and they advance with the monotonic clock: setting
the machine's clock neither shortens nor lengthens a wait. Durations therefore stay true; moments
keep the offset that the machine's clock had when the process started.
Rule 3: an engine that takes over calls goes on with the clock of the one before it (`resume`), or a
clock that was set meanwhile would lengthen or shorten what their callers waited.
Rule 4: what Asterisk noted by the machine's clock and by a tick, which nobody can set, is put into
the terms of this clock (`true_moment`).
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

TICK_LATENESS: Final = timedelta(seconds=3)
"""How long a script may take to be started; a clock set forward by less goes unnoticed. Seen: 1.3 s
on two cores, when 26 callers of the fallback hung up in the same moment."""
_TICK: Final = timedelta(seconds=0.02)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """What the clock of one process showed at one moment of the machine's monotonic clock."""

    at: datetime
    monotonic_ns: int
    boot: str
    """Which run of the machine; monotonic clocks of two cannot be compared."""


class SystemClock:
    """The machine's clock at start, carried on by its monotonic clock."""

    def __init__(self) -> None:
        self._started_at = datetime.now(UTC)  # noqa: TID251 - here time enters
        self._started_ns = time.monotonic_ns()

    def resume(self, earlier: ClockReading) -> None:
        """
        Go on with the clock of an earlier process; a reading from before the last boot is ignored.

        To be called before the clock is first asked.
        """
        if earlier.boot == _boot():
            since = timedelta(microseconds=(self._started_ns - earlier.monotonic_ns) // 1000)
            self._started_at = earlier.at + since

    def reading(self) -> ClockReading:
        """Return what `resume` needs."""
        return ClockReading(at=self.now(), monotonic_ns=time.monotonic_ns(), boot=_boot())

    def ahead_of_the_machine(self) -> timedelta:
        """Return by how much we are ahead of the machine's clock, which may have been set."""
        return self.now() - datetime.now(UTC)  # noqa: TID251 - here time enters

    def true_moment(self, noted_at: datetime, tick: str | None) -> datetime:
        """
        Return the moment of something that was noted by the machine's clock.

        Args:
            noted_at: What the machine's clock showed.
            tick: When a script was started right after; it tells whether the clock was set since.
        """
        known = None if tick is None else self.at_tick(tick)
        if known is None:
            return noted_at
        expected = noted_at + self.ahead_of_the_machine()
        # The process that told the tick may have waited for a busy machine; the clock did not.
        return expected if -_TICK <= known - expected <= TICK_LATENESS else known

    def at_tick(self, tick: str) -> datetime | None:
        """
        Return the moment of a tick; None when it tells nothing here.

        Args:
            tick: `<ticks> <boot>` as `agi/ekc-tick` notes it: hundredths of a second (USER_HZ, as
                in proc(5)) since the machine's boot, and which boot that was.
        """
        ticks, _, boot = tick.partition(" ")
        if not (ticks.isascii() and ticks.isdigit()) or boot != _boot():
            return None
        tick_s = float(ticks) / os.sysconf("SC_CLK_TCK")
        since_s = time.clock_gettime(time.CLOCK_BOOTTIME) - tick_s
        return None if since_s < 0 else self.now() - timedelta(seconds=since_s)

    def now(self) -> datetime:
        """Return the present moment."""
        elapsed_ns = time.monotonic_ns() - self._started_ns
        return self._started_at + timedelta(microseconds=elapsed_ns // 1000)


def _boot() -> str:
    """Return what tells this run of the machine from all others (random(4))."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def seconds_since_start() -> float:
    """Return how long this process has lived (proc(5), field 22 of `stat`), to a hundredth."""
    # The text after the name in brackets begins with field 3.
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    started_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started_s
