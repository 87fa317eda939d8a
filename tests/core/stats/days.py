"""Days of a contact centre for the tests of figures: told by hand, and drawn by hypothesis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from ekc_telephony.core.appeals.fallback import FALLBACK_QUEUE
from ekc_telephony.core.call.facts import CallOutcome, NoteKind, SegmentKind, SegmentOutcome
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId, AppealId, CallId, Did, QueueId
from ekc_telephony.core.stats.records import (
    SILENCES,
    AnswerRecord,
    CallRecord,
    PresenceSpan,
    Records,
    SegmentRecord,
    SilenceRecord,
)

MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FIRST, SECOND = QueueId("first"), QueueId("second")
ANNA, BORIS = AgentId("anna"), AgentId("boris")

KINDS = {
    "ivr": SegmentKind.IVR,
    "wait": SegmentKind.WAITING,
    "offer": SegmentKind.OFFER,
    "talk": SegmentKind.TALK,
    "wrap": SegmentKind.WRAP_UP,
    "hold": SegmentKind.HOLD,
    "advice": SegmentKind.CONSULTATION,
    "message": SegmentKind.MESSAGE,
    "ear": SegmentKind.SUPERVISION,
    "outside": SegmentKind.OUTSIDE,
}


def after(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def segment(
    number: int,
    kind: str,
    begin: float,
    end: float | None,
    outcome: SegmentOutcome | None = SegmentOutcome.COMPLETED,
    *,
    queue: QueueId | None = FIRST,
    agent: AgentId | None = None,
) -> SegmentRecord:
    """Tell a segment by seconds after nine."""
    return SegmentRecord(
        segment=number,
        kind=KINDS[kind],
        started_at=after(begin),
        ended_at=None if end is None else after(end),
        outcome=None if end is None else outcome,
        queue=queue,
        agent=agent,
    )


def call(
    *segments: SegmentRecord,
    name: str = "ekc-1.1",
    begin: float = 0,
    end: float | None = 100,
    outcome: CallOutcome | None = CallOutcome.ANSWERED,
    number: str | None = "+79001234567",
    silences: tuple[SilenceRecord, ...] = (),
    answers: tuple[AnswerRecord, ...] = (),
) -> CallRecord:
    """Tell a call."""
    return CallRecord(
        call=CallId(name),
        appeal=AppealId(f"E-{name}"),
        did=Did("88001000001"),
        number=number,
        registered_at=after(begin),
        ended_at=None if end is None else after(end),
        outcome=None if end is None else outcome,
        segments=segments,
        silences=silences,
        answers=answers,
    )


def answered_outside(
    name: str = "ekc-1.1",
    *,
    begin: float = 0,
    ended_by: SegmentOutcome = SegmentOutcome.CALLER_HUNG_UP,
    number: str | None = "+79001234567",
) -> CallRecord:
    """Tell of somebody whom nobody took for 30 s, and who then talked to 112."""
    left, end = begin + 30, begin + 90
    return call(
        segment(1, "wait", begin, left, SegmentOutcome.OVERFLOWED),
        segment(2, "outside", left, end, ended_by, queue=None),
        name=name,
        begin=begin,
        end=end,
        number=number,
    )


def silence(
    second: float, kind: NoteKind = NoteKind.SILENT, *, agent: AgentId | None = ANNA
) -> SilenceRecord:
    """Tell that somebody was not heard."""
    return SilenceRecord(at=after(second), kind=kind, agent=agent)


def answer(second: float, mark: str | None) -> tuple[AnswerRecord, ...]:
    """Tell that the caller was asked to rate, and that he did five seconds later."""
    kinds = NoteKind.ASKED_TO_RATE, NoteKind.RATED
    return _opinion(second, "rating", mark, kinds)


def surveyed(second: float, said: str | None) -> tuple[AnswerRecord, ...]:
    """Tell that the caller was asked whether we helped, and what he said five seconds later."""
    kinds = NoteKind.ASKED, NoteKind.SURVEYED
    return _opinion(second, "survey.solved", said, kinds)


def _opinion(
    second: float, question: str, said: str | None, kinds: tuple[NoteKind, NoteKind]
) -> tuple[AnswerRecord, ...]:
    asked = AnswerRecord(at=after(second), kind=kinds[0], question=question)
    if said is None:
        return (asked,)
    told = AnswerRecord(at=after(second + 5), kind=kinds[1], question=question, answer=said)
    return (asked, told)


def answered(
    name: str = "ekc-1.1",
    *,
    begin: float = 0,
    waited: float = 10,
    talked: float = 60,
    wrapped: float = 20,
    queue: QueueId = FIRST,
    agent: AgentId = ANNA,
    number: str | None = "+79001234567",
) -> CallRecord:
    """Tell a call that was answered, with a menu of five seconds."""
    queued = begin + 5
    talk = queued + waited
    end = talk + talked
    return call(
        segment(1, "ivr", begin, queued, queue=None),
        segment(2, "wait", queued, talk, queue=queue),
        segment(3, "offer", queued, talk, SegmentOutcome.ACCEPTED, queue=queue, agent=agent),
        segment(4, "talk", talk, end, SegmentOutcome.CALLER_HUNG_UP, queue=queue, agent=agent),
        segment(5, "wrap", end, end + wrapped, SegmentOutcome.TIME_IS_UP, queue=queue, agent=agent),
        name=name,
        begin=begin,
        end=end,
        number=number,
    )


def abandoned(
    name: str = "ekc-2.1",
    *,
    begin: float = 0,
    waited: float = 10,
    queue: QueueId = FIRST,
    outcome: CallOutcome = CallOutcome.ABANDONED_IN_QUEUE,
    number: str | None = "+79007654321",
) -> CallRecord:
    """Tell a call whose caller hung up while he waited."""
    queued = begin + 5
    return call(
        segment(1, "ivr", begin, queued, queue=None),
        segment(2, "wait", queued, queued + waited, SegmentOutcome.ABANDONED, queue=queue),
        name=name,
        begin=begin,
        end=queued + waited,
        outcome=outcome,
        number=number,
    )


def span(
    agent: AgentId,
    begin: float,
    end: float | None,
    presence: Presence = Presence.READY,
    reason: NotReadyReason | None = None,
    *,
    is_reachable: bool = True,
) -> PresenceSpan:
    """Tell what an agent declared."""
    return PresenceSpan(
        agent=agent,
        presence=presence,
        reason=reason,
        is_reachable=is_reachable,
        began_at=after(begin),
        ended_at=None if end is None else after(end),
    )


def day(*calls: CallRecord, presences: tuple[PresenceSpan, ...] = ()) -> Records:
    return Records(calls=calls, presences=presences)


_WAIT_ENDS = (
    SegmentOutcome.ABANDONED,
    SegmentOutcome.COMPLETED,
    SegmentOutcome.NO_AGENTS,
    SegmentOutcome.BROKEN,
    SegmentOutcome.MOVED,
)
_TALK_ENDS = (
    SegmentOutcome.CALLER_HUNG_UP,
    SegmentOutcome.AGENT_HUNG_UP,
    SegmentOutcome.TRANSFERRED,
    SegmentOutcome.BROKEN,
)


@st.composite
def meanwhile(draw: st.DrawFn, number: int, begin: float, end: float) -> list[SegmentRecord]:
    """Draw what may happen beside Anna's conversation with the caller."""
    found: list[SegmentRecord] = []

    def stretch() -> tuple[float, float]:
        inside = st.floats(0, 1)
        one, other = sorted((draw(inside), draw(inside)))
        return begin + one * (end - begin), begin + other * (end - begin)

    for kind in draw(st.lists(st.sampled_from(("hold", "advice", "talk", "ear")), max_size=4)):
        at, until = stretch()
        agents = {"hold": (ANNA,), "advice": (ANNA, BORIS), "talk": (BORIS,), "ear": (BORIS,)}
        for agent in agents[kind]:
            number += 1
            found.append(segment(number, kind, at, until, queue=FIRST, agent=agent))
    return found


