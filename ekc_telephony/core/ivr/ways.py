"""
Where a caller can go from a node, and by what: the edges of a script's graph.

Proofs, pictures and coverage read the graph here; what a way costs a caller, `proofs.moves` adds.
The interpreter walks it by itself, and property tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, assert_never

from ekc_telephony.core.ivr.script import (
    Assign,
    Branch,
    Callback,
    Collect,
    Enqueue,
    Goodbye,
    Hours,
    KnownNumber,
    Limit,
    Lookup,
    Menu,
    Message,
    Node,
    Play,
    Question,
    SetLanguage,
    Transfer,
    Until,
)
from ekc_telephony.core.ivr.utterance import Utterance
from ekc_telephony.core.kernel.ids import NodeId

Part: TypeAlias = tuple[str | int, ...]
"""Where inside a node, as the language writes it: `("keys", "1")`."""


class Why(Enum):
    """Why a caller goes that way."""

    ONWARD = "onward"
    """There is no other, or he has done what was asked."""
    KEY = "key"
    """He has pressed it."""
    FAILED = "failed"
    """He pressed wrong keys or none, more often than is forgiven."""
    WORLD = "world"
    """The hour, a condition, his number, an answer of an information system."""
    UNAVAILABLE = "unavailable"
    """What he was sent to cannot serve him: nobody answers, no message, no number."""
    AFTER_TALK = "after_talk"
    """His agent has hung up."""
    SPENT = "spent"
    """He has come by a `Limit` too often."""


@dataclass(frozen=True, slots=True)
class Way:
    """One edge."""

    why: Why
    label: str
    """What tells it from the node's other ways: a key, the number of a case."""
    to: NodeId
    part: Part
    """Where the node says so."""


def ways_of(node: Node) -> Iterator[Way]:  # noqa: C901, PLR0912 (one row each)
    """Yield the ways that lead on from a node, in the order of the script."""
    match node:
        case Play(next=to) | Assign(next=to) | SetLanguage(next=to):
            yield Way(Why.ONWARD, "", to, ("next",))
        case Menu(choices=choices, exhausted=exhausted):
            yield from (Way(Why.KEY, key, to, ("keys", key)) for key, to in choices.items())
            yield Way(Why.FAILED, "", exhausted, ("exhausted",))
        case Collect(next=to, exhausted=exhausted):
            yield Way(Why.ONWARD, "", to, ("next",))
            yield Way(Why.FAILED, "", exhausted, ("exhausted",))
        case Question(answers=answers, next=to):
            yield from (Way(Why.KEY, key, to, ("next",)) for key in answers)
            yield Way(Why.FAILED, "", to, ("next",))
        case Hours(open=if_open, closed=closed):
            yield Way(Why.WORLD, "open", if_open, ("open",))
            yield Way(Why.WORLD, "closed", closed, ("closed",))
        case Until(before=before, after=after):
            yield Way(Why.WORLD, "before", before, ("before",))
            yield Way(Why.WORLD, "after", after, ("after",))
        case Branch(cases=cases, otherwise=otherwise):
            for index, each in enumerate(cases):
                yield Way(Why.WORLD, str(index + 1), each.next, ("cases", index, "next"))
            yield Way(Why.WORLD, "otherwise", otherwise, ("otherwise",))
        case KnownNumber(known=known, unknown=unknown):
            yield Way(Why.WORLD, "known", known, ("known",))
            yield Way(Why.WORLD, "unknown", unknown, ("unknown",))
        case Limit(next=to, exhausted=exhausted):
            yield Way(Why.ONWARD, "", to, ("next",))
            yield Way(Why.SPENT, "", exhausted, ("exhausted",))
        case Lookup(next=to, not_found=not_found, fallback=fallback):
            yield Way(Why.WORLD, "found", to, ("next",))
            yield Way(Why.WORLD, "not_found", not_found, ("not_found",))
            yield Way(Why.WORLD, "failed", fallback, ("fallback",))
        case Enqueue(after=after):
            if after is not None:
                yield Way(Why.AFTER_TALK, "", after, ("after",))
        case Message(otherwise=to) | Transfer(otherwise=to):
            yield Way(Why.UNAVAILABLE, "", to, ("otherwise",))
        case Callback(without_number=to):
            yield Way(Why.UNAVAILABLE, "", to, ("without_number",))
        case Goodbye():
            return
        case _:
            assert_never(node)


def utterances_of(node: Node) -> Iterator[Utterance]:
    """Yield everything a node may say."""
    match node:
        case Menu() | Question() | Collect():
            yield from (node.prompts, node.invalid_prompts, node.timeout_prompts)
        case Play() | Lookup() | Message() | Callback() | Goodbye():
            yield node.prompts
        case _:
            return


def passes(node: Node) -> bool:
    """Tell whether a caller may go on from a node without hearing or doing anything."""
    match node:
        case Hours() | Until() | Branch() | KnownNumber() | Limit() | Assign() | SetLanguage():
            return True
        case Callback():
            return True
        case Play(prompts=prompts):
            # A text of nothing but values may turn out empty.
            return not any(isinstance(part, str) for part in prompts)
        case _:
            return False
