"""The tables that facts leave behind, and how the store behaves when the database does not."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from ekc_telephony.adapters.sql.appeal_store import SqlAppealStore
from ekc_telephony.adapters.sql.connection import StoreUrlError, open_for_writing, store_url
from ekc_telephony.adapters.sql.migrations import migrate
from ekc_telephony.adapters.sql.models import UtcMoment, calls
from ekc_telephony.adapters.sql.queries import AppealHistory, AppealQueries
from ekc_telephony.core.call.facts import (
    CallEnded,
    CallOutcome,
    CallRegistered,
    Fact,
    SegmentEnded,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.kernel.ids import AppealId
from ekc_telephony.runtime.ports import FactsRefusedError, StoreUnavailableError
from lab.waiting import PATIENCE as HANGS
from tests.adapters.sql.stories import MORNING, call_story, taken_over_story

PATIENCE = timedelta(seconds=2)
"""In vain it is waited out; afterwards it must suffice on a busy machine."""


async def _written(url: str, facts: Sequence[Fact], *, patience_s: float = 10) -> None:
    store = SqlAppealStore(url, patience=timedelta(seconds=patience_s))
    try:
        await store.write(facts)
    finally:
        await store.close()


async def _history(url: str, appeal: str) -> AppealHistory:
    queries = AppealQueries(url)
    found = await queries.find(AppealId(appeal))
    await queries.close()
    assert found is not None
    return found


def test_an_answered_call_is_told_as_it_went(database: str) -> None:
    asyncio.run(_written(database, call_story("ekc-1.1")))
    history = asyncio.run(_history(database, "E-ekc-1.1"))
    (call,) = history.calls
    assert call.summary.outcome is CallOutcome.ANSWERED
    assert call.summary.answered_at == MORNING + timedelta(seconds=12)
    assert (call.summary.queue, call.summary.agent) == ("first-line", "op1")
    assert [(part.kind, part.outcome) for part in call.segments] == [
        (SegmentKind.IVR, SegmentOutcome.COMPLETED),
        (SegmentKind.WAITING, SegmentOutcome.COMPLETED),
        (SegmentKind.OFFER, SegmentOutcome.ACCEPTED),
        (SegmentKind.TALK, SegmentOutcome.CALLER_HUNG_UP),
        (SegmentKind.WRAP_UP, SegmentOutcome.TIME_IS_UP),
    ]
    assert call.segments[3].recording == "ekc-1.1-4"
    assert [fault.detail for fault in call.faults] == ["hello", "ekc-1.1-4: no space left"]


def test_a_recording_that_starts_in_a_later_batch_finds_its_conversation(database: str) -> None:
    async def story() -> None:
        for fact in call_story("ekc-1.1"):
            await _written(database, [fact])

    asyncio.run(story())
    (call,) = asyncio.run(_history(database, "E-ekc-1.1")).calls
    assert call.segments[3].recording == "ekc-1.1-4"


def _told(database: str, facts: Sequence[Fact]) -> list[tuple[int, SegmentKind, object, object]]:
    """Write the facts one by one and return number, kind, outcome and end of every segment."""

    async def story() -> None:
        for fact in facts:
            await _written(database, [fact])

    asyncio.run(story())
    (call,) = asyncio.run(_history(database, "E-ekc-1.1")).calls
    return sorted(
        ((part.segment, part.kind, part.outcome, part.ended_at) for part in call.segments),
        key=lambda each: each[0],
    )


def test_what_an_earlier_engine_left_open_ends_broken_with_the_call(database: str) -> None:
    told = _told(database, taken_over_story("ekc-1.1", open_after=9))
    ended = next(
        each.at for each in taken_over_story("ekc-1.1", open_after=0) if isinstance(each, CallEnded)
    )
    assert [each[:3] for each in told] == [
        (1, SegmentKind.IVR, SegmentOutcome.COMPLETED),
        (2, SegmentKind.WAITING, SegmentOutcome.COMPLETED),
        (3, SegmentKind.OFFER, SegmentOutcome.ACCEPTED),
        (4, SegmentKind.TALK, SegmentOutcome.BROKEN),
        (62_001, SegmentKind.IVR, SegmentOutcome.COMPLETED),
        (62_002, SegmentKind.WAITING, SegmentOutcome.COMPLETED),
        (62_003, SegmentKind.OFFER, SegmentOutcome.ACCEPTED),
        (62_004, SegmentKind.TALK, SegmentOutcome.CALLER_HUNG_UP),
        (62_005, SegmentKind.WRAP_UP, SegmentOutcome.TIME_IS_UP),
    ]
    assert told[3][3] == ended


def test_the_wrap_up_of_a_call_taken_over_goes_on_when_the_call_has_ended(database: str) -> None:
    story = taken_over_story("ekc-1.1", open_after=2)
    *before, wrap_up_ended, call_ended = story
    assert isinstance(wrap_up_ended, SegmentEnded)
    told = _told(database, [*before, call_ended])
    assert told[0][:3] == (1, SegmentKind.IVR, SegmentOutcome.BROKEN)
    assert told[-1] == (62_005, SegmentKind.WRAP_UP, None, None)


def test_a_call_that_ends_where_it_began_leaves_its_wrap_up_going_on(database: str) -> None:
    *before, _, call_ended = call_story("ekc-1.1")
    assert _told(database, [*before, call_ended])[-1] == (5, SegmentKind.WRAP_UP, None, None)


def test_moments_come_back_aware_and_to_the_microsecond(database: str) -> None:
    at = MORNING.replace(microsecond=123456)
    asyncio.run(_written(database, call_story("ekc-1.1", at=at)))
    history = asyncio.run(_history(database, "E-ekc-1.1"))
    assert history.opened_at == at
    assert history.opened_at.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused() -> None:
    dialect = sa.make_url("sqlite://").get_dialect()()
    with pytest.raises(ValueError, match="without a time zone"):
        UtcMoment().process_bind_param(MORNING.replace(tzinfo=None), dialect)


def test_a_caller_with_an_impossible_number_still_gets_his_appeal(database: str) -> None:
    asyncio.run(_written(database, call_story("ekc-1.1", number="a\x00b\ud800")))
    assert asyncio.run(_history(database, "E-ekc-1.1")).number == "a\ufffdb\ufffd"


@pytest.mark.parametrize("first", [1, -1])
def test_a_fact_about_a_call_nobody_registered_is_refused_not_lost(
    database: str, first: int
) -> None:
    facts = call_story("ekc-1.1")[first:]
    with pytest.raises(FactsRefusedError):
        asyncio.run(_written(database, facts))


def test_a_value_that_no_column_holds_is_refused_without_being_shown(database: str) -> None:
    registered = call_story("ekc-1.1")[0]
    assert isinstance(registered, CallRegistered)
    with pytest.raises(FactsRefusedError) as refusal:
        asyncio.run(_written(database, [replace(registered, sequence=2**70)]))
    assert "7900" not in str(refusal.value)


def test_a_refused_batch_leaves_nothing_behind(database: str) -> None:
    good, bad = call_story("ekc-1.1"), call_story("ekc-1.2")[1:]
    with pytest.raises(FactsRefusedError):
        asyncio.run(_written(database, [*good, *bad]))

    async def find() -> AppealHistory | None:
        queries = AppealQueries(database)
        found = await queries.find(AppealId("E-ekc-1.1"))
        await queries.close()
        return found

    assert asyncio.run(find()) is None


@pytest.mark.parametrize("outcome", ["unknown", None])
def test_a_call_cannot_end_without_an_outcome_of_the_list(
    database: str, outcome: str | None
) -> None:
    async def spoil() -> None:
        connection = open_for_writing(database)
        value = "NULL" if outcome is None else f"'{outcome}'"
        try:
            await connection.run(
                lambda db: db.exec_driver_sql(f"UPDATE calls SET outcome = {value}")
            )
        finally:
            await connection.close()

    asyncio.run(_written(database, call_story("ekc-1.1")))
    with pytest.raises(sa.exc.IntegrityError):
        asyncio.run(spoil())


def test_a_locked_sqlite_is_unavailable_in_good_time_and_well_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "ekc.sqlite"
    url = f"sqlite:///{file}"

    async def story() -> None:
        await migrate(url)
        store = SqlAppealStore(url, patience=PATIENCE)
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with asyncio.timeout(HANGS.total_seconds()):
                with pytest.raises(StoreUnavailableError, match="locked"):
                    await store.write(call_story("ekc-1.1"))
        await store.write(call_story("ekc-1.1"))
        await store.close()

    asyncio.run(story())
    assert asyncio.run(_history(url, "E-ekc-1.1")).number == "+79001234567"


def test_a_postgresql_that_hangs_does_not_hang_the_writer(
    start_postgresql: Callable[[], str],
) -> None:
    url = start_postgresql()

    async def story() -> None:
        await migrate(url)
        store = SqlAppealStore(url, patience=PATIENCE)
        blocker = create_async_engine(url)
        async with blocker.begin() as other:
            await other.exec_driver_sql("LOCK TABLE appeals IN ACCESS EXCLUSIVE MODE")
            async with asyncio.timeout(HANGS.total_seconds()):
                with pytest.raises(StoreUnavailableError):
                    await store.write(call_story("ekc-9.1"))
        await store.write(call_story("ekc-9.1"))
        await store.close()
        await blocker.dispose()

    asyncio.run(story())
    assert asyncio.run(_history(url, "E-ekc-9.1")).calls


def test_a_disk_that_hangs_does_not_hang_the_writer(tmp_path: Path) -> None:
    """SQLite's thread stands still; the writer is told so, again and again, until it moves."""
    url = f"sqlite:///{tmp_path / 'ekc.sqlite'}"
    disk_moves = threading.Event()

    async def story() -> None:
        await migrate(url)
        store = SqlAppealStore(url, patience=PATIENCE)
        stuck = asyncio.ensure_future(
            store._database.run(lambda _: disk_moves.wait(HANGS.total_seconds()))
        )
        for _ in range(2):
            async with asyncio.timeout(HANGS.total_seconds()):
                with pytest.raises(StoreUnavailableError, match="did not answer within"):
                    await store.write(call_story("ekc-1.1"))
        disk_moves.set()
        await stuck
        await store.write(call_story("ekc-1.1"))
        await store.close()

    asyncio.run(story())
    assert asyncio.run(_history(url, "E-ekc-1.1")).calls


