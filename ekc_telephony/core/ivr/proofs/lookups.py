"""
Proof: every lookup has a fallback that serves its caller, and does not keep him in silence.

That the fallback is there and leads to an end is proved with all other ways; here it must not lead
to a goodbye that counts as `self_served`: a caller for whom the system failed was not served. A
lookup that may last long must say something meanwhile, and none may last longer than a minute.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.proofs.finding import Code, Finding
from ekc_telephony.core.ivr.proofs.graph import Graph
from ekc_telephony.core.ivr.proofs.moves import Choice, Ending
from ekc_telephony.core.kernel.ids import NodeId

LONGEST: Final = timedelta(minutes=1)
LONGEST_SILENCE: Final = timedelta(seconds=4)
"""After so long people ask «hello?»."""


def every_lookup_falls_back(graph: Graph) -> Iterator[Finding]:
    """Yield every lookup whose failure is not borne."""
    for name, node in graph.program.script.nodes.items():
        if not isinstance(node, core.Lookup) or name not in graph.moves:
            continue
        if not timedelta() < node.patience <= LONGEST:
            yield Finding(
                code=Code.NO_PATIENCE,
                node=name,
                part=("patience",),
                found=f"a lookup that may last {node.patience.total_seconds():g} s",
                expected="more than 0 and at most 60 s",
                advice="write `patience: 8s`",
            )
        if node.patience > LONGEST_SILENCE and not node.prompts:
            yield Finding(
                code=Code.SILENT_LOOKUP,
                node=name,
                found=f"up to {node.patience.total_seconds():g} s of silence for the caller",
                expected="prompts to hear meanwhile",
                advice="write `prompts:` that ask him to wait",
            )
        if (served := _first_served(graph, node.fallback)) is not None:
            yield Finding(
                code=Code.UNTRUE_FALLBACK,
                node=name,
                part=("fallback",),
                found=f"a fallback that leads to {served}, which counts the caller as served",
                expected="a person, an appeal, or a goodbye with another outcome",
                advice="lead `fallback` to an `enqueue` or a `message` node",
            )


def _first_served(graph: Graph, start: NodeId) -> NodeId | None:
    """Return a goodbye of who was served, if one can be reached without a key."""
    seen = {start}
    ahead = deque([start])
    while ahead:
        here = ahead.popleft()
        node = graph.program.script.nodes[here]
        if isinstance(node, core.Goodbye) and node.outcome is CallOutcome.SELF_SERVED:
            return here
        for choice, move in graph.moves[here]:
            if choice is not Choice.NOBODY or move.part == ("after",):
                continue
            if not isinstance(move.to, Ending) and move.to not in seen:
                seen.add(move.to)
                ahead.append(move.to)
    return None
