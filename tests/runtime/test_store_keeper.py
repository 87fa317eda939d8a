"""A store that does not answer at the start keeps no caller out and loses no fact."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from typing_extensions import override

from ekc_telephony.core.call.events import CallsLeftOpen, Event, OpenCall, PresenceDeclared
from ekc_telephony.core.call.facts import CallRegistered, Fact
from ekc_telephony.core.call.presence import Presence
from ekc_telephony.core.kernel.ids import AgentId, AppealId, CallId, Did
from ekc_telephony.runtime.fact_writer import FactWriter
from ekc_telephony.runtime.ports import StoreUnavailableError
from ekc_telephony.runtime.store_keeper import StoreKeeper
from tests.virtual_time import EPOCH, VirtualClock, run_virtual

DECLARED = PresenceDeclared(agent=AgentId("ivanova"), presence=Presence.READY)
LEFT = OpenCall(call=CallId("ekc-1.1"), registered_at=EPOCH, was_answered=True)
TOLD = [DECLARED, CallsLeftOpen(calls=(LEFT,))]
FACT = CallRegistered(
    call=CallId("a"),
    sequence=1,
    at=EPOCH,
    appeal=AppealId("a"),
    did=Did("100"),
    number=None,
    script=None,
)


class LateStore:
    """Answers from a given second on."""

    def __init__(self, *, from_second: float) -> None:
        self._from_second = from_second
        self.facts: list[Fact] = []

    def _answer(self) -> None:
        if asyncio.get_running_loop().time() < self._from_second:
            raise StoreUnavailableError("it is away")

    async def prepare(self) -> None:
        self._answer()

    async def write(self, facts: Sequence[Fact]) -> None:
        self._answer()
        self.facts += facts

    async def declared_presences(self) -> Sequence[PresenceDeclared]:
        return [DECLARED]

    async def open_calls(self, node: str) -> Sequence[OpenCall]:
        assert node == "ekc"
        assert not self.facts, "calls of this life are not left open by an earlier one"
        self._answer()
        return [LEFT]


def _keep(store: LateStore, folder: Path, *, patience: timedelta) -> tuple[bool, list[Event]]:
    delivered: list[Event] = []

    async def story() -> bool:
        writer = FactWriter(store, clock=VirtualClock(), set_aside=folder / "aside")
        keeper = StoreKeeper(
            prepare=store.prepare,
            store=store,
            writer=writer,
            deliver=delivered.append,
            node="ekc",
        )
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(keeper.run())
            is_ready = await keeper.wait_ready(patience)
            assert (keeper.trouble is None) == is_ready
            writer.record(FACT)
            await asyncio.sleep(60)
            assert keeper.trouble is None
            running.cancel()
        return is_ready

    return run_virtual(story()), delivered


def test_a_store_that_answers_is_ready_at_once_with_what_was_left_behind(tmp_path: Path) -> None:
    store = LateStore(from_second=0)
    assert _keep(store, tmp_path, patience=timedelta(seconds=3)) == (True, TOLD)
    assert store.facts == [FACT]


def test_the_start_waits_no_longer_than_its_patience_and_nothing_is_lost(tmp_path: Path) -> None:
    store = LateStore(from_second=30)
    assert _keep(store, tmp_path, patience=timedelta(seconds=3)) == (False, TOLD)
    assert store.facts == [FACT]


class ForgetfulStore(LateStore):
    """Tells presences at once, and the calls left open from a given second on."""

    @override
    async def prepare(self) -> None:
        pass


def test_a_store_that_falls_silent_in_the_middle_has_told_everything_once(tmp_path: Path) -> None:
    store = ForgetfulStore(from_second=30)
    assert _keep(store, tmp_path, patience=timedelta(seconds=3)) == (False, TOLD)


def test_a_store_that_falls_silent_later_is_trouble_until_it_is_back(tmp_path: Path) -> None:
    async def story() -> None:
        store = LateStore(from_second=0)
        writer = FactWriter(store, clock=VirtualClock(), set_aside=tmp_path / "aside")
        keeper = StoreKeeper(
            prepare=store.prepare,
            store=store,
            writer=writer,
            deliver=lambda _: None,
            node="ekc",
        )
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(keeper.run())
            await keeper.wait_ready(timedelta(seconds=3))
            store._from_second = 100
            await asyncio.sleep(40)
            writer.record(FACT)
            await asyncio.sleep(30)
            assert keeper.trouble is not None
            assert "1 wait" in keeper.trouble
            await asyncio.sleep(60)
            assert keeper.trouble is None
            assert store.facts == [FACT]
            running.cancel()

    run_virtual(story())
