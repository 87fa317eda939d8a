"""
Figures of half-hours and days, kept in the table `statistics`.

They are a cache of what calls, segments and presences say, for long reports and for dashboards that
speak SQL. An interval is never added to: it is counted anew from the records and replaced whole.

Rule 1: counting an interval again leaves the same behind, unless a fact about it has come since;
then it is right again. So a rerun or two keepers at once double nothing.
Rule 2: reading and counting hold no lock; only the short replacing does; the engine goes on.
Rule 3: an interval without anything in it is a row as well, so that «counted: nothing» and «not
counted yet» differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import Any, Final, TypeAlias, final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ekc_telephony.adapters.sql.connection import asked, open_for_reading, open_for_writing
from ekc_telephony.adapters.sql.models import (
    STATISTICS_SILENCES,
    IntervalLength,
    ToldBy,
    calls,
    statistics,
)
from ekc_telephony.adapters.sql.statistics import read_calls, read_presences
from ekc_telephony.core.stats.entries import InQueue
from ekc_telephony.core.stats.formulas import SATISFIED
from ekc_telephony.core.stats.grouping import By, Count, Directory, group_of, moment_of
from ekc_telephony.core.stats.spans import DAY, HALF_HOUR, Slots, cut_before, next_cut
from ekc_telephony.core.stats.tally import Entry, Tally
from ekc_telephony.core.stats.tally_codec import plain, tally_of
from ekc_telephony.core.stats.visits import VisitEnding

Interval: TypeAlias = tuple[datetime, ToldBy, str]
"""When it begins, by what it is told apart, and whose it is."""

LATE: Final = timedelta(hours=2)
"""How far back half-hours are counted again each time: facts that waited for the store, or that the
fallback's notes told."""
LATE_DAYS: Final = 3 * DAY
"""How far back everything is counted again after midnight: a store that was away for a weekend."""

_STEPS: Final = {IntervalLength.HALF_HOUR: HALF_HOUR, IntervalLength.DAY: DAY}
_TOLD_BY: Final = {
    IntervalLength.HALF_HOUR: (ToldBy.ALL, ToldBy.QUEUE, ToldBy.LINE),
    # Thousands of operators times 48 half-hours would be most of the store.
    IntervalLength.DAY: (ToldBy.ALL, ToldBy.QUEUE, ToldBy.LINE, ToldBy.OPERATOR),
}
_GROUPS: Final = {
    ToldBy.ALL: By.ALL,
    ToldBy.QUEUE: By.QUEUE,
    ToldBy.LINE: By.LINE,
    ToldBy.OPERATOR: By.OPERATOR,
}
_NORM: Final = timedelta(seconds=20)
"""The threshold of the columns for SQL; industry's usual one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How many intervals were counted."""

    half_hours: int
    days: int


