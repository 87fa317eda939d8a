"""
Takes in what the fallback noted about callers whom it served while the engine was away.

Every two seconds the spool is read; each call that is over becomes facts (`core/appeals/fallback`)
and goes straight to the store, past the engine, which never knew it or has let it go.

Rule 1: a note is removed only when the store has its facts; taking it in twice changes nothing.
Rule 2: a note that the store will never take is put aside, and the others go on.
Rule 3: a caller who is still there is left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol, final

import structlog

from ekc_telephony.core.appeals.fallback import FallbackCall, facts_of_cut, facts_of_ended
from ekc_telephony.core.call.events import Ended
from ekc_telephony.core.call.facts import CallFact
from ekc_telephony.core.kernel.ids import CallId, LegId
from ekc_telephony.runtime.ports import (
    AppealStore,
    Clock,
    FactSink,
    FactsRefusedError,
    StoreUnavailableError,
    Witness,
)

EVERY: Final = timedelta(seconds=2)
NO_END_FOR: Final = timedelta(seconds=10)
"""How long the note of the end may take after Asterisk's own record of it. It takes the start of
one small process; after this long it was never written (no Python, a full disk)."""

log = structlog.get_logger(__name__)


class FallbackSpool(Protocol):
    """The notes of the fallback."""

    def __len__(self) -> int:
        """Return how many calls have a note, those still going on included."""
        ...

    def read(self, now: datetime) -> Sequence[FallbackCall]:
        """
        Return what notes say, those with an end first; not necessarily all of them at once.

        Raises:
            OSError: They cannot be read.
        """
        ...

    def remove(self, call: CallId) -> None:
        """
        Forget a call that the store has.

        Raises:
            OSError: It cannot be forgotten.
        """
        ...

    def put_aside(self, call: CallId, why: str) -> None:
        """
        Keep a call that the store will never take where it is not read again.

        Raises:
            OSError: It cannot be moved.
        """
        ...


@final
class FallbackIntake:
    """
    Brings the notes of the fallback to the store.

    Args:
        spool: The notes.
        store: Where their facts go; better not the object that the engine's own facts go through,
            since one store object carries out one piece of work at a time.
        clock: The time.
        asterisk_started_at: When the present Asterisk started; None while that is not known.
        witness: Tells that a caller is gone whose end was never noted; nobody does without it.
        listeners: Are told the facts that the store has taken.
        is_ready: Whether the store's tables are up to date; an older store would refuse facts that
            it takes a moment later, and their notes would be put aside.
    """

    def __init__(
        self,
        spool: FallbackSpool,
        store: AppealStore,
        clock: Clock,
        *,
        asterisk_started_at: Callable[[], datetime | None],
        witness: Witness | None = None,
        listeners: Collection[FactSink] = (),
        is_ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self._spool = spool
        self._store = store
        self._clock = clock
        self._asterisk_started_at = asterisk_started_at
        self._witness = witness
        self._listeners = listeners
        self._is_ready = is_ready
        self._stored: set[CallId] = set()
        """Calls that the store has and whose notes could not be removed."""
        self.waiting = 0
        """Calls with a note in the spool, those still going on included."""
        self.taken = 0
        """Calls brought to the store."""
        self.trouble: str | None = None
        """Why the spool is not taken in, in one sentence; None when all is well."""

    async def run(self) -> None:
        """Take in for as long as the engine lives; ends by being cancelled."""
        while True:
            taken = await self.take_in()
            # A spool that was long left alone is emptied in steps that leave room for calls.
            more_at_once = taken > 0 and self.waiting > 0
            await asyncio.sleep(0.05 if more_at_once else EVERY.total_seconds())

    async def take_in(self) -> int:
        """Bring to the store what is there now; return how many calls."""
        try:
            over = self._calls_that_are_over() if self._is_ready() else {}
            taken = await self._store_all(over) if over else 0
            self.waiting = len(self._spool)
        except (OSError, StoreUnavailableError) as error:
            trouble = f"the spool of the fallback is not taken in: {error}"
            if self.trouble is None:
                log.warning("The fallback's calls wait in its spool", why=str(error))
            self.trouble = trouble
            return 0
        self.trouble = None
        self.taken += taken
        return taken

    def _calls_that_are_over(self) -> Mapping[CallId, Sequence[CallFact]]:
        now = self._clock.now()
        found = self._spool.read(now)
        self.waiting = len(self._spool)
        started_at = self._asterisk_started_at()
        over: dict[CallId, Sequence[CallFact]] = {}
        going_on: list[FallbackCall] = []
        for call in found:
            if call.ended_at is not None:
                over[call.call] = facts_of_ended(call, ended_at=call.ended_at)
            else:
                going_on.append(call)
        seen = self._seen_to_end(going_on, now)
        for call in going_on:
            end = seen.get(LegId(call.call))
            if end is not None:
                if now - end.at > NO_END_FOR:
                    over[call.call] = facts_of_ended(call, ended_at=end.at)
            elif started_at is not None and call.entered_at < started_at:
                over[call.call] = facts_of_cut(call, asterisk_started_at=started_at)
        return over

    def _seen_to_end(
        self, going_on: Sequence[FallbackCall], now: datetime
    ) -> Mapping[LegId, Ended]:
        asked = [call for call in going_on if now - call.entered_at > NO_END_FOR]
        if self._witness is None or not asked:
            return {}
        since = min(call.entered_at for call in asked)
        return self._witness.ended([LegId(call.call) for call in asked], since=since)

    async def _store_all(self, calls: Mapping[CallId, Sequence[CallFact]]) -> int:
        new = {call: facts for call, facts in calls.items() if call not in self._stored}
        try:
            await self._store.write([fact for facts in new.values() for fact in facts])
        except FactsRefusedError:
            return sum([await self._store_one(call, facts) for call, facts in new.items()])
        for call, facts in new.items():
            self._tell(call, facts)
        for call in calls:
            self._forget(call)
        return len(new)

    async def _store_one(self, call: CallId, facts: Sequence[CallFact]) -> int:
        try:
            await self._store.write(facts)
        except FactsRefusedError as error:
            self._spool.put_aside(call, str(error))
            return 0
        self._tell(call, facts)
        self._forget(call)
        return 1

    def _tell(self, call: CallId, facts: Sequence[CallFact]) -> None:
        self._stored.add(call)
        log.info("A call that the fallback served was taken in", call=call)
        for listener in self._listeners:
            for fact in facts:
                listener.record(fact)

    def _forget(self, call: CallId) -> None:
        self._spool.remove(call)
        self._stored.discard(call)
