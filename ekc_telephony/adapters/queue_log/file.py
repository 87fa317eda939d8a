"""
The file `queue_log`, line by line as Asterisk's `logger.c` writes it.

Lines are appended, a group at a time. Whoever rotates the file renames it; the next group goes into
a new one. When a life of the engine begins, the last lines of the one before are read: rows that
are offered again and stand there are not written twice.

Rule 1: a line is whole or not there: what a crash or a full disk left unfinished is cut off.
Rule 2: while the file cannot be written its lines wait in memory; `append` does not raise, and
`trouble` says why. What waits then is lost if the engine is killed before the disk has room.
Rule 3: like Asterisk's own, it is not synchronised: it survives the death of the engine, while the
loss of power may cost the last seconds.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

import structlog

from ekc_telephony.core.queue_log.rows import QueueLogRow

TAIL: Final = 1 << 20
"""Bytes that are looked at for rows of before: some 10,000 lines, where a group makes 1,000."""
_MODE: Final = 0o640
"""It holds citizens' numbers."""

_log = structlog.get_logger(__name__)


@final
class QueueLogFile:
    """
    Append rows to the file (a `QueueLogOutput`).

    Args:
        path: Where it is; its folder is there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._waiting: list[tuple[int, bytes]] = []
        self._before: Counter[bytes] | None = None
        self._newest_before = 0
        self.trouble: str | None = None
        """Why the file is not written just now, for people; None when all is well."""

    async def append(self, rows: Sequence[QueueLogRow]) -> None:
        """Write rows in their order, but those of before a crash that are there."""
        lines = [(row.epoch, row.line.encode() + b"\n") for row in rows]
        self._waiting += lines
        # A disk that is slow must not hold up the engine's loop.
        await asyncio.to_thread(self._write_waiting)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write_waiting(self) -> None:
        try:
            if self._before is None:
                self._look_back()
            self._waiting = [each for each in self._waiting if not self._is_written(*each)]
            self._append(b"".join(line for _, line in self._waiting))
        except OSError as error:
            if self.trouble is None:
                _log.error("queue_log is not written; its lines wait", cause=str(error))
            self.trouble = f"{self._path}: {error.strerror}; lines wait in memory"
            return
        self._waiting.clear()
        self.trouble = None

    def _append(self, content: bytes) -> None:
        if not content:
            return
        file = self._opened()
        size = os.fstat(file).st_size
        left = memoryview(content)
        try:
            while left:
                left = left[os.write(file, left) :]
        except OSError:
            if len(left) < len(content):  # as much as there was room for
                os.ftruncate(file, size)
            raise

    def _opened(self) -> int:
        """Return the file of this name, which may be another one than before."""
        if self._file is not None and not self._is_renamed(self._file):
            return self._file
        self.close()
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _MODE)
        return self._file

    def _is_renamed(self, file: int) -> bool:
        try:
            return not os.path.samestat(os.fstat(file), self._path.stat())
        except FileNotFoundError:
            return True

    # --- what was written before this life

    def _look_back(self) -> None:
        _cut_unfinished_line(self._path)
        tail = _last_lines(self._path)
        rotated = self._path.with_name(self._path.name + ".1")
        if sum(map(len, tail)) < TAIL:
            tail = _last_lines(rotated) + tail
        self._before = Counter(tail)
        self._newest_before = max(map(_epoch_of, tail), default=0)

    def _is_written(self, epoch: int, line: bytes) -> bool:
        before = self._before
        if not before or epoch > self._newest_before or not before[line]:
            return False
        before[line] -= 1
        return True


def _cut_unfinished_line(path: Path) -> None:
    try:
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            unfinished = len(file.read(min(size, TAIL)).rpartition(b"\n")[2])
            if unfinished:
                file.truncate(size - unfinished)
    except FileNotFoundError:
        return


def _last_lines(path: Path) -> list[bytes]:
    """Return the last whole lines, as far as `TAIL` reaches."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            lines = file.read(min(size, TAIL)).splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return lines if size <= TAIL else lines[1:]


def _epoch_of(line: bytes) -> int:
    digits = line.partition(b"|")[0]
    return int(digits) if digits.isdigit() else 0
