"""
All proofs of a script, in one go.

Rule 1: what depends on every walk having an end is proved only where that was.
Rule 2: the findings are in the order of the script's nodes; nothing is told twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

from ekc_telephony.core.ivr.proofs.asking import every_input_is_limited
from ekc_telephony.core.ivr.proofs.circles import every_walk_ends
from ekc_telephony.core.ivr.proofs.ends import every_end_is_informed, every_node_is_reached
from ekc_telephony.core.ivr.proofs.finding import Finding, Severity, Step
from ekc_telephony.core.ivr.proofs.game import Solution
from ekc_telephony.core.ivr.proofs.graph import Graph, graph_of
from ekc_telephony.core.ivr.proofs.helping import zero_and_failures_help
from ekc_telephony.core.ivr.proofs.languages import every_prompt_exists
from ekc_telephony.core.ivr.proofs.lookups import every_lookup_falls_back
from ekc_telephony.core.ivr.proofs.moves import Ending
from ekc_telephony.core.ivr.proofs.opening import hours_cover_the_year
from ekc_telephony.core.ivr.proofs.person import a_person_is_near
from ekc_telephony.core.ivr.proofs.personal import nothing_personal_to_strangers
from ekc_telephony.core.ivr.proofs.program import Program
from ekc_telephony.core.ivr.proofs.reach import TICK, Reach, reach_of
from ekc_telephony.core.ivr.proofs.variables import every_variable_is_set

Proof: TypeAlias = Callable[[Graph], Iterator[Finding]]

PROOFS: Final[tuple[Proof, ...]] = (
    every_end_is_informed,
    every_node_is_reached,
    every_input_is_limited,
    hours_cover_the_year,
    every_prompt_exists,
    every_variable_is_set,
    every_lookup_falls_back,
    nothing_personal_to_strangers,
)
PROOFS_OF_REACH: Final[tuple[Callable[[Reach], Iterator[Finding]], ...]] = (
    a_person_is_near,
    zero_and_failures_help,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The worst of something, and how it comes about."""

    amount: int
    way: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is known of a script after all proofs."""

    findings: tuple[Finding, ...]
    nodes: int
    ends: Mapping[Ending, int]
    """How many nodes end a visit so."""
    keys: Figure | None = None
    """To a person, from the entry or from any question; None: nobody can promise one."""
    time: Figure | None = None
    """The same in microseconds."""
    silence: Figure | None = None
    """How long a caller who presses nothing is kept, in microseconds."""

    @property
    def is_sound(self) -> bool:
        """Whether the script may be published."""
        return all(each.severity is not Severity.ERROR for each in self.findings)


def prove(program: Program) -> Verdict:
    """Return what is known of a script."""
    graph = graph_of(program)
    findings = list(every_walk_ends(graph))
    reach = None if findings else reach_of(graph)
    for proof in PROOFS:
        findings += proof(graph)
    if reach is not None:
        for each in PROOFS_OF_REACH:
            findings += each(reach)
    place = {name: index for index, name in enumerate(program.script.nodes)}
    findings.sort(key=lambda each: (place[each.node], each.code.value))
    return Verdict(
        findings=tuple(findings),
        nodes=len(place),
        ends=_ends(graph),
        keys=_figure(reach, reach.keys) if reach else None,
        time=_figure(reach, reach.time) if reach else None,
        silence=_figure(reach, reach.silence) if reach else None,
    )


def duration(figure: Figure) -> timedelta:
    """Return a figure of time as one."""
    return figure.amount * TICK


def _ends(graph: Graph) -> Mapping[Ending, int]:
    found = Counter[Ending]()
    for options in graph.options.values():
        moves = [move.to for option in options for move in option.moves]
        found.update({to for to in moves if isinstance(to, Ending)})
    return {ending: found[ending] for ending in Ending if found[ending]}


def _figure(reach: Reach, solution: Solution) -> Figure | None:
    farthest = reach.farthest(solution)
    if farthest is None:
        return None
    return Figure(amount=solution.distances[farthest].amount, way=solution.way_from(farthest))
