"""Rings: nodes each of which leads to all others (Tarjan's strongly connected components)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.proofs.moves import Choice, Ending, Option, after_talk
from ekc_telephony.core.ivr.proofs.program import Program
from ekc_telephony.core.kernel.ids import NodeId

Edges: TypeAlias = Mapping[NodeId, Sequence[NodeId]]


def rings_in(edges: Edges) -> Iterator[tuple[NodeId, ...]]:
    """Yield every ring; a node on no circle is a ring of its own."""
    order: dict[NodeId, int] = {}
    low: dict[NodeId, int] = {}
    open_nodes: dict[NodeId, None] = {}
    for root in edges:
        if root in order:
            continue
        walk = [(root, iter(edges[root]))]
        order[root] = low[root] = len(order)
        open_nodes[root] = None
        while walk:
            here, following = walk[-1]
            for each in following:
                if each not in order:
                    order[each] = low[each] = len(order)
                    open_nodes[each] = None
                    walk.append((each, iter(edges[each])))
                    break
                if each in open_nodes:
                    low[here] = min(low[here], order[each])
            else:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[here])
                if low[here] == order[here]:
                    yield tuple(_pop_until(open_nodes, here))


def circle_in(ring: Sequence[NodeId], edges: Edges) -> tuple[NodeId, ...]:
    """Return a shortest circle through the first node of a ring, or nothing; it begins there."""
    first, members = ring[0], frozenset(ring)
    came: dict[NodeId, NodeId] = {}
    ahead = [first]
    for here in ahead:
        for each in edges[here]:
            if each == first:
                return _back(came, here, first)
            if each in members and each not in came:
                came[each] = here
                ahead.append(each)
    return ()


def rings_of(
    program: Program, options: Mapping[NodeId, tuple[Option, ...]]
) -> Mapping[NodeId, tuple[int, int]]:
    """Return for each node its ring of ways that need no key, and how often its limits let pass."""
    edges = keyless(program, options)
    found: dict[NodeId, tuple[int, int]] = {}
    for number, ring in enumerate(rings_in(edges)):
        members = frozenset(ring)
        limits = [program.script.nodes[each] for each in ring]
        allowed = sum(
            each.times for each in limits if isinstance(each, core.Limit) and each.next in members
        )
        found |= dict.fromkeys(ring, (number, allowed))
    return found


def keyless(program: Program, options: Mapping[NodeId, tuple[Option, ...]]) -> Edges:
    """Return every way that is not the caller's choice."""
    edges: dict[NodeId, list[NodeId]] = {}
    for name, node in program.script.nodes.items():
        moves = [
            m for each in options[name] if each.choice is not Choice.CHOSEN for m in each.moves
        ]
        edges[name] = [move.to for move in moves if not isinstance(move.to, Ending)]
        if (after := after_talk(node)) is not None:
            edges[name].append(after.to)
    return edges


def _pop_until(open_nodes: dict[NodeId, None], last: NodeId) -> list[NodeId]:
    members = [open_nodes.popitem()[0]]
    while members[-1] != last:
        members.append(open_nodes.popitem()[0])
    return members[::-1]


def _back(came: Mapping[NodeId, NodeId], here: NodeId, first: NodeId) -> tuple[NodeId, ...]:
    circle = [here]
    while here != first:
        here = came[here]
        circle.append(here)
    return tuple(reversed(circle))
