"""
The log beside a real store, over the death of the engine at every moment that matters.

A life is: the store's database, the file, and everything between made anew; the journal offers
again what the store was not known to have.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from typing_extensions import override

from ekc_telephony.adapters.queue_log.file import QueueLogFile
from ekc_telephony.adapters.sql.appeal_store import SqlAppealStore
from ekc_telephony.adapters.sql.connection import open_for_writing
from ekc_telephony.adapters.sql.migrations import migrate
from ekc_telephony.adapters.sql.queue_log import SqlQueueLog
from ekc_telephony.core.call.facts import CallOutcome, Fact, SegmentOutcome
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import CallId
from ekc_telephony.runtime.ports import AppealStore, FactsRefusedError, StoreUnavailableError
from ekc_telephony.runtime.queue_log_feed import CallMemory, QueueLogFeed, Remembered
from tests.adapters.sql.conftest import (
    database,
    empty_database,
    start_postgresql,
)
from tests.core.queue_log_calls import (
    ANNA,
    BORIS,
    Story,
    after,
    bare,
    declares,
    in_order,
    ledger,
    lines,
)

__all__ = ["database", "empty_database", "start_postgresql"]
"""The databases are fixtures."""


def a_busy_minute() -> list[Fact]:
    """Tell three calls that overlap, and operators who come and go."""
    served = Story("ekc-1.1").enters(1).rings(ANNA, 1).rung(SegmentOutcome.NOT_ANSWERED, 4)
    served.rings(BORIS, 4).talks(BORIS, 6).parts(SegmentOutcome.CALLER_HUNG_UP, 40).ends(40)
    gone = Story("ekc-1.2", at=2).enters(3).leaves(SegmentOutcome.ABANDONED, 20)
    gone.ends(20, CallOutcome.ABANDONED_IN_QUEUE)
    late = Story("ekc-1.3", at=5).enters(7).rings(ANNA, 30).talks(ANNA, 33)
    late.parts(SegmentOutcome.AGENT_HUNG_UP, 50).ends(50)
    asked = Story("ekc-1.4", at=6).enters(9).rings(BORIS, 41).talks(BORIS, 42).asks(BORIS, ANNA, 43)
    asked.routed(BORIS, "anna", 52).has_asked(BORIS, ANNA, SegmentOutcome.TRANSFERRED, 52)
    asked.parts(SegmentOutcome.TRANSFERRED, 52).talks(ANNA, 52)
    asked.parts(SegmentOutcome.CALLER_HUNG_UP, 55).ends(55)
    sent = Story("ekc-1.5", at=7).enters(10).rings(ANNA, 51).talks(ANNA, 52)
    sent.routed(ANNA, "boris", 53).parts(SegmentOutcome.TRANSFERRED, 53).enters(53)
    sent.leaves(SegmentOutcome.ABANDONED, 57).ends(57)
    agents: list[Fact] = [
        declares(ANNA, Presence.READY, 0.1),
        declares(BORIS, Presence.READY, 0.2),
        declares(ANNA, Presence.NOT_READY, 4.1, NotReadyReason.NO_ANSWER),
        declares(ANNA, Presence.READY, 29),
        declares(BORIS, Presence.SIGNED_OUT, 45),
    ]
    return sorted([*in_order(served, gone, late, asked, sent), *agents], key=lambda fact: fact.at)


FACTS = a_busy_minute()
LINES = lines(FACTS)
GROUP = 4
MOSCOW = timezone(timedelta(hours=3))


class Life:
    """One engine's way to the log and the store."""

    def __init__(self, url: str, file: Path, *, began: datetime) -> None:
        self.store = SqlAppealStore(url)
        self.table = SqlQueueLog(url, node="ekc")
        self.file = QueueLogFile(file)
        self.feed = QueueLogFeed(
            ledger(),
            outputs=[self.file, self.table],
            memory=self.table,
            life_began_at=began,
            is_first=False,
        )
        self.logged = self.feed.beside(self.store)

    async def end(self) -> None:
        self.file.close()
        await self.table.close()
        await self.store.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    address = f"sqlite:///{tmp_path / 'ekc.sqlite'}"
    asyncio.run(migrate(address))
    return address


async def table_of(url: str) -> list[str]:
    """Return the table as lines, without the moment."""
    query = sa.text("SELECT callid, queuename, agent, event, data FROM queue_log ORDER BY id")
    database = open_for_writing(url)
    rows = await database.run(lambda connection: connection.execute(query).all())
    await database.close()
    return ["|".join(row) for row in rows]


