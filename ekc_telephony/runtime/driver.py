"""
The one loop between the world and the core.

Everything that happens is put into the inbox by `deliver`, which never waits. The loop takes it
out, hands it to the core with the present moment, and submits what comes back. Commands are only
*submitted* here: their outcome returns through the inbox as an event, so this loop never waits for
Asterisk, the store or anything else.

Rule 1: due moments go first, or a busy inbox would starve them.
Rule 2: events are handled one at a time, in the order in which they were delivered.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from ekc_telephony.core.call.events import Event
from ekc_telephony.core.engine.engine import Effect
from ekc_telephony.runtime.ports import Clock


class Core(Protocol):
    """What turns events and the passing of time into effects."""

    def handle(self, event: Event, now: datetime) -> list[Effect]:
        """Apply one event."""
        ...

    def next_deadline(self) -> datetime | None:
        """Return when `on_time` is next due."""
        ...

    def on_time(self, now: datetime) -> list[Effect]:
        """Let time pass."""
        ...


class Driver:
    """
    Drive a core.

    Args:
        core: The core.
        submit: Takes each effect; must not wait.
        clock: The time.
    """

    def __init__(self, core: Core, *, submit: Callable[[Effect], None], clock: Clock) -> None:
        self._core = core
        self._submit = submit
        self._clock = clock
        self._inbox: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self.events_handled = 0

    @property
    def backlog(self) -> int:
        """How many events wait to be handled."""
        return len(self._inbox)

    def deliver(self, event: Event) -> None:
        """Put an event into the inbox; callable from any task of the loop."""
        self._inbox.append(event)
        self._arrived.set()

    async def run(self) -> None:
        """Drive until cancelled."""
        while True:
            await self._until_something_is_due()
            moment = self._clock.now()
            self._submit_all(self._core.on_time(moment))
            while self._inbox:
                event = self._inbox.popleft()
                self.events_handled += 1
                self._submit_all(self._core.handle(event, moment))

    def _submit_all(self, effects: list[Effect]) -> None:
        for effect in effects:
            self._submit(effect)

    async def _until_something_is_due(self) -> None:
        """Wait for an event or for the core's next deadline."""
        if not self._inbox:
            self._arrived.clear()
            deadline = self._core.next_deadline()
            patience = None
            if deadline is not None:
                patience = max(0.0, (deadline - self._clock.now()).total_seconds())
            try:
                async with asyncio.timeout(patience):
                    await self._arrived.wait()
            except TimeoutError:
                pass
