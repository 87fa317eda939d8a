"""
Proof: every variable is set before it is read, on all ways to where it is read.

Set is what has an initial value, was typed, was computed from what is set, or was asked for by a
condition (`is defined`, or any condition that holds only when it is set). What a lookup brings may
be missing in the answer, whatever the documentation of the system says: speaking it without having
asked `is defined` is a warning, since the caller would hear a hole in the sentence. A condition may
read it freely: one over what is not set does not hold, and `otherwise` is taken. The same goes for
what is computed by a division by a variable, which may be zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.expressions import Expression, may_divide_by_zero, names_in
from ekc_telephony.core.ivr.proofs.dataflow import Facts, facts_at, way_without
from ekc_telephony.core.ivr.proofs.finding import Code, Finding
from ekc_telephony.core.ivr.proofs.graph import Graph
from ekc_telephony.core.ivr.proofs.knowledge import NUMBER, asked_about, set_by_case, set_unless
from ekc_telephony.core.ivr.proofs.moves import Move
from ekc_telephony.core.ivr.proofs.speech import inserts_of
from ekc_telephony.core.ivr.ways import Part
from ekc_telephony.core.kernel.ids import NodeId


def every_variable_is_set(graph: Graph) -> Iterator[Finding]:
    """Yield every reading of what may not be set."""
    flow = _Flow(graph)
    facts = facts_at(graph, first=flow.first, after=flow.after)
    for name in facts:
        node = graph.program.script.nodes[name]
        for read in _reads(node):
            if read.name in flow.certain or read.name in facts[name]:
                continue
            came = _came(read.name) in facts[name]
            if came and not read.is_spoken:
                continue
            fact = read.name if came else _came(read.name)
            yield Finding(
                code=Code.ANSWER_MAY_LACK if came else Code.UNSET_VARIABLE,
                node=name,
                part=read.part,
                found=f"{read.name}, unset where an answer lacks it or zero is divided by"
                if came
                else f"{read.name}, which is not set on every way here",
                expected=f"a `branch` with `{read.name} is defined` before"
                if came
                else "a node on every way here that sets it, or `initial:`",
                advice=f"ask `{read.name} is defined` and say something else where it is not"
                if came
                else f"set {read.name} on this way, or give it an `initial:` value",
                way=way_without(graph, fact, name, facts=facts, after=flow.after),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    name: str
    part: Part
    is_spoken: bool = False


def _came(name: str) -> str:
    """Return the fact that a variable is set unless an answer lacked it."""
    return f"{name}?"


def _both(names: Iterable[str]) -> Facts:
    return frozenset(fact for name in names for fact in (name, _came(name)))


def _reads(node: core.Node) -> Iterator[_Read]:
    for where, insert in inserts_of(node):
        for name in dict.fromkeys(names_in(insert.value)):
            yield _Read(name=name, part=where, is_spoken=True)
    match node:
        case core.Assign(values=values):
            yield from _reads_of(values, "values")
        case core.Lookup(fields=fields):
            # A caller who hides his number is the system's business: the field is left out.
            yield from (each for each in _reads_of(fields, "fields") if each.name != NUMBER)
        case core.Branch():
            yield from _asked(node)
        case _:
            pass


def _reads_of(expressions: Mapping[str, Expression | None], field: str) -> Iterator[_Read]:
    for key, value in expressions.items():
        for name in dict.fromkeys(() if value is None else names_in(value)):
            yield _Read(name=name, part=(field, key))


def _asked(branch: core.Branch) -> Iterator[_Read]:
    """Yield what conditions read without asking, there or before, whether it is set."""
    asked = frozenset[str]()
    for index, case in enumerate(branch.cases):
        asked |= asked_about(case.when)
        for name in dict.fromkeys(names_in(case.when)):
            if name not in asked:
                yield _Read(name=name, part=("cases", index, "when"))
        asked |= set_unless(case.when)


class _Flow:
    """What each move makes of what is set."""

    def __init__(self, graph: Graph) -> None:
        script = graph.program.script
        self._nodes = script.nodes
        named = {read.name for node in script.nodes.values() for read in _reads(node)}
        self.certain = frozenset(named - script.variables.keys() - {NUMBER})
        """What is known of every call."""
        initial = (name for name, each in script.variables.items() if each.initial is not None)
        self.first = _both({*initial, *self.certain})

    def after(self, name: NodeId, move: Move, facts: Facts) -> Facts:
        """Return what is set after a move."""
        match self._nodes[name]:
            case core.Collect(into=into) if move.part == ("next",):
                return facts | _both([into])
            case core.Lookup(into=wanted) if move.part == ("next",):
                # `-` with the keys of a mapping would give a set that others could change.
                return facts.difference(wanted).union(_came(each) for each in wanted)
            case core.Assign() as assign:
                return _assigned(assign, facts)
            case core.Branch() as branch:
                case = move.part[1] if move.part[0] == "cases" else None
                assert not isinstance(case, str)
                return facts | _both(set_by_case(branch, case))
            case core.KnownNumber() if move.part == ("known",):
                return facts | _both([NUMBER])
            case _:
                return facts


def _assigned(assign: core.Assign, facts: Facts) -> Facts:
    after = facts
    for target, value in assign.values.items():
        after -= _both([target])
        if value is None:
            continue
        names = frozenset(names_in(value))
        if names <= facts and not may_divide_by_zero(value):
            after |= _both([target])
        elif {_came(each) for each in names} <= facts:
            after |= {_came(target)}
    return after
