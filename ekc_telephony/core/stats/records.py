"""
What figures are made of: calls with their segments, and what agents declared.

The store reads these from its tables, the simulator and tests make them from facts
(`from_facts.py`), so every figure of the house has one source: the facts.

Rule 1: nothing here is computed; what a call means is said in `parts.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ekc_telephony.core.call.facts import (
    CallbackReason,
    CallOutcome,
    NoteKind,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId, AppealId, CallId, Did, QueueId, RecordingId


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRecord:
    """One stretch of a call."""

    segment: int
    kind: SegmentKind
    started_at: datetime
    ended_at: datetime | None
    """None while it goes on."""
    outcome: SegmentOutcome | None
    queue: QueueId | None = None
    agent: AgentId | None = None
    recording: RecordingId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRecord:
    """That a citizen shall be called back."""

    reason: CallbackReason
    due_at: datetime
    is_done: bool


SILENCES: Final = frozenset({NoteKind.SILENT, NoteKind.AGENT_SILENT})
"""The notes that are counted of conversations; what others tell stands in segments as well."""
ANSWERS: Final = frozenset(
    {NoteKind.ASKED_TO_RATE, NoteKind.RATED, NoteKind.ASKED, NoteKind.SURVEYED}
)
"""The notes that opinions are made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceRecord:
    """That one side of a talk was not heard for longer than the queue allows."""

    at: datetime
    """When it had lasted so long."""
    kind: NoteKind
    """One of `SILENCES`: whose."""
    agent: AgentId | None
    """Whose talk it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRecord:
    """That the caller was asked what he thinks of us, or that he answered."""

    at: datetime
    kind: NoteKind
    """One of `ANSWERS`."""
    question: str
    answer: str | None = None
    """None when he is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call."""

    call: CallId
    appeal: AppealId
    did: Did
    number: str | None
    """The citizen's; None when he hid it."""
    registered_at: datetime
    ended_at: datetime | None
    """None while it goes on."""
    outcome: CallOutcome | None
    segments: tuple[SegmentRecord, ...] = ()
    callback: CallbackRecord | None = None
    """None when the call put nobody on the callback list."""
    silences: tuple[SilenceRecord, ...] = ()
    answers: tuple[AnswerRecord, ...] = ()
    """In the order in which they were noted."""
    proofs: tuple[str, ...] = ()
    """By what the caller has proved who he is, as often as he did: values of `Identification`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceSpan:
    """A stretch of time in which an agent's presence and reachability stayed the same."""

    agent: AgentId
    presence: Presence
    reason: NotReadyReason | None
    is_reachable: bool
    began_at: datetime
    ended_at: datetime | None
    """None while it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """All that figures of a span of time are made of."""

    calls: tuple[CallRecord, ...]
    presences: tuple[PresenceSpan, ...]
