"""
The journal as it lies in its folder: which segments there are, and the records of one.

A program that is killed in the middle of a write leaves a torn last frame. That is no damage: the
record was never acted on, and reading ends before it. A frame that is not authentic while authentic
ones follow is damage: somebody or something changed the file.

Rule 1: every record before the first byte that is wrong is returned, and none that was not written.
Rule 2: within one segment positions follow each other without a gap; a frame taken out is damage.
Rule 3: this module changes nothing in the folder, so it may read beside a running engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.journal.layout import (
    HEADER_BYTES,
    MARKER,
    BadHeaderError,
    Cipher,
    ForeignKeyError,
    TornHeaderError,
)

_SUFFIX: Final = ".journal"
_DIGITS: Final = 12
"""Of a position in a file's name: 1000 records a second for 31 years; more are no harm."""


class JournalDamagedError(Exception):
    """
    A segment is not as it was written; the text names file and offset and says what to do.

    Args:
        path: The segment.
        offset: Where in the file the first wrong byte may be.
        finding: What is expected there and what was found.
    """

    def __init__(self, path: Path, *, offset: int, finding: str) -> None:
        super().__init__(
            f"{path}, byte {offset}: {finding}. What lies before that byte can be read. "
            "Check the disk, and move the file out of the folder to keep it; "
            "the engine goes on without it."
        )
        self.path = path
        self.offset = offset


class JournalKeyError(Exception):
    """The journal was written with another key; the text says what to do."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: the key in secrets.json is not the one this journal was written with. "
            f"Restore the secrets.json that belongs to it from a backup; if that is lost, move "
            f"{path.parent} away, and the engine begins a new journal without a memory."
        )
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One file of the journal."""

    path: Path
    first_position: int
    """Of its opening; it has no record when power failed before that was on the disk."""
    began_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record as it was appended."""

    position: int
    at: datetime
    """When it was appended, to the microsecond."""
    content: bytes


def list_segments(folder: Path, *, key: bytes) -> list[Segment]:
    """
    Return the segments in the folder, oldest first; none when there is no folder.

    One without a whole header holds nothing and is left out. One whose header is damaged is listed
    with the position of its name and the time of its file: reading it tells of the damage.

    Raises:
        JournalKeyError: They were written with another key.
        OSError: The folder or a file cannot be read.
    """
    found = (_describe(path, key=key) for path in segment_paths(folder))
    return [segment for segment in found if segment is not None]


def segment_paths(folder: Path) -> list[Path]:
    """Return the files of the journal in the order of their first positions."""
    if not folder.exists():
        return []
    paths = (path for path in folder.iterdir() if path.suffix == _SUFFIX and path.stem.isdecimal())
    return sorted(paths, key=position_in_name)


def segment_path(folder: Path, first_position: int) -> Path:
    """Return where the segment that begins with this position lies."""
    return folder / f"{first_position:0{_DIGITS}d}{_SUFFIX}"


def position_in_name(path: Path) -> int:
    """Return the first position that a segment's name tells."""
    return int(path.stem)


def read_segment(path: Path, *, key: bytes) -> Iterator[Record]:
    """
    Yield the records of a segment in order; a torn last one is left out.

    Raises:
        JournalDamagedError: A record before the last is not as it was written; it comes after all
            the records before that one.
        JournalKeyError: It was written with another key.
        OSError: The file cannot be read.
    """
    content = path.read_bytes()
    try:
        cipher = Cipher.from_header(content, key=key)
    except TornHeaderError:
        return
    except ForeignKeyError:
        raise JournalKeyError(path) from None
    except BadHeaderError as error:
        raise JournalDamagedError(path, offset=0, finding=str(error)) from error
    view = memoryview(content)
    offset, position = HEADER_BYTES, cipher.first_position
    while (frame := cipher.open_frame(view, offset)) is not None and frame.position == position:
        yield Record(position=position, at=frame.at, content=frame.content)
        offset, position = frame.end, position + 1
    following = _find_frame(content, cipher, beyond=offset)
    if following is not None:
        finding = (
            f"expected record {position}, found bytes that are not as they were written, "
            f"and record {following} after them"
        )
        raise JournalDamagedError(path, offset=offset, finding=finding)


def _find_frame(content: bytes, cipher: Cipher, *, beyond: int) -> int | None:
    """Return the position of the first authentic frame from `beyond` on, or None."""
    view = memoryview(content)
    offset = content.find(MARKER, beyond)
    while offset != -1:
        frame = cipher.open_frame(view, offset)
        if frame is not None:
            return frame.position
        offset = content.find(MARKER, offset + 1)
    return None


def _describe(path: Path, *, key: bytes) -> Segment | None:
    try:
        with path.open("rb") as file:
            cipher = Cipher.from_header(file.read(HEADER_BYTES), key=key)
    except (TornHeaderError, FileNotFoundError):
        # Not found: the engine's retention was quicker than this listing.
        return None
    except ForeignKeyError:
        raise JournalKeyError(path) from None
    except BadHeaderError:
        changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return Segment(path=path, first_position=position_in_name(path), began_at=changed_at)
    return Segment(path=path, first_position=cipher.first_position, began_at=cipher.began_at)
