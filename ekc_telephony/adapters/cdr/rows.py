"""
Asterisk's own record, read row by row.

`cdr_custom` appends one line to `ekc.csv` for each stretch of a channel when the channel is gone:
mostly one, more when it was connected to several others in turn. No heading; every field quoted;
the columns stand in `asterisk_conf/cdr_custom.conf.j2`, and new ones may only be added at the end.

Rule 1: a line that cannot be read (torn by a power failure, cut by a full disk) is counted and
skipped: one bad line must not hide a day.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final, cast, final

from ekc_telephony.core.kernel.ids import CallId, LegId

COLUMNS: Final = (
    "uniqueid",
    "linkedid",
    "channel",
    "src",
    "dst",
    "dcontext",
    "lastapp",
    "start",
    "answer",
    "end",
    "disposition",
    "did",
    "served",
    "dstchannel",
)
"""Those that are read, in the order of the file; others follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CdrRow:
    """One stretch of one channel."""

    leg: LegId
    call: CallId
    """What the channel belongs to: the first channel's id (Asterisk's linked id)."""
    channel: str
    """Its name: `PJSIP/<trunk or account>-00000017`."""
    peer: str
    """The name of the channel that it was connected to; empty when to none."""
    context: str
    """Where in the dialplan it was last."""
    began_at: datetime
    answered_at: datetime | None
    ended_at: datetime

    @property
    def endpoint(self) -> str:
        """The trunk or the account that the channel belongs to."""
        return self.channel.partition("/")[2].rpartition("-")[0]


@final
class CdrFiles:
    """
    The file that Asterisk writes and those that were rotated away.

    Args:
        path: `ekc.csv`; beside it may be `ekc.csv.1`, `ekc.csv.2.gz` and so on.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.unreadable = 0
        """Lines that were skipped."""

    def files(self, *, since: datetime) -> list[Path]:
        """Return the files that may tell of what ended at `since` or later, oldest first."""
        return rotated(self._path, since=since)

    def read(
        self, *, since: datetime, on_bytes: Callable[[int], None] = lambda _count: None
    ) -> Iterator[CdrRow]:
        """
        Yield the rows of all files that may tell of what ended at `since` or later.

        Args:
            since: Older files are not opened; rows that ended earlier are left out.
            on_bytes: Is told how much was read, to show how far it has come.

        Raises:
            OSError: A file cannot be read.
        """
        for file in self.files(since=since):
            with opened(file) as lines:
                for line in lines:
                    on_bytes(len(line))
                    row = row_of(line)
                    if row is None:
                        self.unreadable += 1
                    elif row.ended_at >= since:
                        yield row


def row_of(line: bytes) -> CdrRow | None:
    """Read one line; None when it is torn or is no row of ours."""
    if not line.endswith(b"\n"):
        return None  # being written, or torn: a field may have lost its last digits unseen
    try:
        fields = next(csv.reader([line.decode(errors="replace").strip()], strict=True))
        if len(fields) < len(COLUMNS):
            return None
        values = dict(zip(COLUMNS, fields, strict=False))
        began_at, answered_at, ended_at = (
            moment_of(values[each]) for each in ("start", "answer", "end")
        )
    except (StopIteration, csv.Error, ValueError, OverflowError):
        return None
    if not values["uniqueid"] or began_at is None or ended_at is None:
        return None
    return CdrRow(
        leg=LegId(values["uniqueid"]),
        call=CallId(values["linkedid"] or values["uniqueid"]),
        channel=values["channel"],
        peer=values["dstchannel"],
        context=values["dcontext"],
        began_at=began_at,
        answered_at=answered_at,
        ended_at=ended_at,
    )


def rotated(path: Path, *, since: datetime) -> list[Path]:
    """Return a file and those rotated away, as far as written at `since` or later, oldest first."""
    found = [path, *path.parent.glob(f"{path.name}.*")]
    dated = [(file.stat().st_mtime, file) for file in found if file.is_file()]
    return [file for written_s, file in sorted(dated) if written_s >= since.timestamp()]


def opened(file: Path) -> IO[bytes]:
    """Open a file that may be compressed."""
    if file.suffix == ".gz":
        return cast("IO[bytes]", gzip.open(file, "rb"))
    return file.open("rb")


def moment_of(text: str) -> datetime | None:
    """
    Return the moment, exact to the microsecond; None for «never», which is 0 or empty.

    Raises:
        ValueError: It is no number of seconds.
    """
    if not text.strip("0."):
        return None
    whole, _, fraction = text.partition(".")
    if not whole.isascii() or not whole.isdigit() or not (fraction + "0").isdigit():
        raise ValueError(text)
    microseconds = int(fraction.ljust(6, "0")[:6])
    return datetime.fromtimestamp(int(whole), UTC) + timedelta(microseconds=microseconds)
