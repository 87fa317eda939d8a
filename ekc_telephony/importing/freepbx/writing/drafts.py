"""
What is imported, before it is written down: scripts, their nodes, and what they name.

A node here is a kind and its keys, as the YAML will have them; what they mean is judged by the
loader of `ekc_telephony.settings`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from ekc_telephony.importing.freepbx.writing.names import Names

Value: TypeAlias = str | tuple[str, ...] | Mapping[str, str]
"""A name, a list of names, or keys of the telephone with their targets."""

TARGETS: Final = ("next", "open", "closed", "exhausted", "otherwise", "without_number")
CHOSEN: Final = "keys"
CALL: Final = "call"
RETURN: Final = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node of a script."""

    kind: str
    fields: Mapping[str, Value]
    comments: tuple[str, ...] = ()
    """Where it came from, a line each."""
    suggestion: str | None = None
    """A line that an admin may turn into a key of the menu."""
    returns_silently: bool = False
    """A call of a script out of which the caller comes back without pressing a key."""

    def silent_targets(self) -> Iterator[str]:
        """Yield where the caller gets without pressing a key."""
        if self.kind == CALL and not self.returns_silently:
            return
        yield from self._named()

    def _named(self) -> Iterator[str]:
        for name in TARGETS:
            target = self.fields.get(name)
            if isinstance(target, str):
                yield target

    def targets(self) -> Iterator[str]:
        """Yield every node that this one names."""
        keys = self.fields.get(CHOSEN)
        if isinstance(keys, Mapping):
            yield from keys.values()
        yield from self._named()

    def led_to(self, field_name: str, target: str) -> Node:
        """Return the node with another target."""
        return replace(self, fields={**self.fields, field_name: target})


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One script file."""

    name: str
    title: str
    """What the admin of FreePBX called its entry."""
    entry: str
    nodes: Mapping[str, Node]
    numbers: tuple[str, ...]
    """Numbers that citizens dial."""
    languages: tuple[str, ...] = ()
    """What it speaks besides Russian."""
    is_called: bool = False
    """Calls do not begin in it: other scripts call it."""
    calls: tuple[str, ...] = ()
    """The scripts that it calls."""


@dataclass(slots=True)
class NodeSpace:
    """The nodes of one script while it grows."""

    names: Names = field(default_factory=Names)
    nodes: dict[str, Node] = field(default_factory=dict)

    def add(self, wish: str, node: Node) -> str:
        """Add a node, or find the one that does the same; return its name."""
        for name, there in self.nodes.items():
            if (there.kind, there.fields) == (node.kind, node.fields):
                return self.join(name, node)
        return self.join(self.names.new(wish), node)

    def join(self, name: str, node: Node) -> str:
        """Add a node under a name, or its comments to the node that is there; return the name."""
        there = self.nodes.get(name, node)
        new = tuple(each for each in node.comments if each not in there.comments)
        self.nodes[name] = replace(there, comments=there.comments + new)
        return name

    def in_order(self, entry: str) -> dict[str, Node]:
        """Return the nodes that callers can reach, in the order they meet them."""
        order = [entry]
        for name in order:
            order += [
                each for each in dict.fromkeys(self.nodes[name].targets()) if each not in order
            ]
        return {name: self.nodes[name] for name in order}


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue to be made in `ekc.yaml`."""

    name: str
    title: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A number outside to be allowed in `ekc.yaml`."""

    number: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt to be recorded or converted."""

    key: str
    title: str
    file: str | None
    """FreePBX's file below `sounds/<language>/`, without extension; None where there was none."""
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A schedule to be made in `ekc.yaml`."""

    name: str
    time_zone: str
    weekly: tuple[tuple[str, tuple[str, ...]], ...]
    """Days as `mon-fri` → intervals as `09:00-18:00`."""
    source: str
