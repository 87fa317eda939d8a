"""A journal's folder in a test: its key, its clock, what can be read in it, a disk that fills."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.journal.journal import SEGMENT_SIZE, Journal
from ekc_telephony.adapters.journal.segments import list_segments, read_segment

KEY: Final = bytes(range(32))
OTHER_KEY: Final = bytes(32)
MORNING: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = MORNING

    def now(self) -> datetime:
        return self.moment

    def advance(self, span: timedelta) -> None:
        self.moment += span


def journal_in(
    folder: Path, clock: HandClock | None = None, *, segment_size: int = SEGMENT_SIZE
) -> Journal:
    return Journal(folder, key=KEY, segment_size=segment_size, clock=(clock or HandClock()).now)


def contents_of(segment: Path) -> list[bytes]:
    return [record.content for record in read_segment(segment, key=KEY)]


def everything_in(folder: Path) -> list[tuple[int, bytes]]:
    """All that can be read, as (position, content)."""
    return [
        (record.position, record.content)
        for segment in list_segments(folder, key=KEY)
        for record in read_segment(segment.path, key=KEY)
    ]


@contextlib.contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