@st.composite
def silences(draw: st.DrawFn, begin: float, end: float) -> tuple[SilenceRecord, ...]:
    """Draw who was not heard, whether it was in a conversation or not."""
    kinds = st.sampled_from(sorted(SILENCES, key=str))
    moments = st.floats(begin, end)
    return tuple(
        silence(draw(moments), draw(kinds), agent=draw(st.sampled_from((ANNA, BORIS))))
        for _ in range(draw(st.integers(0, 4)))
    )


@st.composite
def opinions(draw: st.DrawFn, begin: float, end: float) -> tuple[AnswerRecord, ...]:
    """Draw what a caller was asked and said, in order of time."""
    found: list[AnswerRecord] = []
    for moment in sorted(draw(st.lists(st.floats(begin, end), max_size=3))):
        if draw(st.booleans()):
            found += answer(moment, draw(st.sampled_from((None, *"12345"))))
        else:
            found += surveyed(moment, draw(st.sampled_from((None, "yes", "no"))))
    return tuple(found)


@st.composite
def calls(draw: st.DrawFn, name: str) -> CallRecord:
    """Draw a call: a menu, then visits to queues, each perhaps with a conversation."""
    begin = draw(st.floats(0, 4 * 3600))
    at, number, segments = begin + draw(st.floats(0, 30)), 1, []
    segments.append(segment(1, "ivr", begin, at, queue=None))
    for _ in range(draw(st.integers(0, 3))):
        queue = draw(st.sampled_from((FIRST, SECOND, FALLBACK_QUEUE)))
        waited, outcome = draw(st.floats(0, 400)), draw(st.sampled_from(_WAIT_ENDS))
        agent = draw(st.sampled_from((ANNA, BORIS)))
        number += 1
        segments.append(segment(number, "wait", at, at + waited, outcome, queue=queue))
        at += waited
        if draw(st.booleans()):
            talked, wrapped = draw(st.floats(0, 1200)), draw(st.floats(0, 60))
            number += 1
            left = draw(st.sampled_from(_TALK_ENDS))
            talk = segment(number, "talk", at, at + talked, left, queue=queue, agent=agent)
            segments.append(talk)
            if agent == ANNA and queue == FIRST:
                beside = draw(meanwhile(number, at, at + talked))
                segments += beside
                number += len(beside)
            at += talked
            number += 1
            is_open = draw(st.booleans())
            end = None if is_open else at + wrapped
            segments.append(segment(number, "wrap", at, end, queue=queue, agent=agent))
    if draw(st.booleans()):
        number += 1
        segments.append(segment(number, "message", at, at + 30, queue=None))
        at += 30
    is_over = draw(st.booleans())
    outcome_of_call = draw(st.sampled_from(CallOutcome))
    return call(
        *segments,
        name=name,
        begin=begin,
        end=at if is_over else None,
        outcome=outcome_of_call,
        number=draw(st.sampled_from((None, "+79001234567", "+79007654321"))),
        silences=draw(silences(begin, at)),
        answers=draw(opinions(begin, at)),
    )


@st.composite
def presences(draw: st.DrawFn, agent: AgentId) -> tuple[PresenceSpan, ...]:
    """Draw what an agent declared, from some moment on."""
    cuts = sorted(draw(st.lists(st.floats(-3600, 6 * 3600), max_size=5, unique=True)))
    return tuple(
        span(
            agent,
            begin,
            end,
            draw(st.sampled_from(Presence)),
            draw(st.sampled_from((None, *NotReadyReason))),
            is_reachable=draw(st.booleans()),
        )
        for begin, end in zip(cuts, [*cuts[1:], None], strict=False)
    )


@st.composite
def days(draw: st.DrawFn) -> Records:
    """Draw a day of up to eight calls and two agents."""
    count = draw(st.integers(0, 8))
    return day(
        *(draw(calls(f"ekc-{number}.1")) for number in range(count)),
        presences=draw(presences(ANNA)) + draw(presences(BORIS)),
    )
