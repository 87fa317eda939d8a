"""
The first tables: appeals, calls, segments, faults of calls, agents' presence.

The words are spelled out: this file must build the same tables for ever, whatever the core's Enums
say later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_CALL_OUTCOMES = (
    "answered",
    "self_served",
    "abandoned_in_menu",
    "abandoned_in_queue",
    "short",
    "callback_promised",
    "message_left",
    "informed_after_hours",
    "informed_no_agents",
    "sent_to_fallback",
    "technical_failure",
)
_SEGMENT_KINDS = ("ivr", "waiting", "offer", "talk", "wrap_up")
_SEGMENT_OUTCOMES = (
    "completed",
    "abandoned",
    "no_agents",
    "accepted",
    "refused",
    "not_answered",
    "unreachable",
    "withdrawn",
    "caller_hung_up",
    "agent_hung_up",
    "finished_early",
    "time_is_up",
    "broken",
)
_PRESENCES = ("signed_out", "not_ready", "ready")
_REASONS = ("break", "lunch", "training", "other", "no_answer")
_FAULTS = ("recording_lost", "prompts_not_heard")


def upgrade() -> None:
    """Make the tables and their indexes."""
    _make_appeals_and_calls()
    _make_segments_and_faults()
    op.create_table(
        "agent_presence",
        sa.Column("agent", sa.Text, primary_key=True),
        sa.Column("presence", _one_of("presence", _PRESENCES), nullable=False),
        sa.Column("reason", _one_of("not_ready_reason", _REASONS)),
        sa.Column("since", _moment(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("calls_by_time", "calls", ["registered_at"])
    op.create_index("calls_by_number", "calls", ["number", "registered_at"])
    op.create_index("calls_by_outcome", "calls", ["outcome", "registered_at"])
    op.create_index("calls_by_appeal", "calls", ["appeal"])


def _make_appeals_and_calls() -> None:
    op.create_table(
        "appeals",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("opened_at", _moment(), nullable=False),
        sa.Column("state", _one_of("appeal_state", ("registered",)), nullable=False),
        sa.Column("number", sa.Text),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("appeal", sa.Text, sa.ForeignKey("appeals.id"), nullable=False),
        sa.Column("did", sa.Text, nullable=False),
        sa.Column("number", sa.Text),
        sa.Column("script", sa.Text),
        sa.Column("registered_at", _moment(), nullable=False),
        sa.Column("answered_at", _moment()),
        sa.Column("ended_at", _moment()),
        sa.Column("outcome", _one_of("call_outcome", _CALL_OUTCOMES)),
        sa.Column("queue", sa.Text),
        sa.Column("agent", sa.Text),
        sa.Column("last_sequence", sa.Integer, nullable=False),
        _ends_with_an_outcome("calls"),
        sqlite_with_rowid=False,
    )


def _make_segments_and_faults() -> None:
    op.create_table(
        "segments",
        sa.Column("call", sa.Text, sa.ForeignKey("calls.id"), primary_key=True),
        sa.Column("segment", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", _one_of("segment_kind", _SEGMENT_KINDS), nullable=False),
        sa.Column("queue", sa.Text),
        sa.Column("agent", sa.Text),
        sa.Column("started_at", _moment(), nullable=False),
        sa.Column("ended_at", _moment()),
        sa.Column("outcome", _one_of("segment_outcome", _SEGMENT_OUTCOMES)),
        sa.Column("recording", sa.Text),
        _ends_with_an_outcome("segments"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "call_faults",
        sa.Column("call", sa.Text, sa.ForeignKey("calls.id"), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("kind", _one_of("call_fault", _FAULTS), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def _one_of(name: str, words: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=40)


def _ends_with_an_outcome(table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(
        "(ended_at IS NULL) = (outcome IS NULL)", name=f"{table}_ended_has_outcome"
    )