def without_moment(written: Sequence[str]) -> list[str]:
    return [line.partition("|")[2] for line in written]


@pytest.mark.parametrize("died_after", range(0, len(FACTS), 2))
@pytest.mark.parametrize("where", ["before all", "after the file", "after the log", "after all"])
def test_whenever_the_engine_dies_file_and_table_have_every_row_once(
    url: str, tmp_path: Path, died_after: int, where: str
) -> None:
    path = tmp_path / "queue_log"

    async def story() -> None:
        first = Life(url, path, began=after(-1))
        for start in range(0, died_after, GROUP):
            await first.logged.write(FACTS[start : min(start + GROUP, died_after)])
        in_flight = FACTS[died_after : died_after + GROUP]
        match where:
            case "before all":
                pass
            case "after the file":  # the table and the store have nothing of it
                told = first.feed._ledger
                await first.file.append([row for fact in in_flight for row in told.rows(fact)])
            case "after the log":
                await first.feed.write(in_flight)
                await first.feed.settle()
            case _:
                await first.logged.write(in_flight)
        await first.end()
        second = Life(url, path, began=FACTS[min(died_after + GROUP, len(FACTS) - 1)].at)
        offered_again = FACTS[died_after:]
        for start in range(0, len(offered_again), GROUP + 1):
            await second.logged.write(offered_again[start : start + GROUP + 1])
        await second.end()
        assert path.read_text(encoding="utf-8").splitlines() == LINES
        assert await table_of(url) == without_moment(LINES)

    asyncio.run(story())


class Failing:
    """A store that fails as often as it is told to."""

    def __init__(self, store: AppealStore, failures: list[Exception]) -> None:
        self._store = store
        self._failures = failures
        self.declared_presences = store.declared_presences
        self.open_calls = store.open_calls

    async def write(self, facts: Sequence[Fact]) -> None:
        if self._failures:
            raise self._failures.pop(0)
        await self._store.write(facts)


def test_facts_offered_again_because_the_store_failed_make_no_rows_again(
    url: str, tmp_path: Path
) -> None:
    path = tmp_path / "queue_log"

    async def story() -> None:
        life = Life(url, path, began=after(-1))
        failures: list[Exception] = [
            StoreUnavailableError("down"),
            FactsRefusedError("no"),
            FactsRefusedError("no"),
        ]
        logged = life.feed.beside(Failing(life.store, failures))
        with pytest.raises(StoreUnavailableError):
            await logged.write(FACTS)
        with pytest.raises(FactsRefusedError):
            await logged.write(FACTS)
        half = len(FACTS) // 2
        with pytest.raises(FactsRefusedError):
            await logged.write(FACTS[:half])
        await logged.write(FACTS[:half])
        await logged.write(FACTS[half:])
        await life.end()

    asyncio.run(story())
    assert path.read_text(encoding="utf-8").splitlines() == LINES


class Forgetful(CallMemory):
    """A memory that does not answer at first."""

    def __init__(self, memory: CallMemory) -> None:
        self._memory = memory
        self.asked = 0

    @override
    async def remembered(self, calls: Collection[CallId], *, now: datetime) -> Remembered:
        self.asked += 1
        if self.asked == 1:
            raise StoreUnavailableError("not yet")
        return await self._memory.remembered(calls, now=now)


def test_no_row_is_made_before_the_store_has_been_asked_and_then_it_is_asked_once(
    url: str, tmp_path: Path
) -> None:
    path = tmp_path / "queue_log"

    async def story() -> int:
        life = Life(url, path, began=after(0))
        memory = Forgetful(life.table)
        feed = QueueLogFeed(
            ledger(),
            outputs=[life.file],
            memory=memory,
            life_began_at=after(0),
            is_first=True,
        )
        logged = feed.beside(life.store)
        with pytest.raises(StoreUnavailableError):
            await logged.write(FACTS[:GROUP])
        for start in range(0, len(FACTS), GROUP):
            await logged.write(FACTS[start : start + GROUP])
        await life.end()
        return memory.asked

    assert asyncio.run(story()) == 2
    written = path.read_text(encoding="utf-8").splitlines()
    assert bare(written)[0] == "QUEUESTART|"
    assert written[1:] == LINES


