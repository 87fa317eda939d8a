"""The appeal store, as `ekc appeals reconcile` reads it, and where it keeps what it found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ekc_telephony.adapters.sql.connection import asked, open_for_reading, open_for_writing
from ekc_telephony.adapters.sql.models import (
    CallFault,
    appeals,
    call_faults,
    calls,
    reconciliations,
    segments,
)
from ekc_telephony.core.appeals.reconciliation import Kept
from ekc_telephony.core.call.facts import SegmentKind
from ekc_telephony.core.kernel.ids import AppealId, CallId, is_of_node


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciledDay:
    """What was found about one day."""

    day: date
    checked_at: datetime
    calls: int
    differences: int


@final
class ReconciliationStore:
    """Reads what is compared and keeps what was found; raises `StoreUnavailableError`."""

    def __init__(self, url: str) -> None:
        """
        Prepare; nothing is connected yet.

        Raises:
            StoreUrlError: The address cannot be used, or there is no such file.
        """
        self._reading = open_for_reading(url)
        self._writing = open_for_writing(url)

    async def kept(self, node: str, *, since: datetime, until: datetime) -> list[Kept]:
        """Return the node's calls registered in the span, `until` left out."""
        in_span = sa.and_(calls.c.registered_at >= since, calls.c.registered_at < until)
        found = await asked(self._reading, lambda connection: _kept(connection, in_span))
        return [call for call in found if is_of_node(call.call, node)]

    async def strays(self, *, since: datetime, until: datetime) -> list[tuple[AppealId, datetime]]:
        """Return the appeals opened in the span that no call names, whichever node opened them."""
        query = (
            sa.select(appeals.c.id, appeals.c.opened_at)
            .select_from(appeals.outerjoin(calls, calls.c.appeal == appeals.c.id))
            .where(calls.c.id.is_(None), appeals.c.opened_at >= since, appeals.c.opened_at < until)
        )

        def read(connection: sa.Connection) -> list[tuple[AppealId, datetime]]:
            return [(AppealId(row.id), row.opened_at) for row in connection.execute(query)]

        return await asked(self._reading, read)

    async def record(self, days: Sequence[ReconciledDay]) -> None:
        """Keep what was found; a day compared again replaces what was found before."""
        rows = [
            {
                "day": each.day,
                "checked_at": each.checked_at,
                "calls": each.calls,
                "differences": each.differences,
            }
            for each in days
        ]
        insert = sqlite.insert if self._writing.dialect == "sqlite" else postgresql.insert
        statement = insert(reconciliations)
        statement = statement.on_conflict_do_update(
            index_elements=[reconciliations.c.day],
            set_={
                column: statement.excluded[column]
                for column in ("checked_at", "calls", "differences")
            },
        )
        await asked(self._writing, lambda connection: connection.execute(statement, rows))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._reading.close()
        await self._writing.close()


def _kept(connection: sa.Connection, in_span: sa.ColumnElement[bool]) -> list[Kept]:
    talk_rows = connection.execute(
        sa.select(segments.c.call, segments.c.started_at, segments.c.ended_at)
        .select_from(segments.join(calls, segments.c.call == calls.c.id))
        .where(in_span, segments.c.kind == SegmentKind.TALK)
    )
    talks = _longest_talks((row.call, row.started_at, row.ended_at) for row in talk_rows)
    died = set(
        connection.scalars(
            sa.select(call_faults.c.call)
            .select_from(call_faults.join(calls, call_faults.c.call == calls.c.id))
            .where(in_span, call_faults.c.kind == CallFault.ASTERISK_DIED)
        )
    )
    rows = connection.execute(
        sa.select(
            calls.c.id,
            calls.c.appeal,
            appeals.c.id.label("found_appeal"),
            calls.c.registered_at,
            calls.c.ended_at,
        )
        .select_from(calls.outerjoin(appeals, calls.c.appeal == appeals.c.id))
        .where(in_span)
    )
    return [
        Kept(
            call=CallId(row.id),
            appeal=AppealId(row.appeal),
            has_appeal=row.found_appeal is not None,
            registered_at=row.registered_at,
            ended_at=row.ended_at,
            longest_talk=talks.get(row.id),
            saw_asterisk_die=row.id in died,
        )
        for row in rows
    ]


def _longest_talks(
    rows: Iterable[tuple[str, datetime, datetime | None]],
) -> dict[str, timedelta]:
    longest: dict[str, timedelta] = {}
    for call, started_at, ended_at in rows:
        length = timedelta() if ended_at is None else ended_at - started_at
        longest[call] = max(length, longest.get(call, timedelta()))
    return longest
