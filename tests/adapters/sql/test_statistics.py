"""What figures are made of, read from the store; and figures of intervals, kept in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekc_telephony.adapters.sql import migrations
from ekc_telephony.adapters.sql.aggregates import Kept, StatisticsKeeper
from ekc_telephony.adapters.sql.appeal_store import SqlAppealStore
from ekc_telephony.adapters.sql.connection import open_for_writing
from ekc_telephony.adapters.sql.migrations import migrate
from ekc_telephony.adapters.sql.models import (
    IntervalLength,
    ToldBy,
    metadata,
    presence_history,
    segments,
    statistics,
)
from ekc_telephony.adapters.sql.statistics import AT_ONCE, StatisticsReader
from ekc_telephony.core.acd.specs import Line
from ekc_telephony.core.call.facts import (
    CallNoted,
    CallOutcome,
    CallRegistered,
    Fact,
    NoteKind,
    SegmentEnded,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.ivr.script import Identification
from ekc_telephony.core.kernel.ids import AgentId
from ekc_telephony.core.stats.from_facts import records_of
from ekc_telephony.core.stats.grouping import Directory
from ekc_telephony.core.stats.records import Records
from ekc_telephony.core.stats.tally import Tally, merged
from ekc_telephony.runtime.ports import StoreUnavailableError
from tests.adapters.sql.stories import (
    ABANDONED,
    FIRST_LINE,
    MORNING,
    OPERATOR,
    a_working_hour,
    call_story,
    declaration,
    rated_story,
    taken_over_story,
)

ResultT = TypeVar("ResultT")

DAY_BEFORE, DAY_AFTER = MORNING - timedelta(days=1), MORNING + timedelta(days=1)
MOSCOW = ZoneInfo("Europe/Moscow")
DIRECTORY = Directory(queues={FIRST_LINE: Line.FIRST}, agents={OPERATOR: Line.FIRST})


async def write(url: str, facts: Sequence[Fact]) -> None:
    store = SqlAppealStore(url)
    await store.write(facts)
    await store.close()


async def read(
    url: str,
    *,
    since: datetime = DAY_BEFORE,
    until: datetime = DAY_AFTER,
    at_once: int = AT_ONCE,
) -> Records:
    reader = StatisticsReader(url, at_once=at_once)
    try:
        parts = [calls async for calls in reader.calls(since=since, until=until)]
        presences = await reader.presences(since=since, until=until)
        return Records(calls=tuple(chain(*parts)), presences=tuple(presences))
    finally:
        await reader.close()


async def kept(url: str, work: Callable[[StatisticsKeeper], Awaitable[ResultT]]) -> ResultT:
    keeper = StatisticsKeeper(url, zone=MOSCOW, directory=DIRECTORY)
    try:
        return await work(keeper)
    finally:
        await keeper.close()


async def rows_of(url: str, table: sa.Table) -> list[Any]:
    database = open_for_writing(url)
    try:
        return await database.run(
            lambda connection: sorted(connection.execute(sa.select(table)).all(), key=str)
        )
    finally:
        await database.close()


def keep_at(now: datetime) -> Callable[[StatisticsKeeper], Awaitable[Kept]]:
    return lambda keeper: keeper.keep(now)


def figures(
    length: IntervalLength, told_by: ToldBy = ToldBy.ALL
) -> Callable[[StatisticsKeeper], Awaitable[dict[tuple[datetime, str], Tally]]]:
    return lambda keeper: keeper.kept(
        length, told_by, since=DAY_BEFORE - timedelta(days=9), until=DAY_AFTER
    )


def in_order(records: Records) -> Records:
    by_time = sorted(records.calls, key=lambda call: (call.registered_at, call.call))
    by_agent = sorted(records.presences, key=lambda span: (span.agent, span.began_at))
    return Records(calls=tuple(by_time), presences=tuple(by_agent))


def test_the_store_tells_the_same_as_the_facts_themselves(database: str) -> None:
    hour = a_working_hour()
    asyncio.run(write(database, hour))
    assert asyncio.run(read(database)) == in_order(records_of(hour))


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_calls_that_are_read_a_few_at_a_time_are_the_same_calls(
    database: str, at_once: int
) -> None:
    facts = [
        *call_story("ekc-1.1"),
        *call_story("ekc-2.1"),  # at the same moment
        *call_story("ekc-3.1", ABANDONED, outcome=CallOutcome.ABANDONED_IN_QUEUE),
        *call_story("ekc-4.1", at=MORNING + timedelta(minutes=5)),
    ]
    asyncio.run(write(database, facts))
    found = asyncio.run(read(database, at_once=at_once))
    assert found == asyncio.run(read(database))
    assert len(found.calls) == 4


def test_only_what_touches_the_period_is_read(database: str) -> None:
    facts = [
        *call_story("ekc-1.1"),  # 9:00 to 9:01:13
        *call_story("ekc-2.1", at=MORNING + timedelta(hours=3)),
        call_story("ekc-3.1", at=MORNING + timedelta(hours=1))[0],  # goes on
    ]
    asyncio.run(write(database, facts))
    late = MORNING + timedelta(hours=2, minutes=30)
    found = asyncio.run(read(database, since=late, until=late + timedelta(hours=2)))
    assert [call.call for call in found.calls] == ["ekc-3.1", "ekc-2.1"]


def after(minutes: float) -> datetime:
    return MORNING + timedelta(minutes=minutes)


A_SHIFT: Sequence[Fact] = (
    declaration("op1", Presence.READY, at=after(0)),
    declaration("op1", Presence.NOT_READY, NotReadyReason.LUNCH, at=after(60)),
    declaration("op1", Presence.READY, at=after(90)),
    replace(declaration("op1", Presence.READY, at=after(100)), is_reachable=False),
    declaration("op1", Presence.SIGNED_OUT, at=after(120)),
)


def test_what_held_when_the_period_began_is_known(database: str) -> None:
    asyncio.run(write(database, A_SHIFT))
    found = asyncio.run(read(database, since=after(70), until=after(110))).presences
    assert [(span.presence, span.is_reachable) for span in found] == [
        (Presence.NOT_READY, True),
        (Presence.READY, True),
        (Presence.READY, False),
    ]
    # The end of the last one lies beyond what was read, which no figure of the period can see.
    assert found[0].began_at == after(60)
    assert found[-1].ended_at is None


@given(st.lists(st.integers(0, len(A_SHIFT) - 1), max_size=8))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_presences_told_again_leave_the_same_history(tmp_path: Path, again: list[int]) -> None:
    url = f"sqlite:///{tmp_path / 'ekc.sqlite'}"

    async def play() -> tuple[list[Any], list[Any]]:
        await migrate(url)
        await write(url, A_SHIFT)
        once = await rows_of(url, presence_history)
        for index in again:
            await write(url, A_SHIFT[index : index + 2])
        return once, await rows_of(url, presence_history)

    once, more = asyncio.run(play())
    assert more == once
    assert len(once) == len(A_SHIFT)


def test_what_an_agent_does_is_not_written_down_several_times_a_call(database: str) -> None:
    facts = [
        declaration("op1", Presence.READY, at=after(minute), activity=activity)
        for minute, activity in enumerate(type(declaration("op1", Presence.READY).activity))
    ]
    asyncio.run(write(database, facts))
    assert len(asyncio.run(rows_of(database, presence_history))) == 1


@pytest.fixture
def busy_store(database: str) -> str:
    """A store with two days in it."""
    facts: list[Fact] = [declaration("op1", Presence.READY, at=MORNING - timedelta(hours=1))]
    for minute in range(0, 600, 25):
        facts += call_story(f"ekc-{minute}.1", at=after(minute - 1440))
        facts += call_story(
            f"ekc-{minute}.2",
            ABANDONED,
            outcome=CallOutcome.ABANDONED_IN_QUEUE,
            at=after(minute),
        )
    asyncio.run(write(database, facts))
    return database


NOW = MORNING + timedelta(hours=11, minutes=7)


def test_half_hours_add_up_to_their_day(busy_store: str) -> None:
    asyncio.run(kept(busy_store, keep_at(NOW)))
    days = asyncio.run(kept(busy_store, figures(IntervalLength.DAY)))
    ((begin, _),) = days
    assert begin == datetime(2026, 2, 28, 21, tzinfo=UTC)  # Moscow's midnight
    half_hours = asyncio.run(kept(busy_store, figures(IntervalLength.HALF_HOUR)))
    of_the_day = [
        tally
        for (slot, _), tally in half_hours.items()
        if begin <= slot < begin + timedelta(days=1)
    ]
    total = merged(of_the_day)
    # The one citizen of these stories calls in every half-hour, and no half-hour knows of another.
    assert (total.people, days[begin, ""].people) == (None, 1)
    total.people = 1
    assert total == days[begin, ""]
    assert days[begin, ""].received == 24


def test_figures_counted_again_are_the_same(busy_store: str) -> None:
    async def twice() -> tuple[Kept, Kept, list[Any], list[Any]]:
        first = await kept(busy_store, keep_at(NOW))
        once = await rows_of(busy_store, statistics)
        again = await kept(
            busy_store,
            lambda keeper: keeper.count(
                IntervalLength.HALF_HOUR, since=DAY_BEFORE, until=NOW, now=NOW
            ),
        )
        assert again > 40
        await kept(
            busy_store,
            lambda keeper: keeper.count(IntervalLength.DAY, since=DAY_BEFORE, until=NOW, now=NOW),
        )
        second = await kept(busy_store, keep_at(NOW))
        return first, second, once, await rows_of(busy_store, statistics)

    first, second, once, more = asyncio.run(twice())
    assert more == once
    assert (first.days, second.days) == (1, 0)
    assert second.half_hours == 5  # the last one and the two hours before it


def test_a_late_fact_is_counted_once_and_in_its_interval(busy_store: str) -> None:
    late = call_story("ekc-7.7", at=NOW - timedelta(hours=1))

    async def story() -> dict[tuple[datetime, str], Tally]:
        await kept(busy_store, keep_at(NOW))
        await write(busy_store, late)
        for _ in range(2):
            await kept(busy_store, keep_at(NOW + timedelta(minutes=30)))
        return await kept(busy_store, figures(IntervalLength.HALF_HOUR))

    found = asyncio.run(story())
    slot = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)
    assert (found[slot, ""].received, found[slot, ""].answered) == (1, 1)


def test_after_midnight_days_are_counted_again_as_far_back_as_facts_may_be_late(
    busy_store: str,
) -> None:
    late = call_story("ekc-7.7", at=after(-1440 + 601))

    async def story() -> tuple[int, int]:
        await kept(busy_store, keep_at(NOW))
        before = await kept(busy_store, figures(IntervalLength.DAY))
        await write(busy_store, late)
        await kept(busy_store, keep_at(NOW + timedelta(days=1)))
        days = await kept(busy_store, figures(IntervalLength.DAY))
        begin = min(before)[0]
        return before[begin, ""].received, days[begin, ""].received

    assert asyncio.run(story()) == (24, 25)


def test_figures_are_kept_by_queue_line_and_by_day_also_by_operator(busy_store: str) -> None:
    asyncio.run(kept(busy_store, keep_at(NOW)))

    def keys(length: IntervalLength, told_by: ToldBy) -> set[str]:
        return {key for _, key in asyncio.run(kept(busy_store, figures(length, told_by)))}

    assert keys(IntervalLength.HALF_HOUR, ToldBy.QUEUE) == {FIRST_LINE, ""}
    assert keys(IntervalLength.HALF_HOUR, ToldBy.LINE) == {"first"}
    assert keys(IntervalLength.HALF_HOUR, ToldBy.OPERATOR) == set()
    assert OPERATOR in keys(IntervalLength.DAY, ToldBy.OPERATOR)


def test_columns_for_sql_say_what_the_tally_says(busy_store: str) -> None:
    asyncio.run(kept(busy_store, keep_at(NOW)))
    rows = asyncio.run(rows_of(busy_store, statistics))
    (day,) = [row for row in rows if (row.length, row.told_by) == _WHOLE_DAY]
    assert (day.received, day.offered, day.answered, day.handled) == (24, 24, 24, 24)
    assert (day.answered_in_20_s, day.abandoned, day.longest_queue) == (24, 0, 1)
    assert day.talk_s == pytest.approx(24 * 61.5)
    assert day.wrap_up_s == pytest.approx(24 * 30)
    assert day.wait_s == pytest.approx(24 * 5)
    assert (day.held_s, day.transferred) == (0, 0)


def test_hold_and_transfer_reach_the_store_s_columns(database: str) -> None:
    steps = (
        (SegmentKind.WAITING, SegmentOutcome.COMPLETED, 5),
        (SegmentKind.TALK, SegmentOutcome.TRANSFERRED, 60),
        (SegmentKind.WRAP_UP, SegmentOutcome.TIME_IS_UP, 30),
    )
    facts = [*call_story("ekc-1.1", steps)]
    talk = next(
        fact for fact in facts if isinstance(fact, SegmentEnded) and fact.kind is SegmentKind.TALK
    )
    began = talk.started_at + timedelta(seconds=10)
    held = replace(
        talk,
        segment=9,
        kind=SegmentKind.HOLD,
        outcome=SegmentOutcome.COMPLETED,
        sequence=talk.sequence + 100,
        started_at=began,
        at=began + timedelta(seconds=15),
    )
    asyncio.run(write(database, [*facts, held]))
    asyncio.run(kept(database, keep_at(NOW)))
    rows = asyncio.run(rows_of(database, statistics))
    (row,) = [each for each in rows if each.told_by is ToldBy.ALL and each.handled]
    assert (row.talk_s, row.held_s, row.wrap_up_s, row.transferred) == (45, 15, 30, 1)


def test_silences_are_read_with_their_calls_and_reach_the_store_s_columns(database: str) -> None:
    facts = call_story("ekc-1.1")
    talk = next(
        fact for fact in facts if isinstance(fact, SegmentEnded) and fact.kind is SegmentKind.TALK
    )
    kinds = (NoteKind.SILENT, NoteKind.AGENT_SILENT, NoteKind.SILENT, NoteKind.ROUTED)
    notes = [
        CallNoted(
            call=talk.call,
            sequence=talk.sequence + 100 + number,
            at=talk.started_at + timedelta(seconds=10 * number),
            kind=kind,
            agent=talk.agent,
        )
        for number, kind in enumerate(kinds)
    ]
    told = [*facts, *notes]
    asyncio.run(write(database, told))
    assert asyncio.run(read(database)) == in_order(records_of(told))
    asyncio.run(kept(database, keep_at(NOW)))
    rows = asyncio.run(rows_of(database, statistics))
    (row,) = [each for each in rows if each.told_by is ToldBy.ALL and each.handled]
    assert (row.caller_silent, row.caller_silences) == (1, 2)
    assert (row.agent_silent, row.agent_silences) == (1, 1)


def test_ratings_and_answers_are_read_with_their_calls_and_reach_the_store_s_columns(
    database: str,
) -> None:
    told = [
        *rated_story("ekc-1.1", "5", solved="yes"),
        *rated_story("ekc-1.2", "2"),
        *rated_story("ekc-1.3", None, solved="no"),
        *rated_story("ekc-1.4", "4", agent=AgentId("op2")),
    ]
    (registered, *_) = told
    assert isinstance(registered, CallRegistered)
    proof = CallNoted(
        call=registered.call,
        sequence=990,
        at=registered.at,
        kind=NoteKind.IDENTIFIED,
        reason=Identification.SNILS.value,
    )
    told.append(proof)
    asyncio.run(write(database, told))
    assert asyncio.run(read(database)) == in_order(records_of(told))
    asyncio.run(kept(database, keep_at(NOW)))
    rows = asyncio.run(rows_of(database, statistics))
    (row,) = [each for each in rows if each.told_by is ToldBy.ALL and each.handled]
    assert (row.asked_to_rate, row.rated, row.rating_sum, row.satisfied) == (4, 3, 11, 2)
    found = asyncio.run(
        kept(
            database,
            lambda keeper: keeper.kept(
                IntervalLength.HALF_HOUR, ToldBy.ALL, since=DAY_BEFORE, until=DAY_AFTER
            ),
        )
    )
    total = merged(found.values())
    assert total.answers == {("quality.solved", "yes"): 1, ("quality.solved", "no"): 1}
    assert (total.asked, total.marks) == ({"quality.solved": 4}, {"2": 1, "4": 1, "5": 1})


_WHOLE_DAY = (IntervalLength.DAY, ToldBy.ALL)


def test_a_store_without_calls_has_nothing_to_keep(database: str) -> None:
    assert asyncio.run(kept(database, keep_at(NOW))) == Kept(half_hours=0, days=0)


def test_a_call_that_was_taken_over_is_counted_once(database: str) -> None:
    asyncio.run(write(database, taken_over_story("ekc-1.1", open_after=9)))
    asyncio.run(kept(database, keep_at(NOW)))
    found = asyncio.run(kept(database, figures(IntervalLength.HALF_HOUR)))
    total = merged(found.values())
    assert (total.received, total.answered, total.handlings.count) == (1, 1, 1)


def test_a_store_of_the_last_release_keeps_its_segments_and_what_agents_declared(
    empty_database: str,
) -> None:
    def as_in_the_last_release(connection: sa.Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        moment = "'2026-03-02 09:00:00.000000+00:00'"
        for table, values in (
            ("appeals", f"'E-1', {moment}, 'registered', NULL"),
            (
                "calls (id, appeal, did, registered_at, last_sequence)",
                f"'ekc-1.1', 'E-1', '8800', {moment}, 1",
            ),
            (
                'segments ("call", segment, kind, started_at, ended_at, outcome)',
                f"'ekc-1.1', 1, 'waiting', {moment}, {moment}, 'abandoned'",
            ),
            ("agent_presence", f"'op1', 'ready', NULL, {moment}"),
        ):
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({values})")

    async def upgrade() -> tuple[list[Any], list[Any]]:
        database = open_for_writing(empty_database)
        await database.run(as_in_the_last_release)
        await database.close()
        await migrate(empty_database)
        return await rows_of(empty_database, segments), await rows_of(
            empty_database, presence_history
        )

    (segment,), (declared,) = asyncio.run(upgrade())
    assert (segment.call, segment.started_at) == ("ekc-1.1", MORNING)
    assert (declared.agent, declared.presence, declared.is_reachable) == (
        AgentId("op1"),
        Presence.READY,
        True,
    )


def test_a_store_that_no_engine_has_opened_is_said_to_be_so(empty_database: str) -> None:
    if empty_database.startswith("sqlite"):
        Path(empty_database.removeprefix("sqlite:///")).touch()
    with pytest.raises(StoreUnavailableError, match="ekc serve"):
        asyncio.run(read(empty_database))


def test_every_table_of_figures_is_migrated() -> None:
    assert {"presence_history", "statistics"} <= set(metadata.tables)