@pytest.mark.parametrize(
    ("presence", "begins_with"),
    [(Presence.READY, "DID|88001000001"), (Presence.SIGNED_OUT, "QUEUESTART|")],
)
def test_queues_begin_anew_when_nobody_is_there(
    url: str, tmp_path: Path, presence: Presence, begins_with: str
) -> None:
    path = tmp_path / "queue_log"

    async def story() -> None:
        life = Life(url, tmp_path / "before", began=after(-9))
        await life.logged.write([declares(ANNA, presence, -2)])
        await life.end()
        life = Life(url, path, began=after(0))
        feed = QueueLogFeed(
            ledger(),
            outputs=[life.file],
            memory=life.table,
            life_began_at=after(0),
            is_first=True,
        )
        await feed.beside(life.store).write(Story("ekc-1.1").enters(1).facts)
        await life.end()

    asyncio.run(story())
    assert bare(path.read_text(encoding="utf-8").splitlines())[0] == begins_with


def test_the_table_has_asterisks_columns_by_the_clock_on_the_wall(database: str) -> None:
    async def story() -> None:
        table = SqlQueueLog(database, node="ekc", zone=MOSCOW)
        told = ledger()
        story = Story("ekc-1.1").enters(0.25).rings(ANNA, 1).talks(ANNA, 3)
        rows = [row for fact in story.facts for row in told.rows(fact)]
        await table.append(rows)
        await table.append(rows)  # they are there
        await table.close()

    def read(connection: sa.Connection) -> list[tuple[object, ...]]:
        columns = "callid, queuename, agent, event, data, data1, data2, data3, data4, data5"
        query = sa.text(f"SELECT time, {columns} FROM queue_log ORDER BY id").columns(
            time=sa.DateTime
        )
        return [tuple(row) for row in connection.execute(query)]

    async def found() -> list[tuple[object, ...]]:
        reading = open_for_writing(database)
        rows = await reading.run(read)
        await reading.close()
        return rows

    asyncio.run(story())
    on_the_wall = (after(0.25) + timedelta(hours=3)).replace(tzinfo=None)
    call = ("ekc-1.1", "hotline")
    number = "+79001234567"
    assert asyncio.run(found()) == [
        (on_the_wall, *call, "NONE", "DID", "88001000001", "88001000001", *[""] * 4),
        (on_the_wall, *call, "NONE", "ENTERQUEUE", f"|{number}|1", "", number, "1", "", ""),
        (
            (after(3) + timedelta(hours=3)).replace(tzinfo=None),
            *(*call, "PJSIP/anna", "CONNECT"),
            *("3|ekc-1.1-offer-1|2", "3", "ekc-1.1-offer-1", "2", "", ""),
        ),
    ]


def test_what_is_remembered_are_calls_that_go_on_and_who_stood_before_them(database: str) -> None:
    long_ago = Story("ekc-1.1", at=-7200).enters(-7200).leaves(SegmentOutcome.ABANDONED, -7100)
    before = Story("ekc-1.2", at=-60).enters(-60).leaves(SegmentOutcome.ABANDONED, 3)
    unseen = Story("ekc-1.3", at=-60).enters(-60).leaves(SegmentOutcome.ABANDONED, -2)
    goes_on = Story("ekc-1.4").enters(1)
    of_another_node = Story("ekc-2-1.5").enters(2)
    for over in (long_ago, before, unseen):
        over.ends(4, CallOutcome.ABANDONED_IN_QUEUE)

    async def story() -> Remembered:
        store, table = SqlAppealStore(database), SqlQueueLog(database, node="ekc")
        facts = in_order(long_ago, before, unseen, goes_on, of_another_node)
        await store.write([*facts, declares(ANNA, Presence.READY, 2)])
        found = await table.remembered([CallId("ekc-1.1")], now=after(9))
        await store.close()
        await table.close()
        return found

    found = asyncio.run(story())
    assert {call.call: call.is_over for call in found.calls} == {
        "ekc-1.1": True,
        "ekc-1.2": True,
        "ekc-1.4": False,
    }
    (call,) = [each for each in found.calls if each.call == "ekc-1.4"]
    assert call.last_sequence == 4
    assert [each.ended_at for each in call.segments] == [None]
    assert found.declared[ANNA].since == after(2)
    told = ledger()
    told.recall(found.calls, found.declared)
    goes_on.leaves(SegmentOutcome.ABANDONED, 9)
    assert bare(lines(goes_on.facts, told)) == ["ABANDON|1|2|8"]
