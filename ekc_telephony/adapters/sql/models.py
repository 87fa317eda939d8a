"""
The tables of the appeal store.

An *appeal* is the recorded matter; a *call* is one contact about it; a *segment* is one stretch of
a call in which one thing happens; a *fault* is something that went wrong in a call without ending
it; a *note* is what a person did in a call, or what was seen in it; a *callback* is a citizen who
shall be called back; *agent_presence* is what each agent declared last, *presence_history* all that
he declared; *statistics* are figures of half-hours and days; a *reconciliation* is one day compared
with what Asterisk itself wrote down.

Rule 1: what a core Enum can say is all that a column may hold (CHECK), so «unknown» cannot be
written as an outcome by anybody.
Rule 2: whatever has ended has an outcome, and whatever has an outcome has ended (CHECK).
Rule 3: moments go in aware and come back aware, in UTC, on both databases.
Rule 4: a change here is a new file in `migrations/versions/` and a new `SCHEMA_REVISION`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, final

import sqlalchemy as sa
from typing_extensions import override

from ekc_telephony.core.call.facts import (
    CallbackReason,
    CallOutcome,
    NoteKind,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.call.presence import NotReadyReason, Presence

SCHEMA_REVISION: Final = "0009"
"""The newest revision in `migrations/versions/`; a test compares the two."""


LOOKED_LIKE_THE_END: Final = (
    CallOutcome.SENT_TO_FALLBACK,
    CallOutcome.SHORT,
    CallOutcome.ABANDONED_IN_MENU,
    CallOutcome.ABANDONED_IN_QUEUE,
)
"""Outcomes after which the fallback may still tell that the caller had been there for longer."""


class AppealState(Enum):
    """How far an appeal has come; the card's life adds to it."""

    REGISTERED = "registered"
    """The call reached us; nothing has been written on the card by a person."""


class CallFault(Enum):
    """What can go wrong in a call; the last three are the values of `Disturbance`."""

    RECORDING_LOST = "recording_lost"
    PROMPTS_NOT_HEARD = "prompts_not_heard"
    ASTERISK_DIED = "asterisk_died"
    ENGINE_BUG = "engine_bug"
    ENGINE_AWAY = "engine_away"


class CallbackState(Enum):
    """How far a callback has come."""

    WAITING = "waiting"
    """Nobody has called the citizen back yet."""
    DONE = "done"


class IntervalLength(Enum):
    """How long the intervals are that figures are kept of."""

    HALF_HOUR = "half_hour"
    DAY = "day"
    """A local day, of the time zone that the keeper was given."""


class ToldBy(Enum):
    """By what kept figures are told apart."""

    ALL = "all"
    QUEUE = "queue"
    LINE = "line"
    OPERATOR = "operator"


STATISTICS_COUNTS: Final = (
    "received",
    "offered",
    "answered",
    "answered_in_20_s",
    "abandoned",
    "abandoned_in_20_s",
    "short",
    "flowed_out",
    "broken",
    "waiting",
    "handled",
    "cut_off",
    "longest_queue",
)
STATISTICS_SECONDS: Final = (
    "wait_s",
    "longest_wait_s",
    "talk_s",
    "wrap_up_s",
    "signed_in_s",
    "ready_s",
    "handling_s",
)
STATISTICS_SILENCES: Final = ("caller_silent", "caller_silences", "agent_silent", "agent_silences")
STATISTICS_RATINGS: Final = ("asked_to_rate", "rated", "rating_sum", "satisfied")


@final
class UtcMoment(sa.types.TypeDecorator[datetime]):
    """
    An aware moment in UTC.

    PostgreSQL has a type for it. SQLite has none, so there it is text of a fixed width, which
    people can read and which sorts by time: `2026-03-01 09:15:00.000000+00:00`.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Return what the column is made of."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(32))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    @override
    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """
        Turn a moment into what the database takes.

        Raises:
            ValueError: The moment is naive, so nobody knows when it was.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"A moment without a time zone cannot be stored: {value!r}")
        if dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).isoformat(" ", "microseconds")

    @override
    def result_processor(
        self, dialect: sa.Dialect, coltype: object
    ) -> Callable[[Any], datetime | None]:
        """Return what makes an aware moment of what the database gives."""
        # Not process_result_value: figures of a week read ten million moments, and SQLAlchemy
        # would go through two more functions for each.
        return _read_text if dialect.name == "sqlite" else _in_utc


