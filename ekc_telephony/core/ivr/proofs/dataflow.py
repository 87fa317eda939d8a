"""
What is true whenever a caller comes to a node: facts that hold on every way to it.

Rule 1: of two ways to a node only what both bring is true there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TypeAlias

from ekc_telephony.core.ivr.proofs.finding import Step
from ekc_telephony.core.ivr.proofs.graph import Graph
from ekc_telephony.core.ivr.proofs.moves import Ending, Move
from ekc_telephony.core.kernel.ids import NodeId

Facts: TypeAlias = frozenset[str]
After: TypeAlias = Callable[[NodeId, Move, Facts], Facts]
"""What is true after a move, from what was true at the node. Never less for more."""


def facts_at(graph: Graph, *, first: Facts, after: After) -> Mapping[NodeId, Facts]:
    """Return what is true on every way to each node that can be reached."""
    entry = graph.program.script.entry
    facts = {entry: first}
    ahead = deque([entry])
    while ahead:
        here = ahead.popleft()
        for _, move in graph.moves[here]:
            if isinstance(move.to, Ending):
                continue
            brought = after(here, move, facts[here])
            known = facts.get(move.to)
            agreed = brought if known is None else known & brought
            if agreed != known:
                facts[move.to] = agreed
                ahead.append(move.to)
    return facts


def way_without(
    graph: Graph, fact: str, wanted: NodeId, *, facts: Mapping[NodeId, Facts], after: After
) -> tuple[Step, ...]:
    """Return a shortest way to a node on which a fact of `facts_at` is not true there."""
    entry = graph.program.script.entry
    start = (entry, fact in facts[entry])
    came: dict[tuple[NodeId, bool], tuple[tuple[NodeId, bool], Move] | None] = {start: None}
    ahead = deque([start])
    while ahead and (wanted, False) not in came:
        here = ahead.popleft()
        node, holds = here
        for _, move in graph.moves[node]:
            if isinstance(move.to, Ending):
                continue
            known = facts[node] - {fact} | ({fact} if holds else set())
            there = (move.to, fact in after(node, move, known))
            if there not in came:
                came[there] = (here, move)
                ahead.append(there)
    steps = [Step(node=wanted)]
    back = came.get((wanted, False))
    while back is not None:
        (node, holds), move = back
        steps.append(Step(node=node, happens=move.happens))
        back = came[node, holds]
    return tuple(reversed(steps))
