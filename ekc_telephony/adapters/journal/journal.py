"""
The journal's one writer: takes records, at once into the kernel, once a second onto the disk.

The journal is a row of segments. A segment begins with an opening, which tells everything that is
to be known at that moment; the records after it tell what changed. So whoever restores needs the
newest opening and what follows. When the present segment `is_full`, its owner makes a new opening.

A record is in the kernel's hands when `append` returns: a killed engine loses none. A power failure
loses what came since the last sync, at most `SYNC_PERIOD` and the time that one sync takes.

Rule 1: the disk's trouble is never an exception here. A record that could not be written ends its
segment, is counted in `lost`, and `trouble` tells of it. Until the next opening every record is
lost, since without the missing one it would mean something else.
Rule 2: `is_full` asks for that opening again and again, `RETRY_PAUSE` apart; it is the proof that
there is room again.
Rule 3: no position is given to two records that can be read. Within a segment there is no gap.
Rule 4: the event loop only ever writes; syncing, closing and deleting happen in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.journal.layout import FRAME_OVERHEAD, KEY_BYTES, Cipher
from ekc_telephony.adapters.journal.segments import (
    JournalDamagedError,
    Segment,
    list_segments,
    position_in_name,
    read_segment,
    segment_path,
    segment_paths,
)

SEGMENT_SIZE: Final = 8 * 1024 * 1024
"""Bytes after which a new segment is asked for; read in a twentieth of a second."""
OPENINGS_IN_A_SEGMENT: Final = 4
"""A segment holds at least as many bytes as four of its openings: these stay a quarter of it."""
KEEP: Final = timedelta(days=7)
"""How long records can be replayed; they are personal data."""
SYNC_PERIOD: Final = timedelta(seconds=1)
"""Redis' `appendfsync everysec`."""
RETRY_PAUSE: Final = timedelta(seconds=1)
"""Between two attempts to write an opening while the disk is in trouble."""
_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC


@dataclass(slots=True, kw_only=True)
class _OpenSegment:
    """The segment being written."""

    file: int
    cipher: Cipher
    size: int
    """Bytes of whole frames and the header: what the file is cut back to."""
    limit: int


