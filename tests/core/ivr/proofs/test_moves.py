"""What a proof believes a caller can do is what the graph says: its ways, and how visits end."""

from __future__ import annotations

from hypothesis import given

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.proofs.moves import Ending, after_talk, options_of
from ekc_telephony.core.ivr.proofs.program import Program
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.ivr.ways import ways_of
from ekc_telephony.core.kernel.ids import NodeId, ScriptId
from tests.core.ivr.any_script import NOON, SCHEDULES, scripts

ENDINGS = {
    core.Enqueue: {Ending.AGENT},
    core.Message: {Ending.MESSAGE, Ending.CALLBACK},
    core.Transfer: {Ending.OUTSIDE},
    core.Callback: {Ending.CALLBACK},
    core.Goodbye: {Ending.GOODBYE},
}


@given(scripts())
def test_every_way_of_a_node_is_a_move_and_every_other_move_ends_the_visit(script: Script) -> None:
    program = Program(script=script, now=NOON, prompts={}, schedules=SCHEDULES)
    for node in script.nodes.values():
        moves = [move for option in options_of(program, node) for move in option.moves]
        onward = {(move.to, move.part) for move in moves if not isinstance(move.to, Ending)}
        if (after := after_talk(node)) is not None:
            onward.add((after.to, after.part))
        assert onward == {(way.to, way.part) for way in ways_of(node)}
        endings = {move.to for move in moves if isinstance(move.to, Ending)}
        assert endings == ENDINGS.get(type(node), set())


def test_a_limit_of_none_never_lets_pass() -> None:
    limit = core.Limit(times=0, next=NodeId("on"), exhausted=NodeId("off"))
    graph = Script(script=ScriptId("test"), entry=NodeId("a"), nodes={})
    program = Program(script=graph, now=NOON, prompts={})
    assert [move.to for move in options_of(program, limit)[0].moves] == ["off"]
