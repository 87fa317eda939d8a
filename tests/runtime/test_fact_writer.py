"""The recorder, in virtual time, with a store that can be told to fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.call.events import OpenCall, PresenceDeclared
from ekc_telephony.core.call.facts import CallEnded, CallOutcome, Fact
from ekc_telephony.core.kernel.ids import CallId
from ekc_telephony.runtime.fact_writer import GROUP_LIMIT, FactWriter
from ekc_telephony.runtime.ports import FactsRefusedError, StoreUnavailableError
from tests.virtual_time import EPOCH, VirtualClock, run_virtual


class FakeStore:
    """Keeps batches; refuses facts numbered in `poison`, and everything while it is down."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.poison: set[int] = set()
        self.down_until = 0.0
        self.takes_seconds = 0.0
        self.attempts: list[float] = []

    async def write(self, facts: Sequence[Fact]) -> None:
        now = asyncio.get_running_loop().time()
        self.attempts.append(now)
        await asyncio.sleep(self.takes_seconds)
        if now < self.down_until:
            raise StoreUnavailableError("The store is down.")
        numbers = [number_of(fact) for fact in facts]
        if self.poison & set(numbers):
            raise FactsRefusedError("The store refuses the facts.")
        self.batches.append(numbers)

    async def declared_presences(self) -> Sequence[PresenceDeclared]:
        return []

    async def open_calls(self, node: str) -> Sequence[OpenCall]:
        del node
        return []

    @property
    def written(self) -> list[int]:
        return [number for batch in self.batches for number in batch]


def fact(number: int) -> Fact:
    return CallEnded(
        call=CallId("ekc-1.1"),
        sequence=number,
        at=EPOCH,
        outcome=CallOutcome.SHORT,
        registered_at=EPOCH,
    )


def number_of(fact: Fact) -> int:
    assert isinstance(fact, CallEnded)
    return fact.sequence


@asynccontextmanager
async def running_writer(store: FakeStore, folder: Path) -> AsyncIterator[FactWriter]:
    writer = FactWriter(store, clock=VirtualClock(), set_aside=folder / "set-aside.jsonl")
    running = asyncio.create_task(writer.run())
    yield writer
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def letters_in(folder: Path) -> list[int]:
    lines = (folder / "set-aside.jsonl").read_text().splitlines()
    return [json.loads(line)["fields"]["sequence"] for line in lines]


def test_facts_wait_a_quarter_of_a_second_for_company(tmp_path: Path) -> None:
    async def story() -> None:
        store = FakeStore()
        async with running_writer(store, tmp_path) as writer:
            writer.record(fact(1))
            await asyncio.sleep(0.15)
            writer.record(fact(2))
            assert writer.backlog_size == 2
            await asyncio.sleep(0.15)
            writer.record(fact(3))
            await asyncio.sleep(0.5)
        assert store.batches == [[1, 2], [3]]
        assert store.attempts == pytest.approx([0.25, 0.55])
        assert writer.batches_written == 2

    run_virtual(story())


def test_a_full_group_does_not_wait(tmp_path: Path) -> None:
    async def story() -> None:
        store = FakeStore()
        async with running_writer(store, tmp_path) as writer:
            for number in range(GROUP_LIMIT * 2 + 1):
                writer.record(fact(number))
            await asyncio.sleep(0.01)
            assert [len(batch) for batch in store.batches] == [GROUP_LIMIT, GROUP_LIMIT]
            await asyncio.sleep(0.25)
        assert store.written == list(range(GROUP_LIMIT * 2 + 1))

    run_virtual(story())


def test_facts_outlive_a_store_that_is_away_for_half_an_hour(tmp_path: Path) -> None:
    async def story() -> None:
        store = FakeStore()
        store.down_until = 1800
        async with running_writer(store, tmp_path) as writer:
            for number in range(3000):
                writer.record(fact(number))
                await asyncio.sleep(0.6)
            assert writer.backlog_size == 3000
            assert writer.oldest_age() == timedelta(seconds=1800)
            assert 300 < writer.failures < 400  # the pauses grow to five seconds and no further
            await asyncio.sleep(10)
            assert writer.backlog_size == 0
            assert writer.oldest_age() == timedelta()
        assert store.written == list(range(3000))

    run_virtual(story())


