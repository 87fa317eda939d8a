"""What is proved of a script holds for every caller of it: any script, any keys, any answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr import visit_effects as effects
from ekc_telephony.core.ivr.expressions import names_in
from ekc_telephony.core.ivr.proofs.circles import every_walk_ends
from ekc_telephony.core.ivr.proofs.finding import Code
from ekc_telephony.core.ivr.proofs.graph import Graph, Situation, graph_of
from ekc_telephony.core.ivr.proofs.moves import Ending, Move, failing
from ekc_telephony.core.ivr.proofs.personal import nothing_personal_to_strangers
from ekc_telephony.core.ivr.proofs.program import Program
from ekc_telephony.core.ivr.proofs.reach import TICK, Reach, reach_of
from ekc_telephony.core.ivr.proofs.speech import inserts_of
from ekc_telephony.core.ivr.proofs.variables import every_variable_is_set
from ekc_telephony.core.kernel.ids import NodeId
from tests.core.ivr.proofs.callers import VARIABLES, Stay, Walk, programs, programs_of_values

ENDINGS = {
    effects.Join: Ending.AGENT,
    effects.TakeMessage: Ending.MESSAGE,
    effects.RingOutside: Ending.OUTSIDE,
    effects.PromiseCallback: Ending.CALLBACK,
    effects.TakeLeave: Ending.GOODBYE,
}


def sound(program: Program) -> Graph | None:
    """Return the graph of a script in which every walk ends."""
    graph = graph_of(program)
    return None if any(every_walk_ends(graph)) else graph


def silence_from(reach: Reach, node: NodeId) -> timedelta:
    """Return how long a silent caller is kept from a node at most, whatever is known of him."""
    distances = reach.silence.distances
    return max(each.amount for at, each in distances.items() if at.node == node) * TICK


@settings(max_examples=400)
@given(programs, st.integers(0, 2**32), st.integers(0, 12))
def test_whoever_falls_silent_comes_to_an_end_within_the_proven_time(
    program: Program, seed: int, keys: int
) -> None:
    graph = sound(program)
    if graph is None:
        return
    walk = Walk(program, Random(seed).randrange, keys=keys)
    ending = walk.take()
    assert type(ending) in ENDINGS
    if walk.silent_at == len(walk.stays):
        return
    here = walk.stays[walk.silent_at].node if walk.stays else graph.start.node
    reach = reach_of(graph)
    allowed = silence_from(reach, here) + _unfinished(reach, graph, walk)
    assert walk.now - walk.silent_since <= allowed


def _unfinished(reach: Reach, graph: Graph, walk: Walk) -> timedelta:
    """Return what may come besides, for whoever has begun to type: he is taken at his word."""
    here = walk.stays[walk.silent_at]
    onward = walk.stays[walk.silent_at + 1 :]
    allowed = timedelta()
    for each in [here, *onward]:
        node = graph.program.script.nodes[each.node]
        if isinstance(node, core.Collect) and (each is here or each.since == walk.silent_since):
            allowed += node.timeout + silence_from(reach, node.next)
    return allowed


@settings(max_examples=400)
@given(programs, st.integers(0, 2**32), st.integers(0, 12))
def test_a_caller_goes_only_where_the_moves_say_and_is_not_kept_longer(
    program: Program, seed: int, keys: int
) -> None:
    graph = sound(program)
    if graph is None:
        return
    walk = Walk(program, Random(seed).randrange, keys=keys, may_delete=False)
    ending = walk.take()
    here = {graph.start}
    for stay, following in zip(walk.stays, [*walk.stays[1:], None], strict=True):
        assert {each.node for each in here} == {stay.node}
        to = ENDINGS[type(ending)] if following is None else following.node
        moves = [move for _, move in graph.moves[stay.node] if move.to == to]
        assert moves, f"no move from {stay.node} to {to}"
        assert stay.until is not None
        after_talk = any(move.part == ("after",) for move in moves)
        if not after_talk:
            assert stay.until - stay.since <= _longest(program, stay, moves)
        here = set(_successors(graph, here, to)) if following is not None else here
        if following is not None:
            assert here, f"no situation at {to}"


def _longest(program: Program, stay: Stay, moves: list[Move]) -> timedelta:
    """Return how long a stay may last: with failures before, as long as all of them."""
    longest = max(move.time for move in moves)
    node = program.script.nodes[stay.node]
    if isinstance(node, core.Menu | core.Question):
        return max(longest, failing(program, node))
    if isinstance(node, core.Collect):
        typing = node.timeout * 3
        return longest + failing(program, node) + (node.retries + 1) * typing
    return longest


def _successors(graph: Graph, here: set[Situation], to: object) -> Iterator[Situation]:
    for situation in here:
        for turn in graph.turns[situation]:
            for way in turn.ways:
                if isinstance(way.to, Situation) and way.to.node == to:
                    yield way.to
        node = graph.program.script.nodes[situation.node]
        if isinstance(node, core.Enqueue) and node.after == to:
            yield from (each for each in graph.turns if each.node == to)


@settings(max_examples=1_000)
@given(programs_of_values, st.integers(0, 2**32), st.integers(4, 30))
def test_what_may_be_spoken_is_set_and_what_is_personal_only_to_the_identified(
    program: Program, seed: int, keys: int
) -> None:
    graph = sound(program)
    if graph is None:
        return
    doubted = {each.node for each in every_variable_is_set(graph)}
    disclosed = {each.node for each in nothing_personal_to_strangers(graph)}
    walk = Walk(program, Random(seed).randrange, keys=keys)
    walk.take()
    for stay in walk.stays:
        names = {
            name
            for _, insert in inserts_of(program.script.nodes[stay.node])
            for name in names_in(insert.value)
        }
        if stay.node not in doubted:
            assert names <= stay.known
        if any(VARIABLES[name].is_personal for name in names & VARIABLES.keys()):
            assert stay.is_identified or stay.node in disclosed


@settings(max_examples=300)
@given(programs)
def test_every_distance_is_that_of_the_best_option_against_the_worst_move(program: Program) -> None:
    graph = sound(program)
    if graph is None:
        return
    reach = reach_of(graph)
    for here, distance in reach.time.distances.items():
        options = [
            [_behind(reach, way.to, way.move) for way in turn.ways] for turn in graph.turns[here]
        ]
        solved = [max(each) for each in options if all(v is not None for v in each)]  # type: ignore[type-var]  # None was sorted out
        if here.node in _leading_to_ends(graph):
            continue
        assert solved
        assert distance.amount >= 0
        assert any(distance.amount == each for each in solved)
        if not any(each.second_best for each in reach.time.distances.values()):
            assert distance.amount == min(each for each in solved if each is not None)


def _behind(reach: Reach, to: Situation | Ending, move: Move) -> int | None:
    if isinstance(to, Ending):
        return move.time // TICK
    found = reach.time.distances.get(to)
    return None if found is None else found.amount + move.time // TICK


def _leading_to_ends(graph: Graph) -> set[NodeId]:
    return {
        name
        for name, options in graph.options.items()
        if any(isinstance(move.to, Ending) for option in options for move in option.moves)
    }


@settings(max_examples=300)
@given(programs, st.integers(0, 2**32))
def test_whoever_wants_a_person_gets_to_one_whatever_the_world_does(
    program: Program, seed: int
) -> None:
    graph = sound(program)
    if graph is None:
        return
    keys = reach_of(graph).keys
    draw = Random(seed).randrange
    for start in list(keys.distances)[:3]:
        here, spent = start, 0
        for _ in range(len(graph.turns) + 1):
            option = next(turn for turn in graph.turns[here] if keys.worst[here] in turn.ways)
            spent += option.option.keys
            way = option.ways[draw(len(option.ways))]
            if isinstance(way.to, Ending):
                break
            assert keys.distances[way.to].amount + spent <= keys.distances[start].amount
            here = way.to
        else:
            raise AssertionError("he walks for ever")
        assert spent <= keys.distances[start].amount


def test_the_scripts_that_are_drawn_are_worth_drawing() -> None:
    """Most of them are not refused at once, and each kind of refusal is drawn as well."""
    found: list[Code | None] = []

    @settings(max_examples=300)
    @given(programs)
    def draw(program: Program) -> None:
        codes = {each.code for each in every_walk_ends(graph_of(program))}
        found.extend(codes or {None})

    draw()
    assert found.count(None) > len(found) / 2
    assert {Code.CIRCLE, Code.CIRCLE_WITHOUT_PAUSE} <= set(found)
