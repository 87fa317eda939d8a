"""
What the journal's records say: from the core's values to bytes and back.

Four kinds of record. An *opening* begins every segment and says everything at once: what the
engine knows, and the texts it works by. An *input* is what the core is told, with its moment. A
*step* is an input again, what the core decided, and what that changed. *Stored* says how far the
facts have reached the store.

So the newest segment alone is enough to go on from, and a segment alone is enough to replay. An
input without its step is the last thing that the engine was told: it died before it had written
down what came of it.

Rule 1: an event, command or fact is written as a pair of its class's name and its fields; names
are never given to another class.
Rule 2: a field that a newer release added has a default; one it dropped is passed over; one it
gave another name (`RENAMED`) is read under both.
Rule 3: a kind of record that is added raises `FORMAT`, for an older release must refuse by name
what it cannot read; a field that is added does not. Every format up to ours is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias, assert_never, get_args

import msgspec

from ekc_telephony.core.call import commands, events, facts
from ekc_telephony.core.call.events import CommandFailed, Event
from ekc_telephony.core.engine.effects import Effect
from ekc_telephony.core.engine.state import RENAMED, Changes, EngineState

FORMAT: Final = 2
"""
Of the records; a higher one than ours was written by a release that we cannot read.

1: openings, steps, stored. 2: inputs, too, each before its step (docs/architecture/journal.md).
"""

_Named: TypeAlias = tuple[str, msgspec.Raw]

_CLASSES: Final[Mapping[str, Any]] = {
    each.__name__: each
    for family in (events.Event, commands.Command, facts.Fact)
    for each in get_args(family)
}


_FORMER_NAMES: Final = tuple(msgspec.msgpack.encode(name) for name in RENAMED)


class RecordUnreadableError(Exception):
    """A record is not one of ours, or of a newer release; the text says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The first record of a segment."""

    release: str
    """Of the engine."""
    life: str
    """Which life of the engine; every start is a new one."""
    texts: Mapping[str, str]
    """The configuration and the scripts: `ekc.yaml`, and `<script>@<version>` for each version."""
    state: EngineState
    stored_through: int
    """All facts of records up to this position were in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What the core is told."""

    at: datetime
    event: Event | None
    """None when time passed and something was due."""
    is_again: bool = False
    """An earlier life died of it, or in the middle of it; it is told once more, and never a third
    time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One input, and what became of it."""

    at: datetime
    event: Event | None
    """None when time passed and something was due."""
    effects: tuple[Effect, ...]
    changes: Changes
    is_broken: bool = False
    """Our own bug was met, and one session ended by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """All facts of records up to a position are in the store."""

    through: int


Content: TypeAlias = Opening | Input | Step | Stored


class _Input(msgspec.Struct, tag="input", array_like=True):
    at: datetime
    event: _Named | None
    is_again: bool = False


class _Step(msgspec.Struct, tag="step", array_like=True):
    at: datetime
    event: _Named | None
    effects: list[_Named]
    changes: Changes
    is_broken: bool = False


class _Opening(msgspec.Struct, tag="opening", array_like=True):
    format: int
    release: str
    life: str
    texts: dict[str, str]
    state: EngineState
    stored_through: int


class _Stored(msgspec.Struct, tag="stored", array_like=True):
    through: int


_KINDS: Final = ("opening", "input", "step", "stored")
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Input | _Step | _Opening | _Stored).decode


def encode_input(at: datetime, event: Event | None, *, is_again: bool = False) -> bytes:
    """Write down what the core is told."""
    return _encode(["input", at, None if event is None else _name(event), is_again])


def encode_step(
    at: datetime,
    event: Event | None,
    effects: Sequence[Effect],
    changes: Changes,
    *,
    is_broken: bool,
) -> bytes:
    """Write down one step."""
    named = None if event is None else _name(event)
    return _encode(["step", at, named, [_name(each) for each in effects], changes, is_broken])


def encode_opening(opening: Opening) -> bytes:
    """Write down everything."""
    return _encode(
        _Opening(
            format=FORMAT,
            release=opening.release,
            life=opening.life,
            texts=dict(opening.texts),
            state=opening.state,
            stored_through=opening.stored_through,
        )
    )


def encode_stored(through: int) -> bytes:
    """Write down how far the store has come."""
    return _encode(_Stored(through=through))


def decode(content: bytes) -> Content:
    """
    Read one record.

    Raises:
        RecordUnreadableError: It is none of ours, or was written by a newer release.
    """
    try:
        record: _Input | _Step | _Opening | _Stored = _decode(_with_todays_names(content))
        match record:
            case _Stored(through=through):
                return Stored(through=through)
            case _Opening():
                return _opened(record)
            case _Input(at=at, event=event, is_again=is_again):
                told = None if event is None else _unname(event)
                return Input(at=at, event=told, is_again=is_again)
            case _Step():
                return _stepped(record)
            case _:
                assert_never(record)
    except (msgspec.DecodeError, KeyError) as error:
        raise RecordUnreadableError(
            f"found a record of the journal that this release cannot read ({_unknown(content)}"
            f"{error}); expected one of format {FORMAT} or older. Read it with the release that "
            "wrote it."
        ) from error


def _unknown(content: bytes) -> str:
    """Return the kind of a record in words, if it is none that we know."""
    try:
        record = msgspec.msgpack.decode(content)
    except msgspec.DecodeError:
        return ""
    match record:
        case [str(kind), *_] if kind not in _KINDS:
            return f"its kind is {kind!r}, known are {', '.join(_KINDS)}; "
        case _:
            return ""


def _with_todays_names(content: bytes) -> bytes:
    """Return a record with its fields as they are called today."""
    # A record is taken apart only when it may hold a former name: every start reads very many.
    if not any(name in content for name in _FORMER_NAMES):
        return content
    return _encode(_renamed(msgspec.msgpack.decode(content)))


def _renamed(value: Any) -> Any:
    match value:
        case dict():
            return {RENAMED.get(key, key): _renamed(inner) for key, inner in value.items()}
        case list():
            return [_renamed(each) for each in value]
        case _:
            return value


def _stepped(step: _Step) -> Step:
    return Step(
        at=step.at,
        event=None if step.event is None else _unname(step.event),
        effects=tuple(_unname(each) for each in step.effects),
        changes=step.changes,
        is_broken=step.is_broken,
    )


def _opened(opening: _Opening) -> Opening:
    if opening.format > FORMAT:
        raise RecordUnreadableError(
            f"found a journal of format {opening.format}, written by release {opening.release}; "
            f"expected {FORMAT} or older. Read it with that release."
        )
    return Opening(
        release=opening.release,
        life=opening.life,
        texts=opening.texts,
        state=opening.state,
        stored_through=opening.stored_through,
    )


def _name(value: Any) -> tuple[str, Any]:
    if isinstance(value, CommandFailed):  # the only one that holds one of several kinds
        fields = {
            "command": _name(value.command),
            "is_gone": value.is_gone,
            "detail": value.detail,
        }
        return "CommandFailed", fields
    return type(value).__name__, value


class _Failed(msgspec.Struct):
    command: _Named
    is_gone: bool
    detail: str


def _unname(named: _Named) -> Any:
    name, fields = named
    if name == "CommandFailed":
        failed = msgspec.msgpack.decode(fields, type=_Failed)
        return CommandFailed(
            command=_unname(failed.command), is_gone=failed.is_gone, detail=failed.detail
        )
    return msgspec.msgpack.decode(fields, type=_CLASSES[name])
