"""
The appeal store's writing side: facts in, rows out.

One batch is one transaction on the one writing connection: it is folded into rows (`batch.py`) and
written with a handful of statements (`statements.py`).

Rule 1: a fact written twice changes nothing, however the facts are cut into batches.
Rule 2: `write` returns or raises within `patience`, whatever the database does.
Rule 3: error texts name the kind of failure and never a value of a row (the chained cause may).
Rule 4: a fact about a call that was never registered is refused, not lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar, final

import sqlalchemy as sa

from ekc_telephony.adapters.sql.batch import Batch, DeclaredPresence, Row, fold
from ekc_telephony.adapters.sql.connection import PATIENCE, open_for_writing
from ekc_telephony.adapters.sql.models import agent_presence, calls
from ekc_telephony.adapters.sql.statements import Statements, statements_for
from ekc_telephony.core.call.events import OpenCall, PresenceDeclared
from ekc_telephony.core.call.facts import AgentChanged, Fact
from ekc_telephony.core.kernel.ids import AgentId, CallId, is_of_node
from ekc_telephony.runtime.ports import FactsRefusedError, StoreUnavailableError

ResultT = TypeVar("ResultT")
_Presences: TypeAlias = dict[AgentId, DeclaredPresence]

_BAD_VALUE_STATES: Final = ("22", "23")
"""PostgreSQL's classes of SQLSTATE «data exception» and «integrity constraint violation»."""


@final
class SqlAppealStore:
    """Keeps calls, segments, appeals and presences in SQLite or PostgreSQL (the `AppealStore`)."""

    def __init__(self, url: str, *, patience: timedelta = PATIENCE) -> None:
        """
        Prepare the store; nothing is connected before the first use.

        Raises:
            StoreUrlError: The address cannot be used.
        """
        self._database = open_for_writing(url, patience=patience)
        self._statements = statements_for(self._database.dialect)
        self._patience = patience
        self._presences: _Presences = {}
        self._attempt: asyncio.Task[Any] | None = None

    async def write(self, facts: Sequence[Fact]) -> None:
        """
        Write the facts in one transaction; facts already written change nothing.

        Raises:
            FactsRefusedError: The store answers, but takes no such facts; nothing was written.
            StoreUnavailableError: Nothing of this batch was written, or it is not known to be.
        """
        if facts:
            self._presences |= await self._within_patience(self._work_of(facts))

    async def declared_presences(self) -> Sequence[PresenceDeclared]:
        """
        Return what each agent declared last, in order of agents.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        self._presences = await self._within_patience(_read_presences)
        return [
            PresenceDeclared(agent=agent, presence=declared.presence, reason=declared.reason)
            for agent, declared in sorted(self._presences.items())
        ]

    async def open_calls(self, node: str) -> Sequence[OpenCall]:
        """
        Return the calls of a node that have begun and not ended, in order of beginning.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        return await self._within_patience(partial(_read_open_calls, node=node))

    async def close(self) -> None:
        """Let go of the connection."""
        await self._database.close()

    async def _within_patience(self, work: Callable[[sa.Connection], ResultT]) -> ResultT:
        # A task of its own, left behind when time is up: cancelling does not stop a thread that
        # hangs in the disk, and waiting for it would hang the writer. At most one is left behind.
        if self._attempt is not None and not self._attempt.done():
            raise StoreUnavailableError("The store is still busy with the attempt before.")
        attempt: asyncio.Task[ResultT] = asyncio.create_task(
            self._database.run(work), name="store attempt"
        )
        try:
            done, _ = await asyncio.wait({attempt}, timeout=self._patience.total_seconds())
        except asyncio.CancelledError:
            attempt.cancel()
            raise
        if not done:
            attempt.cancel()
            attempt.add_done_callback(_forget_failure)
            raise StoreUnavailableError(
                f"The store did not answer within {self._patience.total_seconds():g} s."
            )
        try:
            return attempt.result()
        except (sa.exc.SQLAlchemyError, OSError, ValueError, OverflowError) as error:
            raise _explained(error) from error

    def _work_of(self, facts: Sequence[Fact]) -> Callable[[sa.Connection], _Presences]:
        agents = {fact.agent for fact in facts if isinstance(fact, AgentChanged)}
        known = {agent: self._presences[agent] for agent in agents if agent in self._presences}

        def work(connection: sa.Connection) -> _Presences:
            unknown = agents - known.keys()
            current = known | _read_presences(connection, unknown) if unknown else known
            batch = fold(facts, known=current)
            _write_batch(connection, batch, self._statements)
            return current | batch.presences

        return work


