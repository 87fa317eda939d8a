"""What a running link told, in order, for a test to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from ekc_telephony.core.call.events import Event
from lab.waiting import PATIENCE

E = TypeVar("E")


class Heard:
    """Collects the events of one link."""

    def __init__(self) -> None:
        self.all: list[Event] = []
        self._queue: asyncio.Queue[Event] = asyncio.Queue()
        self.task: asyncio.Task[None] | None = None

    def deliver(self, event: Event) -> None:
        """Take one event."""
        self.all.append(event)
        self._queue.put_nowait(event)

    async def next(self, kind: type[E], **having: object) -> E:
        """Return the next event of the kind with these fields; those before it are passed over."""
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                while True:
                    event = await self._queue.get()
                    if isinstance(event, kind) and all(
                        getattr(event, name) == value for name, value in having.items()
                    ):
                        return event
        except TimeoutError:
            last = "\n".join(map(str, self.all[-20:]))
            raise AssertionError(f"no {kind.__name__} with {having} came; last:\n{last}") from None


@asynccontextmanager
async def listening(
    run: Callable[[Callable[[Event], None]], Coroutine[Any, Any, None]],
) -> AsyncIterator[Heard]:
    """Run a link for the time of the test."""
    heard = Heard()
    heard.task = asyncio.create_task(run(heard.deliver))
    try:
        yield heard
    finally:
        heard.task.cancel()
        with suppress(asyncio.CancelledError):
            await heard.task
