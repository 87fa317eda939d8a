"""
Hold, messages, supervision, conferences of three, and notes on what people did in a call.

SQLite cannot change a CHECK, so its table of segments is copied, as in 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_KINDS = (
    *("ivr", "waiting", "offer", "talk", "consultation", "outside"),
    *("hold", "message", "supervision", "wrap_up"),
)
_OUTCOMES = (
    *("completed", "abandoned", "no_agents", "overflowed", "left_by_key", "moved"),
    *("accepted", "refused", "not_answered", "unreachable", "withdrawn"),
    *("caller_hung_up", "agent_hung_up", "transferred", "joined"),
    *("finished_early", "time_is_up", "broken"),
)
_NOTES = ("routed", "moved", "supervised", "silent", "overloaded")


def upgrade() -> None:
    """Add the words and the table."""
    op.create_table(
        "call_notes",
        sa.Column("call", sa.Text, sa.ForeignKey("calls.id"), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("kind", _one_of("note_kind", _NOTES), nullable=False),
        sa.Column("agent", sa.Text),
        sa.Column("target", sa.Text),
        sa.Column("reason", sa.Text),
        sqlite_with_rowid=False,
    )
    if op.get_context().dialect.name == "sqlite":
        _copy_segments()
        return
    for name, column, words in (
        ("segment_kind", "kind", _KINDS),
        ("segment_outcome", "outcome", _OUTCOMES),
    ):
        op.drop_constraint(name, "segments", type_="check")
        op.create_check_constraint(name, "segments", sa.column(column).in_(words))


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