def test_a_server_that_is_not_there_is_unavailable() -> None:
    url = "postgresql://ekc@127.0.0.1:24099/ekc"
    with pytest.raises(StoreUnavailableError, match="cannot be reached"):
        asyncio.run(_written(url, call_story("ekc-1.1")))


def test_tables_that_are_not_there_are_unavailable_not_refused(empty_database: str) -> None:
    with pytest.raises(StoreUnavailableError) as error:
        asyncio.run(_written(empty_database, call_story("ekc-1.1")))
    assert not isinstance(error.value, FactsRefusedError)


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("no address", "not understood"),
        ("mysql://ekc@localhost/ekc", "expected sqlite or postgresql"),
        ("sqlite://", "would live in memory"),
        ("sqlite:///:memory:", "would live in memory"),
    ],
)
def test_an_address_that_cannot_be_used_says_what_is_expected(address: str, complaint: str) -> None:
    with pytest.raises(StoreUrlError, match=complaint):
        store_url(address)


def test_the_shown_address_has_no_password() -> None:
    database = open_for_writing("postgresql://ekc:secret@localhost/ekc")
    assert "secret" not in database.address


def test_columns_of_calls_that_lists_search_by_have_indexes() -> None:
    searched = {next(column.name for column in index.columns) for index in calls.indexes}
    assert {"registered_at", "number", "outcome"} <= searched
