"""
The appeal store, as statistics read it: calls with their segments, and what agents declared.

Rule 1: only indexes are walked. A call is looked for up to a day before the period it may touch:
longer ones are ended by reconciliation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, Final, TypeVar, final

import sqlalchemy as sa

from ekc_telephony.adapters.sql.connection import Database, open_for_reading
from ekc_telephony.adapters.sql.models import (
    CallbackState,
    agent_presence,
    call_notes,
    callbacks,
    calls,
    presence_history,
    segments,
)
from ekc_telephony.core.kernel.ids import AgentId, AppealId, CallId, Did
from ekc_telephony.core.stats.records import (
    SILENCES,
    CallbackRecord,
    CallRecord,
    PresenceSpan,
    Records,
    SegmentRecord,
    SilenceRecord,
)
from ekc_telephony.runtime.ports import StoreUnavailableError

ResultT = TypeVar("ResultT")

LONGEST_CALL: Final = timedelta(days=1)
"""How long before a period a call may have begun that still goes on in it."""
LONGEST_WRAP_UP: Final = timedelta(hours=1)
"""How long after a call's end its wrap-up may end."""


@final
class StatisticsReader:
    """Reads what figures are made of."""

    def __init__(self, url: str) -> None:
        """
        Prepare to read; nothing is connected yet.

        Raises:
            StoreUrlError: The address cannot be used, or there is no such file.
        """
        self._database = open_for_reading(url)

    async def records(self, *, since: datetime, until: datetime) -> Records:
        """
        Return all that touches the period, in order of time.

        Raises:
            StoreUnavailableError: The store cannot be read.
        """
        return await read_records(self._database, since=since, until=until)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._database.close()


async def read_records(database: Database, *, since: datetime, until: datetime) -> Records:
    """
    Read all that touches the period from a database that is open.

    Raises:
        StoreUnavailableError: The store cannot be read.
    """

    def read(connection: sa.Connection) -> Records:
        return Records(
            calls=_calls(connection, since, until),
            presences=_presences(connection, since, until),
        )

    return await asked(database, read)


async def asked(database: Database, work: Callable[[sa.Connection], ResultT]) -> ResultT:
    """
    Carry out work on a database and return its result.

    Raises:
        StoreUnavailableError: It did not do it.
    """
    try:
        return await database.run(work)
    except (sa.exc.SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise StoreUnavailableError(
            f"The store {database.address} cannot be used: {cause}. Expected a store that "
            "`ekc serve` of this version has opened at least once"
        ) from error


def _touching(since: datetime, until: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        calls.c.registered_at >= since - LONGEST_CALL,
        calls.c.registered_at < until,
        sa.or_(calls.c.ended_at.is_(None), calls.c.ended_at >= since - LONGEST_WRAP_UP),
    )


def _calls(connection: sa.Connection, since: datetime, until: datetime) -> tuple[CallRecord, ...]:
    is_meant = _touching(since, until)
    of_call: defaultdict[str, list[SegmentRecord]] = defaultdict(list)
    parts = (column for column in segments.c if column.name != "call")
    for call, *values in connection.execute(
        sa.select(segments.c.call, *parts)
        .select_from(calls.join(segments, segments.c.call == calls.c.id))
        .where(is_meant)
    ):
        of_call[call].append(_segment(values))
    query = (
        sa.select(
            calls.c.id,
            calls.c.appeal,
            calls.c.did,
            calls.c.number,
            calls.c.registered_at,
            calls.c.ended_at,
            calls.c.outcome,
            callbacks.c.reason,
            callbacks.c.due_at,
            callbacks.c.state,
        )
        .select_from(calls.outerjoin(callbacks, callbacks.c.call == calls.c.id))
        .where(is_meant)
        .order_by(calls.c.registered_at, calls.c.id)
    )
    silences = _silences(connection, is_meant)
    return tuple(
        _call(row, of_call.get(row.id, []), silences.get(row.id, ()))
        for row in connection.execute(query)
    )


def _silences(
    connection: sa.Connection, is_meant: sa.ColumnElement[bool]
) -> dict[str, list[SilenceRecord]]:
    found: dict[str, list[SilenceRecord]] = {}
    for call, at, kind, agent in connection.execute(
        sa.select(call_notes.c.call, call_notes.c.at, call_notes.c.kind, call_notes.c.agent)
        .select_from(calls.join(call_notes, call_notes.c.call == calls.c.id))
        .where(is_meant, call_notes.c.kind.in_(SILENCES))
        .order_by(call_notes.c.call, call_notes.c.sequence)
    ):
        found.setdefault(call, []).append(SilenceRecord(at=at, kind=kind, agent=agent))
    return found


def _segment(values: list[Any]) -> SegmentRecord:
    segment, kind, queue, agent, started_at, ended_at, outcome, recording = values
    return SegmentRecord(
        segment=segment,
        kind=kind,
        queue=queue,
        agent=agent,
        started_at=started_at,
        ended_at=ended_at,
        outcome=outcome,
        recording=recording,
    )


def _call(row: Any, parts: list[SegmentRecord], silences: Sequence[SilenceRecord]) -> CallRecord:
    callback = None
    if row.reason is not None:
        is_done = row.state is CallbackState.DONE
        callback = CallbackRecord(reason=row.reason, due_at=row.due_at, is_done=is_done)
    return CallRecord(
        call=CallId(row.id),
        appeal=AppealId(row.appeal),
        did=Did(row.did),
        number=row.number,
        registered_at=row.registered_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
        segments=tuple(sorted(parts, key=lambda each: each.segment)),
        callback=callback,
        silences=tuple(silences),
    )


def _presences(
    connection: sa.Connection, since: datetime, until: datetime
) -> tuple[PresenceSpan, ...]:
    # For each agent from what held at the beginning: one step down the index, not all his history.
    earlier = presence_history.alias()
    held = (
        sa.select(sa.func.max(earlier.c.since, type_=earlier.c.since.type))
        .where(earlier.c.agent == agent_presence.c.agent, earlier.c.since <= since)
        .scalar_subquery()
    )
    of_agent = sa.and_(
        presence_history.c.agent == agent_presence.c.agent,
        presence_history.c.since >= sa.func.coalesce(held, since, type_=earlier.c.since.type),
        presence_history.c.since < until,
    )
    query = (
        sa.select(presence_history)
        .select_from(agent_presence.join(presence_history, of_agent))
        .order_by(presence_history.c.agent, presence_history.c.since)
    )
    rows = connection.execute(query).all()
    return tuple(
        PresenceSpan(
            agent=AgentId(row.agent),
            presence=row.presence,
            reason=row.reason,
            is_reachable=row.is_reachable,
            began_at=row.since,
            ended_at=later.since if later is not None and later.agent == row.agent else None,
        )
        for row, later in zip_longest(rows, rows[1:])
    )
