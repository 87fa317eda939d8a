"""
The statements that write, built once per database.

Every one merges: a row that is there keeps what it has and gains what it lacks, so repeating a
statement changes nothing. Building them once lets SQLAlchemy find them compiled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ekc_telephony.adapters.sql.models import (
    LOOKED_LIKE_THE_END,
    agent_presence,
    appeals,
    call_faults,
    call_notes,
    callbacks,
    calls,
    presence_history,
    segments,
)
from ekc_telephony.core.call.facts import CallbackReason, CallOutcome, SegmentOutcome

_MERGED_IN_CALLS = ("answered_at", "ended_at", "outcome", "queue", "agent")
_MERGED_IN_SEGMENTS = ("ended_at", "outcome", "recording")
_DECLARED = ("presence", "reason", "is_reachable")


class _Upsert(Protocol):
    """What the inserts of both databases have in common, and SQLAlchemy gives no type for."""

    excluded: Any

    def on_conflict_do_nothing(self) -> sa.Insert: ...

    def on_conflict_do_update(self, *, index_elements: Any, set_: Any) -> sa.Insert: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """All that the store writes with."""

    insert_appeals: sa.Insert
    insert_calls: sa.Insert
    change_calls: sa.Update
    merge_segments: sa.Insert
    add_recordings: sa.Update
    close_segments: sa.Update
    """What an earlier engine left open of a call."""
    insert_faults: sa.Insert
    insert_notes: sa.Insert
    insert_callbacks: sa.Insert
    """The appeal is looked up, since the fact names only the call."""
    set_presences: sa.Insert
    add_history: sa.Insert
    present_calls: sa.Select[tuple[str]]
    """The calls among `ids` that the table holds."""


def statements_for(dialect: str) -> Statements:
    """Build the statements for `sqlite` or `postgresql`."""
    return Statements(
        insert_appeals=_insert(dialect, appeals).on_conflict_do_nothing(),
        insert_calls=_merge_calls(dialect),
        change_calls=_change_calls(),
        merge_segments=_merge_segments(dialect),
        add_recordings=_add_recordings(),
        close_segments=_close_segments(),
        insert_faults=_insert(dialect, call_faults).on_conflict_do_nothing(),
        insert_notes=_insert(dialect, call_notes).on_conflict_do_nothing(),
        insert_callbacks=_insert_callbacks(dialect),
        set_presences=_set_presences(dialect),
        add_history=_add_history(dialect),
        present_calls=sa.select(calls.c.id).where(
            calls.c.id.in_(sa.bindparam("ids", expanding=True))
        ),
    )


def _insert(dialect: str, table: sa.Table, values: dict[str, Any] | None = None) -> _Upsert:
    insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect]
    statement = insert(table) if values is None else insert(table).values(values)
    return cast("_Upsert", statement)


def _merge_calls(dialect: str) -> sa.Insert:
    new: dict[str, sa.BindParameter[Any]] = {
        column: sa.bindparam(f"new_{column}") for column in _MERGED_IN_CALLS
    }
    given = ("appeal", "did", "number", "script", "registered_at")
    insert = _insert(
        dialect,
        calls,
        {
            "id": sa.bindparam("of_call"),
            "last_sequence": sa.bindparam("new_sequence"),
            **{column: sa.bindparam(column) for column in given},
            **new,
        },
    )
    later = insert.excluded.last_sequence
    merged = _merged(insert.excluded)
    return insert.on_conflict_do_update(
        index_elements=[calls.c.id], set_={"last_sequence": _greater(later), **merged}
    )


def _change_calls() -> sa.Update:
    merged = _merged(
        {
            column: sa.bindparam(f"new_{column}", type_=calls.c[column].type)
            for column in _MERGED_IN_CALLS
        }
    )
    later = sa.bindparam("new_sequence", type_=sa.Integer)
    return (
        sa.update(calls)
        .where(calls.c.id == sa.bindparam("of_call"))
        .values(last_sequence=_greater(later), **merged)
    )


def _merged(new: Any) -> dict[str, sa.ColumnElement[Any]]:
    """Return what stays of the columns of a call: what is there, else what is new."""
    merged: dict[str, sa.ColumnElement[Any]] = {
        column: sa.func.coalesce(calls.c[column], new[column]) for column in _MERGED_IN_CALLS
    }
    # See `batch.end_call`: a later end in the fallback takes the place of what looked like the end.
    is_again = sa.and_(
        # Not IN: its parameters are expanded for each execution, which executemany cannot.
        sa.or_(*(calls.c.outcome == each for each in LOOKED_LIKE_THE_END)),
        new["outcome"] == CallOutcome.SENT_TO_FALLBACK,
        new["ended_at"] > calls.c.ended_at,
    )
    for column in ("ended_at", "outcome"):
        merged[column] = sa.case((is_again, new[column]), else_=merged[column])
    return merged


def _greater(sequence: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    # GREATEST is MAX in SQLite; CASE is the same in both.
    return sa.case((sequence > calls.c.last_sequence, sequence), else_=calls.c.last_sequence)


def _merge_segments(dialect: str) -> sa.Insert:
    insert = _insert(dialect, segments)
    return insert.on_conflict_do_update(
        index_elements=[segments.c.call, segments.c.segment],
        set_={
            column: sa.func.coalesce(segments.c[column], insert.excluded[column])
            for column in _MERGED_IN_SEGMENTS
        },
    )


def _add_recordings() -> sa.Update:
    new = sa.bindparam("new_recording", type_=sa.Text)
    return (
        sa.update(segments)
        .where(
            segments.c.call == sa.bindparam("of_call"),
            segments.c.segment == sa.bindparam("of_segment"),
        )
        .values(recording=sa.func.coalesce(segments.c.recording, new))
    )


def _close_segments() -> sa.Update:
    return (
        sa.update(segments)
        .where(
            segments.c.call == sa.bindparam("of_call"),
            segments.c.segment <= sa.bindparam("last_of_before"),
            segments.c.ended_at.is_(None),
        )
        .values(
            ended_at=sa.bindparam("new_ended_at", type_=segments.c.ended_at.type),
            outcome=SegmentOutcome.BROKEN,
        )
    )


def _insert_callbacks(dialect: str) -> sa.Insert:
    appeal = sa.select(calls.c.appeal).where(calls.c.id == sa.bindparam("of_call"))
    given = ("number", "reason", "due_at", "state")
    values = {
        "call": sa.bindparam("of_call"),
        "appeal": appeal.scalar_subquery(),
        **{column: sa.bindparam(column) for column in given},
    }
    insert = _insert(dialect, callbacks, values)
    # Who asked for it himself is told so when he is called, whatever else went wrong.
    has_asked = insert.excluded.reason == CallbackReason.ASKED
    return insert.on_conflict_do_update(
        index_elements=[callbacks.c.call],
        set_={"reason": sa.case((has_asked, insert.excluded.reason), else_=callbacks.c.reason)},
    )


def _set_presences(dialect: str) -> sa.Insert:
    insert = _insert(dialect, agent_presence)
    return insert.on_conflict_do_update(
        index_elements=[agent_presence.c.agent],
        set_={column: insert.excluded[column] for column in (*_DECLARED, "since")},
    )


def _add_history(dialect: str) -> sa.Insert:
    insert = _insert(dialect, presence_history)
    return insert.on_conflict_do_update(
        index_elements=[presence_history.c.agent, presence_history.c.since],
        set_={column: insert.excluded[column] for column in _DECLARED},
    )
