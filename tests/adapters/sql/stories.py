"""Calls as streams of facts, for the tests of the appeal store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from ekc_telephony.core.call.facts import (
    AgentChanged,
    CallbackDue,
    CallbackReason,
    CallDisturbed,
    CallEnded,
    CallFact,
    CallNoted,
    CallOutcome,
    CallRegistered,
    Disturbance,
    Fact,
    NoteKind,
    PromptsNotHeard,
    RecordingLost,
    RecordingStarted,
    SegmentEnded,
    SegmentKind,
    SegmentOutcome,
    SegmentStarted,
)
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import (
    AgentId,
    AppealId,
    CallId,
    Did,
    PromptKey,
    QueueId,
    RecordingId,
    ScriptId,
)

MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FIRST_LINE = QueueId("first-line")
DID = Did("88001000001")
OPERATOR = AgentId("op1")

Step = tuple[SegmentKind, SegmentOutcome, float]
"""A segment: what it is, how it ends, how many seconds it takes."""

ANSWERED: Sequence[Step] = (
    (SegmentKind.IVR, SegmentOutcome.COMPLETED, 7),
    (SegmentKind.WAITING, SegmentOutcome.COMPLETED, 5),
    (SegmentKind.OFFER, SegmentOutcome.ACCEPTED, 0),
    (SegmentKind.TALK, SegmentOutcome.CALLER_HUNG_UP, 61.5),
    (SegmentKind.WRAP_UP, SegmentOutcome.TIME_IS_UP, 30),
)
ABANDONED: Sequence[Step] = (
    (SegmentKind.IVR, SegmentOutcome.COMPLETED, 7),
    (SegmentKind.WAITING, SegmentOutcome.ABANDONED, 44),
)
IN_MENU: Sequence[Step] = ((SegmentKind.IVR, SegmentOutcome.ABANDONED, 9),)


def call_story(
    name: str,
    steps: Sequence[Step] = ANSWERED,
    *,
    outcome: CallOutcome = CallOutcome.ANSWERED,
    at: datetime = MORNING,
    number: str | None = "+79001234567",
    agent: AgentId = OPERATOR,
) -> list[CallFact]:
    """Tell one call from ring to goodbye."""
    call, sequence = CallId(name), count(1)
    facts: list[CallFact] = [
        CallRegistered(
            call=call,
            sequence=next(sequence),
            at=at,
            appeal=AppealId(f"E-{name}"),
            did=DID,
            number=number,
            script=ScriptId("main"),
        )
    ]
    moment = at
    for segment, step in enumerate(steps, 1):
        facts += _segment(call, segment, step, sequence=sequence, at=moment, agent=agent)
        moment += timedelta(seconds=step[2])
    facts.append(
        CallEnded(call=call, sequence=next(sequence), at=moment, outcome=outcome, registered_at=at)
    )
    return facts


def rated_story(
    name: str,
    mark: str | None,
    *,
    solved: str | None = None,
    at: datetime = MORNING,
    agent: AgentId = OPERATOR,
) -> list[CallFact]:
    """Tell an answered call whose caller is asked for a mark and in a survey, or is silent."""
    facts = call_story(name, at=at, agent=agent)
    talk = next(
        each for each in facts if isinstance(each, SegmentEnded) and each.kind is SegmentKind.TALK
    )
    told = [(NoteKind.ASKED_TO_RATE, "rating", None), (NoteKind.RATED, "rating", mark)]
    told += [
        (NoteKind.ASKED, "quality.solved", None),
        (NoteKind.SURVEYED, "quality.solved", solved),
    ]
    notes = [
        CallNoted(
            call=talk.call,
            sequence=900 + number,
            at=talk.at + timedelta(seconds=number),
            kind=kind,
            target=question,
            reason=answer,
        )
        for number, (kind, question, answer) in enumerate(told)
        if answer is not None or kind in {NoteKind.ASKED_TO_RATE, NoteKind.ASKED}
    ]
    return [*facts, *notes]


def cut_off_story(
    name: str, *, at: datetime = MORNING, number: str = "+79001234567"
) -> list[CallFact]:
    """Tell a call that Asterisk's death cut in the middle of the talk; it is due twice."""
    *before, ended = call_story(name, ANSWERED[:4], at=at, number=number)
    assert isinstance(ended, CallEnded)
    sequence = count(ended.sequence)
    return [
        *before,
        CallDisturbed(
            call=ended.call,
            sequence=next(sequence),
            at=ended.at,
            disturbance=Disturbance.ASTERISK_DIED,
            detail="Asterisk was restarted",
        ),
        *(
            CallbackDue(
                call=ended.call, sequence=next(sequence), at=ended.at, number=number, reason=reason
            )
            for reason in (CallbackReason.CUT_OFF, CallbackReason.ABANDONED)
        ),
        replace(ended, sequence=next(sequence)),
    ]


