"""
The table `queue_log` in the store's database, and what the log must remember of before a restart.

The table has the columns of Asterisk's `contrib/ast-db-manage/queue_log`, with `data` for readers
of the older form, and `origin`: the fact a row comes from, so no row is there twice.

Rule 1: moments are by the clock on the wall, without a zone: so Asterisk writes them, and so the
readers of this table take them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import groupby
from typing import Any, Final, TypeVar, cast, final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ekc_telephony.adapters.sql.connection import PATIENCE, open_for_writing
from ekc_telephony.adapters.sql.models import agent_presence, call_notes, calls, segments
from ekc_telephony.core.call.facts import NoteKind, SegmentKind
from ekc_telephony.core.kernel.ids import AgentId, CallId, is_of_node
from ekc_telephony.core.queue_log.ledger import KINDS, Declared
from ekc_telephony.core.queue_log.rows import QueueLogRow
from ekc_telephony.core.queue_log.tracks import RememberedCall, RememberedSegment
from ekc_telephony.runtime.ports import StoreUnavailableError
from ekc_telephony.runtime.queue_log_feed import Remembered

ResultT = TypeVar("ResultT")

SHORTLY_BEFORE: Final = timedelta(hours=1)
"""Who entered a queue so long before the oldest call that goes on may have stood before it."""
LONGEST: Final = timedelta(hours=12)
"""No call lasts longer; one that seems to has been forgotten by everybody."""
_COLUMNS: Final = ("kind", "queue", "agent", "started_at", "ended_at", "outcome")
_IS_ITS: Final = (segments.c.call == calls.c.id) & segments.c.kind.in_(KINDS)

_TABLE: Final = sa.table(
    "queue_log",
    sa.column("time", sa.DateTime),
    *(sa.column(name, sa.Text) for name in ("callid", "queuename", "agent", "event", "data")),
    *(sa.column(f"data{number}", sa.Text) for number in range(1, 6)),
    sa.column("origin", sa.Text),
)


@final
class SqlQueueLog:
    """
    Write rows into the table and read back what is needed (a `QueueLogOutput`, a `CallMemory`).

    Args:
        url: The store's address.
        node: Whose calls are remembered.
        zone: The clock on the wall; the machine's own by default.
        patience: How long the database may take.

    Raises:
        StoreUrlError: The address cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        node: str,
        zone: tzinfo | None = None,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._database = open_for_writing(url, patience=patience)
        insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[self._database.dialect]
        self._insert = cast("Any", insert(_TABLE)).on_conflict_do_nothing()
        self._node = node
        self._zone = zone
        self._patience = patience

    async def append(self, rows: Sequence[QueueLogRow]) -> None:
        """
        Write rows in one transaction; those that are there change nothing.

        Raises:
            StoreUnavailableError: The database does not answer, or refuses.
        """
        values = [self._values_of(row) for row in rows]
        await self._run(lambda connection: connection.execute(self._insert, values))

    async def remembered(self, wanted: Collection[CallId], *, now: datetime) -> Remembered:
        """
        Return the calls of this node that the log must know of, and what agents declared.

        Raises:
            StoreUnavailableError: The database does not answer.
        """
        return await self._run(lambda connection: self._read(connection, wanted, now))

    async def close(self) -> None:
        """Let go of the connection."""
        await self._database.close()

    async def _run(self, work: Callable[[sa.Connection], ResultT]) -> ResultT:
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                return await self._database.run(work)
        except (sa.exc.SQLAlchemyError, OSError) as error:
            kind = type(error).__name__
            raise StoreUnavailableError(f"The queue_log's table failed ({kind}).") from error

    def _values_of(self, row: QueueLogRow) -> dict[str, object]:
        on_the_wall = row.at.astimezone(self._zone).replace(tzinfo=None)
        fields = {f"data{number}": each for number, each in enumerate(row.five_fields(), start=1)}
        return {
            "time": on_the_wall,
            "callid": row.call,
            "queuename": row.queue,
            "agent": row.agent,
            "event": row.event.value,
            "data": row.detail,
            "origin": row.origin,
            **fields,
        }

    def _read(
        self, connection: sa.Connection, wanted: Collection[CallId], now: datetime
    ) -> Remembered:
        oldest = connection.execute(
            sa.select(sa.func.min(calls.c.registered_at)).where(
                calls.c.outcome.is_(None), calls.c.registered_at > now - LONGEST
            )
        ).scalar_one()
        conditions = [calls.c.id.in_(wanted)] if wanted else []
        if oldest is not None:
            stood_in_line = (segments.c.kind == SegmentKind.WAITING) & (
                segments.c.ended_at >= oldest
            )
            goes_on = calls.c.outcome.is_(None) & (calls.c.registered_at >= oldest)
            conditions.append(
                (calls.c.registered_at >= oldest - SHORTLY_BEFORE) & (goes_on | stood_in_line)
            )
        # One question each, so that each has its index.
        found = {
            call: remembered
            for condition in reversed(conditions)  # a wanted call is told whole
            for call, remembered in _calls_where(connection, condition)
            if is_of_node(call, self._node)
        }
        return Remembered(calls=list(found.values()), declared=_declared(connection))


def _calls_where(
    connection: sa.Connection, condition: sa.ColumnElement[bool]
) -> Iterator[tuple[CallId, RememberedCall]]:
    query = (
        sa.select(calls, *(segments.c[each].label(f"its_{each}") for each in _COLUMNS))
        .select_from(calls.outerjoin(segments, _IS_ITS))
        .where(condition)
        .order_by(calls.c.id, segments.c.segment)
    )
    found = connection.execute(query).all()
    sent_to = _sent_to(connection, condition)
    for call, rows in groupby(found, key=lambda row: row.id):
        yield CallId(call), _remembered(list(rows), sent_to.get(call, ""))


def _sent_to(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> dict[str, str]:
    """Return where callers were sent to last."""
    query = (
        sa.select(call_notes.c.call, call_notes.c.target)
        .select_from(
            calls.outerjoin(segments, _IS_ITS).join(call_notes, call_notes.c.call == calls.c.id)
        )
        .where(condition, call_notes.c.kind == NoteKind.ROUTED)
        .order_by(call_notes.c.sequence)
    )
    return {row.call: row.target or "" for row in connection.execute(query)}


def _remembered(rows: Sequence[sa.Row[Any]], sent_to: str) -> RememberedCall:
    call = rows[0]
    return RememberedCall(
        call=CallId(call.id),
        did=call.did,
        number=call.number,
        last_sequence=call.last_sequence,
        is_over=call.outcome is not None,
        segments=tuple(
            RememberedSegment(
                kind=row.its_kind,
                queue=row.its_queue,
                agent=row.its_agent,
                started_at=row.its_started_at,
                ended_at=row.its_ended_at,
                outcome=row.its_outcome,
            )
            for row in rows
            if row.its_kind is not None
        ),
        sent_to=sent_to,
    )


def _declared(connection: sa.Connection) -> dict[AgentId, Declared]:
    return {
        AgentId(row.agent): Declared(presence=row.presence, reason=row.reason, since=row.since)
        for row in connection.execute(sa.select(agent_presence))
    }
