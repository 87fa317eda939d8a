"""
How far it is at worst to where a caller wants to be: a game of the caller against the world.

In each situation the caller takes an option, and the world makes a move of it: the caller wants the
least, the world makes it the most. A situation is solved as soon as one of its options is: all of
its moves lead to solved situations or ends. Solved in the order of their distance, as in Dijkstra's
algorithm, each is final (Knuth, «A generalization of Dijkstra's algorithm», 1977: the distance is
monotone in those behind it and never less than any of them). What is never solved is where the
world can keep the caller from it for ever.

Rule 1: a distance is (how many of its ends are second best: 0 or 1, how far); less of the first is
better than any less of the second.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple, TypeAlias

from ekc_telephony.core.ivr.proofs.finding import Step
from ekc_telephony.core.ivr.proofs.graph import Graph, Situation, Turn, Way
from ekc_telephony.core.ivr.proofs.moves import Ending, Option


class Distance(NamedTuple):
    """How far it is at worst."""

    second_best: int
    amount: int


Cost: TypeAlias = Callable[[Option, Way], int]
Wanted: TypeAlias = Callable[[Situation, Ending], int | None]
"""How good an end is: 0 the best, 1 second best, None not what he wants."""
Takes: TypeAlias = Callable[[Situation, Option], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The game, solved."""

    distances: Mapping[Situation, Distance]
    """Of every situation from which the caller gets there, whatever the world moves."""
    worst: Mapping[Situation, Way]
    """What happens there at worst."""

    def way_from(self, start: Situation) -> tuple[Step, ...]:
        """Return the way on which it is as far as that."""
        return tuple(self._steps(start))

    def _steps(self, here: Situation) -> Iterator[Step]:
        while True:
            way = self.worst[here]
            yield Step(node=here.node, happens=way.move.happens)
            if isinstance(way.to, Ending):
                return
            here = way.to


def solve(graph: Graph, *, takes: Takes, cost: Cost, wanted: Wanted) -> Solution:
    """
    Return how far it is at worst from every situation.

    Args:
        graph: The situations.
        takes: Which options the caller would take at all.
        cost: What a move costs, not less than 0.
        wanted: Which ends he wants.
    """
    game = _Game(cost, wanted)
    for here, turns in graph.turns.items():
        for turn in turns:
            if turn.ways and takes(here, turn.option):
                game.add(here, turn)
    return game.solve()


@dataclass(slots=True, kw_only=True, eq=False)
class _Pending:
    """An option, some of whose moves lead to situations that are not solved yet."""

    here: Situation
    missing: int
    second_best: int = 0
    amount: int = -1
    worst: Way | None = None

    def learn(self, way: Way, behind: Distance, cost: int) -> None:
        """Take in how far it is behind one of its moves."""
        self.second_best = max(self.second_best, behind.second_best)
        if behind.amount + cost > self.amount:
            self.amount, self.worst = behind.amount + cost, way


class _Game:
    def __init__(self, cost: Cost, wanted: Wanted) -> None:
        self._cost = cost
        self._wanted = wanted
        self._waiting: dict[Situation, list[tuple[_Pending, Way, int]]] = defaultdict(list)
        self._solved: list[tuple[Distance, int, Situation, Way]] = []
        self._count = 0

    def add(self, here: Situation, turn: Turn) -> None:
        """Add an option; one that may lead to an end nobody wants is never solved."""
        pending = _Pending(here=here, missing=len(turn.ways))
        for way in turn.ways:
            cost = self._cost(turn.option, way)
            if not isinstance(way.to, Ending):
                self._waiting[way.to].append((pending, way, cost))
            elif (second_best := self._wanted(here, way.to)) is not None:
                self._learn(pending, way, Distance(second_best, 0), cost)

    def solve(self) -> Solution:
        """Solve situation after situation, the nearest first."""
        distances: dict[Situation, Distance] = {}
        worst: dict[Situation, Way] = {}
        while self._solved:
            distance, _, here, way = heappop(self._solved)
            if here in distances:
                continue
            distances[here], worst[here] = distance, way
            for pending, onward, cost in self._waiting.pop(here, ()):
                self._learn(pending, onward, distance, cost)
        return Solution(distances=distances, worst=worst)

    def _learn(self, pending: _Pending, way: Way, behind: Distance, cost: int) -> None:
        pending.learn(way, behind, cost)
        pending.missing -= 1
        if pending.missing == 0:
            assert pending.worst is not None
            distance = Distance(pending.second_best, pending.amount)
            self._count += 1
            heappush(self._solved, (distance, self._count, pending.here, pending.worst))
