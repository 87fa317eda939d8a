"""What can be said of a node by where it leads: back to itself in silence, or to a person."""

from __future__ import annotations

from collections.abc import Mapping

from ekc_telephony.importing.freepbx.writing.drafts import Node


def comes_back(nodes: Mapping[str, Node], start: str) -> bool:
    """Return whether somebody who does nothing comes to this node again."""
    ahead, seen = list(nodes[start].silent_targets()), set[str]()
    while ahead:
        name = ahead.pop()
        if name == start:
            return True
        if name not in seen:
            seen.add(name)
            ahead += nodes[name].silent_targets()
    return False


def is_near_a_person(nodes: Mapping[str, Node], name: str) -> bool:
    """Return whether a key leads to a person without another menu, at least in working hours."""
    for _ in range(len(nodes)):
        node = nodes[name]
        following = node.fields.get("next") or node.fields.get("open")
        if not isinstance(following, str):
            return node.kind in {"enqueue", "callback", "message"}
        name = following
    return False
