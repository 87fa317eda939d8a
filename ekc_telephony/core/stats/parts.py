"""
A call taken apart: visits to queues, handlings by agents, rings at their phones, service time.

A *visit* is one wait in one queue, with how it ended for the caller. A *handling* is one
conversation of an agent with the wrap-up that follows it. A *ring* is one offer at a phone. A
*consultation* is an agent's time with a colleague who asks him, or whom he asks.

Rule 1: every visit has one ending, so offered = answered + abandoned + flowed out + broken +
waiting still (Genesys: «answered + abandoned + flow-outs»; our own failures are told apart).
Rule 2: a visit is answered when a conversation follows it before the next visit, whatever the call
came to: whoever talked to a person in the fallback was answered as well.
Rule 3: what an engine left open when it died, and the next one went on with, is one stretch.
Rule 4: what no fact tells of is None, «not measured», and never 0: the fallback notes no holding
and no silence.
Rule 5: when two agents talk to one caller at the same time, each has his own conversation, whole,
and the caller has been answered for as long as one of them was there: once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from itertools import zip_longest
from typing import Final, TypeAlias

from ekc_telephony.core.appeals.fallback import FALLBACK_QUEUE
from ekc_telephony.core.call.facts import CallOutcome, NoteKind, SegmentKind, SegmentOutcome
from ekc_telephony.core.kernel.ids import AgentId, CallId, QueueId
from ekc_telephony.core.stats.records import CallRecord, SegmentRecord, SilenceRecord
from ekc_telephony.core.stats.spans import Stretch, length

_SEVERAL: Final = 2
_NOTHING: Final = timedelta()
_NO_SILENCES: Final = Counter[NoteKind]()


class VisitEnding(Enum):
    """What became of a caller who came to a queue."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    """He hung up while he waited."""
    FLOWED_OUT = "flowed_out"
    """He left the queue for something else: another queue, a callback, a message, the fallback."""
    BROKEN = "broken"
    """A failure of ours ended his wait."""
    WAITING = "waiting"
    """He waits still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One wait in one queue."""

    queue: QueueId | None
    agent: AgentId | None
    """Who answered."""
    at: datetime
    """When the caller came to the queue."""
    ended_at: datetime | None
    """When he was answered or left; None while he waits."""
    ending: VisitEnding

    @property
    def waited(self) -> timedelta | None:
        """How long; None while he waits."""
        return None if self.ended_at is None else self.ended_at - self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """One conversation of an agent with what belongs to it."""

    queue: QueueId | None
    agent: AgentId | None
    began_at: datetime
    at: datetime | None
    """When it was over, wrap-up included: handling is booked here (as Genesys does); None while
    it goes on."""
    talk: Stretch | None
    """With what the caller spent on hold; None while they talk."""
    wrap_up: Stretch | None
    """None without wrap-up, or while it goes on."""
    outcome: SegmentOutcome | None
    """How the conversation ended."""
    held: timedelta | None = None
    """How much of the conversation the caller spent on hold; None: not measured, or it goes on."""
    was_transferred: bool | None = None
    """Whether the agent sent the caller on; None: not measured, or it goes on."""
    caller_silences: int | None = None
    """How often the caller was not heard for longer than his queue allows (S1.19), 0 where nobody
    looked; None: not measured, or it goes on."""
    agent_silences: int | None = None
    """Likewise the agent."""

    @property
    def spoken(self) -> timedelta | None:
        """The conversation without what was spent on hold; None while they talk."""
        if self.talk is None:
            return None
        return self.talk[1] - self.talk[0] - (self.held or timedelta())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One offer at an agent's phone."""

    queue: QueueId | None
    agent: AgentId | None
    at: datetime
    outcome: SegmentOutcome | None
    """None while it rings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation:
    """An agent's side of a conversation with a colleague about the call."""

    agent: AgentId | None
    began_at: datetime
    ended_at: datetime | None
    """None while it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStep:
    """One level that served the caller: the first line, then perhaps the second."""

    queue: QueueId | None
    agent: AgentId | None
    waited: timedelta
    answered: timedelta
    """How long the conversation lasted, without what an earlier one lasted beside it (Rule 5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTime:
    """
    The service time of S1.13 (order 442n, §72).

    total = Σ over all levels (waiting + answer) + recording of the topic. Waiting is the time in
    queues, an answer is a conversation, the recording of the topic is the wrap-up. The menu is not
    in it: §71 counts informing by an automaton apart.
    """

    steps: tuple[ServiceStep, ...]
    recorded: timedelta | None
    """None when nothing says how long the topic was being recorded, as in the fallback."""

    @property
    def total(self) -> timedelta:
        """All of it."""
        levels = sum((step.waited + step.answered for step in self.steps), timedelta())
        return levels + (self.recorded or timedelta())


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a call consists of; each in order of time."""

    call: CallId
    visits: tuple[Visit, ...]
    handlings: tuple[Handling, ...]
    rings: tuple[Ring, ...]
    consultations: tuple[Consultation, ...]


def parts_of(call: CallRecord) -> Parts:
    """Take a call apart."""
    return _parts(call, _by_kind(call))


def service_time(call: CallRecord) -> ServiceTime | None:
    """Return the service time of a call that is over; None for one without a conversation."""
    return _service(call, _by_kind(call))


def parts_and_service_time(call: CallRecord) -> tuple[Parts, ServiceTime | None]:
    """Return both at the price of one; there are a million calls a week."""
    found = _by_kind(call)
    return _parts(call, found), _service(call, found)


def _parts(call: CallRecord, found: _ByKind) -> Parts:
    talks = found.get(SegmentKind.TALK, [])
    waits = found.get(SegmentKind.WAITING, [])
    wrap_ups = found.get(SegmentKind.WRAP_UP, [])
    holds = found.get(SegmentKind.HOLD, [])
    following = [wait.started_at for wait in waits[1:]]
    silences = _silences_of(talks, call.silences)
    return Parts(
        call=call.call,
        visits=tuple(
            _visit(call, wait, talks, until) for wait, until in zip_longest(waits, following)
        ),
        handlings=tuple(
            _with_silences(_handling(talk, talks, wrap_ups, holds), talk, silences)
            for talk in talks
        ),
        rings=tuple(
            Ring(queue=each.queue, agent=each.agent, at=each.started_at, outcome=each.outcome)
            for each in found.get(SegmentKind.OFFER, [])
        ),
        consultations=tuple(
            Consultation(agent=each.agent, began_at=each.started_at, ended_at=each.ended_at)
            for each in found.get(SegmentKind.CONSULTATION, [])
        ),
    )


def _service(call: CallRecord, found: _ByKind) -> ServiceTime | None:
    wrap_ups = found.get(SegmentKind.WRAP_UP, [])
    talks = found.get(SegmentKind.TALK, [])
    if call.ended_at is None or not talks or any(each.ended_at is None for each in wrap_ups):
        return None
    return ServiceTime(
        steps=_steps(talks, found.get(SegmentKind.WAITING, [])),
        recorded=sum(map(_lasted, wrap_ups), timedelta()) if wrap_ups else None,
    )


def _steps(
    talks: Sequence[SegmentRecord], waits: Sequence[SegmentRecord]
) -> tuple[ServiceStep, ...]:
    steps: list[ServiceStep] = []
    before: datetime | None = None
    heard: list[Stretch] = []
    for talk in talks:
        stretch = _stretch(talk) or (talk.started_at, talk.started_at)
        answered = length([*heard, stretch]) - length(heard)
        heard.append(stretch)
        own = [each for each in waits if _is_between(each.started_at, before, talk.started_at)]
        steps.append(
            ServiceStep(
                queue=talk.queue,
                agent=talk.agent,
                waited=_waited(own, talk.started_at),
                answered=answered,
            )
        )
        before = talk.started_at
    rest = [each for each in waits if before is None or each.started_at > before]
    if rest:
        steps.append(
            ServiceStep(
                queue=rest[-1].queue,
                agent=None,
                waited=_waited(rest, None),
                answered=timedelta(),
            )
        )
    return tuple(steps)


def _is_between(at: datetime, after: datetime | None, until: datetime) -> bool:
    return at <= until and (after is None or at > after)


def _waited(waits: Iterable[SegmentRecord], until: datetime | None) -> timedelta:
    # The wait that an engine gave up and the fallback's wait may overlap; the caller waits once.
    return length(
        (each.started_at, each.ended_at if until is None else min(each.ended_at, until))
        for each in waits
        if each.ended_at is not None
    )


def _lasted(segment: SegmentRecord) -> timedelta:
    return timedelta() if segment.ended_at is None else segment.ended_at - segment.started_at


_ByKind: TypeAlias = Mapping[SegmentKind, list[SegmentRecord]]


def _by_kind(call: CallRecord) -> _ByKind:
    """Return the segments of each kind in order of time, those joined that are one (Rule 3)."""
    found: dict[SegmentKind, list[SegmentRecord]] = {}
    for segment in call.segments:
        found.setdefault(segment.kind, []).append(segment)
    return {kind: own if len(own) < _SEVERAL else _joined(own) for kind, own in found.items()}


def _joined(own: Iterable[SegmentRecord]) -> list[SegmentRecord]:
    joined: list[SegmentRecord] = []
    for segment in sorted(own, key=lambda each: (each.started_at, each.segment)):
        index = _before(joined, segment)
        if index is None:
            joined.append(segment)
        else:
            joined[index] = replace(segment, started_at=joined[index].started_at)
    return joined


def _before(joined: Sequence[SegmentRecord], segment: SegmentRecord) -> int | None:
    """Return which one the segment goes on with; not always the last: two agents may talk."""
    for index in range(len(joined) - 1, -1, -1):
        if _goes_on(joined[index], segment):
            return index
    return None


def _goes_on(before: SegmentRecord, after: SegmentRecord) -> bool:
    return (
        before.outcome is SegmentOutcome.BROKEN
        and before.ended_at is not None
        and after.started_at < before.ended_at
        and (before.queue, before.agent) == (after.queue, after.agent)
    )


def _visit(
    call: CallRecord, wait: SegmentRecord, talks: Sequence[SegmentRecord], until: datetime | None
) -> Visit:
    talk = next(
        (
            each
            for each in talks
            if each.started_at >= wait.started_at and (until is None or each.started_at < until)
        ),
        None,
    )
    if talk is not None:
        return Visit(
            queue=wait.queue,
            agent=talk.agent,
            at=wait.started_at,
            ended_at=talk.started_at,
            ending=VisitEnding.ANSWERED,
        )
    return Visit(
        queue=wait.queue,
        agent=None,
        at=wait.started_at,
        ended_at=wait.ended_at,
        ending=_ending(call, wait, was_last=until is None),
    )


def _ending(call: CallRecord, wait: SegmentRecord, *, was_last: bool) -> VisitEnding:
    if wait.ended_at is None:
        return VisitEnding.WAITING
    if not was_last:
        return VisitEnding.FLOWED_OUT
    match wait.outcome:
        case SegmentOutcome.BROKEN:
            return VisitEnding.BROKEN
        case SegmentOutcome.ABANDONED:
            return _left(call, wait)
        case _:
            return VisitEnding.FLOWED_OUT


def _left(call: CallRecord, wait: SegmentRecord) -> VisitEnding:
    """Tell why a caller left his last queue: the segment says only that he did."""
    match call.outcome:
        case CallOutcome.TECHNICAL_FAILURE:
            return VisitEnding.BROKEN
        case CallOutcome.SENT_TO_FALLBACK if wait.queue != FALLBACK_QUEUE:
            return VisitEnding.FLOWED_OUT
        case (
            CallOutcome.CALLBACK_PROMISED
            | CallOutcome.MESSAGE_LEFT
            | CallOutcome.INFORMED_NO_AGENTS
            | CallOutcome.INFORMED_AFTER_HOURS
        ):
            return VisitEnding.FLOWED_OUT
        case _:
            return VisitEnding.ABANDONED


def _handling(
    talk: SegmentRecord,
    talks: Sequence[SegmentRecord],
    wrap_ups: Sequence[SegmentRecord],
    holds: Sequence[SegmentRecord],
) -> Handling:
    later = [each.started_at for each in talks if _is_after(each, talk)]
    wrap_up = next(
        (
            each
            for each in wrap_ups
            if each.agent == talk.agent
            and each.started_at >= (talk.ended_at or talk.started_at)
            and (not later or each.started_at < later[0])
        ),
        None,
    )
    last = talk if wrap_up is None else wrap_up
    return Handling(
        queue=talk.queue,
        agent=talk.agent,
        began_at=talk.started_at,
        at=last.ended_at,
        talk=_stretch(talk),
        wrap_up=None if wrap_up is None else _stretch(wrap_up),
        outcome=talk.outcome,
        held=_held(talk, holds),
        was_transferred=None
        if talk.outcome is None
        else talk.outcome is SegmentOutcome.TRANSFERRED,
    )


def _with_silences(
    handling: Handling, talk: SegmentRecord, of_talks: Mapping[int, Counter[NoteKind]]
) -> Handling:
    """Return the handling with the silences of its talk; the fallback does not note them."""
    if talk.ended_at is None or talk.queue == FALLBACK_QUEUE:
        return handling
    own = of_talks.get(talk.segment, _NO_SILENCES)
    return replace(
        handling,
        caller_silences=own[NoteKind.SILENT],
        agent_silences=own[NoteKind.AGENT_SILENT],
    )


def _silences_of(
    talks: Sequence[SegmentRecord], silences: Sequence[SilenceRecord]
) -> Mapping[int, Counter[NoteKind]]:
    """Count silences by the talk they were noted in: the last that their agent had begun."""
    found: dict[int, Counter[NoteKind]] = {}
    for each in silences:
        for talk in reversed(talks):
            if talk.agent == each.agent and talk.started_at <= each.at:
                found.setdefault(talk.segment, Counter())[each.kind] += 1
                break
    return found


def _held(talk: SegmentRecord, holds: Sequence[SegmentRecord]) -> timedelta | None:
    """Return how long the agent held his caller; None in the fallback, which does not note it."""
    until = talk.ended_at
    if until is None or talk.queue == FALLBACK_QUEUE:
        return None
    if not holds:
        return _NOTHING
    return length(
        (max(each.started_at, talk.started_at), min(each.ended_at or until, until))
        for each in holds
        if each.agent == talk.agent
    )


def _is_after(other: SegmentRecord, talk: SegmentRecord) -> bool:
    return other.agent == talk.agent and other.started_at > talk.started_at


def _stretch(segment: SegmentRecord) -> Stretch | None:
    return None if segment.ended_at is None else (segment.started_at, segment.ended_at)
