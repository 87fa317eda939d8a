"""
Proof: business hours cover every minute of the year, and mean something.

Every minute is open or closed by what a schedule is (`hours.py`), and an `hours` node has a way for
both; what can be wrong is that one of the ways is never taken. A schedule that is not open once in
the coming year is a mistake, and one that is never closed makes `closed` a way that nobody has ever
heard. (That each year adds up, `hours_proof.py` shows; `ekc conf hours` prints it.)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.hours import BusinessHours
from ekc_telephony.core.ivr.proofs.finding import Code, Finding
from ekc_telephony.core.ivr.proofs.graph import Graph
from ekc_telephony.core.kernel.ids import NodeId


def hours_cover_the_year(graph: Graph) -> Iterator[Finding]:
    """Yield every `hours` node one of whose ways nobody takes in a year."""
    program = graph.program
    for name, node in program.script.nodes.items():
        if not isinstance(node, core.Hours):
            continue
        hours = program.schedules.get(node.schedule)
        if hours is None:
            yield Finding(
                code=Code.UNKNOWN_SCHEDULE,
                node=name,
                part=("schedule",),
                found=f"the schedule {node.schedule}, which does not exist",
                expected="a schedule of ekc.yaml",
                advice="add it under `schedules:`, or correct the name",
            )
        elif _is_always(hours, program.now, is_open=False):
            yield _one_way(name, node, "never open", Code.NEVER_OPEN, "open")
        elif _is_always(hours, program.now, is_open=True):
            yield _one_way(name, node, "never closed", Code.ALWAYS_OPEN, "closed")


def _is_always(hours: BusinessHours, now: datetime, *, is_open: bool) -> bool:
    """Tell whether it is so now and nothing changes within a year."""
    return hours.is_open(now) is is_open and next(hours.next_changes(now), None) is None


def _one_way(name: NodeId, node: core.Hours, what: str, code: Code, part: str) -> Finding:
    return Finding(
        code=code,
        node=name,
        part=(part,),
        found=f"a way that nobody takes: {node.schedule} is {what} in the coming year",
        expected="a schedule that is open at some time and closed at another",
        advice="correct the schedule in ekc.yaml, or go on without this `hours` node",
    )
