"""
By what figures are told apart: queue, line, agent, or stretch of time; and the counting itself.

Rule 1: every entry falls into exactly one group of a kind (None: it belongs to none), so the sum
over groups is the whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import Enum
from typing import TypeAlias, TypeVar

from ekc_telephony.core.acd.specs import Line
from ekc_telephony.core.kernel.ids import AgentId, QueueId
from ekc_telephony.core.stats.entries import InQueue, entries_of
from ekc_telephony.core.stats.lengths import WAIT_EDGES
from ekc_telephony.core.stats.records import Records
from ekc_telephony.core.stats.spans import DAY, HALF_HOUR, HOUR, Slots, Stretch, most_at_once
from ekc_telephony.core.stats.tally import Entry, Tally

KeyT = TypeVar("KeyT")


class By(Enum):
    """By what figures are told apart."""

    ALL = "all"
    QUEUE = "queue"
    LINE = "line"
    OPERATOR = "operator"
    HALF_HOUR = "half-hour"
    HOUR = "hour"
    DAY = "day"

    @property
    def step(self) -> timedelta | None:
        """The length of its slots; None when it is no stretch of time."""
        return {By.HALF_HOUR: HALF_HOUR, By.HOUR: HOUR, By.DAY: DAY}.get(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Who works on which line, as configured; whoever is not in it belongs to none."""

    queues: Mapping[QueueId, Line | None] = field(default_factory=dict)
    agents: Mapping[AgentId, Line | None] = field(default_factory=dict)

    def line_of(self, entry: Entry | InQueue) -> Line | None:
        """Return the line of the queue, else of the agent."""
        if entry.queue is not None:
            return self.queues.get(entry.queue)
        return None if entry.agent is None else self.agents.get(entry.agent)


Key: TypeAlias = str | datetime | None
"""Whose figures: an id, a line's name, the beginning of a slot; None for the rest, or for all."""


def tallies(
    records: Records,
    slots: Slots,
    keys: Callable[[Entry | InQueue], Iterable[KeyT]],
    *,
    wait_edges: tuple[timedelta, ...] = WAIT_EDGES,
) -> dict[KeyT, Tally]:
    """
    Count everything in the slots, told apart by `keys`.

    Args:
        records: What is counted.
        slots: The period.
        keys: The groups that an entry is counted in.
        wait_edges: The buckets of waits; must hold every T that will be asked for.
    """
    found: defaultdict[KeyT, Tally] = defaultdict(lambda: Tally(wait_edges))
    waiting: defaultdict[KeyT, list[Stretch]] = defaultdict(list)
    for entry in entries_of(records, slots):
        for key in keys(entry):
            if isinstance(entry, InQueue):
                waiting[key].append(entry.stretch)
            else:
                found[key].add(entry)
    for group, stretches in waiting.items():
        found[group].longest_queue = most_at_once(stretches)
    return dict(found)


def tallies_by(
    by: By,
    records: Records,
    *,
    since: datetime,
    until: datetime,
    zone: tzinfo | None,
    directory: Directory,
    wait_edges: tuple[timedelta, ...] = WAIT_EDGES,
) -> dict[Key, Tally]:
    """Count a period, told apart by queue, line, agent, or stretch of time."""
    step = by.step
    slots = Slots.whole(since, until)
    if step is not None:
        slots = Slots.every(step, since=since, until=until, zone=zone)

    def keys(entry: Entry | InQueue) -> tuple[Key]:
        if step is None:
            return (group_of(entry, by, directory),)
        return (slots.slot_of(moment_of(entry)),)

    found = tallies(records, slots, keys, wait_edges=wait_edges)
    if step is not None:  # an hour without a call is a row of the report as well
        return {cut: found.get(cut) or Tally(wait_edges) for cut in slots.cuts[:-1]}
    return found


def moment_of(entry: Entry | InQueue) -> datetime:
    """Return when the entry is booked."""
    if entry.at is None:  # a handling that goes on, which `entries_of` does not yield
        raise ValueError(f"not over yet: {entry}")
    return entry.at


def group_of(entry: Entry | InQueue, by: By, directory: Directory) -> str | None:
    """Return the entry's queue, line or agent; None for none, and always None for `By.ALL`."""
    match by:
        case By.QUEUE:
            return entry.queue
        case By.OPERATOR:
            return entry.agent
        case By.LINE:
            line = directory.line_of(entry)
            return None if line is None else line.value
        case _:
            return None
