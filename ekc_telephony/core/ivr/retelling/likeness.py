"""
Which node of an old version is the one that a caller meets in the new one.

Rule 1: a node is the same under the same name and of the same kind; under another name it is the
one that says the same words, or leads to the same queue, number or information system.
Rule 2: a key means the same when the caller was told the same words, or when it leads to the same
node. A key that means something else is never pressed for a caller.
"""

from __future__ import annotations

from collections.abc import Hashable

from ekc_telephony.core.ivr.script import (
    Collect,
    Enqueue,
    Lookup,
    Menu,
    Message,
    Node,
    Play,
    Question,
    Script,
    Transfer,
)
from ekc_telephony.core.kernel.ids import NodeId


class Likeness:
    """
    The nodes of a new version, by those of the old one.

    Args:
        old: The version that the callers have met.
        new: The one that they are told again with.
    """

    def __init__(self, old: Script, new: Script) -> None:
        self._old, self._new = old, new
        renamed: dict[Hashable, NodeId] = {}
        for name, node in old.nodes.items():
            if not _has(new, name, node) and (sign := _sign(node)) is not None:
                renamed.setdefault(sign, name)
        self._former: dict[NodeId, NodeId] = {}
        for name, node in new.nodes.items():
            sign = _sign(node)
            if _has(old, name, node):
                self._former[name] = name
            elif sign is not None and sign in renamed:
                self._former[name] = renamed[sign]

    def former(self, name: NodeId) -> NodeId | None:
        """Return what a node was called in the old version; None when it is new."""
        return self._former.get(name)

    def means_the_same(self, name: NodeId, key: str) -> bool:
        """Tell whether a key at a node of the new version is what it was."""
        former = self._former.get(name)
        if former is None:
            return False
        match self._old.nodes[former], self._new.nodes[name]:
            case (Menu() | Question() | Collect()) as old, (Menu() | Question() | Collect()) as new:
                has_same_words = old.prompts == new.prompts and bool(new.prompts)
                return has_same_words or self._meaning(old, key) == self._meaning(new, key)
            case _:
                return False

    def _meaning(self, node: Menu | Question | Collect, key: str) -> object:
        match node:
            case Menu(choices=choices):
                return choices.get(key)
            case Question(answers=answers):
                return answers.get(key)
            case Collect(format=asked, into=into):
                return asked, into


def _has(script: Script, name: NodeId, node: Node) -> bool:
    return type(script.nodes.get(name)) is type(node)


def _sign(node: Node) -> Hashable:
    """Return what tells a node under another name; None when nothing does."""
    match node:
        case Play() | Menu() | Question() | Collect() | Message():
            return (type(node), node.prompts) if node.prompts else None
        case Enqueue(queue=queue):
            return Enqueue, queue
        case Transfer(number=number):
            return Transfer, number
        case Lookup(service=service):
            return Lookup, service
        case _:
            return None
