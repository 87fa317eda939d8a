"""
The appeal store, as statistics read it: calls with their segments, and what agents declared.

Rule 1: only indexes are walked. A call is looked for up to a day before the period it may touch:
longer ones are ended by reconciliation.
Rule 2: calls are handed over some thousands at a time: a federal week has a million.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import zip_longest
from operator import attrgetter
from typing import Any, Final, final

import sqlalchemy as sa

from ekc_telephony.adapters.sql.connection import Database, asked, open_for_reading
from ekc_telephony.adapters.sql.models import (
    CallbackState,
    agent_presence,
    call_notes,
    callbacks,
    calls,
    presence_history,
    segments,
)
from ekc_telephony.core.call.facts import NoteKind
from ekc_telephony.core.kernel.ids import AgentId, AppealId, CallId, Did
from ekc_telephony.core.stats.records import (
    ANSWERS,
    SILENCES,
    AnswerRecord,
    CallbackRecord,
    CallRecord,
    PresenceSpan,
    SegmentRecord,
    SilenceRecord,
)

LONGEST_CALL: Final = timedelta(days=1)
"""How long before a period a call may have begun that still goes on in it."""
LONGEST_WRAP_UP: Final = timedelta(hours=1)
"""How long after a call's end its wrap-up may end."""
AT_ONCE: Final = 4_000
"""Calls: about ten megabytes."""
_ALL_OF_A_CALL: Final = (
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
    .order_by(calls.c.registered_at, calls.c.id)
)
_ALL_OF_A_SEGMENT: Final = sa.select(
    segments.c.call, *(column for column in segments.c if column.name != "call")
).select_from(calls.join(segments, segments.c.call == calls.c.id))


@dataclass(slots=True)
class _Notes:
    """What is noted of one call."""

    silences: list[SilenceRecord] = field(default_factory=list)
    answers: list[AnswerRecord] = field(default_factory=list)
    proofs: list[str] = field(default_factory=list)


_NO_NOTES: Final = _Notes()
_COUNTED: Final = SILENCES | ANSWERS | {NoteKind.IDENTIFIED}


@final
class StatisticsReader:
    """
    Reads what figures are made of.

    Args:
        url: The store's address.
        at_once: How many calls are handed over at once.
    """

    def __init__(self, url: str, *, at_once: int = AT_ONCE) -> None:
        """
        Prepare to read; nothing is connected yet.

        Raises:
            StoreUrlError: The address cannot be used, or there is no such file.
        """
        self._database = open_for_reading(url)
        self._at_once = at_once

    def calls(self, *, since: datetime, until: datetime) -> AsyncIterator[Sequence[CallRecord]]:
        """
        Yield all calls that touch the period, in order of time, some thousands at a time.

        Raises:
            StoreUnavailableError: The store cannot be read.
        """
        return read_calls(self._database, since=since, until=until, at_once=self._at_once)

    async def presences(self, *, since: datetime, until: datetime) -> Sequence[PresenceSpan]:
        """
        Return what agents declared that touches the period, by agent and time.

        Raises:
            StoreUnavailableError: The store cannot be read.
        """
        return await read_presences(self._database, since=since, until=until)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._database.close()


async def read_calls(
    database: Database, *, since: datetime, until: datetime, at_once: int = AT_ONCE
) -> AsyncIterator[Sequence[CallRecord]]:
    """
    Yield calls as `StatisticsReader.calls` does, from a database that is open.

    Raises:
        StoreUnavailableError: The store cannot be read.
    """
    last: CallRecord | None = None
    while True:
        next_query = _next_calls(since, until, after=last).limit(at_once)
        found = await asked(database, partial(_calls, query=next_query, since=since))
        if found:
            yield found
        if len(found) < at_once:
            return
        last = found[-1]


async def read_presences(
    database: Database, *, since: datetime, until: datetime
) -> Sequence[PresenceSpan]:
    """
    Return presences as `StatisticsReader.presences` does, from a database that is open.

    Raises:
        StoreUnavailableError: The store cannot be read.
    """
    return await asked(database, partial(_presences, since=since, until=until))


def _may_touch(since: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(calls.c.ended_at.is_(None), calls.c.ended_at >= since - LONGEST_WRAP_UP)


def _next_calls(since: datetime, until: datetime, *, after: CallRecord | None) -> sa.Select[Any]:
    """Ask for the calls after one; after none, for the first ones."""
    begin = since - LONGEST_CALL if after is None else after.registered_at
    query = _ALL_OF_A_CALL.where(
        calls.c.registered_at >= begin, calls.c.registered_at < until, _may_touch(since)
    )
    if after is None:
        return query
    return query.where(sa.or_(calls.c.registered_at > begin, calls.c.id > after.call))


def _calls(
    connection: sa.Connection, *, query: sa.Select[Any], since: datetime
) -> tuple[CallRecord, ...]:
    rows = connection.execute(query).all()
    if not rows:
        return ()
    is_read = calls.c.registered_at.between(rows[0].registered_at, rows[-1].registered_at)
    of_call: defaultdict[str, list[SegmentRecord]] = defaultdict(list)
    for call, *values in connection.execute(
        _ALL_OF_A_SEGMENT.where(is_read, _may_touch(since))
    ).all():
        of_call[call].append(_segment(values))
    notes = _notes(connection, sa.and_(is_read, _may_touch(since)))
    return tuple(_call(row, of_call.get(row.id, []), notes.get(row.id, _NO_NOTES)) for row in rows)


def _notes(connection: sa.Connection, is_meant: sa.ColumnElement[bool]) -> dict[str, _Notes]:
    found: dict[str, _Notes] = {}
    columns = (column for column in call_notes.c if column.name != "sequence")
    for call, at, kind, agent, target, reason in connection.execute(
        sa.select(*columns)
        .select_from(calls.join(call_notes, call_notes.c.call == calls.c.id))
        .where(is_meant, call_notes.c.kind.in_(_COUNTED))
        .order_by(call_notes.c.call, call_notes.c.sequence)
    ):
        notes = found.setdefault(call, _Notes())
        if kind in SILENCES:
            notes.silences.append(SilenceRecord(at=at, kind=kind, agent=agent))
        elif kind in ANSWERS:
            asked = AnswerRecord(at=at, kind=kind, question=target or "", answer=reason)
            notes.answers.append(asked)
        else:
            notes.proofs.append(reason or "")
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


def _call(row: Any, parts: list[SegmentRecord], notes: _Notes) -> CallRecord:
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
        segments=tuple(sorted(parts, key=attrgetter("segment"))),
        callback=callback,
        silences=tuple(notes.silences),
        answers=tuple(notes.answers),
        proofs=tuple(notes.proofs),
    )


def _presences(
    connection: sa.Connection, *, since: datetime, until: datetime
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
