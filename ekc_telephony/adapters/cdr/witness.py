"""
When and why did legs end that are gone? Asked at every return to Asterisk, so it must be quick.

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

from ekc_telephony.adapters.cdr.hangups import hangup_of
from ekc_telephony.core.call.events import Ended
from ekc_telephony.core.kernel.ids import LegId

READ_AT_MOST: Final = 2 * 1024 * 1024
"""About 15,000 ends; a node at 50 calls a second writes that in two minutes and a half."""
_BLOCK: Final = 64 * 1024


@final
class HangupWitness:
    """
    Looks up the ends of legs in Asterisk's own record.

    Args:
        path: `hangups.csv`; `hangups.csv.1` is looked into when it has just been rotated.
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
        for line in self._backwards():
            hangup = hangup_of(line)
            if hangup is None:
                continue
            if not missing or hangup.at < since:
                break
            if hangup.leg in missing:
                missing.discard(hangup.leg)
                found[hangup.leg] = Ended(
                    at=hangup.at, context=hangup.context, is_normal=hangup.is_normal
                )
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
