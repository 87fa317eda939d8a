"""
Brings the rows of the queue_log to their file and table, beside the store.

The feed stands where facts go to the store in groups (`beside`): the rows of a group are written
first, then its facts. So whatever the store has, the log has; and what the store lacks after a
crash is offered again from the journal, makes the same rows again, and is recognised by whoever
writes them: the file by its last lines, the table by the rows' origins.

Rule 1: nothing here is on the way of a call; a full disk under the log does not hold up the store.
Rule 2: a fact offered to the store again because the store failed makes no rows again.
Rule 3: before the first row of a life, the ledger is told what the store remembers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, final

from typing_extensions import override

from ekc_telephony.core.call.events import OpenCall, PresenceDeclared
from ekc_telephony.core.call.facts import AgentChanged, Fact
from ekc_telephony.core.call.presence import Presence
from ekc_telephony.core.kernel.ids import AgentId, CallId
from ekc_telephony.core.queue_log.ledger import Declared, QueueLedger
from ekc_telephony.core.queue_log.rows import QueueLogRow, queue_start
from ekc_telephony.core.queue_log.tracks import RememberedCall
from ekc_telephony.runtime.ports import AppealStore


class QueueLogOutput(Protocol):
    """Somewhere rows are written: the file, the table."""

    async def append(self, rows: Sequence[QueueLogRow]) -> None:
        """
        Write rows in their order; rows of before a crash that are there already change nothing.

        Raises:
            StoreUnavailableError: Nothing was written, or it is not known to be; the same rows
                come again.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the store has."""

    calls: Sequence[RememberedCall]
    declared: Mapping[AgentId, Declared]


class CallMemory(Protocol):
    """Reads back what the log must know of before a restart."""

    async def remembered(self, calls: Collection[CallId], *, now: datetime) -> Remembered:
        """
        Return these calls, those that go on, those of shortly before, and what agents declared.

        Args:
            calls: Calls that are asked for by name.
            now: The moment from which «shortly before» is counted.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        ...


@final
class QueueLogFeed:
    """
    Write the rows of one node.

    Args:
        ledger: Makes them.
        outputs: Where they go.
        memory: What is known of before.
        life_began_at: When this engine started; older facts may have been written before.
        is_first: Whether no call goes on from before. Then, and if nobody is signed in either,
            QUEUESTART is written, after which readers take calls and agents for gone.
    """

    def __init__(
        self,
        ledger: QueueLedger,
        *,
        outputs: Sequence[QueueLogOutput],
        memory: CallMemory,
        life_began_at: datetime,
        is_first: bool,
    ) -> None:
        self._ledger = ledger
        self._owed: list[tuple[QueueLogOutput, list[QueueLogRow]]] = [
            (output, []) for output in outputs
        ]
        self._memory = memory
        self._life_began_at = life_began_at
        self._start = queue_start(life_began_at) if is_first else None
        self._has_recalled = False
        self._turn = asyncio.Lock()

    def beside(self, store: AppealStore) -> AppealStore:
        """Return the store, in front of which rows are written."""
        return _LoggedStore(store, self)

    async def write(self, facts: Sequence[Fact]) -> None:
        """
        Write the rows of facts that were not written before.

        Raises:
            StoreUnavailableError: The memory or the table does not answer. The rows made so far
                are kept and come first next time; the facts are not to be offered again.
        """
        async with self._turn:
            await self._look_back(facts)
            rows = [row for fact in facts for row in self._rows_of(fact)]
            for _, owed in self._owed:
                owed.extend(rows)

    async def settle(self) -> None:
        """
        Write the rows that are owed.

        Raises:
            StoreUnavailableError: The table does not answer.
        """
        async with self._turn:
            for output, owed in self._owed:
                if owed:
                    await output.append(owed)
                    owed.clear()

    def _rows_of(self, fact: Fact) -> list[QueueLogRow]:
        rows = self._ledger.rows(fact)
        if self._start is None or fact.at < self._life_began_at:
            return rows
        start, self._start = self._start, None
        return [start, *rows]

    async def _look_back(self, facts: Sequence[Fact]) -> None:
        """Look up what is known of calls that may have been told of before this life began."""
        old = [each for each in facts if each.at < self._life_began_at]
        unknown = {
            each.call
            for each in old
            if not isinstance(each, AgentChanged) and not self._ledger.knows(each.call)
        }
        if not self._has_recalled:
            found = await self._memory.remembered(unknown, now=self._life_began_at)
            self._ledger.recall(found.calls, found.declared)
            self._has_recalled = True
            if any(each.presence is not Presence.SIGNED_OUT for each in found.declared.values()):
                self._start = None
        elif unknown:
            found = await self._memory.remembered(unknown, now=self._life_began_at)
            # Of all others the ledger knows more than the store does.
            self._ledger.recall([each for each in found.calls if each.call in unknown], {})
        elif facts and not old:
            self._ledger.forget_the_past()


@final
class _LoggedStore(AppealStore):
    """A store, in front of which rows are written."""

    def __init__(self, store: AppealStore, feed: QueueLogFeed) -> None:
        self._store = store
        self._feed = feed
        self._logged: list[Fact] = []
        """Facts whose rows are made, and which the store has not taken yet."""

    @override
    async def write(self, facts: Sequence[Fact]) -> None:
        logged = {id(each) for each in self._logged}
        news = [each for each in facts if id(each) not in logged]
        await self._feed.write(news)
        self._logged += news
        await self._feed.settle()
        await self._store.write(facts)
        # In order: what comes before these was set aside.
        last = facts[-1] if facts else None
        while self._logged and self._logged.pop(0) is not last:
            pass

    @override
    async def declared_presences(self) -> Sequence[PresenceDeclared]:
        return await self._store.declared_presences()

    @override
    async def open_calls(self, node: str) -> Sequence[OpenCall]:
        return await self._store.open_calls(node)
