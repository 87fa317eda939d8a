"""
The folder in which the fallback leaves its notes, one call in up to two files.

The dialplan writes `<call>.begun` when the call enters the fallback: `name=value` a line, no
process needed; should the AGI script fail, it adds what the script would have written, and of a
name that stands there twice the later value counts. The AGI script writes `<call>.json` when the
caller presses a key and when he is gone: written beside and renamed, so it is whole whenever it is
there. The second says all that the first says, so it is read instead of it.

Both bear moments of Asterisk's clock, which is the engine's.

Rule 1: only what is finished or cannot be read is ever moved away; a note is removed by the one
who has brought it to the store.
Rule 2: a file that cannot be understood is renamed to `*.broken` and never met again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, final

import msgspec
import structlog

from ekc_telephony.core.appeals.fallback import FallbackCall
from ekc_telephony.core.kernel.ids import AgentId, CallId, Did

VERSION: Final = 1
"""Of the notes that this code understands."""
CALLS_AT_ONCE: Final = 200
"""Read in one go, oldest names first: a few milliseconds of the engine's time."""
_CALLBACK: Final = "callback"
_BEING_WRITTEN_FOR: Final = timedelta(seconds=5)
"""How long the dialplan may take to write its lines; it takes a few milliseconds."""

log = structlog.get_logger(__name__)


class _Note(msgspec.Struct, kw_only=True):
    """The JSON file as the script writes it; moments are seconds since 1970."""

    version: int
    call: str
    did: str
    number: str | None
    began_at: float
    entered_at: float
    ended_at: float | None
    was_served: bool
    choice: str | None
    answered_at: float | None
    agent: str | None


class _BrokenNoteError(ValueError):
    """The file cannot be understood; the message says what was expected."""


@final
class SpoolFolder:
    """
    Reads and clears the spool (the `FallbackSpool`).

    Args:
        folder: `spool/ekc` in Asterisk's folder; it need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.broken = 0
        """Files put aside since the start."""

    def __len__(self) -> int:
        """Return how many calls have a note here, those still going on included."""
        return len(self._found())

    def calls(self) -> frozenset[CallId]:
        """Return the calls that have a note here."""
        return frozenset(map(CallId, self._found()))

    def read(self, now: datetime) -> list[FallbackCall]:
        """
        Return what the notes say, at most `CALLS_AT_ONCE` calls; notes with an end come first.

        Raises:
            OSError: The folder cannot be read.
        """
        found = self._found()
        by_json = sorted(name for name, endings in found.items() if ".json" in endings)
        only_begun = sorted(name for name, endings in found.items() if ".json" not in endings)
        calls = []
        for name in [*by_json, *only_begun][:CALLS_AT_ONCE]:
            told = [
                self._read_file(self._folder / f"{name}{ending}", now)
                for ending in (".json", ".begun")
                if ending in found[name]
            ]
            known = [each for each in told if each is not None]
            # Should the script have failed at the end, the dialplan's lines tell of it.
            with_end = [each for each in known if each.ended_at is not None]
            calls += (with_end or known)[:1]
        return calls

    def remove(self, call: CallId) -> None:
        """
        Forget a call that the store has.

        Raises:
            OSError: A file cannot be removed.
        """
        # The full note last: should only one removal succeed, it is the one that says more.
        for ending in (".begun", ".json"):
            (self._folder / f"{call}{ending}").unlink(missing_ok=True)

    def put_aside(self, call: CallId, why: str) -> None:
        """
        Keep a call that the store will never take where nobody meets it again.

        Raises:
            OSError: A file cannot be renamed.
        """
        for ending in (".begun", ".json"):
            file = self._folder / f"{call}{ending}"
            if file.exists():
                self._put_file_aside(file, why)

    def _found(self) -> Mapping[str, set[str]]:
        names: dict[str, set[str]] = {}
        try:
            listed = list(self._folder.iterdir())
        except FileNotFoundError:
            return names
        for file in listed:
            if file.suffix in {".begun", ".json"} and not file.name.startswith("."):
                names.setdefault(file.stem, set()).add(file.suffix)
        return names

    def _read_file(self, file: Path, now: datetime) -> FallbackCall | None:
        try:
            content = file.read_bytes()
            written_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        except FileNotFoundError:
            return None  # replaced or removed between listing and reading
        is_json = file.suffix == ".json"
        try:
            note = _from_json(content) if is_json else _from_lines(content)
            return self._call(note, file.stem)
        except _BrokenNoteError as error:
            if is_json or now - written_at > _BEING_WRITTEN_FOR:
                self._put_file_aside(file, str(error))
            return None

    def _call(self, note: _Note, name: str) -> FallbackCall:
        if note.call != name:
            raise _BrokenNoteError("it tells of another call than its name says")
        return FallbackCall(
            call=CallId(note.call),
            did=Did(note.did),
            number=note.number or None,
            began_at=_moment(note.began_at),
            entered_at=_moment(note.entered_at),
            was_served=note.was_served,
            ended_at=_moment_or_none(note.ended_at),
            has_asked=note.choice == _CALLBACK,
            answered_at=_moment_or_none(note.answered_at),
            agent=AgentId(note.agent) if note.agent else None,
        )

    def _put_file_aside(self, file: Path, why: str) -> None:
        file.replace(file.with_name(f"{file.name}.broken"))
        self.broken += 1
        log.error(
            "A note of the fallback cannot be used; it was put aside, look at it and register "
            "the call by hand",
            file=f"{file.name}.broken",
            why=why,
        )


def _from_json(content: bytes) -> _Note:
    try:
        note = msgspec.json.decode(content, type=_Note)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _BrokenNoteError(f"no note of version {VERSION}: {error}") from error
    if note.version != VERSION:
        raise _BrokenNoteError(f"version {note.version}, expected {VERSION}")
    return note


def _from_lines(content: bytes) -> _Note:
    lines = content.decode(errors="replace").splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    missing = {"call", "did", "number", "began_at", "entered_at", "was_served"} - values.keys()
    if missing:
        raise _BrokenNoteError(f"no line for {', '.join(sorted(missing))}")
    told = {name: value or None for name, value in values.items()}
    return _Note(
        version=VERSION,
        call=values["call"],
        did=values["did"],
        number=told["number"],
        began_at=_seconds(told["began_at"] or values["entered_at"]),
        entered_at=_seconds(values["entered_at"]),
        ended_at=_seconds_or_none(told.get("ended_at")),
        was_served=values["was_served"] == "1",
        choice=told.get("choice"),
        answered_at=_seconds_or_none(told.get("answered_at")),
        agent=told.get("agent"),
    )


def _moment_or_none(seconds: float | None) -> datetime | None:
    return None if seconds is None else _moment(seconds)


def _moment(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise _BrokenNoteError(f"a moment is no number of seconds since 1970: {error}") from error


def _seconds_or_none(text: str | None) -> float | None:
    return None if text is None else _seconds(text)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise _BrokenNoteError(f"a moment is no number of seconds since 1970: {error}") from error