def _write_batch(connection: sa.Connection, batch: Batch, known: Statements) -> None:
    _execute(connection, known.insert_appeals, batch.appeals)
    _execute(connection, known.insert_calls, list(batch.calls.values()))
    _change_calls(connection, batch, known)
    _execute(connection, known.merge_segments, list(batch.segments.values()))
    _execute(connection, known.add_recordings, batch.recordings)
    _execute(connection, known.close_segments, batch.closings)
    _execute(connection, known.insert_faults, batch.faults)
    _execute(connection, known.insert_notes, batch.notes)
    _execute(connection, known.insert_callbacks, batch.callbacks)
    _execute(connection, known.set_presences, _presence_rows(batch.presences.items()))
    history = ((agent, declared) for (agent, _), declared in batch.history.items())
    _execute(connection, known.add_history, _presence_rows(history))


def _execute(connection: sa.Connection, statement: sa.Executable, rows: list[Row]) -> None:
    if rows:
        connection.execute(statement, rows)


def _change_calls(connection: sa.Connection, batch: Batch, known: Statements) -> None:
    changes = list(batch.call_changes.values())
    if not changes:
        return
    found = connection.execute(known.change_calls, changes).rowcount
    if not connection.dialect.supports_sane_multi_rowcount:
        # asyncpg does not say how many rows an executemany touched.
        ids = {"ids": list(batch.call_changes)}
        found = len(connection.execute(known.present_calls, ids).all())
    if found != len(changes):
        missing = len(changes) - found
        raise FactsRefusedError(f"{missing} of the calls were never registered in the store.")


def _presence_rows(declared_by: Iterable[tuple[AgentId, DeclaredPresence]]) -> list[Row]:
    return [
        {
            "agent": agent,
            "presence": declared.presence,
            "reason": declared.reason,
            "since": declared.since,
            "is_reachable": declared.is_reachable,
        }
        for agent, declared in declared_by
    ]


def _read_presences(
    connection: sa.Connection, agents: Iterable[AgentId] | None = None
) -> _Presences:
    query = sa.select(agent_presence)
    if agents is not None:
        query = query.where(agent_presence.c.agent.in_(list(agents)))
    return {
        AgentId(row.agent): DeclaredPresence(row.presence, row.reason, row.since, row.is_reachable)
        for row in connection.execute(query)
    }


def _read_open_calls(connection: sa.Connection, *, node: str) -> list[OpenCall]:
    query = (
        sa.select(calls.c.id, calls.c.registered_at, calls.c.answered_at, calls.c.number)
        .where(calls.c.outcome.is_(None), calls.c.id.startswith(f"{node}-", autoescape=True))
        .order_by(calls.c.registered_at, calls.c.id)
    )
    return [
        OpenCall(
            call=CallId(row.id),
            registered_at=row.registered_at,
            was_answered=row.answered_at is not None,
            number=row.number,
        )
        for row in connection.execute(query)
        if is_of_node(CallId(row.id), node)  # LIKE alone takes «ekc-2-…», and in SQLite «EKC-…»
    ]


def _explained(error: Exception) -> StoreUnavailableError:
    kind = type(error).__name__
    if not isinstance(error, sa.exc.DBAPIError):
        if isinstance(error, (sa.exc.StatementError, ValueError, OverflowError)):
            return FactsRefusedError(f"A value cannot be stored ({kind}).")
        return StoreUnavailableError(f"The store cannot be reached ({kind}).")
    state = str(getattr(error.orig, "sqlstate", None) or "")
    is_refused = (
        isinstance(error, (sa.exc.IntegrityError, sa.exc.DataError))
        or state.startswith(_BAD_VALUE_STATES)
        or isinstance(error.orig and error.orig.__cause__, ValueError)  # asyncpg's encoder
    )
    if is_refused:
        return FactsRefusedError(f"The store refuses the facts ({kind} {state}).")
    if isinstance(error, sa.exc.OperationalError):  # «database is locked», «disk is full», …
        return StoreUnavailableError(f"The store failed ({kind}): {error.orig}")
    return StoreUnavailableError(f"The store failed ({kind} {state}).")


def _forget_failure(attempt: asyncio.Task[Any]) -> None:
    # Nobody waits for it any more; asking keeps asyncio from complaining about it.
    if not attempt.cancelled():
        attempt.exception()
