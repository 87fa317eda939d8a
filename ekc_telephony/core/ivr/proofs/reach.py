"""
How far a person is from every situation: in keys, in time, for whoever is silent, and without keys.

A person is a queue or a number outside. After hours, and in the script for overload, it is a
registered appeal: a callback or a message. A goodbye that tells so is second best there: the call
is on record, but nothing of his matter is.

Rule 1: the wait in a queue is not counted: that is the ACD's promise and not the script's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.proofs.game import Solution, solve
from ekc_telephony.core.ivr.proofs.graph import Graph, Situation, Way
from ekc_telephony.core.ivr.proofs.moves import Choice, Ending, Option, Service

TICK: Final = timedelta(microseconds=1)
"""The unit of distances in time."""
_PERSONS: Final = frozenset({Ending.AGENT, Ending.OUTSIDE})
_APPEALS: Final = frozenset({Ending.CALLBACK, Ending.MESSAGE})
_INFORMED: Final = frozenset({CallOutcome.INFORMED_AFTER_HOURS, CallOutcome.INFORMED_NO_AGENTS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a person is from everywhere, as if each figure were all the caller cares for."""

    graph: Graph
    keys: Solution
    time: Solution
    """In microseconds."""
    silence: Solution
    """The time of a caller who presses nothing, to whatever end, in microseconds."""
    by_day: Solution
    """Without a further key; with keys only after it has turned out that we are closed."""
    directly: Solution
    """Without a further key."""

    @property
    def points(self) -> Iterator[Situation]:
        """Where a person must be near: at the entry, and wherever a caller is asked."""
        yield self.graph.start
        for situation in self.graph.turns:
            node = self.graph.program.script.nodes[situation.node]
            is_asked = isinstance(node, core.Menu | core.Collect)
            if is_asked and situation.service is not Service.SERVED:
                yield situation

    def farthest(self, solution: Solution) -> Situation | None:
        """Return the point with the greatest distance of those that have one."""
        known = [each for each in self.points if each in solution.distances]
        return max(known, key=lambda each: solution.distances[each].amount, default=None)


def reach_of(graph: Graph) -> Reach:
    """Solve the games; they mean something only where every walk ends."""
    nodes = graph.program.script.nodes

    def person(here: Situation, ending: Ending) -> int | None:
        if ending in _PERSONS:
            return 0
        if here.service is not Service.CLOSED:
            return None
        if ending in _APPEALS:
            return 0
        node = nodes[here.node]
        is_told = isinstance(node, core.Goodbye) and node.outcome in _INFORMED
        return 1 if is_told else None

    def is_keyless(_: Situation, option: Option) -> bool:
        return option.keys == 0

    def is_keyless_by_day(here: Situation, option: Option) -> bool:
        return option.keys == 0 or here.service is Service.CLOSED

    return Reach(
        graph=graph,
        keys=solve(graph, takes=_anything, cost=_keys, wanted=person),
        time=solve(graph, takes=_anything, cost=_time, wanted=person),
        silence=solve(graph, takes=_silence, cost=_time, wanted=lambda _here, _ending: 0),
        by_day=solve(graph, takes=is_keyless_by_day, cost=_time, wanted=person),
        directly=solve(graph, takes=is_keyless, cost=_time, wanted=person),
    )


def _anything(_here: Situation, _option: Option) -> bool:
    return True


def _silence(_here: Situation, option: Option) -> bool:
    return option.choice is not Choice.CHOSEN


def _keys(option: Option, _way: Way) -> int:
    return option.keys


def _time(_option: Option, way: Way) -> int:
    return way.move.time // TICK
