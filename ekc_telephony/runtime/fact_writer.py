"""
The recorder: takes facts from the core at once, and brings them to the store in groups.

`record` appends to a backlog and returns. `run` writes what has gathered: one group per 250 ms, or
as soon as 500 facts wait. When the store does not answer, the backlog grows and the same group is
offered again, so callers notice nothing and no appeal is lost while the process lives.

Rule 1: `record` never blocks and never raises.
Rule 2: facts reach the store in the order in which they were recorded.
Rule 3: a fact leaves the backlog only when the store has it or the set-aside file has it. What
stays in it when the engine stops is in the journal, and the next engine offers it again.
Rule 4: one fact that the store refuses costs itself only: it is set aside, the others go on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Final, final

import structlog

from ekc_telephony.core.call.facts import AgentChanged, Fact
from ekc_telephony.runtime.ports import (
    AppealStore,
    Clock,
    FactsRefusedError,
    StoreUnavailableError,
)
from ekc_telephony.runtime.set_aside import append_letters, letter

GROUP_EVERY: Final = timedelta(milliseconds=250)
"""How long a fact may wait for company; PostgreSQL's `commit_delay` is the same idea. A group costs
0.7 ms of processor time however small it is, which is felt at a few calls a second. What a kill
takes with it while it waits is in the journal."""
GROUP_LIMIT: Final = 500
FIRST_RETRY: Final = timedelta(milliseconds=100)
LAST_RETRY: Final = timedelta(seconds=5)

_log = structlog.get_logger(__name__)


def _tell_nobody(count: int) -> None:
    del count


@final
class FactWriter:
    """
    Brings facts to the store (a `FactSink`).

    Args:
        store: Where they go.
        clock: For the age of the oldest one that waits.
        on_stored: Told how many facts have left the backlog, oldest first.
        set_aside: A file for facts that the store refuses (`set_aside.py`).
    """

    def __init__(
        self,
        store: AppealStore,
        *,
        clock: Clock,
        set_aside: Path,
        on_stored: Callable[[int], None] = _tell_nobody,
    ) -> None:
        self._store = store
        self._clock = clock
        self._set_aside_file = set_aside
        self._on_stored = on_stored
        self._backlog: deque[Fact] = deque()
        self._letters: list[bytes] = []
        self._arrived = asyncio.Event()
        self._hurry = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()
        self._is_draining = False
        self.batches_written = 0
        """Transactions that succeeded."""
        self.failures = 0
        """Times that the store was not available."""
        self.facts_set_aside = 0
        """Facts that the store refused."""

    @property
    def backlog_size(self) -> int:
        """Facts that the store does not have yet."""
        return len(self._backlog)

    def oldest_age(self) -> timedelta:
        """Return how long the oldest fact has waited; zero when none does."""
        if not self._backlog:
            return timedelta()
        return max(timedelta(), self._clock.now() - self._backlog[0].at)

    def record(self, fact: Fact) -> None:
        """Take note of the fact; never blocks and never raises."""
        backlog = self._backlog
        backlog.append(fact)
        if len(backlog) == 1:
            self._emptied.clear()
            self._arrived.set()
        elif len(backlog) == GROUP_LIMIT:
            self._hurry.set()

    async def run(self) -> None:
        """Write for as long as the engine lives; ends by being cancelled."""
        while True:
            await self._arrived.wait()
            await self._gather()
            await self._write_backlog()

    async def drain(self, patience: timedelta) -> int:
        """
        Write what is left without waiting for company; `run` must still be running.

        Returns:
            How many facts the store did not take in time.
        """
        self._is_draining = True
        self._hurry.set()
        try:
            async with asyncio.timeout(patience.total_seconds()):
                await self._emptied.wait()
        except TimeoutError:
            _log.warning("The store did not take all facts before the end", left=self.backlog_size)
        return self.backlog_size

    async def _gather(self) -> None:
        if not self._is_draining and len(self._backlog) < GROUP_LIMIT:
            try:
                async with asyncio.timeout(GROUP_EVERY.total_seconds()):
                    await self._hurry.wait()
            except TimeoutError:
                pass  # the ordinary case: fewer than a full group came
        self._hurry.clear()

    async def _write_backlog(self) -> None:
        # Until less than a group is left: a full backlog is not made to wait for company.
        while self._backlog:
            group = list(islice(self._backlog, GROUP_LIMIT))
            await self._write(group)
            if len(self._backlog) < GROUP_LIMIT and not self._is_draining:
                break

    async def _write(self, group: Sequence[Fact]) -> None:
        pause = FIRST_RETRY
        while True:
            try:
                await self._store.write(group)
            except FactsRefusedError as refusal:
                await self._write_apart(group, refusal)
            except StoreUnavailableError as error:
                self.failures += 1
                _log.warning(
                    "The store is not available; the facts wait",
                    cause=str(error),
                    backlog=self.backlog_size,
                    retry_in_s=pause.total_seconds(),
                )
                await asyncio.sleep(pause.total_seconds())
                pause = min(pause * 2, LAST_RETRY)
                continue
            else:
                self.batches_written += 1
                self._forget(len(group))
            return

    async def _write_apart(self, group: Sequence[Fact], refusal: FactsRefusedError) -> None:
        if len(group) == 1:
            self._set_aside(group[0], cause=str(refusal))
            self._forget(1)
            return
        middle = len(group) // 2
        await self._write(group[:middle])
        await self._write(group[middle:])

    def _forget(self, count: int) -> None:
        count = min(count, len(self._backlog))
        for _ in range(count):
            self._backlog.popleft()
        self._on_stored(count)
        if not self._backlog:
            self._arrived.clear()
            self._emptied.set()

    def _set_aside(self, fact: Fact, *, cause: str) -> None:
        self.facts_set_aside += 1
        whose = (
            {"agent": fact.agent}
            if isinstance(fact, AgentChanged)
            else {"call": fact.call, "sequence": fact.sequence}
        )
        _log.error("A fact was set aside", kind=type(fact).__name__, cause=cause, **whose)
        self._letters.append(letter(fact, cause=cause))
        self._post_letters()

    def _post_letters(self) -> None:
        # A full disk keeps them in memory; the next one takes them along.
        try:
            append_letters(self._set_aside_file, self._letters)
        except OSError as error:
            _log.error(
                "Facts set aside could not be written to their file; they wait in memory",
                cause=str(error),
                waiting=len(self._letters),
            )
            return
        self._letters.clear()
