"""
Proof: every walk ends, or goes on only because the caller presses keys.

What is not the caller's choice (prompts that end, hours, lookups, silence, wrong keys until nothing
is forgiven, an operator who hangs up) must not lead in a circle, unless a `Limit` on the circle
lets it happen only so many times. Then whoever presses nothing reaches an end after finitely many
nodes, and whoever goes round for ever does so by keys that lead him there.

A circle of nodes at which nothing is waited for is refused even with a limit on it: the interpreter
would walk it in one breath, and it bounds such walks by the number of nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.proofs.finding import Code, Finding, Step
from ekc_telephony.core.ivr.proofs.graph import Graph
from ekc_telephony.core.ivr.proofs.moves import Choice, Ending, Move
from ekc_telephony.core.ivr.proofs.rings import circle_in, rings_in
from ekc_telephony.core.ivr.ways import passes
from ekc_telephony.core.kernel.ids import NodeId


def every_walk_ends(graph: Graph) -> Iterator[Finding]:
    """Yield every circle that a caller could be kept in."""
    breathless = _breathless(graph)
    told: set[NodeId] = set()
    for circle in _circles(graph, breathless):
        told |= set(circle)
        yield _finding(
            Code.CIRCLE_WITHOUT_PAUSE,
            circle,
            _moves(breathless, circle),
            found=f"a circle of nodes that never wait: {_named(circle)}",
            expected="a way on which the caller hears or does something",
            advice="lead one of them to a play, menu, enqueue or goodbye node",
        )
    unlimited = _unlimited(graph)
    for circle in _circles(graph, unlimited):
        if told.isdisjoint(circle):
            yield _finding(
                Code.CIRCLE,
                circle,
                _moves(unlimited, circle),
                found=f"a circle that silence does not leave: {_named(circle)}",
                expected="an end for whoever presses nothing, after finitely many nodes",
                advice="lead one of these ways elsewhere, or put a `limit` node on the circle",
            )


def _finding(
    code: Code,
    circle: Sequence[NodeId],
    moves: Sequence[Move],
    *,
    found: str,
    expected: str,
    advice: str,
) -> Finding:
    steps = [
        Step(node=node, happens=move.happens) for node, move in zip(circle, moves, strict=True)
    ]
    return Finding(
        code=code,
        node=circle[0],
        part=moves[0].part,
        found=found,
        expected=expected,
        advice=advice,
        way=(*steps, Step(node=circle[0])),
    )


def _named(circle: Sequence[NodeId]) -> str:
    return " → ".join([*circle, circle[0]])


_Ways: TypeAlias = Mapping[NodeId, Sequence[tuple[NodeId, Move]]]


def _circles(graph: Graph, ways: _Ways) -> Iterator[tuple[NodeId, ...]]:
    soonest = dict.fromkeys(situation.node for situation in graph.turns)
    place = {name: index for index, name in enumerate(soonest)}
    edges = {name: [to for to, _ in onward] for name, onward in ways.items()}
    for ring in rings_in(edges):
        circle = circle_in(sorted(ring, key=lambda name: place[name]), edges)
        if circle:
            yield circle


def _unlimited(graph: Graph) -> _Ways:
    """Return the ways that need no key and can be gone any number of times."""
    return _ways(graph, lambda _, choice, move: choice is not Choice.CHOSEN and not move.repeats)


def _breathless(graph: Graph) -> _Ways:
    """Return the ways on which nothing is waited for."""
    return _ways(graph, lambda node, _choice, _move: passes(node))


def _ways(graph: Graph, counts: Callable[[core.Node, Choice, Move], bool]) -> _Ways:
    nodes = graph.program.script.nodes
    reached = {situation.node for situation in graph.turns}
    return {
        name: [
            (move.to, move)
            for choice, move in graph.moves[name]
            if not isinstance(move.to, Ending) and counts(nodes[name], choice, move)
        ]
        for name in reached
    }


def _moves(ways: _Ways, circle: Sequence[NodeId]) -> list[Move]:
    following = [*circle[1:], circle[0]]
    return [
        next(move for to, move in ways[here] if to == there)
        for here, there in zip(circle, following, strict=True)
    ]
