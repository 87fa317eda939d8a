"""
Watches for other scripts being published, and lets the engine begin new calls in them.

Whoever publishes tells the engine over HTTP (`take`); should he not be heard, or publish on a
machine where the engine just starts, the watch sees it by itself within half a second: it looks at
one small file. What it finds is read, in a thread, before the engine hears of it: a text that this
engine cannot use changes nothing, and stays in `/healthz` and the metrics until it can.

Rule 1: the core is told of nothing that was not read without a mistake.
Rule 2: what could not be used is tried again once a minute, and whenever somebody asks: a prompt
may be there by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Final

import structlog

from ekc_telephony.core.call.events import ScriptsPublished
from ekc_telephony.core.engine.plan import Published
from ekc_telephony.core.kernel.ids import ScriptId
from ekc_telephony.runtime.ports import (
    Clock,
    ScriptStore,
    ScriptStoreError,
    ScriptsUnreadableError,
)
from ekc_telephony.runtime.published_texts import published_now

LOOK_EVERY: Final = timedelta(seconds=0.5)
TRY_AGAIN_EVERY: Final = timedelta(minutes=1)
"""Reading a script takes up to a second, in a thread."""

log = structlog.get_logger(__name__)


class ScriptsWatch:
    """
    Looks for what is published.

    Args:
        store: Where it is published.
        wanted: The scripts that calls begin with.
        read: Reads texts, in a thread; raises ScriptsUnreadableError when they cannot be used.
        deliver: Hands an event to the engine.
        clock: The time.
        seen: The store's mark when the engine began.
        number: Of the publication that it began with.
        trouble: Why not all of that is in use.
    """

    def __init__(
        self,
        store: ScriptStore,
        *,
        wanted: Collection[ScriptId],
        read: Callable[[Published], None],
        deliver: Callable[[ScriptsPublished], None],
        clock: Clock,
        seen: object,
        number: int,
        trouble: str | None = None,
    ) -> None:
        self._store = store
        self._wanted = wanted
        self._read = read
        self._deliver = deliver
        self._clock = clock
        self._seen = seen
        self._turn = asyncio.Lock()
        self.number = number
        """Of the publication that new calls begin in."""
        self.trouble = trouble
        """Why the last one could not be; None when it is in use."""

    async def run(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        tried_at = loop.time()
        while True:
            await asyncio.sleep(LOOK_EVERY.total_seconds())
            is_due = loop.time() - tried_at >= TRY_AGAIN_EVERY.total_seconds()
            if self._store.mark() != self._seen or (self.trouble is not None and is_due):
                tried_at = loop.time()
                await self.take()

    async def take(self) -> str | None:
        """Use what is published now; return why it cannot be used, or None."""
        async with self._turn:
            mark = self._store.mark()
            if mark != self._seen or self.trouble is not None:
                # Noted first: what is published while this is read has another mark.
                self._seen = mark
                await self._take()
            return self.trouble

    async def _take(self) -> None:
        try:
            published = await asyncio.to_thread(self._readable)
        except (ScriptStoreError, ScriptsUnreadableError) as error:
            self._refuse(
                f"what was published cannot be used by this engine; new calls go on in publication "
                f"{self.number}. {error}"
            )
            return
        if published.number < self.number:
            self._refuse(
                f"found publication {published.number} in the state folder, but {self.number} is "
                "in use already; expected a later one. Was the folder restored from a copy? "
                "Publish again, or restart the engine."
            )
            return
        self.trouble = None
        if published.number > self.number:
            self.number = published.number
            self._deliver(ScriptsPublished(number=published.number, texts=published.texts))
            log.info("scripts taken", number=self.number, versions=sorted(published.texts))

    def _refuse(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.error("published scripts refused", number=self.number, why=trouble)
        self.trouble = trouble

    def _readable(self) -> Published:
        published = published_now(
            self._store, self._store.present(), wanted=self._wanted, now=self._clock.now()
        )
        self._read(published)
        return published
