"""Where `ekc stats` takes its figures from: counted now, or kept by `--keep`."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from typing import Final, TypeAlias

import typer

from ekc_telephony.adapters.sql.aggregates import Kept, StatisticsKeeper
from ekc_telephony.adapters.sql.models import IntervalLength, ToldBy
from ekc_telephony.adapters.sql.statistics import StatisticsReader
from ekc_telephony.cli.asking import WRONG_INPUT, answered, fail
from ekc_telephony.cli.stats_question import Question
from ekc_telephony.core.stats.grouping import By, CountBy, Counting, Key
from ekc_telephony.core.stats.lengths import WAIT_EDGES
from ekc_telephony.core.stats.records import CallRecord
from ekc_telephony.core.stats.spans import DAY, Slots, next_cut
from ekc_telephony.core.stats.tally import Tally

_TOLD_BY: Final = {
    By.QUEUE: ToldBy.QUEUE,
    By.LINE: ToldBy.LINE,
    By.OPERATOR: ToldBy.OPERATOR,
}


def keep_figures(question: Question, now: datetime, *, is_all: bool) -> None:
    """
    Count half-hours and days, and say how many.

    Args:
        question: Which store; without `is_all`, which period.
        now: The present moment.
        is_all: Whatever is due, instead of the period.

    Raises:
        typer.Exit: The store does not answer; the person has been told.
    """

    async def keep() -> Kept:
        keeper = StatisticsKeeper(question.store, zone=question.zone, directory=question.directory)
        try:
            if is_all:
                return await keeper.keep(now)
            half_hours, days = [
                await keeper.count(length, since=question.since, until=question.until, now=now)
                for length in IntervalLength
            ]
            return Kept(half_hours=half_hours, days=days)
        finally:
            await keeper.close()

    kept = answered(keep)
    typer.echo(f"Посчитано: получасов {kept.half_hours}, дней {kept.days}")


def tallies_for(question: Question, by: By) -> dict[Key, Tally]:
    """
    Return what is counted, told apart as asked.

    Raises:
        typer.Exit: It cannot be counted; the person has been told why.
    """
    if by is By.LINE and not question.directory.queues:
        fail(
            "--by line: nobody says which queue is of which line. Expected a configuration; give "
            "it with --config",
            code=WRONG_INPUT,
        )
    if question.is_kept:
        return _kept_tallies(question, by)
    count = CountBy(
        by,
        since=question.since,
        until=question.until,
        zone=question.zone,
        directory=question.directory,
        wait_edges=question.wait_edges,
    )
    answered(lambda: count_period(question, count))
    return count.tallies()


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """
    Let Python look for rings of objects seldom, until the block is left.

    Calls are made and let go by the million, and none of them is in a ring: looking for some cost a
    quarter of the time.
    """
    usual = gc.get_threshold()
    gc.set_threshold(50_000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


async def count_period(question: Question, counting: Counting) -> None:
    """
    Count calls and presences of the store, part by part.

    Raises:
        StoreUnavailableError: The store does not answer.
        StoreUrlError: It is not there.
    """
    reader = StatisticsReader(question.store)
    try:
        with _seldom_collected():
            for begin, end in pairwise(counting.cuts):
                part = counting.part(since=begin, until=end)
                async for calls in reader.calls(since=begin, until=end):
                    part.add(calls)
                part.end(await reader.presences(since=begin, until=end))
    finally:
        await reader.close()


async def calls_of(question: Question) -> AsyncIterator[CallRecord]:
    """
    Yield the calls that came in the period, by time.

    Raises:
        StoreUnavailableError: The store does not answer.
        StoreUrlError: It is not there.
    """
    reader = StatisticsReader(question.store)
    try:
        async for calls in reader.calls(since=question.since, until=question.until):
            for call in calls:
                if call.registered_at >= question.since:
                    yield call
    finally:
        await reader.close()


def _kept_tallies(question: Question, by: By) -> dict[Key, Tally]:
    if question.target not in WAIT_EDGES:
        edges = ", ".join(f"{edge.total_seconds():g}" for edge in WAIT_EDGES)
        fail(
            f"--kept: found T = {question.target.total_seconds():g} s, expected one of {edges}; "
            "give it with --target, or leave --kept out",
            code=WRONG_INPUT,
        )
    # Operators are kept by days only, everything else by half-hours.
    length = IntervalLength.DAY if by is By.OPERATOR else IntervalLength.HALF_HOUR
    kept, days = answered(lambda: _read_kept(question, by, length))
    slots = None
    if by.step is not None:
        slots = Slots.every(by.step, since=question.since, until=question.until, zone=question.zone)

    def group_of(begin: datetime, key: str) -> Key:
        return (key or None) if slots is None else slots.slot_of(begin)

    found: dict[Key, Tally] = {}
    for (begin, key), tally in kept.items():
        found.setdefault(group_of(begin, key), Tally()).merge(tally)
    for (begin, key), day in days.items():
        # People of half-hours do not add up; a day that was counted whole knows its own.
        group, ends_at = group_of(begin, key), next_cut(begin, DAY, question.zone)
        if by is By.DAY or (begin, ends_at) == (question.since, question.until):
            found.setdefault(group, Tally()).people = day.people
    return found


_Kept: TypeAlias = dict[tuple[datetime, str], Tally]


async def _read_kept(question: Question, by: By, length: IntervalLength) -> tuple[_Kept, _Kept]:
    """Return the kept intervals of this length, and the days if they may tell more."""
    told_by = _TOLD_BY.get(by, ToldBy.ALL)
    keeper = StatisticsKeeper(question.store, zone=question.zone, directory=question.directory)
    since, until = question.since, question.until
    try:
        kept = await keeper.kept(length, told_by, since=since, until=until)
        if by.step is not None and by is not By.DAY:
            return kept, {}
        return kept, await keeper.kept(IntervalLength.DAY, told_by, since=since, until=until)
    finally:
        await keeper.close()
