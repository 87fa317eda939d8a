"""
Words for being asked, without which nobody knows how many did not answer, and figures of ratings.

SQLite cannot change a CHECK, so its table of notes is copied, as in 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NOTES = (
    *("routed", "moved", "supervised", "silent", "agent_silent"),
    *("identified", "asked_to_rate", "rated", "asked", "surveyed", "overloaded"),
)
_FIGURES = ("asked_to_rate", "rated", "rating_sum", "satisfied")


def upgrade() -> None:
    """Add the words and the columns; what was counted before holds null, «not measured»."""
    for name in _FIGURES:
        op.add_column("statistics", sa.Column(name, sa.Integer))
    if op.get_context().dialect.name == "sqlite":
        _copy_notes()
        return
    op.drop_constraint("note_kind", "call_notes", type_="check")
    op.create_check_constraint("note_kind", "call_notes", sa.column("kind").in_(_NOTES))


def _copy_notes() -> None:
    op.create_table(
        "new_call_notes",
        sa.Column("call", sa.Text, sa.ForeignKey("calls.id"), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                *_NOTES, name="note_kind", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("agent", sa.Text),
        sa.Column("target", sa.Text),
        sa.Column("reason", sa.Text),
        sqlite_with_rowid=False,
    )
    columns = "call, sequence, at, kind, agent, target, reason"
    op.execute(f"INSERT INTO new_call_notes ({columns}) SELECT {columns} FROM call_notes")  # noqa: S608 -- no input in it
    op.drop_table("call_notes")
    op.rename_table("new_call_notes", "call_notes")
