"""
Proof: every end is one of operator, number outside, callback, message and an informed goodbye.

The loader knows no other ends; what is left to prove is that a goodbye says something, that one
which tells of closed doors is heard only where they are closed, and that every node has a caller.
"""

from __future__ import annotations

from collections.abc import Iterator

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.proofs.finding import Code, Finding
from ekc_telephony.core.ivr.proofs.graph import Graph
from ekc_telephony.core.ivr.proofs.moves import Service


def every_end_is_informed(graph: Graph) -> Iterator[Finding]:
    """Yield every goodbye that tells nothing, or what is not true."""
    for name, node in graph.program.script.nodes.items():
        if isinstance(node, core.Goodbye) and not node.prompts:
            yield Finding(
                code=Code.WORDLESS_GOODBYE,
                node=name,
                part=("prompts",),
                found="a goodbye without a word",
                expected="words that tell the caller what he can expect",
                advice="write `prompts:`",
                way=graph.way_to(name),
            )
    for name in dict.fromkeys(
        here.node for here in graph.turns if here.service is not Service.CLOSED
    ):
        node = graph.program.script.nodes[name]
        if isinstance(node, core.Goodbye) and node.outcome is CallOutcome.INFORMED_AFTER_HOURS:
            yield Finding(
                code=Code.UNTRUE_GOODBYE,
                node=name,
                part=("outcome",),
                found="the outcome informed_after_hours where we may be open",
                expected="an `hours` node whose `closed` leads here, on every way",
                advice="write `outcome: self_served` or `informed_no_agents`",
                way=graph.way_to(name),
            )


def every_node_is_reached(graph: Graph) -> Iterator[Finding]:
    """Yield every node that no caller comes to."""
    reached = {here.node for here in graph.turns}
    for name in graph.program.script.nodes:
        if name not in reached:
            yield Finding(
                code=Code.UNREACHABLE,
                node=name,
                found="a node that no caller comes to",
                expected="a way from the entry to it",
                advice="lead somebody here, or remove it",
            )
