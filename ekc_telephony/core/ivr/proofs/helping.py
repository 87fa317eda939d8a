"""
Proof of the rest of requirement G2: `0` leads to a person from every menu, and so do two failures.

Both do so without another question. Where the hours decide on the way, they may lead into what is
offered after hours. A menu that is only heard after hours leads by `0` to a callback or a message,
or to a goodbye when it has neither; failing there may lead to a goodbye in any case, since who is
silent cannot say his matter anyway.

In `collect` a 0 is a digit, so there it is failing alone that helps. A question after the talk is
exempt, and so is a survey's (`Question`): nothing hangs on its answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.proofs.finding import Code, Finding
from ekc_telephony.core.ivr.proofs.graph import Situation, Turn
from ekc_telephony.core.ivr.proofs.moves import Choice, Ending, Service
from ekc_telephony.core.ivr.proofs.reach import Reach

ZERO: Final = "0"
MOST_RETRIES: Final = 1
"""One is forgiven; the second failure leads to a person."""


def zero_and_failures_help(reach: Reach) -> Iterator[Finding]:
    """Yield every menu without a good `0`, and every question that does not help who fails."""
    if reach.graph.program.limits.keys is None:
        return
    told: set[tuple[Code, str]] = set()
    for here in reach.points:
        for finding in _at(reach, here):
            if (finding.code, finding.node) not in told:
                told.add((finding.code, finding.node))
                yield finding


def _at(reach: Reach, here: Situation) -> Iterator[Finding]:
    node = reach.graph.program.script.nodes[here.node]
    if isinstance(node, core.Menu):
        yield from _zero(reach, here, node)
    if isinstance(node, core.Menu | core.Collect):
        yield from _failures(reach, here, node)


def _zero(reach: Reach, here: Situation, node: core.Menu) -> Iterator[Finding]:
    is_there = ZERO in node.choices
    if is_there and _leads_to_person(reach, here, _turn_by(reach, here, ("keys", ZERO))):
        return
    person = "an operator" if here.service is Service.OPEN else "a message or a callback"
    yield Finding(
        code=Code.NO_ZERO,
        node=here.node,
        part=("keys", ZERO) if is_there else ("keys",),
        found="a 0 that asks another question or ends the call" if is_there else "a menu without 0",
        expected=f"the key 0, which leads to {person} without another question (G2)",
        advice=f"lead 0 to {person}"
        if is_there
        else f"add `0:` with a node that leads to {person}",
        way=reach.graph.way_to(here.node),
    )


def _failures(reach: Reach, here: Situation, node: core.Menu | core.Collect) -> Iterator[Finding]:
    if node.retries > MOST_RETRIES:
        yield Finding(
            code=Code.THIRD_FAILURE,
            node=here.node,
            part=("retries",),
            found=f"a question that forgives {node.retries} failures",
            expected="at most 1: the second failure leads to a person (G2)",
            advice="write `retries: 1`",
        )
    if not _leads_to_person(reach, here, _turn_by(reach, here, ("exhausted",))):
        yield Finding(
            code=Code.LOST_AFTER_FAILURES,
            node=here.node,
            part=("exhausted",),
            found="failures that lead to another question, or end the call",
            expected="a person without another question (after hours, a goodbye that tells)",
            advice="lead `exhausted` to an `enqueue` node, through a `play` if need be",
            way=reach.graph.way_to(here.node),
        )


def _turn_by(reach: Reach, here: Situation, part: tuple[str, ...]) -> Turn:
    return next(
        turn for turn in reach.graph.turns[here] if any(w.move.part == part for w in turn.ways)
    )


def _leads_to_person(reach: Reach, here: Situation, turn: Turn) -> bool:
    """Tell whether a turn does; second best will do after failing, or if nothing is better."""
    by_day = here.service is Service.OPEN
    solution = reach.by_day if by_day else reach.directly
    nearest = reach.keys.distances.get(here)
    contents = (
        by_day or turn.option.choice is Choice.FAILED or bool(nearest and nearest.second_best)
    )
    for way in turn.ways:
        assert not isinstance(way.to, Ending)
        distance = solution.distances.get(way.to)
        if distance is None or (distance.second_best and not contents):
            return False
    return True
