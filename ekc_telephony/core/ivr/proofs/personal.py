"""
Proof: personal information is never spoken before the caller is identified.

Personal is what the script declares so (`personal: true`). A node that speaks it must have a lookup
that `identifies` on every way to it, and on its answer: whoever is there has proved who he is. That
holds for what the caller himself has typed as well: others may hear his telephone.

A personal value put into a variable that is not personal would be spoken and logged freely; so that
is refused too. What is only concluded from it (a comparison, a length) is not personal; a part of
it, its letters in capitals and what a division leaves are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.expressions import Cased, Divided, Expression, Known, Sum, names_in
from ekc_telephony.core.ivr.proofs.dataflow import Facts, facts_at, way_without
from ekc_telephony.core.ivr.proofs.finding import Code, Finding
from ekc_telephony.core.ivr.proofs.graph import Graph
from ekc_telephony.core.ivr.proofs.moves import Move
from ekc_telephony.core.ivr.proofs.speech import inserts_of
from ekc_telephony.core.kernel.ids import NodeId

_IDENTIFIED: Final = "identified"


def nothing_personal_to_strangers(graph: Graph) -> Iterator[Finding]:
    """Yield where personal information is spoken to anybody, or stops being called personal."""
    script = graph.program.script
    personal = {name for name, each in script.variables.items() if each.is_personal}

    def after(name: NodeId, move: Move, facts: Facts) -> Facts:
        node = script.nodes[name]
        proves = isinstance(node, core.Lookup) and node.identifies is not None
        return facts | {_IDENTIFIED} if proves and move.part == ("next",) else facts

    facts = facts_at(graph, first=frozenset(), after=after)
    for name in facts:
        node = script.nodes[name]
        yield from _renamed(name, node, personal)
        if _IDENTIFIED in facts[name]:
            continue
        for part, insert in inserts_of(node):
            for spoken in sorted(personal.intersection(names_in(insert.value))):
                yield Finding(
                    code=Code.SPOKEN_TO_ANYBODY,
                    node=name,
                    part=part,
                    found=f"{spoken}, which is personal, spoken to who is not identified",
                    expected="an `identify` node, or a lookup that identifies, on every way here",
                    advice="identify the caller before, or say it without the value",
                    way=way_without(graph, _IDENTIFIED, name, facts=facts, after=after),
                )


def _renamed(name: NodeId, node: core.Node, personal: set[str]) -> Iterator[Finding]:
    if not isinstance(node, core.Assign):
        return
    for target, value in node.values.items():
        carried = sorted(personal.intersection(() if value is None else _carried(value)))
        if carried and target not in personal:
            yield Finding(
                code=Code.NO_LONGER_PERSONAL,
                node=name,
                part=("values", target),
                found=f"{carried[0]}, which is personal, in {target}, which is not",
                expected="a variable that is personal, too",
                advice=f"write `personal: true` at the variable {target}",
            )


def _carried(value: Expression) -> Iterator[str]:
    """Yield the variables whose content becomes part of the value."""
    match value:
        case Known(name=name):
            yield name
        case Cased(inner=inner):
            yield from _carried(inner)
        case Sum(left=left, right=right) | Divided(left=left, right=right):
            yield from _carried(left)
            yield from _carried(right)
        case _:
            pass
