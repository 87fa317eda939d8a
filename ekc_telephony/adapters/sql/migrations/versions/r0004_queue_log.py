"""
The queue_log, with the columns of Asterisk's realtime table.

`origin` is ours: the fact that a row comes from. Readers that name their columns do not see it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the indexes that its readers ask by."""
    op.create_table(
        "queue_log",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True
        ),  # only INTEGER counts by itself in SQLite
        sa.Column("time", sa.DateTime, nullable=False),
        sa.Column("callid", sa.Text, nullable=False),
        sa.Column("queuename", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        *(sa.Column(f"data{number}", sa.Text, nullable=False) for number in range(1, 6)),
        sa.Column("origin", sa.Text, nullable=False, unique=True),
    )
    op.create_index("queue_log_by_time", "queue_log", ["time"])
    op.create_index("queue_log_by_call", "queue_log", ["callid"])