@final
class StatisticsKeeper:
    """
    Counts intervals and keeps their figures.

    Args:
        url: The store's address.
        zone: Whose midnights begin days; None is the machine's own.
        directory: Which queue and which operator is of which line.
    """

    def __init__(self, url: str, *, zone: tzinfo | None, directory: Directory) -> None:
        """
        Prepare; nothing is connected yet.

        Raises:
            StoreUrlError: The address cannot be used, or there is no such file: `migrate` first.
        """
        self._database = open_for_writing(url)
        # Another connection: on this one, reading would hold the write lock.
        self._reading = open_for_reading(url)
        self._zone = zone
        self._directory = directory

    async def keep(self, now: datetime) -> Kept:
        """
        Count what is due: the half-hours since the last time, after midnight whole days as well.

        Idempotent; meant for every half-hour, and any other time does no harm.

        Raises:
            StoreUnavailableError: The store does not answer; what was counted before it is kept.
        """
        half_hours = days = 0
        today = cut_before(now, DAY, self._zone)
        last_day = await self._last(IntervalLength.DAY)
        last = await self._last(IntervalLength.HALF_HOUR)
        first = await self._first_call()
        if first is None:
            return Kept(half_hours=0, days=0)
        since = first if last is None else last - LATE
        if last_day is None or next_cut(last_day, DAY, self._zone) < today:
            since = first if last_day is None else last_day - LATE_DAYS
            days = await self.count(IntervalLength.DAY, since=since, until=today, now=now)
        half_hours = await self.count(IntervalLength.HALF_HOUR, since=since, until=now, now=now)
        return Kept(half_hours=half_hours, days=days)

    async def count(
        self, length: IntervalLength, *, since: datetime, until: datetime, now: datetime
    ) -> int:
        """
        Count all intervals that touch the period anew, and return how many.

        Args:
            length: Which intervals.
            since: Where the period begins.
            until: Where it ends.
            now: The present moment: the present half-hour is counted up to it, the present day is
                left out.

        Raises:
            StoreUnavailableError: The store does not answer; what was counted before it is kept.
        """
        step, counted = _STEPS[length], 0
        begin = cut_before(since, step, self._zone)
        last = cut_before(until, step, self._zone)
        limit = until if last == until else next_cut(until, step, self._zone)
        limit = min(limit, cut_before(now, step, self._zone) if step == DAY else now)
        while begin < limit:
            end = min(next_cut(begin, DAY, self._zone), limit)  # a day at a time fits in memory
            slots = Slots.every(step, since=begin, until=end, zone=self._zone)
            await self._count(length, slots)
            counted += len(slots.cuts) - 1
            begin = end
        return counted

    async def kept(
        self, length: IntervalLength, told_by: ToldBy, *, since: datetime, until: datetime
    ) -> dict[tuple[datetime, str], Tally]:
        """
        Return the kept figures of intervals that begin in the period, by beginning and key.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        query = (
            sa.select(statistics.c.begins_at, statistics.c.key, statistics.c.tally)
            .where(
                statistics.c.length == length,
                statistics.c.told_by == told_by,
                statistics.c.begins_at >= since,
                statistics.c.begins_at < until,
            )
            .order_by(statistics.c.begins_at, statistics.c.key)
        )
        rows = await asked(self._reading, lambda connection: connection.execute(query).all())
        return {(row.begins_at, row.key): tally_of(msgspec.json.decode(row.tally)) for row in rows}

    async def close(self) -> None:
        """Let go of the connections."""
        await self._reading.close()
        await self._database.close()

    async def _last(self, length: IntervalLength) -> datetime | None:
        query = sa.select(sa.func.max(statistics.c.begins_at, type_=statistics.c.begins_at.type))
        query = query.where(statistics.c.length == length)
        return await asked(self._reading, lambda connection: connection.scalar(query))

    async def _first_call(self) -> datetime | None:
        query = sa.select(sa.func.min(calls.c.registered_at, type_=calls.c.registered_at.type))
        return await asked(self._reading, lambda connection: connection.scalar(query))

    async def _count(self, length: IntervalLength, slots: Slots) -> None:
        def keys(entry: Entry | InQueue) -> list[Interval]:
            begin = slots.slot_of(moment_of(entry))
            return [(begin, each, self._key(entry, each)) for each in _TOLD_BY[length]]

        since, until = slots.since, slots.until
        count = Count(keys)
        part = count.part(slots)
        async for calls_read in read_calls(self._reading, since=since, until=until):
            part.add(calls_read)
        part.end(await read_presences(self._reading, since=since, until=until))
        counted = count.tallies()
        for cut in slots.cuts[:-1]:
            counted.setdefault((cut, ToldBy.ALL, ""), Tally())
        rows = [
            _row(length, interval, tally) for interval, tally in sorted(counted.items(), key=_by)
        ]
        await asked(self._database, partial(_replace, length=length, slots=slots, rows=rows))

    def _key(self, entry: Entry | InQueue, told_by: ToldBy) -> str:
        return group_of(entry, _GROUPS[told_by], self._directory) or ""


def _by(item: tuple[Interval, Tally]) -> tuple[datetime, str, str]:
    (begin, told_by, key), _ = item
    return begin, told_by.value, key


def _replace(
    connection: sa.Connection, *, length: IntervalLength, slots: Slots, rows: list[dict[str, Any]]
) -> None:
    connection.execute(
        sa.delete(statistics).where(
            statistics.c.length == length,
            statistics.c.begins_at >= slots.since,
            statistics.c.begins_at < slots.until,
        )
    )
    # Two keepers at once on PostgreSQL: the later one has counted as much as the earlier one.
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(statistics)
    keys = [column.name for column in statistics.primary_key]
    statement = statement.on_conflict_do_update(
        index_elements=keys,
        set_={
            column.name: statement.excluded[column.name]
            for column in statistics.c
            if column.name not in keys
        },
    )
    connection.execute(statement, rows)


def _row(length: IntervalLength, interval: Interval, tally: Tally) -> dict[str, Any]:
    begins_at, told_by, key = interval
    return {
        "length": length,
        "begins_at": begins_at,
        "told_by": told_by,
        "key": key,
        **_counts(tally),
        **_seconds(tally),
        "transferred": tally.transferred,
        **{name: getattr(tally, name) for name in STATISTICS_SILENCES},
        **_ratings(tally),
        "tally": msgspec.json.encode(plain(tally)).decode(),
    }


def _counts(tally: Tally) -> dict[str, int]:
    waits = tally.from_queue
    return {
        "received": tally.received,
        "offered": tally.offered,
        "answered": tally.answered,
        "answered_in_20_s": waits.answered.within(_NORM),
        "abandoned": tally.abandoned,
        "abandoned_in_20_s": waits.abandoned.within(_NORM),
        "short": waits.short,
        "flowed_out": tally.visits[VisitEnding.FLOWED_OUT],
        "broken": tally.visits[VisitEnding.BROKEN],
        "waiting": tally.visits[VisitEnding.WAITING],
        "handled": tally.handlings.count,
        "cut_off": tally.cut_off,
        "longest_queue": tally.longest_queue,
    }


def _ratings(tally: Tally) -> dict[str, int]:
    return {
        "asked_to_rate": tally.asked_to_rate,
        "rated": tally.marks.total(),
        "rating_sum": sum(int(mark) * count for mark, count in tally.marks.items()),
        "satisfied": sum(tally.marks[mark] for mark in SATISFIED),
    }


def _seconds(tally: Tally) -> dict[str, float | None]:
    lengths: dict[str, timedelta | None] = {
        "wait_s": tally.from_queue.answered.total,
        "longest_wait_s": tally.from_queue.longest or timedelta(),
        "talk_s": tally.talk,
        "wrap_up_s": tally.wrap_up,
        "signed_in_s": tally.signed_in,
        "ready_s": tally.ready,
        "handling_s": tally.handling,
        "held_s": tally.held,
        "available_s": tally.available,
    }
    return {
        name: None if length is None else length.total_seconds() for name, length in lengths.items()
    }
