"""
Presences kept for ever, figures of half-hours and days, and callers who leave a queue for another.

The words are spelled out, as in every revision. SQLite cannot change a CHECK, so its table of
segments is copied: half a minute for ten million rows, and nothing refers to it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_PRESENCES = ("signed_out", "not_ready", "ready")
_REASONS = ("break", "lunch", "training", "other", "no_answer")
_KINDS = ("ivr", "waiting", "offer", "talk", "wrap_up")
_OUTCOMES = (
    *("completed", "abandoned", "no_agents", "overflowed", "left_by_key"),
    *("accepted", "refused", "not_answered", "unreachable", "withdrawn"),
    *("caller_hung_up", "agent_hung_up", "finished_early", "time_is_up", "broken"),
)
_COUNTS = (
    *("received", "offered", "answered", "answered_in_20_s", "abandoned", "abandoned_in_20_s"),
    *("short", "flowed_out", "broken", "waiting", "handled", "cut_off", "longest_queue"),
)
_SECONDS = (
    *("wait_s", "longest_wait_s", "talk_s", "wrap_up_s", "signed_in_s", "ready_s", "handling_s"),
)


def upgrade() -> None:
    """Make the new tables, begin the history with what agents declared last, add the words."""
    op.add_column(
        "agent_presence",
        sa.Column("is_reachable", sa.Boolean, nullable=False, server_default=sa.true()),
    )
    op.create_table(
        "presence_history",
        sa.Column("agent", sa.Text, primary_key=True),
        sa.Column("since", _moment(), primary_key=True),
        sa.Column("presence", _one_of("presence", _PRESENCES), nullable=False),
        sa.Column("reason", _one_of("not_ready_reason", _REASONS)),
        sa.Column("is_reachable", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
    columns = "agent, since, presence, reason, is_reachable"
    op.execute(f"INSERT INTO presence_history ({columns}) SELECT {columns} FROM agent_presence")  # noqa: S608 -- no input in it
    op.create_table(
        "statistics",
        sa.Column("length", _one_of("interval_length", ("half_hour", "day")), primary_key=True),
        sa.Column("begins_at", _moment(), primary_key=True),
        sa.Column(
            "told_by",
            _one_of("told_by", ("all", "queue", "line", "operator")),
            primary_key=True,
        ),
        sa.Column("key", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in _COUNTS),
        *(sa.Column(name, sa.Float, nullable=False) for name in _SECONDS),
        sa.Column("held_s", sa.Float),
        sa.Column("transferred", sa.Integer),
        sa.Column("available_s", sa.Float),
        sa.Column("tally", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    if op.get_context().dialect.name == "sqlite":
        _copy_segments()
    else:
        op.drop_constraint("segment_outcome", "segments", type_="check")
        op.create_check_constraint(
            "segment_outcome", "segments", sa.column("outcome").in_(_OUTCOMES)
        )


def _copy_segments() -> None:
    op.create_table(
        "new_segments",
        sa.Column("call", sa.Text, sa.ForeignKey("calls.id"), primary_key=True),
        sa.Column("segment", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", _one_of("segment_kind", _KINDS), nullable=False),
        sa.Column("queue", sa.Text),
        sa.Column("agent", sa.Text),
        sa.Column("started_at", _moment(), nullable=False),
        sa.Column("ended_at", _moment()),
        sa.Column("outcome", _one_of("segment_outcome", _OUTCOMES)),
        sa.Column("recording", sa.Text),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (outcome IS NULL)", name="segments_ended_has_outcome"
        ),
        sqlite_with_rowid=False,
    )
    columns = "call, segment, kind, queue, agent, started_at, ended_at, outcome, recording"
    op.execute(f"INSERT INTO new_segments ({columns}) SELECT {columns} FROM segments")  # noqa: S608 -- no input in it
    op.drop_table("segments")
    op.rename_table("new_segments", "segments")


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def _one_of(name: str, words: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=40)
