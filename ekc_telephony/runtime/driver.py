"""
The one loop between the world and the core.

Everything that happens is put into the inbox by `deliver`; it is handed to the core at once, with
the present moment, and what comes back is submitted. Commands are only *submitted* here: their
outcome returns through the inbox as an event, so nothing here ever waits for Asterisk or the store.

Working inside `deliver` spares every event a turn of the event loop (measured: a tenth of a
millisecond between a caller's arrival and his operator's ringing). When the core is due next is
asked a turn later, when the commands are on their way.

Rule 1: due moments go first, or a busy inbox would starve them. When nothing is due, the core is
not asked to let time pass.
Rule 2: events are handled one at a time, in the order in which they were delivered; one delivered
while another is being handled waits for its turn.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from ekc_telephony.core.call.events import Event
from ekc_telephony.core.engine.effects import Effect
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
        core: The core; must not raise.
        submit: Takes the effects of one event; must neither wait nor raise.
        clock: The time.
    """

    def __init__(
        self, core: Core, *, submit: Callable[[Sequence[Effect]], None], clock: Clock
    ) -> None:
        self._core = core
        self._submit = submit
        self._clock = clock
        self._inbox: deque[Event] = deque()
        self._is_running = False
        self._is_working = False
        self._sleeps_until: datetime | None = None
        self._deadline: datetime | None = None
        """When the core is due; true unless `_has_changed`."""
        self._has_changed = True
        self._will_note = False
        self._wake_up = asyncio.Event()
        self.events_handled = 0

    @property
    def backlog(self) -> int:
        """How many events wait to be handled."""
        return len(self._inbox)

    def deliver(self, event: Event) -> None:
        """Handle an event, or keep it until `run` has begun or the present one is done."""
        self._inbox.append(event)
        if self._is_running and not self._is_working:
            self._work()

    async def run(self) -> None:
        """Drive until cancelled."""
        self._is_running = True
        try:
            while True:
                self._work()
                await self._sleep()
        finally:
            self._is_running = False

    def _work(self) -> None:
        """Do what is due, then handle everything in the inbox."""
        self._is_working = True
        try:
            moment = self._clock.now()
            deadline = self._next_deadline()
            if deadline is not None and deadline <= moment:
                self._has_changed = True
                self._submit(self._core.on_time(moment))
            while self._inbox:
                event = self._inbox.popleft()
                self.events_handled += 1
                self._has_changed = True
                self._submit(self._core.handle(event, moment))
        finally:
            self._is_working = False
        if not self._will_note:
            self._will_note = True
            asyncio.get_running_loop().call_soon(self._note_deadline)

    def _next_deadline(self) -> datetime | None:
        if self._has_changed:
            self._deadline = self._core.next_deadline()
            self._has_changed = False
        return self._deadline

    def _note_deadline(self) -> None:
        """Wake `run` when something is due before it means to wake up."""
        self._will_note = False
        deadline = self._next_deadline()
        if deadline is not None and (self._sleeps_until is None or deadline < self._sleeps_until):
            self._sleeps_until = deadline
            self._wake_up.set()

    async def _sleep(self) -> None:
        """Wait until the core's next deadline, or until an earlier one is noted."""
        self._wake_up.clear()
        deadline = self._sleeps_until = self._next_deadline()
        patience = None
        if deadline is not None:
            patience = max(0.0, (deadline - self._clock.now()).total_seconds())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._wake_up.wait()
