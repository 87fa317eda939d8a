"""
Brings the store into service, however long that takes.

A store that does not answer when the engine starts must not keep callers out: their facts gather
in the writer's backlog until the store has been prepared. Until then nothing is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Final

import structlog

from ekc_telephony.core.call.events import CallsLeftOpen, Event
from ekc_telephony.core.kernel.ids import CallId
from ekc_telephony.runtime.fact_writer import FactWriter
from ekc_telephony.runtime.ports import AppealStore, StoreUnavailableError

RETRY_EVERY: Final = timedelta(seconds=2)

log = structlog.get_logger(__name__)


class StoreKeeper:
    """
    Prepare the store, read back what an earlier engine left, then write facts until the end.

    Args:
        prepare: Brings the tables up to date; raises `StoreUnavailableError`.
        store: The store.
        writer: Writes the facts.
        deliver: Takes the presences, then once the calls left open.
        node: The name of the node whose calls they are.
        ended: Calls that have ended, whatever the store says.
        knows_presences: What agents declared is known already.
    """

    def __init__(
        self,
        *,
        prepare: Callable[[], Awaitable[None]],
        store: AppealStore,
        writer: FactWriter,
        deliver: Callable[[Event], None],
        node: str,
        ended: Collection[CallId] = (),
        knows_presences: bool = False,
    ) -> None:
        self._prepare = prepare
        self._store = store
        self._writer = writer
        self._deliver = deliver
        self._node = node
        self._ended = ended
        self._knows_presences = knows_presences
        self._ready = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        """Tell whether the store is in service."""
        return self._ready.is_set()

    @property
    def trouble(self) -> str | None:
        """What is wrong with the store, in one sentence; None when all is well."""
        if not self._ready.is_set():
            return "the store has not answered since the engine started; facts are kept in memory"
        age = self._writer.oldest_age()
        if age > RETRY_EVERY:
            waiting = self._writer.backlog_size
            return f"the store takes no facts: {waiting} wait, the oldest for {age.seconds} s"
        return None

    async def wait_ready(self, patience: timedelta) -> bool:
        """Wait until the store is in service, but no longer than `patience`; return whether."""
        try:
            async with asyncio.timeout(patience.total_seconds()):
                await self._ready.wait()
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Prepare and write; ends by being cancelled."""
        while True:
            try:
                await self._prepare()
                for event in await self._left_behind():
                    self._deliver(event)
                break
            except StoreUnavailableError as error:
                log.warning("the store does not answer; calls go on", why=str(error))
                await asyncio.sleep(RETRY_EVERY.total_seconds())
        self._ready.set()
        await self._writer.run()

    async def _left_behind(self) -> Sequence[Event]:
        # Read before anything of this life is written, so these are calls of earlier lives only.
        presences = await self._store.declared_presences()
        calls = await self._store.open_calls(self._node)
        left = tuple(each for each in calls if each.call not in self._ended)
        return [*(() if self._knows_presences else presences), CallsLeftOpen(calls=left)]
