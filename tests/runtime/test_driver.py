"""The driver hands every event and every due moment to the core, in order, and never waits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from ekc_telephony.core.call.commands import HangUpLeg
from ekc_telephony.core.call.events import ControlLost, Event, KeyPressed
from ekc_telephony.core.engine.engine import Effect
from ekc_telephony.core.kernel.ids import CallId, LegId
from ekc_telephony.runtime.driver import Driver
from tests.virtual_time import EPOCH, VirtualClock, run_virtual

MINUTE = timedelta(minutes=1)


class Diary:
    """A core that notes what it is told and wants to be asked every minute, three times."""

    def __init__(self) -> None:
        self.entries: list[tuple[timedelta, str]] = []
        self.minutes_left = 3
        self.times_asked = 0
        self.due: datetime | None = EPOCH + MINUTE

    def handle(self, event: Event, now: datetime) -> list[Effect]:
        self.entries.append((now - EPOCH, type(event).__name__))
        return [HangUpLeg(call=CallId("a"), leg=LegId("a"))]

    def next_deadline(self) -> datetime | None:
        return self.due

    def on_time(self, now: datetime) -> list[Effect]:
        self.times_asked += 1
        if self.due is not None and now >= self.due:
            self.entries.append((now - EPOCH, "due"))
            self.minutes_left -= 1
            self.due = self.due + MINUTE if self.minutes_left else None
        return []


def _drive(diary: Diary, deliveries: list[tuple[timedelta, Event]]) -> list[Effect]:
    submitted: list[Effect] = []

    async def story() -> None:
        driver = Driver(diary, submit=submitted.extend, clock=VirtualClock())
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(driver.run())
            for after, event in deliveries:
                await asyncio.sleep(after.total_seconds())
                driver.deliver(event)
            await asyncio.sleep(600)
            assert driver.backlog == 0
            assert driver.events_handled == len(deliveries)
            running.cancel()

    run_virtual(story())
    return submitted


def test_deadlines_are_met_to_the_moment() -> None:
    diary = Diary()
    _drive(diary, [])
    assert diary.entries == [(MINUTE, "due"), (2 * MINUTE, "due"), (3 * MINUTE, "due")]


def test_time_passes_for_the_core_only_when_something_is_due() -> None:
    diary = Diary()
    _drive(diary, [(timedelta(seconds=1), ControlLost())] * 30)
    assert diary.times_asked == 3


def test_events_are_handled_when_they_come_and_what_is_due_goes_first() -> None:
    diary = Diary()
    key = KeyPressed(leg=LegId("a"), key="1")
    submitted = _drive(
        diary, [(timedelta(seconds=30), key), (timedelta(seconds=30), ControlLost())]
    )
    assert diary.entries[:3] == [
        (timedelta(seconds=30), "KeyPressed"),
        (MINUTE, "due"),
        (MINUTE, "ControlLost"),
    ]
    assert len(submitted) == 2


def test_an_event_delivered_while_another_is_handled_waits_for_its_turn() -> None:
    diary = Diary()
    echoes = [ControlLost()]

    async def story() -> None:
        def submit(effects: Sequence[Effect]) -> None:
            if effects and echoes:
                driver.deliver(echoes.pop())
                assert driver.backlog == 1

        driver = Driver(diary, submit=submit, clock=VirtualClock())
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(driver.run())
            await asyncio.sleep(1)
            driver.deliver(KeyPressed(leg=LegId("a"), key="1"))
            assert driver.backlog == 0
            running.cancel()

    run_virtual(story())
    assert [what for _, what in diary.entries] == ["KeyPressed", "ControlLost"]


def test_events_delivered_before_it_runs_are_handled_when_it_does() -> None:
    diary = Diary()

    async def story() -> None:
        driver = Driver(diary, submit=lambda _: None, clock=VirtualClock())
        driver.deliver(ControlLost())
        assert diary.entries == []
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(driver.run())
            await asyncio.sleep(1)
            running.cancel()

    run_virtual(story())
    assert diary.entries == [(timedelta(0), "ControlLost")]


def test_a_deadline_that_an_event_brings_forward_is_met() -> None:
    diary = Diary()
    diary.due = EPOCH + timedelta(hours=1)

    async def story() -> None:
        def submit(effects: Sequence[Effect]) -> None:
            if effects:
                diary.due = EPOCH + MINUTE
                diary.minutes_left = 1

        driver = Driver(diary, submit=submit, clock=VirtualClock())
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(driver.run())
            await asyncio.sleep(1)
            driver.deliver(ControlLost())
            await asyncio.sleep(600)
            running.cancel()

    run_virtual(story())
    assert diary.entries[1:] == [(MINUTE, "due")]
