"""
By what figures are told apart: queue, line, agent, or stretch of time; and the counting itself.

Rule 1: every entry falls into exactly one group of a kind (None: it belongs to none), so the sum
over groups is the whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import Enum
from itertools import pairwise
from operator import attrgetter
from typing import Generic, Protocol, TypeAlias, TypeVar, final

from ekc_telephony.core.acd.specs import Line
from ekc_telephony.core.kernel.ids import AgentId, QueueId
from ekc_telephony.core.stats.entries import Entries, InQueue
from ekc_telephony.core.stats.lengths import WAIT_EDGES
from ekc_telephony.core.stats.records import CallRecord, PresenceSpan, Records
from ekc_telephony.core.stats.spans import DAY, HALF_HOUR, HOUR, Slots, Stretch, most_at_once
from ekc_telephony.core.stats.tally import Arrival, Entry, Tally

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


class Part(Protocol):
    """A part of a period that is being counted."""

    def add(self, calls: Sequence[CallRecord]) -> None:
        """Count the next calls that touch the part, in order of time; each of them once."""
        ...

    def end(self, presences: Sequence[PresenceSpan]) -> None:
        """Count what agents declared in the part, when all its calls are counted."""
        ...


class Counting(Protocol):
    """What counts a period part by part, and a part a few calls at a time."""

    @property
    def cuts(self) -> tuple[datetime, ...]:
        """Where the parts begin, and where the last one ends."""
        ...

    def part(self, *, since: datetime, until: datetime) -> Part:
        """Begin with the next part."""
        ...


def count_all(counting: Counting, records: Records) -> None:
    """Count records that are all at hand."""
    calls = sorted(records.calls, key=attrgetter("registered_at"))
    for begin, end in pairwise(counting.cuts):
        part = counting.part(since=begin, until=end)
        part.add([call for call in calls if call.registered_at < end])
        part.end(records.presences)


@final
class Count(Generic[KeyT]):
    """
    Count a period part by part, so that not all of its calls must be at hand at once.

    Args:
        keys: The groups that an entry is counted in.
        wait_edges: The buckets of waits; must hold every T that will be asked for.
    """

    def __init__(
        self,
        keys: Callable[[Entry | InQueue], Iterable[KeyT]],
        *,
        wait_edges: tuple[timedelta, ...] = WAIT_EDGES,
    ) -> None:
        self._keys = keys
        self._found: defaultdict[KeyT, Tally] = defaultdict(lambda: Tally(wait_edges))
        self._callers: defaultdict[KeyT, set[str]] = defaultdict(set)

    def part(self, slots: Slots) -> PartCount[KeyT]:
        """Begin with a part of the period that was not counted yet."""
        return PartCount(slots, self._keys, self._found, self._callers)

    def tallies(self) -> dict[KeyT, Tally]:
        """Return what was counted, told apart by the keys."""
        for group, numbers in self._callers.items():
            self._found[group].people = len(numbers)
        return dict(self._found)


@final
class PartCount(Generic[KeyT]):
    """
    Count one part of a period into the tallies of all of it.

    Args:
        slots: The part.
        keys: The groups that an entry is counted in.
        found: What is counted, by groups.
        callers: Numbers that called, by groups.
    """

    def __init__(
        self,
        slots: Slots,
        keys: Callable[[Entry | InQueue], Iterable[KeyT]],
        found: defaultdict[KeyT, Tally],
        callers: defaultdict[KeyT, set[str]],
    ) -> None:
        self._entries = Entries(slots)
        self._keys = keys
        self._found = found
        self._callers = callers
        self._waiting: defaultdict[KeyT, list[Stretch]] = defaultdict(list)

    def add(self, calls: Iterable[CallRecord]) -> None:
        """Count calls that touch the part; each of them once."""
        for call in calls:
            for entry in self._entries.of_call(call):
                for key in self._keys(entry):
                    if isinstance(entry, InQueue):
                        self._waiting[key].append(entry.stretch)
                        continue
                    self._found[key].add(entry)
                    if isinstance(entry, Arrival) and entry.number is not None:
                        self._callers[key].add(entry.number)

    def end(self, presences: Iterable[PresenceSpan]) -> None:
        """Count agents' time and how long the queues were, now that all calls are counted."""
        for entry in self._entries.of_agents(presences):
            for key in self._keys(entry):
                self._found[key].add(entry)
        for group, stretches in self._waiting.items():
            tally = self._found[group]
            tally.longest_queue = max(tally.longest_queue, most_at_once(stretches))


@final
class CountBy:
    """
    Count a period day by day, told apart by queue, line, agent, or stretch of time.

    Args:
        by: By what.
        since: Where the period begins.
        until: Where it ends.
        zone: Whose days and hours.
        directory: Who works on which line.
        wait_edges: The buckets of waits.
    """

    def __init__(
        self,
        by: By,
        *,
        since: datetime,
        until: datetime,
        zone: tzinfo | None,
        directory: Directory,
        wait_edges: tuple[timedelta, ...] = WAIT_EDGES,
    ) -> None:
        self._by = by
        self._step = by.step
        self._zone = zone
        self._directory = directory
        self._wait_edges = wait_edges
        self._slots = self._slots_of(since, until)
        self._count: Count[Key] = Count(self._keys, wait_edges=wait_edges)

    @property
    def cuts(self) -> tuple[datetime, ...]:
        """Midnights: what agents did in a day fits in memory."""
        slots = self._slots
        return Slots.every(DAY, since=slots.since, until=slots.until, zone=self._zone).cuts

    def part(self, *, since: datetime, until: datetime) -> PartCount[Key]:
        """Begin with a part of the period; an interval must not be cut by its ends."""
        return self._count.part(self._slots_of(since, until))

    def tallies(self) -> dict[Key, Tally]:
        """Return what was counted."""
        found = self._count.tallies()
        if self._step is None:
            return found
        # An hour without a call is a row of the report as well.
        return {cut: found.get(cut) or Tally(self._wait_edges) for cut in self._slots.cuts[:-1]}

    def _slots_of(self, since: datetime, until: datetime) -> Slots:
        if self._step is None:
            return Slots.whole(since, until)
        return Slots.every(self._step, since=since, until=until, zone=self._zone)

    def _keys(self, entry: Entry | InQueue) -> tuple[Key]:
        if self._step is None:
            return (group_of(entry, self._by, self._directory),)
        return (self._slots.slot_of(moment_of(entry)),)


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
    """Count a period whose records are all at hand, told apart by queue, line, agent or time."""
    count = CountBy(
        by, since=since, until=until, zone=zone, directory=directory, wait_edges=wait_edges
    )
    count_all(count, records)
    return count.tallies()


def moment_of(entry: Entry | InQueue) -> datetime:
    """Return when the entry is booked."""
    if entry.at is None:  # a handling that goes on, which `Entries` does not yield
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
