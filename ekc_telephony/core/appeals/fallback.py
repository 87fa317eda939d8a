"""
What became of a caller whom the dialplan served without us, as facts.

While the engine is away, Asterisk's own dialplan takes callers over and leaves a note about each of
them (`FallbackCall`). When the engine is back it reads the notes and concludes here what it would
have concluded itself, so the citizen has his appeal and nobody who is to be called back is missed.

Rule 1: the same note gives the same facts with the same numbers, so taking it in twice changes
nothing.
Rule 2: the engine may have told the beginning of the call before it went away. Facts and segments
of a call that it was given are numbered beyond all that any engine uses (`BEYOND_THE_ENGINE`), and
the store keeps what it was told first.
Rule 3: nobody who left without having talked to a person is forgotten, if he can be called at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Final

from ekc_telephony.core.appeals.numbering import appeal_number
from ekc_telephony.core.call.facts import (
    CallbackDue,
    CallbackReason,
    CallDisturbed,
    CallEnded,
    CallFact,
    CallOutcome,
    CallRegistered,
    Disturbance,
    SegmentEnded,
    SegmentKind,
    SegmentOutcome,
    SegmentStarted,
)
from ekc_telephony.core.kernel.ids import AgentId, CallId, Did, QueueId

FALLBACK_QUEUE: Final = QueueId("ekc-fallback")
"""Asterisk's own queue with all operators, in which the fallback lets callers wait."""

BEYOND_THE_ENGINE: Final = 1_000_000_000
"""A multiple of `FACTS_PER_SECOND` that `facts_before` reaches after eleven days of one call, and
which with what follows it still fits the stores' 32-bit column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackCall:
    """What the dialplan noted about a call that it served itself."""

    call: CallId
    did: Did
    number: str | None
    """To call him back at; None when he hid it."""
    began_at: datetime
    """When he reached Asterisk."""
    entered_at: datetime
    """When the fallback took him over."""
    was_served: bool
    """Whether the call had been given to the engine before."""
    ended_at: datetime | None = None
    """None while he is there, and for ever when Asterisk died under him."""
    has_asked: bool = False
    """Whether he pressed the key to be called back."""
    answered_at: datetime | None = None
    agent: AgentId | None = None
    """Who answered him."""

    @property
    def has_talked(self) -> bool:
        """Whether an operator answered him."""
        return self.answered_at is not None


def facts_of_ended(call: FallbackCall, *, ended_at: datetime) -> list[CallFact]:
    """
    Conclude what became of a caller who has left.

    Args:
        call: The note.
        ended_at: When he left; the note may not say it.
    """
    if call.was_served:
        outcome = CallOutcome.SENT_TO_FALLBACK
    elif call.has_talked:
        outcome = CallOutcome.ANSWERED
    elif call.has_asked:
        outcome = CallOutcome.CALLBACK_PROMISED
    else:
        outcome = CallOutcome.SENT_TO_FALLBACK
    why_back = None if call.has_talked else CallbackReason.NOT_SERVED
    if call.has_asked:
        why_back = CallbackReason.ASKED
    left_waiting = SegmentOutcome.COMPLETED if call.has_asked else SegmentOutcome.ABANDONED
    return _facts(
        call,
        ended_at=ended_at,
        outcome=outcome,
        why_back=why_back,
        endings=(left_waiting, SegmentOutcome.COMPLETED),
        is_cut=False,
    )


def facts_of_cut(call: FallbackCall, *, asterisk_started_at: datetime) -> list[CallFact]:
    """
    Conclude what became of a caller under whom Asterisk died.

    Args:
        call: The note.
        asterisk_started_at: When Asterisk came back: the latest that the call can have ended.
    """
    is_served = call.was_served
    why_back = CallbackReason.CUT_OFF if call.has_talked else CallbackReason.NOT_SERVED
    return _facts(
        call,
        ended_at=asterisk_started_at,
        outcome=CallOutcome.SENT_TO_FALLBACK if is_served else CallOutcome.TECHNICAL_FAILURE,
        why_back=CallbackReason.ASKED if call.has_asked else why_back,
        endings=(SegmentOutcome.BROKEN, SegmentOutcome.BROKEN),
        is_cut=True,
    )


def _facts(
    call: FallbackCall,
    *,
    ended_at: datetime,
    outcome: CallOutcome,
    why_back: CallbackReason | None,
    endings: tuple[SegmentOutcome, SegmentOutcome],
    is_cut: bool,
) -> list[CallFact]:
    first = BEYOND_THE_ENGINE + 1 if call.was_served else 1
    numbers = count(first)
    ended_at = max(ended_at, call.entered_at)  # the node may have begun anew, with a clock set back
    facts: list[CallFact] = [
        CallRegistered(
            call=call.call,
            sequence=next(numbers),
            at=call.began_at,
            appeal=appeal_number(call.call),
            did=call.did,
            number=call.number,
            script=None,
        ),
        CallDisturbed(
            call=call.call,
            sequence=next(numbers),
            at=call.entered_at,
            disturbance=Disturbance.ENGINE_AWAY,
            detail="the engine did not answer or gave the call back; the fallback served it",
        ),
    ]
    facts += _segments(call, numbers, first=first, ended_at=ended_at, endings=endings)
    if is_cut:
        facts.append(
            CallDisturbed(
                call=call.call,
                sequence=next(numbers),
                at=ended_at,
                disturbance=Disturbance.ASTERISK_DIED,
                detail="Asterisk ended with the call in the fallback",
            )
        )
    if why_back is not None and call.number is not None:
        facts.append(
            CallbackDue(
                call=call.call,
                sequence=next(numbers),
                at=ended_at,
                number=call.number,
                reason=why_back,
            )
        )
    facts.append(
        CallEnded(
            call=call.call,
            sequence=next(numbers),
            at=ended_at,
            outcome=outcome,
            registered_at=call.began_at,
        )
    )
    return facts


def _segments(
    call: FallbackCall,
    numbers: Iterator[int],
    *,
    first: int,
    ended_at: datetime,
    endings: tuple[SegmentOutcome, SegmentOutcome],
) -> list[CallFact]:
    left_waiting, left_talking = endings
    if call.answered_at is None:
        return _segment(
            call,
            numbers,
            segment=first,
            kind=SegmentKind.WAITING,
            between=(call.entered_at, ended_at),
            outcome=left_waiting,
        )
    answered_at = min(max(call.answered_at, call.entered_at), ended_at)
    return [
        *_segment(
            call,
            numbers,
            segment=first,
            kind=SegmentKind.WAITING,
            between=(call.entered_at, answered_at),
            outcome=SegmentOutcome.COMPLETED,
        ),
        *_segment(
            call,
            numbers,
            segment=first + 1,
            kind=SegmentKind.TALK,
            between=(answered_at, ended_at),
            outcome=left_talking,
        ),
    ]


def _segment(
    call: FallbackCall,
    numbers: Iterator[int],
    *,
    segment: int,
    kind: SegmentKind,
    between: tuple[datetime, datetime],
    outcome: SegmentOutcome,
) -> list[CallFact]:
    started_at, ended_at = between
    agent = call.agent if kind is SegmentKind.TALK else None
    return [
        SegmentStarted(
            call=call.call,
            sequence=next(numbers),
            at=started_at,
            segment=segment,
            kind=kind,
            queue=FALLBACK_QUEUE,
            agent=agent,
        ),
        SegmentEnded(
            call=call.call,
            sequence=next(numbers),
            at=ended_at,
            segment=segment,
            kind=kind,
            started_at=started_at,
            outcome=outcome,
            queue=FALLBACK_QUEUE,
            agent=agent,
        ),
    ]