class Journal:
    """
    Writes the journal in a folder; there is one for a folder, in one process.

    Args:
        folder: Where the segments lie; made when missing, readable by its owner only.
        key: 32 random bytes, always the same for one folder.
        segment_size: Bytes after which a new segment is asked for.
        keep: How long segments are kept.
        clock: Tells the present moment.

    Raises:
        ValueError: The key has another length.
        JournalKeyError: The folder holds a journal written with another key.
        OSError: The folder can be neither made nor read.
    """

    def __init__(
        self,
        folder: Path,
        *,
        key: bytes,
        segment_size: int = SEGMENT_SIZE,
        keep: timedelta = KEEP,
        clock: Callable[[], datetime],
    ) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the journal's key has {len(key)} bytes; expected {KEY_BYTES}")
        _make_private(folder)
        self._folder = folder
        self._key = key
        self._segment_size = segment_size
        self._keep = keep
        self._clock = clock
        self._next_position = _next_position(folder, key=key)
        self._segments = deque(list_segments(folder, key=key))
        self._open: _OpenSegment | None = None
        self._retired: deque[int] = deque()
        self._retry_at: datetime | None = None
        self._is_unsynced = False
        self._sync_lock = threading.Lock()
        self.trouble: str | None = None
        """One sentence for a person while the disk does not take records; None when well."""
        self.lost = 0
        """How many records were not written."""
        self.needed_from = 1
        """The first position whose record the owner may still need; its segment stays."""

    @property
    def is_full(self) -> bool:
        """A new segment is to be begun: the present one has its size, or there is none."""
        if self._retry_at is not None and self._clock() < self._retry_at:
            return False
        return self._open is None or self._open.size >= self._open.limit or self.trouble is not None

    def begin_segment(self, opening: bytes) -> int:
        """
        Begin a new segment with this record and return its position.

        Returns 0 when the disk did not take it; the present segment then goes on if there is one.
        """
        now = self._clock()
        cipher = Cipher.begin(key=self._key, first_position=self._next_position, began_at=now)
        path = segment_path(self._folder, self._next_position)
        content = cipher.header + cipher.close_frame(opening, position=self._next_position, at=now)
        try:
            file = _create(path, content)
        except OSError as error:
            self._tell(error)
            return 0
        self._retire()
        limit = max(self._segment_size, OPENINGS_IN_A_SEGMENT * len(opening))
        self._open = _OpenSegment(file=file, cipher=cipher, size=len(content), limit=limit)
        self._segments.append(
            Segment(path=path, first_position=self._next_position, began_at=cipher.began_at)
        )
        self._is_unsynced = True
        self.trouble = self._retry_at = None
        return self._take_position()

    def append(self, record: bytes) -> int:
        """
        Write one record and return its position.

        One that is lost has a position, too, which no other record of this life gets.
        """
        position = self._take_position()
        segment = self._open
        if segment is None:
            self.lost += 1
            return position
        frame = segment.cipher.close_frame(record, position=position, at=self._clock())
        try:
            _write(segment.file, frame)
        except OSError as error:
            self.lost += 1
            self._abandon(segment, error)
        else:
            segment.size += len(frame)
            self._is_unsynced = True
        return position

    async def run(self) -> None:
        """Sync once a second what was written, delete what is past retention; until cancelled."""
        while True:
            await asyncio.sleep(SYNC_PERIOD.total_seconds())
            if self._is_unsynced:
                self._is_unsynced = False
                error = await asyncio.to_thread(self._sync)
                if error is not None:
                    self._retire()
                    self._is_unsynced = True
                    self._tell(error)
            if outdated := self._take_outdated():
                await asyncio.to_thread(_delete, outdated)

    def close(self) -> None:
        """Sync and close; records that come later are lost."""
        self._retire()
        error = self._sync()
        if error is not None:
            self._tell(error)

    def _take_position(self) -> int:
        position = self._next_position
        self._next_position += 1
        return position

    def _abandon(self, segment: _OpenSegment, error: OSError) -> None:
        """End a segment that did not take a record; what it took of it is cut off."""
        with contextlib.suppress(OSError):
            # A torn tail that stays is read past all the same.
            os.ftruncate(segment.file, segment.size)
        self._retire()
        self._tell(error)

    def _retire(self) -> None:
        """Leave the present segment to the thread, which syncs and closes it."""
        if self._open is not None:
            self._retired.append(self._open.file)
            self._open = None
            self._is_unsynced = True

    def _tell(self, error: OSError) -> None:
        self._retry_at = self._clock() + RETRY_PAUSE
        self.trouble = (
            f"The journal {self._folder} takes no records ({error.strerror}), so a restart now "
            "would forget what is going on; expected a disk with room that can be written. Make "
            "room or repair it; the journal then goes on by itself."
        )

    def _sync(self) -> OSError | None:
        """Bring onto the disk what was written; in any thread. Only here are files closed."""
        with self._sync_lock:
            present = self._open
            try:
                if present is not None:
                    os.fdatasync(present.file)
                while self._retired:
                    _sync_and_close(self._retired.popleft())
                _sync_folder(self._folder)
            except OSError as error:
                return error
            return None

    def _take_outdated(self) -> list[Path]:
        """Return the files past retention: those whose last record is older and not needed."""
        outdated = []
        oldest_kept = self._clock() - self._keep
        while len(self._segments) > 1:
            following = self._segments[1]
            if following.began_at >= oldest_kept or following.first_position > self.needed_from:
                break
            outdated.append(self._segments.popleft().path)
        return outdated


def _next_position(folder: Path, *, key: bytes) -> int:
    """
    Return the position after the last record, and remove newest segments without any.

    Behind damage there may be as many records as there is room for.
    """
    for path in reversed(segment_paths(folder)):
        last = None
        try:
            for record in read_segment(path, key=key):
                last = record.position
        except JournalDamagedError as error:
            first_doubtful = position_in_name(path) if last is None else last + 1
            return first_doubtful + (path.stat().st_size - error.offset) // FRAME_OVERHEAD
        if last is not None:
            return last + 1
        path.unlink()
    return 1


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    folder.chmod(_FOLDER_MODE)


def _create(path: Path, content: bytes) -> int:
    """Return the descriptor of a new file with this content; there is no file when it fails."""
    _make_private(path.parent)
    file = os.open(path, _WRITE, _FILE_MODE)
    try:
        _write(file, content)
    except OSError:
        os.close(file)
        with contextlib.suppress(OSError):
            path.unlink()
        raise
    return file


def _write(file: int, content: bytes) -> None:
    rest = content[os.write(file, content) :]
    # A disk that becomes full takes a part first; why, it says when it is asked for the rest.
    if rest and os.write(file, rest) != len(rest):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sync_and_close(file: int) -> None:
    try:
        os.fdatasync(file)
    finally:
        os.close(file)


def _sync_folder(folder: Path) -> None:
    """Bring the names of new files onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _delete(paths: list[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            # What cannot be deleted now is listed, and tried, in the next life.
            path.unlink()
