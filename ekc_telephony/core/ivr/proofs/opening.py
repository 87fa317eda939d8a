"""
Proof: business hours cover every minute of the year, and mean something.

Every minute is open or closed by what a schedule is (`hours.py`), and an `hours` node has a way for
both; what can be wrong is that one of the ways is never taken. So the coming year is looked at,
each day from one change to the next: a schedule that is not open once in it is a mistake, and one
that is never closed makes `closed` a way that nobody has ever heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Final

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.hours import BusinessHours
from ekc_telephony.core.ivr.proofs.finding import Code, Finding
from ekc_telephony.core.ivr.proofs.graph import Graph
from ekc_telephony.core.kernel.ids import NodeId

YEAR: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class YearOfHours:
    """What a schedule comes to in the year from a moment on."""

    open: timedelta
    closed: timedelta


def hours_cover_the_year(graph: Graph) -> Iterator[Finding]:
    """Yield every `hours` node one of whose ways nobody takes in a year."""
    program = graph.program
    years: dict[str, YearOfHours] = {}
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
            continue
        if node.schedule not in years:
            years[node.schedule] = year_of(hours, program.now)
        year = years[node.schedule]
        if not year.open:
            yield _one_way(name, node, "never open", Code.NEVER_OPEN, "open")
        elif not year.closed:
            yield _one_way(name, node, "never closed", Code.ALWAYS_OPEN, "closed")


def year_of(hours: BusinessHours, now: datetime) -> YearOfHours:
    """Count the hours of a year, asking the schedule itself wherever it may change."""
    minutes = sorted(_changes(hours))
    is_open = timedelta()
    day = now.astimezone(hours.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    end = day + YEAR
    first = day
    while day < end:
        edges = [day + minute for minute in minutes] + [day + timedelta(days=1)]
        for begin, stop in pairwise(edges):
            if hours.is_open(begin):
                is_open += stop - begin
        day += timedelta(days=1)
    return YearOfHours(open=is_open, closed=day - first - is_open)


def _changes(hours: BusinessHours) -> set[timedelta]:
    """Return every time of day at which any day of a schedule may change."""
    found = {timedelta()}
    for intervals in [*hours.weekly, *hours.dates.values()]:
        for each in intervals:
            found |= {_since_midnight(each.start), _since_midnight(each.end)}
    return {each for each in found if each < timedelta(days=1)}


def _since_midnight(moment: time) -> timedelta:
    if moment == time.max:
        return timedelta(days=1)
    return timedelta(hours=moment.hour, minutes=moment.minute)


def _one_way(name: NodeId, node: core.Hours, what: str, code: Code, part: str) -> Finding:
    return Finding(
        code=code,
        node=name,
        part=(part,),
        found=f"a way that nobody takes: {node.schedule} is {what} in the coming year",
        expected="a schedule that is open at some time and closed at another",
        advice="correct the schedule in ekc.yaml, or go on without this `hours` node",
    )
