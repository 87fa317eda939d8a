"""
The appeal store's reading side: what became of callers, for people and for exports.

Rule 1: whatever is read comes in an order that does not depend on chance: by time, then by id.
Rule 2: only indexes are walked; a list of the newest 50 costs the same in a store of millions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar, final

import sqlalchemy as sa

from ekc_telephony.adapters.sql.connection import asked, open_for_reading
from ekc_telephony.adapters.sql.models import (
    AppealState,
    CallbackState,
    CallFault,
    appeals,
    call_faults,
    call_notes,
    callbacks,
    calls,
    reconciliations,
    segments,
)
from ekc_telephony.core.appeals.fallback import FALLBACK_QUEUE
from ekc_telephony.core.call.facts import (
    CallbackReason,
    CallOutcome,
    NoteKind,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.kernel.ids import AgentId, AppealId, CallId

ResultT = TypeVar("ResultT")

PAGE: Final = 1000
"""Rows read at a time by an export: a few hundred kilobytes."""
_NATIONAL_DIGITS: Final = 10
"""A Russian number without its prefix, which people write as 8, 7 or +7."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSummary:
    """One call about an appeal, in a line."""

    appeal: AppealId
    call: CallId
    number: str | None
    """The citizen's; None when he hid it."""
    did: str
    script: str | None
    registered_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: CallOutcome | None
    """None while the call goes on."""
    queue: str | None
    agent: str | None
    rating: str | None
    """The last mark that the caller gave, 1 to 5; None: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSummary:
    """One stretch of a call."""

    segment: int
    kind: SegmentKind
    queue: str | None
    agent: str | None
    started_at: datetime
    ended_at: datetime | None
    outcome: SegmentOutcome | None
    recording: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSummary:
    """Something that went wrong in a call without ending it."""

    at: datetime
    kind: CallFault
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSummary:
    """A citizen who is on the callback list, or was."""

    appeal: AppealId
    call: CallId
    """The call that put him on it."""
    number: str
    reason: CallbackReason
    due_at: datetime
    state: CallbackState


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSummary:
    """What a person did in a call, or what was seen in it."""

    at: datetime
    kind: NoteKind
    agent: AgentId | None
    target: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHistory:
    """A call with all that happened in it, in order of time."""

    summary: CallSummary
    segments: tuple[SegmentSummary, ...]
    faults: tuple[FaultSummary, ...]
    notes: tuple[NoteSummary, ...]
    callback: CallbackSummary | None
    """None when the call put nobody on the callback list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealHistory:
    """An appeal with its calls, in order of time."""

    appeal: AppealId
    opened_at: datetime
    state: AppealState
    number: str | None
    calls: tuple[CallHistory, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """One run of `ekc appeals reconcile`, over all the days that it compared."""

    checked_at: datetime
    calls: int
    """How many were compared."""
    differences: int
    """Those that nothing explains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls are meant; an absent condition lets all through."""

    since: datetime | None = None
    """Registered at this moment or later."""
    until: datetime | None = None
    """Registered before this moment."""
    outcome: CallOutcome | None = None
    number: str | None = None
    """However people write it: +7 900 123-45-67, 8900…, 900…."""

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return the conditions on the table `calls`."""
        found: list[sa.ColumnElement[bool]] = []
        if self.since is not None:
            found.append(calls.c.registered_at >= self.since)
        if self.until is not None:
            found.append(calls.c.registered_at < self.until)
        if self.outcome is not None:
            found.append(calls.c.outcome == self.outcome)
        if self.number is not None:
            found.append(calls.c.number.in_(spellings(self.number)))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstWait:
    """How a call ended, and when its caller began to wait and was answered."""

    outcome: CallOutcome
    began_at: datetime | None
    """None when the caller never came to a queue."""
    ended_at: datetime
    """The answer, or else the end of the call."""


@final
class AppealQueries:
    """Reads the appeal store; every method raises `StoreUnavailableError` when it cannot."""

    def __init__(self, url: str) -> None:
        """
        Prepare to read; nothing is connected yet.

        Raises:
            StoreUrlError: The address cannot be used, or there is no such file.
        """
        self._database = open_for_reading(url)

    async def newest_calls(self, wanted: CallFilter, *, limit: int) -> list[CallSummary]:
        """Return the newest calls, newest first."""
        newest_first = (calls.c.registered_at.desc(), calls.c.id.desc())
        query = _summaries().where(*wanted.conditions()).order_by(*newest_first).limit(limit)
        return await self._page(query)

    async def all_calls(self, wanted: CallFilter) -> AsyncIterator[CallSummary]:
        """Yield every call, oldest first, reading a page at a time."""
        query = _summaries().where(*wanted.conditions())
        query = query.order_by(calls.c.registered_at, calls.c.id).limit(PAGE)
        page = await self._page(query)
        while page:
            for summary in page:
                yield summary
            page = await self._page(query.where(_after(page[-1])))

    async def find(self, appeal: AppealId) -> AppealHistory | None:
        """Return everything about one appeal, None when there is no such."""
        return await self._read(lambda connection: _history(connection, appeal))

    async def similar(self, appeal: str, *, limit: int = 5) -> list[AppealId]:
        """Return ids of appeals that contain what was typed, newest first."""
        query = (
            sa.select(appeals.c.id)
            .where(appeals.c.id.contains(appeal, autoescape=True))
            .order_by(appeals.c.id.desc())
            .limit(limit)
        )
        return await self._read(lambda connection: list(connection.scalars(query)))

    async def callbacks(self, *, with_done: bool) -> list[CallbackSummary]:
        """
        Return the callback list, longest waiting first.

        Args:
            with_done: Whether those who have been called back are listed, too.
        """
        query = _callbacks().order_by(callbacks.c.due_at, callbacks.c.call)
        if not with_done:
            query = query.where(callbacks.c.state == CallbackState.WAITING)
        return await self._read(lambda connection: _callbacks_of(connection, query))

    async def last_reconciliation(self) -> Reconciliation | None:
        """Return what the last run of `ekc appeals reconcile` found, None before the first."""
        query = (
            sa.select(
                reconciliations.c.checked_at,
                sa.func.sum(reconciliations.c.calls).label("calls"),
                sa.func.sum(reconciliations.c.differences).label("differences"),
            )
            .group_by(reconciliations.c.checked_at)
            .order_by(reconciliations.c.checked_at.desc())
            .limit(1)
        )

        def read(connection: sa.Connection) -> Reconciliation | None:
            row = connection.execute(query).mappings().one_or_none()
            return None if row is None else Reconciliation(**row)

        return await self._read(read)

    async def first_waits(self, wanted: CallFilter) -> list[FirstWait]:
        """Return how long the callers of all ended calls waited for a person."""
        began = sa.func.min(segments.c.started_at, type_=segments.c.started_at.type)
        waiting = sa.and_(segments.c.call == calls.c.id, segments.c.kind == SegmentKind.WAITING)
        query = (
            sa.select(calls.c.outcome, began, calls.c.answered_at, calls.c.ended_at)
            .select_from(calls.outerjoin(segments, waiting))
            .where(calls.c.ended_at.is_not(None), *wanted.conditions())
            .group_by(calls.c.id)
        )

        def read(connection: sa.Connection) -> list[FirstWait]:
            return [
                FirstWait(outcome=outcome, began_at=began_at, ended_at=answered_at or ended_at)
                for outcome, began_at, answered_at, ended_at in connection.execute(query)
            ]

        return await self._read(read)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._database.close()

    async def _page(self, query: sa.Select[Any]) -> list[CallSummary]:
        return await self._read(lambda connection: _summaries_of(connection, query))

    async def _read(self, work: Callable[[sa.Connection], ResultT]) -> ResultT:
        return await asked(self._database, work)


def spellings(number: str) -> list[str]:
    """Return the ways in which trunks may have delivered the number that a person typed."""
    digits = "".join(letter for letter in number if letter.isdigit())
    if len(digits) < _NATIONAL_DIGITS:
        return [number.strip()]
    national = digits[-_NATIONAL_DIGITS:]
    return sorted({number.strip(), digits, *(prefix + national for prefix in ("+7", "7", "8", ""))})


_RATING: Final = (
    sa.select(call_notes.c.reason)
    .where(call_notes.c.call == calls.c.id, call_notes.c.kind == NoteKind.RATED)
    .order_by(call_notes.c.sequence.desc())
    .limit(1)
    .scalar_subquery()
    .label("rating")
)


def _summaries() -> sa.Select[Any]:
    columns = (
        calls.c.appeal,
        calls.c.id.label("call"),
        calls.c.number,
        calls.c.did,
        calls.c.script,
        calls.c.registered_at,
        calls.c.answered_at,
        calls.c.ended_at,
        calls.c.outcome,
        calls.c.queue,
        calls.c.agent,
        _RATING,
    )
    return sa.select(*columns)


def _summaries_of(connection: sa.Connection, query: sa.Select[Any]) -> list[CallSummary]:
    return [CallSummary(**row) for row in connection.execute(query).mappings()]


def _after(last: CallSummary) -> sa.ColumnElement[bool]:
    is_later = calls.c.registered_at > last.registered_at
    is_same_moment = calls.c.registered_at == last.registered_at
    return sa.or_(is_later, sa.and_(is_same_moment, calls.c.id > last.call))


def _history(connection: sa.Connection, appeal: AppealId) -> AppealHistory | None:
    found = connection.execute(sa.select(appeals).where(appeals.c.id == appeal)).one_or_none()
    if found is None:
        return None
    query = _summaries().where(calls.c.appeal == appeal)
    query = query.order_by(calls.c.registered_at, calls.c.id)
    return AppealHistory(
        appeal=found.id,
        opened_at=found.opened_at,
        state=found.state,
        number=found.number,
        calls=tuple(
            _call_history(connection, summary) for summary in _summaries_of(connection, query)
        ),
    )


def _call_history(connection: sa.Connection, summary: CallSummary) -> CallHistory:
    of_segments = (column for column in segments.c if column.name != "call")
    segment_rows = connection.execute(
        sa.select(*of_segments)
        .where(segments.c.call == summary.call)
        .order_by(segments.c.started_at, segments.c.segment)
    )
    fault_rows = connection.execute(
        sa.select(call_faults.c.at, call_faults.c.kind, call_faults.c.detail)
        .where(call_faults.c.call == summary.call)
        .order_by(call_faults.c.sequence)
    )
    of_notes = (column for column in call_notes.c if column.name not in {"call", "sequence"})
    note_rows = connection.execute(
        sa.select(*of_notes)
        .where(call_notes.c.call == summary.call)
        .order_by(call_notes.c.sequence)
    )
    callback = _callbacks_of(connection, _callbacks().where(callbacks.c.call == summary.call))
    return CallHistory(
        summary=summary,
        segments=tuple(SegmentSummary(**row) for row in segment_rows.mappings()),
        faults=tuple(FaultSummary(**row) for row in fault_rows.mappings()),
        notes=tuple(NoteSummary(**row) for row in note_rows.mappings()),
        callback=callback[0] if callback else None,
    )


def _callbacks() -> sa.Select[Any]:
    # The engine puts a caller on the list when it lets him go, and cannot know that an operator
    # served him in the fallback afterwards. Both may be told in any order, so it is decided here.
    was_served_after_all = sa.exists().where(
        segments.c.call == callbacks.c.call,
        segments.c.kind == SegmentKind.TALK,
        segments.c.queue == FALLBACK_QUEUE,
        segments.c.outcome != SegmentOutcome.BROKEN,
    )
    is_void = sa.and_(callbacks.c.reason == CallbackReason.NOT_SERVED, was_served_after_all)
    return sa.select(callbacks).where(sa.not_(is_void))


def _callbacks_of(connection: sa.Connection, query: sa.Select[Any]) -> list[CallbackSummary]:
    return [CallbackSummary(**row) for row in connection.execute(query).mappings()]
