"""
When each channel ended, as Asterisk notes it at that very moment (`cel_custom`, event HANGUP).

The CDR does not tell it: an operator's row ends when he is connected, and the row of a citizen whom
his operator left ends with the conversation, not with his call. One line for each channel, no
heading; the columns stand in `asterisk_conf/cel_custom.conf.j2`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from ekc_telephony.adapters.cdr.rows import moment_of, opened, rotated
from ekc_telephony.core.kernel.ids import LegId

_COLUMNS: Final = 4
_NORMAL: Final = frozenset({0, 16, 17, 26, 31})
"""Q.850 causes of a call that somebody ended, by hanging up or declining."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup:
    """The end of one channel."""

    leg: LegId
    at: datetime
    context: str
    """Where in the dialplan it was."""
    is_normal: bool
    """Somebody ended it; otherwise it failed, as a phone does that sends no sound any more."""


class _Extra(msgspec.Struct):
    hangupcause: int = 0


def hangup_of(line: bytes) -> Hangup | None:
    """Read one line; None when it is torn or is no line of ours."""
    if not line.endswith(b"\n"):
        return None
    try:
        fields = next(csv.reader([line.decode(errors="replace").strip()], strict=True))
        leg, at, context, extra = fields[:_COLUMNS]
        moment = moment_of(at)
        cause = msgspec.json.decode(extra or "{}", type=_Extra).hangupcause
    except (StopIteration, csv.Error, ValueError, OverflowError, msgspec.DecodeError):
        return None
    if not leg or moment is None:
        return None
    return Hangup(leg=LegId(leg), at=moment, context=context, is_normal=cause in _NORMAL)


def hangups(path: Path, *, since: datetime) -> Iterator[Hangup]:
    """
    Yield what ended at `since` or later, from the file and those rotated away.

    Raises:
        OSError: A file cannot be read.
    """
    for file in rotated(path, since=since):
        with opened(file) as lines:
            for line in lines:
                hangup = hangup_of(line)
                if hangup is not None and hangup.at >= since:
                    yield hangup
