"""
How commands open a journal: its files in order, their records, and what the engine worked by.

Rule 1: nothing is written: an engine may be working in the same folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ekc_telephony.adapters.journal.segments import Segment, list_segments, read_segment
from ekc_telephony.runtime.journal_codec import Content, Opening, decode
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings


class NoJournalError(Exception):
    """There is no journal to be read; the text says why and what to do."""


def segments_of(journal: Path, *, key: bytes) -> list[Segment]:
    """
    Return the files of a journal, the oldest first.

    Args:
        journal: Its folder, or one file of it.
        key: The key in `secrets.json`.

    Raises:
        NoJournalError: There is none.
    """
    folder = journal if journal.is_dir() else journal.parent
    found = list_segments(folder, key=key)
    wanted = [each for each in found if journal.is_dir() or each.path == journal]
    if not wanted:
        raise NoJournalError(
            f"{journal}: found no journal; expected the folder `journal` in the state folder, or "
            "one file of it."
        )
    return wanted


def records_of(segment: Segment, *, key: bytes) -> Iterator[tuple[int, Content]]:
    """Yield the records of a file with their positions, the opening first."""
    return ((each.position, decode(each.content)) for each in read_segment(segment.path, key=key))


def opening_of(segment: Segment, records: Sequence[tuple[int, Content]]) -> Opening:
    """
    Return the opening of a file.

    Raises:
        NoJournalError: It does not begin with one.
    """
    opening = records[0][1]
    if not isinstance(opening, Opening):
        raise NoJournalError(f"{segment.path}: found no opening; expected one at the beginning.")
    return opening


def settings_of(opening: Opening, config: Path) -> Settings:
    """Return the configuration that an engine worked by, as if it stood in the file of today."""
    text = opening.texts.get("ekc.yaml")
    return load_settings(config, text=text) if text else load_settings(config)
