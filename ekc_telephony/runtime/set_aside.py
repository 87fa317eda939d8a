"""
The file of facts that the store refused, and how it is offered them again.

One JSON object a line, in the order in which they were refused: the fact's class, why it was
refused, its fields. A fact is refused when the store's schema or a bug of ours is wrong; when that
is mended, `ekc appeals take-back` offers all of them again.

Rule 1: a line leaves the file only when the store has its fact; whatever ends the reading, what
was not taken is found by the next one.
Rule 2: an engine may go on writing into the file meanwhile: what is read has another name.
Rule 3: what agents declared is not offered again: what they have declared since is newer.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from ekc_telephony.core.call import facts
from ekc_telephony.core.call.facts import AgentChanged, Fact
from ekc_telephony.runtime.ports import AppealStore, FactsRefusedError

_CLASSES: Final[Mapping[str, Any]] = {each.__name__: each for each in get_args(facts.Fact)}
_OWNER_ONLY: Final = 0o600


class _Letter(msgspec.Struct):
    fact: str
    cause: str
    fields: msgspec.Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What came of offering them again."""

    taken: int = 0
    """The store has them now."""
    refused: tuple[str, ...] = ()
    """Why the others were refused once more, one for each."""
    of_agents: int = 0
    """What agents declared; it stays in the file."""
    unreadable: int = 0
    """Lines that are none of ours, or of a newer release; they stay, too."""


def letter(fact: Fact, *, cause: str) -> bytes:
    """Return the line of a fact that was refused."""
    content = {"fact": type(fact).__name__, "cause": cause, "fields": fact}
    return msgspec.json.encode(content) + b"\n"


def append_letters(file: Path, letters: Sequence[bytes]) -> None:
    """
    Write lines at the file's end; it is made when missing, readable by its owner only.

    Raises:
        OSError: The disk takes none.
    """
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _OWNER_ONLY)
    with os.fdopen(opened, "wb") as lines:
        lines.write(b"".join(letters))


async def take_back(file: Path, store: AppealStore) -> TakenBack:
    """
    Offer the store every fact of the file again, oldest first.

    Raises:
        StoreUnavailableError: The store does not answer; nothing is lost.
        OSError: The file cannot be read or changed; nothing is lost.
    """
    in_hand = _taken_in_hand(file)
    lines = [line for each in in_hand for line in each.read_bytes().splitlines(keepends=True)]
    taken, of_agents, unreadable = 0, 0, 0
    refused: list[str] = []
    left: list[bytes] = []
    for line in lines:
        match _fact_of(line):
            case None:
                unreadable += 1
                left.append(line)
            case AgentChanged():
                of_agents += 1
                left.append(line)
            case fact:
                try:
                    await store.write([fact])
                    taken += 1
                except FactsRefusedError as refusal:
                    refused.append(str(refusal))
                    left.append(letter(fact, cause=str(refusal)))
    if left:
        append_letters(file, left)
    for each in in_hand:
        each.unlink()
    return TakenBack(
        taken=taken, refused=tuple(refused), of_agents=of_agents, unreadable=unreadable
    )


def _taken_in_hand(file: Path) -> list[Path]:
    """Give the file another name; return it behind those that ended readings have left."""
    in_hand = {int(each.suffix[1:]): each for each in file.parent.glob(f"{file.name}.in-hand.*")}
    if file.exists():
        number = max(in_hand, default=0) + 1
        in_hand[number] = file.rename(file.with_name(f"{file.name}.in-hand.{number}"))
    return [in_hand[number] for number in sorted(in_hand)]


def _fact_of(line: bytes) -> Fact | None:
    try:
        content = msgspec.json.decode(line, type=_Letter)
        fact: Fact = msgspec.json.decode(content.fields, type=_CLASSES[content.fact])
    except (msgspec.DecodeError, KeyError):
        return None
    return fact
