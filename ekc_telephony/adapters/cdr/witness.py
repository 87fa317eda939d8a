"""
When did legs end that are gone? Asked at every return to Asterisk, so the answer must be quick.

What was missed has just happened, so it stands at the end of the record: the file is read backwards
until every leg is found or what is read is older than the question.

Rule 1: never more than `READ_AT_MOST` is read: a large record costs no caller a pause.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, final

from ekc_telephony.adapters.cdr.rows import row_of
from ekc_telephony.core.call.events import Ended
from ekc_telephony.core.kernel.ids import LegId

READ_AT_MOST: Final = 2 * 1024 * 1024
"""About 9,000 rows; a node at 50 calls a second writes that in a minute and a half."""
_BLOCK: Final = 64 * 1024
_OLD_ROWS: Final = 256
"""So many rows in a row that ended before the question: the rest is older. One alone may be the
early stretch of a channel that ended late, since all of them are written when it ends."""


@final
class CdrWitness:
    """
    Looks up the ends of legs in Asterisk's own record.

    Args:
        path: `ekc.csv`; `ekc.csv.1` is looked into when it has just been rotated.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def ended(self, legs: Collection[LegId], *, since: datetime) -> Mapping[LegId, Ended]:
        """
        Return when and where the legs ended, as far as the record tells; no word for the others.

        Args:
            legs: The legs asked for.
            since: When they were last known to be there; what ended earlier is not looked for.
        """
        missing, found = set(legs), dict[LegId, Ended]()
        old_rows = 0
        for line in self._backwards():
            if not missing or old_rows == _OLD_ROWS:
                break
            row = row_of(line)
            if row is None:
                continue
            old_rows = old_rows + 1 if row.ended_at < since else 0
            if row.leg in missing:
                # Of a leg's rows the last one written tells where it ended.
                found[row.leg] = Ended(at=row.ended_at, context=row.context)
                missing.discard(row.leg)
        return found

    def _backwards(self) -> Iterator[bytes]:
        left = READ_AT_MOST
        for path in (self._path, self._path.with_name(f"{self._path.name}.1")):
            for line in _lines_backwards(path, at_most=left):
                left -= len(line)
                yield line


def _lines_backwards(path: Path, *, at_most: int) -> Iterator[bytes]:
    """Yield whole lines, last first, with their line ends; nothing for a file that is not there."""
    try:
        file = path.open("rb")
    except OSError:
        return  # a witness who is not there has seen nothing
    with file:
        position = file.seek(0, os.SEEK_END)
        stop = max(0, position - at_most)
        rest = b""
        while position > stop:
            size = min(_BLOCK, position - stop)
            position = file.seek(position - size)
            first, *lines = (file.read(size) + rest).splitlines(keepends=True)
            yield from reversed(lines)
            rest = first
        if position == 0 and rest:
            yield rest