def _read_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


@final
class _Words(sa.Enum):
    """Text that holds one value of an Enum."""

    @override
    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any]:
        """Return what makes a word of what SQLite gives; PostgreSQL's dialect has its own way."""
        # As for moments: SQLAlchemy's own way is two functions a word.
        words: type[Enum] | None = self.enum_class
        return {None: None, **{word.value: word for word in words or ()}}.__getitem__


def _one_of(words: type[Enum], name: str) -> sa.Enum:
    """Text that holds one value of the Enum; the CHECK constraint gets the name."""
    return _Words(
        words,
        name=name,
        native_enum=False,  # a new word must not need ALTER TYPE, which no transaction can undo
        create_constraint=True,
        length=40,
        values_callable=lambda enum: [member.value for member in enum],
    )


def _ends_with_an_outcome(table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(
        "(ended_at IS NULL) = (outcome IS NULL)", name=f"{table}_ended_has_outcome"
    )


metadata: Final = sa.MetaData()

# Keys are text that grows with time, so SQLite keeps each table as one tree ordered by its key:
# no hidden row number and no second index to maintain on every insert.

appeals: Final = sa.Table(
    "appeals",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("opened_at", UtcMoment, nullable=False),
    sa.Column("state", _one_of(AppealState, "appeal_state"), nullable=False),
    sa.Column("number", sa.Text),
    sqlite_with_rowid=False,
)
"""`number` is the citizen's, empty when he hid it."""

calls: Final = sa.Table(
    "calls",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("appeal", sa.Text, sa.ForeignKey("appeals.id"), nullable=False),
    sa.Column("did", sa.Text, nullable=False),
    sa.Column("number", sa.Text),
    sa.Column("script", sa.Text),
    sa.Column("registered_at", UtcMoment, nullable=False),
    sa.Column("answered_at", UtcMoment),
    sa.Column("ended_at", UtcMoment),
    sa.Column("outcome", _one_of(CallOutcome, "call_outcome")),
    sa.Column("queue", sa.Text),
    sa.Column("agent", sa.Text),
    sa.Column("last_sequence", sa.Integer, nullable=False),
    _ends_with_an_outcome("calls"),
    sa.Index("calls_by_time", "registered_at"),
    sa.Index("calls_by_number", "number", "registered_at"),
    sa.Index("calls_by_outcome", "outcome", "registered_at"),
    sa.Index("calls_by_appeal", "appeal"),
    sqlite_with_rowid=False,
)
"""
`answered_at` and `agent`: the first conversation; `queue`: the first queue the caller waited in.
What came after stands in the segments. `last_sequence`: the highest of the call's facts seen here.
"""

segments: Final = sa.Table(
    "segments",
    metadata,
    sa.Column("call", sa.Text, sa.ForeignKey("calls.id"), primary_key=True),
    sa.Column("segment", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", _one_of(SegmentKind, "segment_kind"), nullable=False),
    sa.Column("queue", sa.Text),
    sa.Column("agent", sa.Text),
    sa.Column("started_at", UtcMoment, nullable=False),
    sa.Column("ended_at", UtcMoment),
    sa.Column("outcome", _one_of(SegmentOutcome, "segment_outcome")),
    sa.Column("recording", sa.Text),
    _ends_with_an_outcome("segments"),
    sqlite_with_rowid=False,
)

call_faults: Final = sa.Table(
    "call_faults",
    metadata,
    sa.Column("call", sa.Text, sa.ForeignKey("calls.id"), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", UtcMoment, nullable=False),
    sa.Column("kind", _one_of(CallFault, "call_fault"), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

call_notes: Final = sa.Table(
    "call_notes",
    metadata,
    sa.Column("call", sa.Text, sa.ForeignKey("calls.id"), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", UtcMoment, nullable=False),
    sa.Column("kind", _one_of(NoteKind, "note_kind"), nullable=False),
    sa.Column("agent", sa.Text),
    sa.Column("target", sa.Text),
    sa.Column("reason", sa.Text),
    sqlite_with_rowid=False,
)

callbacks: Final = sa.Table(
    "callbacks",
    metadata,
    sa.Column("call", sa.Text, sa.ForeignKey("calls.id"), primary_key=True),
    sa.Column("appeal", sa.Text, sa.ForeignKey("appeals.id"), nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("reason", _one_of(CallbackReason, "callback_reason"), nullable=False),
    sa.Column("due_at", UtcMoment, nullable=False),
    sa.Column("state", _one_of(CallbackState, "callback_state"), nullable=False),
    sa.Index("callbacks_by_state", "state", "due_at"),
    sqlite_with_rowid=False,
)
"""
A call puts its citizen on the list once; the first reason stays, unless he asked for it himself.
Who was not served by the engine and talked to an operator in the fallback is on it no more, see
`queries.py`.
"""

reconciliations: Final = sa.Table(
    "reconciliations",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("checked_at", UtcMoment, nullable=False),
    sa.Column("calls", sa.Integer, nullable=False),
    sa.Column("differences", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""What `ekc appeals reconcile` found last about each day; `calls` is how many it compared."""

agent_presence: Final = sa.Table(
    "agent_presence",
    metadata,
    sa.Column("agent", sa.Text, primary_key=True),
    sa.Column("presence", _one_of(Presence, "presence"), nullable=False),
    sa.Column("reason", _one_of(NotReadyReason, "not_ready_reason")),
    sa.Column("since", UtcMoment, nullable=False),
    sa.Column("is_reachable", sa.Boolean, nullable=False, server_default=sa.true()),
    sqlite_with_rowid=False,
)
"""`since`: when presence, reason or reachability changed last."""

presence_history: Final = sa.Table(
    "presence_history",
    metadata,
    sa.Column("agent", sa.Text, primary_key=True),
    sa.Column("since", UtcMoment, primary_key=True),
    sa.Column("presence", _one_of(Presence, "presence"), nullable=False),
    sa.Column("reason", _one_of(NotReadyReason, "not_ready_reason")),
    sa.Column("is_reachable", sa.Boolean, nullable=False),
    sqlite_with_rowid=False,
)
"""
Every row of `agent_presence` that ever was: a few a day for each agent. What he did meanwhile is
not here, since conversations and wrap-ups stand in the segments.
"""

statistics: Final = sa.Table(
    "statistics",
    metadata,
    sa.Column("length", _one_of(IntervalLength, "interval_length"), primary_key=True),
    sa.Column("begins_at", UtcMoment, primary_key=True),
    sa.Column("told_by", _one_of(ToldBy, "told_by"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Integer, nullable=False) for name in STATISTICS_COUNTS),
    *(sa.Column(name, sa.Float, nullable=False) for name in STATISTICS_SECONDS),
    sa.Column("held_s", sa.Float),
    sa.Column("transferred", sa.Integer),
    sa.Column("available_s", sa.Float),
    *(sa.Column(name, sa.Integer) for name in (*STATISTICS_SILENCES, *STATISTICS_RATINGS)),
    sa.Column("tally", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""
Figures of one half-hour or local day: of all, of a queue, a line, and (days only) an operator.

`key`: the queue, line or operator; empty for all, and for what belongs to none. `tally`: everything
that was counted, as JSON, from which the other columns are taken for those who ask in SQL; they
are what `docs/operations/statistics.md` says. Null: not measured.
"""

queue_log: Final = sa.Table(
    "queue_log",
    metadata,
    # Only INTEGER counts by itself in SQLite.
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("time", sa.DateTime, nullable=False),
    sa.Column("callid", sa.Text, nullable=False),
    sa.Column("queuename", sa.Text, nullable=False),
    sa.Column("agent", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    *(sa.Column(f"data{number}", sa.Text, nullable=False) for number in range(1, 6)),
    sa.Column("origin", sa.Text, nullable=False, unique=True),
    sa.Index("queue_log_by_time", "time"),
    sa.Index("queue_log_by_call", "callid"),
)
"""Written for other programs, by the clock on the wall; no part of the appeals: `queue_log.py`."""
