"""
A batch of facts, folded into the rows it makes.

Twenty facts of one call touch two tables; folding them first means that a batch costs a handful of
statements, however many facts it holds. Rows are plain mappings, named as the parameters of
`statements.py`.

Rule 1: folding the same facts in two batches or in one leaves the same tables behind, so a fact
written twice changes nothing. For rows of a call this follows from merging (the first value of a
column stays; of two ends in the fallback the later one, see `_end_call`); for presence, which has
no sequence, from its time (an older one is ignored).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias, assert_never

from ekc_telephony.adapters.sql.models import (
    LOOKED_LIKE_THE_END,
    AppealState,
    CallbackState,
    CallFault,
)
from ekc_telephony.core.call.facts import (
    FACTS_PER_SECOND,
    AgentChanged,
    CallbackDue,
    CallDisturbed,
    CallEnded,
    CallFact,
    CallNoted,
    CallOutcome,
    CallRegistered,
    Fact,
    PromptsNotHeard,
    RecordingLost,
    RecordingStarted,
    SegmentEnded,
    SegmentKind,
    SegmentStarted,
)
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId, CallId

Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeclaredPresence:
    """What an agent declared, whether his phone could be reached, and since when both were so."""

    presence: Presence
    reason: NotReadyReason | None
    since: datetime
    is_reachable: bool = True

    def is_said_by(self, fact: AgentChanged) -> bool:
        """Tell whether the fact says nothing new."""
        said = (fact.presence, fact.reason, fact.is_reachable)
        return said == (self.presence, self.reason, self.is_reachable)


@dataclass(slots=True)
class Batch:
    """The rows to be written, in the order in which they may be."""

    appeals: list[Row] = field(default_factory=list)
    calls: dict[CallId, Row] = field(default_factory=dict)
    """Calls registered in this batch."""
    call_changes: dict[CallId, Row] = field(default_factory=dict)
    """What became of calls that were registered before."""
    segments: dict[tuple[CallId, int], Row] = field(default_factory=dict)
    recordings: list[Row] = field(default_factory=list)
    """Recordings of segments that started before."""
    closings: list[Row] = field(default_factory=list)
    """Taken-over calls that ended: what earlier engines left open of them ends as well."""
    faults: list[Row] = field(default_factory=list)
    notes: list[Row] = field(default_factory=list)
    callbacks: list[Row] = field(default_factory=list)
    presences: dict[AgentId, DeclaredPresence] = field(default_factory=dict)
    history: dict[tuple[AgentId, datetime], DeclaredPresence] = field(default_factory=dict)
    """Every presence of this batch; of two in one moment the later one."""

    def add(self, fact: CallFact) -> None:
        """Fold one fact of a call."""
        if isinstance(fact, CallRegistered):
            self._register(fact)
            return
        row = self.calls.get(fact.call) or self.call_changes.get(fact.call)
        if row is None:
            row = self.call_changes[fact.call] = _change_of(fact.call)
        row["new_sequence"] = max(row["new_sequence"], fact.sequence)
        match fact:
            case SegmentStarted():
                self._start_segment(row, fact)
            case SegmentEnded():
                self._end_segment(row, fact)
            case RecordingStarted():
                self._record(fact)
            case RecordingLost() | PromptsNotHeard() | CallDisturbed():
                self._take_fault(fact)
            case CallNoted():
                self._note(fact)
            case CallbackDue():
                self._call_back(fact)
            case CallEnded():
                _end_call(row, fact)
                self._close(fact)
            case _:
                assert_never(fact)

    def declare(self, fact: AgentChanged, known: Mapping[AgentId, DeclaredPresence]) -> None:
        """
        Fold one change of an agent; what he is doing is not kept.

        It changes several times a call, and conversations and wrap-ups tell it as well.
        """
        last = self.presences.get(fact.agent) or known.get(fact.agent)
        if last is None or (fact.at >= last.since and not last.is_said_by(fact)):
            declared = DeclaredPresence(fact.presence, fact.reason, fact.at, fact.is_reachable)
            self.presences[fact.agent] = self.history[fact.agent, fact.at] = declared

    def _register(self, fact: CallRegistered) -> None:
        if fact.call in self.calls:
            return
        number = None if fact.number is None else printable(fact.number)
        self.appeals.append(
            {
                "id": fact.appeal,
                "opened_at": fact.at,
                "state": AppealState.REGISTERED,
                "number": number,
            }
        )
        earlier = self.call_changes.pop(fact.call, None) or _change_of(fact.call)
        earlier["new_sequence"] = max(earlier["new_sequence"], fact.sequence)
        self.calls[fact.call] = earlier | {
            "appeal": fact.appeal,
            "did": printable(fact.did),
            "number": number,
            "script": fact.script,
            "registered_at": fact.at,
        }

    def _start_segment(self, call: Row, fact: SegmentStarted | SegmentEnded) -> Row:
        moment = fact.at if isinstance(fact, SegmentStarted) else fact.started_at
        if fact.kind is SegmentKind.TALK:
            _fill(call, new_answered_at=moment, new_agent=fact.agent)
        elif fact.kind is SegmentKind.WAITING:
            _fill(call, new_queue=fact.queue)
        key = (fact.call, fact.segment)
        row = self.segments.get(key)
        if row is None:
            row = self.segments[key] = {
                "call": fact.call,
                "segment": fact.segment,
                "kind": fact.kind,
                "queue": fact.queue,
                "agent": fact.agent,
                "started_at": moment,
                "ended_at": None,
                "outcome": None,
                "recording": None,
            }
        return row

    def _end_segment(self, call: Row, fact: SegmentEnded) -> None:
        # It says all that the start said, so it stands alone when the start is in another batch.
        row = self._start_segment(call, fact)
        _fill(row, ended_at=fact.at, outcome=fact.outcome)

    def _record(self, fact: RecordingStarted) -> None:
        row = self.segments.get((fact.call, fact.segment))
        if row is not None:
            _fill(row, recording=fact.recording)
        else:
            self.recordings.append(
                {
                    "of_call": fact.call,
                    "of_segment": fact.segment,
                    "new_recording": fact.recording,
                }
            )

    def _close(self, fact: CallEnded) -> None:
        # Where the numbering jumped (`facts_before`): up to there, segments are of earlier engines.
        # What goes on beyond it, such as the wrap-up, has somebody who will say its end.
        last_of_before = fact.sequence // FACTS_PER_SECOND * FACTS_PER_SECOND
        if last_of_before:
            self.closings.append(
                {
                    "of_call": fact.call,
                    "last_of_before": last_of_before,
                    "new_ended_at": fact.at,
                }
            )

    def _call_back(self, fact: CallbackDue) -> None:
        self.callbacks.append(
            {
                "of_call": fact.call,
                "number": printable(fact.number),
                "reason": fact.reason,
                "due_at": fact.at,
                "state": CallbackState.WAITING,
            }
        )

    def _note(self, fact: CallNoted) -> None:
        self.notes.append(
            {
                "call": fact.call,
                "sequence": fact.sequence,
                "at": fact.at,
                "kind": fact.kind,
                "agent": fact.agent,
                "target": None if fact.target is None else printable(fact.target),
                "reason": None if fact.reason is None else printable(fact.reason),
            }
        )

    def _take_fault(self, fact: RecordingLost | PromptsNotHeard | CallDisturbed) -> None:
        match fact:
            case RecordingLost():
                kind, detail = CallFault.RECORDING_LOST, f"{fact.recording}: {fact.cause}"
            case PromptsNotHeard():
                kind, detail = CallFault.PROMPTS_NOT_HEARD, ", ".join(fact.prompts)
            case CallDisturbed():
                kind, detail = CallFault(fact.disturbance.value), fact.detail
            case _:
                assert_never(fact)
        self.faults.append(
            {
                "call": fact.call,
                "sequence": fact.sequence,
                "at": fact.at,
                "kind": kind,
                "detail": printable(detail),
            }
        )


def fold(facts: Iterable[Fact], *, known: Mapping[AgentId, DeclaredPresence]) -> Batch:
    """
    Fold facts into rows.

    Args:
        facts: In the order in which they were concluded.
        known: What the store holds about every agent that the facts name.
    """
    batch = Batch()
    for fact in facts:
        if isinstance(fact, AgentChanged):
            batch.declare(fact, known)
        else:
            batch.add(fact)
    return batch


def printable(text: str) -> str:
    """
    Replace what no database takes as text: NUL, control characters, halves of surrogate pairs.

    Numbers come from the network; a strange one must not cost the citizen his appeal.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _change_of(call: CallId) -> Row:
    return {
        "of_call": call,
        "new_sequence": 0,
        "new_answered_at": None,
        "new_ended_at": None,
        "new_outcome": None,
        "new_queue": None,
        "new_agent": None,
    }


def _end_call(row: Row, fact: CallEnded) -> None:
    # The engine ends a call when it gives the caller to the fallback, or when the guard took him
    # away, which looks like a hangup; the fallback ends it when he has left. His call lasted until
    # then, whichever of the two is told first.
    is_again = (
        row["new_outcome"] in LOOKED_LIKE_THE_END
        and fact.outcome is CallOutcome.SENT_TO_FALLBACK
        and fact.at > row["new_ended_at"]
    )
    if is_again:
        row["new_ended_at"], row["new_outcome"] = fact.at, fact.outcome
    _fill(row, new_ended_at=fact.at, new_outcome=fact.outcome)


def _fill(row: Row, **values: object) -> None:
    for column, value in values.items():
        if row[column] is None:
            row[column] = value
