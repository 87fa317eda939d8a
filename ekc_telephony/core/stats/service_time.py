"""
The service time of S1.13: what a citizen waited and was answered on all levels, and its recording.

The order that asks for it (442n, §72) adds up over everybody who served one caller, while a visit
or a handling is about one queue or one agent; so it is counted from the segments anew.

Rule 1: nobody waits or is answered twice at a time: where waits overlap, or two agents talk to one
caller, the time counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ekc_telephony.core.call.facts import SegmentKind
from ekc_telephony.core.kernel.ids import AgentId, QueueId
from ekc_telephony.core.stats.joined import ByKind, stretch_of
from ekc_telephony.core.stats.records import CallRecord, SegmentRecord
from ekc_telephony.core.stats.spans import Stretch, length


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStep:
    """One level that served the caller: the first line, then perhaps the second."""

    queue: QueueId | None
    agent: AgentId | None
    waited: timedelta
    answered: timedelta
    """How long the conversation lasted, without what an earlier one lasted beside it (Rule 1)."""


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


def service_time_of(call: CallRecord, found: ByKind) -> ServiceTime | None:
    """
    Return the service time of a call that is over; None for one without a conversation.

    Args:
        call: The call.
        found: Its segments, by kind.
    """
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
        stretch = stretch_of(talk) or (talk.started_at, talk.started_at)
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
