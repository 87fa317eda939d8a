"""How an engine that starts reads the journal of the lives before it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import structlog

from ekc_telephony.adapters.journal.segments import (
    JournalDamagedError,
    list_segments,
    read_segment,
)
from ekc_telephony.runtime.recovery import Segment

log = structlog.get_logger(__name__)


def remembered_segments(folder: Path, *, key: bytes) -> list[Segment]:
    """Return the journal as it is read at start; what is damaged is said and left out."""

    def read(path: Path) -> Iterator[tuple[int, bytes]]:
        try:
            for record in read_segment(path, key=key):
                yield record.position, record.content
        except JournalDamagedError as damage:
            log.exception("the journal is damaged", why=str(damage))

    return [
        Segment(first_position=each.first_position, read=partial(read, each.path))
        for each in list_segments(folder, key=key)
    ]