def test_a_poisonous_fact_costs_itself_only(tmp_path: Path) -> None:
    async def story() -> None:
        store = FakeStore()
        store.poison = {7, 93}
        async with running_writer(store, tmp_path) as writer:
            for number in range(100):
                writer.record(fact(number))
            await asyncio.sleep(1)
            assert writer.facts_set_aside == 2
            assert writer.backlog_size == 0
        assert store.written == [number for number in range(100) if number not in {7, 93}]
        assert letters_in(tmp_path) == [7, 93]
        assert (tmp_path / "set-aside.jsonl").stat().st_mode & 0o777 == 0o600

    run_virtual(story())


def test_a_full_disk_keeps_the_letters_until_there_is_room(tmp_path: Path) -> None:
    folder = tmp_path / "not there yet"

    async def story() -> None:
        store = FakeStore()
        store.poison = {1, 2}
        async with running_writer(store, folder) as writer:
            writer.record(fact(1))
            await asyncio.sleep(1)
            folder.mkdir()
            writer.record(fact(2))
            await asyncio.sleep(1)

    run_virtual(story())
    assert letters_in(folder) == [1, 2]


def test_draining_writes_what_is_left_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        store = FakeStore()
        async with running_writer(store, tmp_path) as writer:
            for number in range(700):
                writer.record(fact(number))
            left = await writer.drain(timedelta(seconds=1))
            assert (left, asyncio.get_running_loop().time()) == (0, 0)
        assert store.written == list(range(700))

    run_virtual(story())


def test_draining_into_a_dead_store_leaves_the_facts_to_the_journal(tmp_path: Path) -> None:
    async def story() -> None:
        store = FakeStore()
        store.down_until = 1e9
        async with running_writer(store, tmp_path) as writer:
            for number in range(3):
                writer.record(fact(number))
            await asyncio.sleep(1)
            assert await writer.drain(timedelta(seconds=2)) == 3
            assert writer.facts_set_aside == 0

    run_virtual(story())


def test_draining_when_nothing_waits_returns_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with running_writer(FakeStore(), tmp_path) as writer:
            assert await writer.drain(timedelta(seconds=2)) == 0

    run_virtual(story())


def test_recording_never_waits_for_a_slow_store(tmp_path: Path) -> None:
    async def story() -> None:
        store = FakeStore()
        store.takes_seconds = 30
        async with running_writer(store, tmp_path) as writer:
            for number in range(20):
                writer.record(fact(number))
                await asyncio.sleep(1)
            assert asyncio.get_running_loop().time() == pytest.approx(20)
            await asyncio.sleep(70)
        assert store.written == list(range(20))

    run_virtual(story())


@given(
    pauses=st.lists(st.sampled_from([0.0, 0.01, 0.2]), min_size=1, max_size=60),
    poison=st.sets(st.integers(0, 59), max_size=5),
    down_until=st.sampled_from([0.0, 0.1, 3.0]),
    takes_seconds=st.sampled_from([0.0, 0.07]),
)
def test_every_fact_ends_in_the_store_or_in_the_file_and_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    pauses: list[float],
    poison: set[int],
    down_until: float,
    takes_seconds: float,
) -> None:
    folder = tmp_path_factory.mktemp("letters")
    store = FakeStore()
    store.poison, store.down_until, store.takes_seconds = poison, down_until, takes_seconds

    async def story() -> None:
        async with running_writer(store, folder) as writer:
            for number, pause in enumerate(pauses):
                writer.record(fact(number))
                await asyncio.sleep(pause)
            await writer.drain(timedelta(minutes=1))

    run_virtual(story())
    numbers = range(len(pauses))
    assert store.written == [number for number in numbers if number not in poison]
    refused = [number for number in numbers if number in poison]
    if refused:
        assert letters_in(folder) == refused
