"""
Callbacks, reconciliations, and faults that are our own death or bug.

The words are spelled out, as in every revision. SQLite cannot change a CHECK, so its table of
faults is copied; nothing refers to it, and it holds few rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FAULTS = ("recording_lost", "prompts_not_heard", "asterisk_died", "engine_bug", "engine_away")
_REASONS = ("asked", "abandoned", "cut_off", "not_served")


def upgrade() -> None:
    """Make the new tables, and let faults be of the new kinds."""
    op.create_table(
        "callbacks",
        sa.Column("call", sa.Text, sa.ForeignKey("calls.id"), primary_key=True),
        sa.Column("appeal", sa.Text, sa.ForeignKey("appeals.id"), nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("reason", _one_of("callback_reason", _REASONS), nullable=False),
        sa.Column("due_at", _moment(), nullable=False),
        sa.Column("state", _one_of("callback_state", ("waiting", "done")), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("callbacks_by_state", "callbacks", ["state", "due_at"])
    op.create_table(
        "reconciliations",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("checked_at", _moment(), nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("differences", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    if op.get_context().dialect.name == "sqlite":
        _copy_faults()
    else:
        op.drop_constraint("call_fault", "call_faults", type_="check")
        op.create_check_constraint("call_fault", "call_faults", sa.column("kind").in_(_FAULTS))


def _copy_faults() -> None:
    op.create_table(
        "new_call_faults",
        sa.Column("call", sa.Text, sa.ForeignKey("calls.id"), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("kind", _one_of("call_fault", _FAULTS), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    columns = "call, sequence, at, kind, detail"
    op.execute(f"INSERT INTO new_call_faults ({columns}) SELECT {columns} FROM call_faults")  # noqa: S608 -- no input in it
    op.drop_table("call_faults")
    op.rename_table("new_call_faults", "call_faults")


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def _one_of(name: str, words: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=40)
