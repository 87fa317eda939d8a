"""
Every situation that a caller can be in: a node, and what is known of him there.

The same node means different things by day and after hours, or to whose number is hidden; proofs
about persons look at situations, those about circles and variables at nodes.

Rule 1: a `Limit` inside a circle that needs no key is unrolled: `passed` counts how often the
caller has been let through any limit of that circle, up to the sum of what they allow. So a path
never repeats a situation without a key, and never is shorter than a real one could be long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ekc_telephony.core.ivr.proofs.finding import Step
from ekc_telephony.core.ivr.proofs.moves import (
    Choice,
    Ending,
    Move,
    Number,
    Option,
    Service,
    after_talk,
    options_of,
)
from ekc_telephony.core.ivr.proofs.program import Program
from ekc_telephony.core.ivr.proofs.rings import rings_of
from ekc_telephony.core.ivr.ways import Part
from ekc_telephony.core.kernel.ids import NodeId


class Situation(NamedTuple):
    """Where a caller can be."""

    node: NodeId
    service: Service
    number: Number = Number.PERHAPS
    passed: int = 0


class Way(NamedTuple):
    """A move in a situation, and where it leads."""

    move: Move
    to: Situation | Ending


class Turn(NamedTuple):
    """An option in a situation."""

    option: Option
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """All that a caller can come to."""

    program: Program
    options: Mapping[NodeId, tuple[Option, ...]]
    """Of every node, whether it can be reached or not."""
    turns: Mapping[Situation, tuple[Turn, ...]]
    """Of every situation that can be reached, in the order of how soon."""
    start: Situation
    moves: Mapping[NodeId, tuple[tuple[Choice, Move], ...]]
    """At every node that can be reached, what is possible and who decides; the last may be where
    he goes on after a talk."""

    def way_to(self, wanted: NodeId) -> tuple[Step, ...]:
        """Return a shortest way from the entry to a node; nothing when there is none."""
        came: dict[NodeId, tuple[NodeId, Move] | None] = {self.start.node: None}
        ahead = deque(came)
        while ahead and wanted not in came:
            here = ahead.popleft()
            for _, move in self.moves[here]:
                to = move.to
                if not isinstance(to, Ending) and to not in came:
                    came[to] = (here, move)
                    ahead.append(to)
        return _walked(came, wanted) if wanted in came else ()


def graph_of(program: Program) -> Graph:
    """Return the graph of a script."""
    nodes = program.script.nodes
    options = {name: options_of(program, node) for name, node in nodes.items()}
    rings = rings_of(program, options)
    first = Service.CLOSED if program.is_for_overload else Service.OPEN
    start = Situation(program.script.entry, first)
    turns: dict[Situation, tuple[Turn, ...]] = {}
    ahead = deque([start])
    seen = {start}
    while ahead:
        here = ahead.popleft()
        turns[here] = tuple(_turns(here, options[here.node], rings))
        following = [way.to for turn in turns[here] for way in turn.ways]
        if (after := after_talk(nodes[here.node])) is not None:
            following.append(Situation(after.to, Service.SERVED, here.number))
        for each in following:
            if isinstance(each, Situation) and each not in seen:
                seen.add(each)
                ahead.append(each)
    return Graph(
        program=program, options=options, turns=turns, start=start, moves=_moves(program, turns)
    )


def _moves(
    program: Program, turns: Mapping[Situation, tuple[Turn, ...]]
) -> Mapping[NodeId, tuple[tuple[Choice, Move], ...]]:
    moves: dict[NodeId, dict[tuple[Choice, Part], tuple[Choice, Move]]] = {}
    for here, options in turns.items():
        known = moves.setdefault(here.node, {})
        for turn in options:
            choice = turn.option.choice
            known |= {(choice, way.move.part): (choice, way.move) for way in turn.ways}
    for name, known in moves.items():
        if (after := after_talk(program.script.nodes[name])) is not None:
            onward = Move(to=after.to, part=after.part, happens="the operator hangs up")
            known[Choice.NOBODY, onward.part] = (Choice.NOBODY, onward)
    return {name: tuple(known.values()) for name, known in moves.items()}


def _turns(
    here: Situation, options: Iterable[Option], rings: Mapping[NodeId, tuple[int, int]]
) -> Iterator[Turn]:
    for option in options:
        ways = (_follow(here, option.choice, move, rings) for move in option.moves)
        yield Turn(option, tuple(each for each in ways if each is not None))


def _follow(
    here: Situation, choice: Choice, move: Move, rings: Mapping[NodeId, tuple[int, int]]
) -> Way | None:
    if move.when is not None and here.number not in {move.when, Number.PERHAPS}:
        return None
    if isinstance(move.to, Ending):
        return Way(move, move.to)
    ring, allowed = rings[here.node]
    stays = choice is not Choice.CHOSEN and rings[move.to][0] == ring
    passed = here.passed + (1 if move.repeats else 0) if stays else 0
    if passed > allowed:
        return None
    service = here.service
    if move.service is not None and service is not Service.SERVED:
        service = move.service
    return Way(move, Situation(move.to, service, move.number or here.number, passed))


def _walked(came: Mapping[NodeId, tuple[NodeId, Move] | None], wanted: NodeId) -> tuple[Step, ...]:
    steps = [Step(node=wanted)]
    here = came[wanted]
    while here is not None:
        node, move = here
        steps.append(Step(node=node, happens=move.happens))
        here = came[node]
    return tuple(reversed(steps))
