"""The driver hands every event and every due moment to the core, in order, and never waits."""

from __future__ import annotations

import asyncio
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
        self.due: datetime | None = EPOCH + MINUTE

    def handle(self, event: Event, now: datetime) -> list[Effect]:
        self.entries.append((now - EPOCH, type(event).__name__))
        return [HangUpLeg(call=CallId("a"), leg=LegId("a"))]

    def next_deadline(self) -> datetime | None:
        return self.due

    def on_time(self, now: datetime) -> list[Effect]:
        if self.due is not None and now >= self.due:
            self.entries.append((now - EPOCH, "due"))
            self.minutes_left -= 1
            self.due = self.due + MINUTE if self.minutes_left else None
        return []


def _drive(diary: Diary, deliveries: list[tuple[timedelta, Event]]) -> list[Effect]:
    submitted: list[Effect] = []

    async def story() -> None:
        driver = Driver(diary, submit=submitted.append, clock=VirtualClock())
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
