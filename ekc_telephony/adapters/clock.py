"""
The clock: the only place where the present moment is read.

It is what the machine's clock showed once, carried on by the machine's monotonic clock. All
processes of a node share it, Asterisk too: its base, the nanoseconds from 1970 to the zero of
CLOCK_MONOTONIC, stands in a file. `steady_clock/steady_clock.c` does in Asterisk what
`SystemClock` does here; the rules of the file are the same in both.

Rule 1: moments are aware and UTC.
Rule 2: within one process they never decrease, and they advance with the monotonic clock: setting
the machine's clock neither shortens nor lengthens a wait.
Rule 3: whoever lives by the shared clock holds a shared lock (flock) on its file.
Rule 4: who finds the file locked by nobody writes it anew. So the clock stays the same while
anybody lives by it, however often one of them is restarted, and is the machine's again after a
restart of all.
"""

from __future__ import annotations

import fcntl
import os
import time
import weakref
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FILE_MODE: Final = 0o640
_LONGEST: Final = 32
"""Bytes of the file."""
_ATTEMPTS: Final = 100
"""One is usual; a second when another process begins in the same moment."""


class ClockFileError(OSError):
    """The shared clock cannot be used; the text says where, why and what to do."""


class SystemClock:
    """
    The machine's clock, carried on by its monotonic clock.

    Args:
        shared: The file of the clock that a node's processes share; it and its folder are made when
            they are not there. None is a clock of our own, the machine's as it is now.

    Raises:
        ClockFileError: The file cannot be used.
    """

    def __init__(self, shared: Path | None = None) -> None:
        self._base_ns = _base_by_the_machine() if shared is None else self._share(shared)

    def now(self) -> datetime:
        """Return the present moment."""
        return _EPOCH + timedelta(microseconds=(self._base_ns + time.monotonic_ns()) // 1000)

    def ahead_of_the_machine(self) -> timedelta:
        """Return by how much we are ahead of the machine's clock, which may have been set."""
        return self.now() - datetime.now(UTC)  # noqa: TID251 - here time enters

    def _share(self, path: Path) -> int:
        file = _open(path)
        weakref.finalize(self, os.close, file)
        for _ in range(_ATTEMPTS):
            # An exclusive lock becomes a shared one in two steps: hence it is read in any case.
            if _locks_alone(file):
                _write_base(file)
            fcntl.flock(file, fcntl.LOCK_SH)
            base_ns = _read_base(file)
            if base_ns is not None:
                return base_ns
            fcntl.flock(file, fcntl.LOCK_UN)  # who was writing it died
        raise ClockFileError(
            f"{path}: found no base of a clock; expected nanoseconds since 1970. Stop the whole "
            "node (`systemctl stop ekc.target`) and start it again: it is written anew."
        )


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Python opens every file close-on-exec (PEP 446).
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _FILE_MODE)
    except OSError as error:
        raise ClockFileError(
            f"{path}: the node's clock cannot be opened ({error.strerror}); expected a file that "
            "the engine's user, who is Asterisk's, may write. Give Asterisk's folder with all "
            f"that is in it to that user: `chown -R ekc: {path.parent.parent}` in an installation "
            "with systemd."
        ) from error


def _locks_alone(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_base(file: int) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, f"{_base_by_the_machine()}\n".encode("ascii"), 0)


def _read_base(file: int) -> int | None:
    text = os.pread(file, _LONGEST, 0).decode("ascii", errors="replace")
    return int(text) if text.endswith("\n") and text[:-1].isdigit() else None


def _base_by_the_machine() -> int:
    return time.time_ns() - time.monotonic_ns()


def seconds_since_start() -> float:
    """Return how long this process has lived (proc(5), field 22 of `stat`), to a hundredth."""
    # The text after the name in brackets begins with field 3.
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    started_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started_s