def taken_over_story(name: str, *, open_after: int, jump: int = 62_000) -> list[CallFact]:
    """
    Tell one answered call in the lives of two engines, the second of which sees it from the start.

    Args:
        name: The call.
        open_after: How many facts of it the first engine told before it died.
        jump: Where the second one goes on numbering.
    """
    story = call_story(name)
    later = [
        replace(fact, sequence=fact.sequence + jump)
        if not isinstance(fact, SegmentStarted | SegmentEnded | RecordingStarted)
        else replace(fact, sequence=fact.sequence + jump, segment=fact.segment + jump)
        for fact in story
    ]
    return [*story[:open_after], *later]


def _segment(
    call: CallId,
    segment: int,
    step: Step,
    *,
    sequence: Iterator[int],
    at: datetime,
    agent: AgentId,
) -> list[CallFact]:
    kind, outcome, seconds = step
    queue = None if kind is SegmentKind.IVR else FIRST_LINE
    who = None if kind in {SegmentKind.IVR, SegmentKind.WAITING} else agent
    recording = RecordingId(f"{call}-{segment}")
    facts: list[CallFact] = [
        SegmentStarted(
            call=call,
            sequence=next(sequence),
            at=at,
            segment=segment,
            kind=kind,
            queue=queue,
            agent=who,
        )
    ]
    if kind is SegmentKind.TALK:
        facts += [
            RecordingStarted(
                call=call,
                sequence=next(sequence),
                at=at,
                segment=segment,
                recording=recording,
            ),
            RecordingLost(
                call=call,
                sequence=next(sequence),
                at=at,
                recording=recording,
                cause="no space left",
            ),
        ]
    if kind is SegmentKind.IVR:
        facts.append(
            PromptsNotHeard(
                call=call, sequence=next(sequence), at=at, prompts=(PromptKey("hello"),)
            )
        )
    facts.append(
        SegmentEnded(
            call=call,
            sequence=next(sequence),
            at=at + timedelta(seconds=seconds),
            segment=segment,
            kind=kind,
            started_at=at,
            outcome=outcome,
            queue=queue,
            agent=who,
        )
    )
    return facts


def declaration(
    agent: str,
    presence: Presence,
    reason: NotReadyReason | None = None,
    *,
    at: datetime = MORNING,
    activity: Activity = Activity.IDLE,
) -> AgentChanged:
    """Tell that an agent changed."""
    return AgentChanged(
        agent=AgentId(agent),
        at=at,
        presence=presence,
        reason=reason,
        activity=activity,
        is_reachable=True,
        call=None,
    )


def a_working_hour() -> list[Fact]:
    """Tell four calls that overlap and an agent who changes his mind, as the engine records."""
    calls = [
        call_story("ekc-1.1"),
        call_story(
            "ekc-1.2", ABANDONED, outcome=CallOutcome.ABANDONED_IN_QUEUE, number="+79007654321"
        ),
        call_story("ekc-1.3", IN_MENU, outcome=CallOutcome.ABANDONED_IN_MENU, number=None),
        cut_off_story("ekc-1.4"),
    ]
    agent: list[Fact] = [
        declaration("op1", Presence.READY),
        declaration("op1", Presence.READY, at=_after(2), activity=Activity.TALKING),
        declaration("op1", Presence.NOT_READY, NotReadyReason.LUNCH, at=_after(3)),
        declaration("op1", Presence.READY, at=_after(9)),
        declaration("op2", Presence.NOT_READY, NotReadyReason.NO_ANSWER, at=_after(4)),
    ]
    longest = max(map(len, calls))
    mixed: list[Fact] = []
    for position in range(longest):
        mixed += [call[position] for call in calls if position < len(call)]
        mixed += agent[position : position + 1]
    return mixed


def _after(minutes: float) -> datetime:
    return MORNING + timedelta(minutes=minutes)
