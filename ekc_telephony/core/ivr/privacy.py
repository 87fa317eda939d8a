"""
What of a script tells something personal, for whoever shows a call or asks a system on its behalf.

Personal is what the script declares so (`personal: true`), and the number the caller calls from.

Rule 1: a prompt, a field or a key is personal when anything of it comes from what is personal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ekc_telephony.core.ivr.expressions import Expression, names_in
from ekc_telephony.core.ivr.script import (
    Callback,
    Collect,
    Goodbye,
    Lookup,
    Menu,
    Message,
    Node,
    Play,
    Question,
)
from ekc_telephony.core.ivr.utterance import Insert, Utterance, prompts_of
from ekc_telephony.core.ivr.values import Value, Variable
from ekc_telephony.core.kernel.ids import PromptKey


def is_personal(expression: Expression, variables: Mapping[str, Variable]) -> bool:
    """Tell whether a value is made of what is personal."""
    return any(_is_declared_so(name, variables) for name in names_in(expression))


def types_secret(node: Node, variables: Mapping[str, Variable]) -> bool:
    """Tell whether the keys that are pressed at a node are personal."""
    return isinstance(node, Collect) and _is_declared_so(node.into, variables)


def personal_among(
    prompts: tuple[PromptKey, ...],
    node: Node,
    *,
    known: Mapping[str, Value],
    variables: Mapping[str, Variable],
) -> frozenset[int]:
    """Return which of the prompts that a node says to this caller tell a personal value."""
    for utterance in _said_at_once(node):
        told = list(_prompts_in(utterance, known, variables))
        if tuple(prompt for prompt, _ in told) == prompts:
            return frozenset(at for at, (_, is_told) in enumerate(told) if is_told)
    return frozenset()


def _is_declared_so(name: str, variables: Mapping[str, Variable]) -> bool:
    declared = variables.get(name)
    return name == "caller.number" or (declared is not None and declared.is_personal)


def _prompts_in(
    utterance: Utterance, known: Mapping[str, Value], variables: Mapping[str, Variable]
) -> Iterator[tuple[PromptKey, bool]]:
    for part in utterance:
        is_told = isinstance(part, Insert) and is_personal(part.value, variables)
        for prompt in prompts_of((part,), known):
            yield prompt, is_told


def _said_at_once(node: Node) -> Iterator[Utterance]:
    """Yield everything that may be said at a node in one breath."""
    match node:
        case Menu() | Question() | Collect():
            yield node.prompts
            yield node.invalid_prompts + node.prompts
            yield node.timeout_prompts + node.prompts
        case Play() | Lookup() | Message() | Goodbye() | Callback():
            yield node.prompts
        case _:
            return
