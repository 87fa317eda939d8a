"""
The chronicle of one call: numbers its facts and keeps its segments well-formed.

Sessions say what began and what ended; the chronicle knows when it began, counts, and makes the
facts. So no session can close a segment twice or leave one open.

Rule 1: facts are numbered without a gap, segments too.
Rule 2: one segment of a kind is open at most; closing one that is not open changes nothing. Only
wrap-up may go on twice, a caller whose agent's phone died has talked to two people; a
consultation does, since it has two sides; so may a talk, when a colleague joins it; and two
supervisors may listen.
Rule 3: `ended` closes the open segments as broken if the session forgot them, but never wrap-up,
which outlives the call.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ekc_telephony.core.call.facts import (
    CallbackDue,
    CallbackReason,
    CallDisturbed,
    CallEnded,
    CallFact,
    CallNoted,
    CallOutcome,
    CallRegistered,
    Disturbance,
    NoteKind,
    PromptsNotHeard,
    RecordingLost,
    RecordingStarted,
    SegmentEnded,
    SegmentKind,
    SegmentOutcome,
    SegmentStarted,
)
from ekc_telephony.core.engine.state import ChronicleState, OpenSegment
from ekc_telephony.core.ivr.spoken import without_values
from ekc_telephony.core.kernel.ids import (
    AgentId,
    AppealId,
    CallId,
    Did,
    LegId,
    PromptKey,
    QueueId,
    RecordingId,
    ScriptId,
)

_OF_ONE_AGENT: Final = frozenset(
    {
        SegmentKind.CONSULTATION,
        SegmentKind.SUPERVISION,
        SegmentKind.TALK,
        SegmentKind.WRAP_UP,
    }
)
"""Two agents may have one at the same time."""


class Chronicle:
    """
    Make the facts of one call.

    Args:
        call: The call.
        registered_at: When it reached us.
        facts_before: How many facts an earlier engine may have written of it.
    """

    def __init__(self, call: CallId, *, registered_at: datetime, facts_before: int = 0) -> None:
        self._call = call
        self._registered_at = registered_at
        self._sequence = facts_before
        self._segments = facts_before
        self._open: dict[tuple[SegmentKind, AgentId | None], OpenSegment] = {}

    @classmethod
    def restored(cls, call: CallId, state: ChronicleState) -> Chronicle:
        """Go on where the chronicle of this state was."""
        chronicle = cls(call, registered_at=state.registered_at)
        chronicle._sequence = state.sequence
        chronicle._segments = state.segments
        chronicle._open = {_key(each.kind, each.agent): each for each in state.open}
        return chronicle

    def state(self) -> ChronicleState:
        """Return what is needed to go on."""
        return ChronicleState(
            registered_at=self._registered_at,
            sequence=self._sequence,
            segments=self._segments,
            open=tuple(self._open.values()),
        )

    @property
    def registered_at(self) -> datetime:
        """When the call reached us."""
        return self._registered_at

    @property
    def last_moment(self) -> datetime:
        """The latest moment known of the caller: wrap-up may begin after he is gone."""
        begun = (
            each.started_at for each in self._open.values() if each.kind is not SegmentKind.WRAP_UP
        )
        return max(begun, default=self._registered_at)

    def is_open(self, kind: SegmentKind) -> bool:
        """Tell whether a segment of this kind is going on."""
        # `any` over a generator costs three times as much, after every step of every call.
        for each, _ in self._open:  # noqa: SIM110 (see above)
            if each is kind:
                return True
        return False

    def registered(
        self, *, appeal: AppealId, did: Did, number: str | None, script: ScriptId | None
    ) -> CallRegistered:
        """Say that the call reached us."""
        return CallRegistered(
            call=self._call,
            sequence=self._next(),
            at=self._registered_at,
            appeal=appeal,
            did=did,
            number=number,
            script=script,
        )

    def start(
        self,
        kind: SegmentKind,
        now: datetime,
        *,
        queue: QueueId | None = None,
        agent: AgentId | None = None,
        position: int | None = None,
        leg: LegId | None = None,
    ) -> SegmentStarted:
        """Open a segment."""
        self._segments += 1
        self._open[_key(kind, agent)] = OpenSegment(
            kind=kind, segment=self._segments, started_at=now, queue=queue, agent=agent
        )
        return SegmentStarted(
            call=self._call,
            sequence=self._next(),
            at=now,
            segment=self._segments,
            kind=kind,
            queue=queue,
            agent=agent,
            position=position,
            leg=leg,
        )

    def end(
        self,
        kind: SegmentKind,
        outcome: SegmentOutcome,
        now: datetime,
        *,
        agent: AgentId | None = None,
        position: int | None = None,
        key: str | None = None,
    ) -> list[CallFact]:
        """
        Close the open segment of this kind; nothing without one.

        Talks, consultations, supervisions and wrap-ups are told apart by their agents.
        """
        was = self._open.pop(_key(kind, agent), None)
        if was is None:
            return []
        return [
            SegmentEnded(
                call=self._call,
                sequence=self._next(),
                at=now,
                segment=was.segment,
                kind=kind,
                started_at=was.started_at,
                outcome=outcome,
                queue=was.queue,
                agent=was.agent,
                position=position,
                key=key,
            )
        ]

    def recording_started(
        self,
        recording: RecordingId,
        now: datetime,
        *,
        of: SegmentKind = SegmentKind.TALK,
        agent: AgentId | None = None,
    ) -> RecordingStarted:
        """Say that the agent's conversation, or the message, that goes on is being recorded."""
        return RecordingStarted(
            call=self._call,
            sequence=self._next(),
            at=now,
            segment=self._open[_key(of, agent)].segment,
            recording=recording,
        )

    def recording_lost(self, recording: RecordingId, cause: str, now: datetime) -> RecordingLost:
        """Say that a recording failed."""
        return RecordingLost(
            call=self._call, sequence=self._next(), at=now, recording=recording, cause=cause
        )

    def prompts_not_heard(self, prompts: tuple[PromptKey, ...], now: datetime) -> PromptsNotHeard:
        """Say that prompts could not be played."""
        # A fact is logged: what a caller would have been told of himself does not belong there.
        return PromptsNotHeard(
            call=self._call, sequence=self._next(), at=now, prompts=without_values(prompts)
        )

    def disturbed(self, disturbance: Disturbance, detail: str, now: datetime) -> CallDisturbed:
        """Say that something of ours went wrong."""
        return CallDisturbed(
            call=self._call,
            sequence=self._next(),
            at=now,
            disturbance=disturbance,
            detail=detail,
        )

    def callback_due(self, number: str, reason: CallbackReason, now: datetime) -> CallbackDue:
        """Say that the citizen shall be called back."""
        return CallbackDue(
            call=self._call, sequence=self._next(), at=now, number=number, reason=reason
        )

    def noted(
        self,
        kind: NoteKind,
        now: datetime,
        *,
        agent: AgentId | None = None,
        target: str | None = None,
        reason: str | None = None,
    ) -> CallNoted:
        """Say what a person did, or what was seen."""
        return CallNoted(
            call=self._call,
            sequence=self._next(),
            at=now,
            kind=kind,
            agent=agent,
            target=target,
            reason=reason,
        )

    def ended(self, outcome: CallOutcome, now: datetime) -> list[CallFact]:
        """Say how the call ended."""
        facts: list[CallFact] = []
        # What began last ends first: a hold lies within its talk.
        for kind, agent in [*reversed(self._open)]:
            if kind is SegmentKind.WRAP_UP:
                continue
            facts += self.end(kind, SegmentOutcome.BROKEN, now, agent=agent)
        facts.append(
            CallEnded(
                call=self._call,
                sequence=self._next(),
                at=now,
                outcome=outcome,
                registered_at=self._registered_at,
            )
        )
        return facts

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence


def _key(kind: SegmentKind, agent: AgentId | None) -> tuple[SegmentKind, AgentId | None]:
    """Return what tells open segments apart: the kind, and of some kinds whose it is."""
    return kind, agent if kind in _OF_ONE_AGENT else None
