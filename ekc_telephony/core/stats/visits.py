"""
Visits: the waits of a call in queues, and how each ended for the caller.

Rule 1: every visit has one ending, so offered = answered + abandoned + flowed out + broken +
waiting still (Genesys: «answered + abandoned + flow-outs»; our own failures are told apart).
Rule 2: a visit is answered when a conversation follows it before the next visit, whatever the call
came to: whoever talked to a person in the fallback was answered as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import zip_longest

from ekc_telephony.core.appeals.fallback import FALLBACK_QUEUE
from ekc_telephony.core.call.facts import CallOutcome, SegmentKind, SegmentOutcome
from ekc_telephony.core.kernel.ids import AgentId, QueueId
from ekc_telephony.core.stats.joined import ByKind
from ekc_telephony.core.stats.records import CallRecord, SegmentRecord


class VisitEnding(Enum):
    """What became of a caller who came to a queue."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    """He hung up while he waited."""
    FLOWED_OUT = "flowed_out"
    """
    He left the queue for something else: another queue, a callback, a message, the fallback, a
    number outside. That somebody answered there is no answer of this queue's agents.
    """
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


def visits_of(call: CallRecord, found: ByKind) -> tuple[Visit, ...]:
    """
    Return the visits of a call in order of time.

    Args:
        call: The call.
        found: Its segments, by kind.
    """
    talks = found.get(SegmentKind.TALK, [])
    waits = found.get(SegmentKind.WAITING, [])
    following = [wait.started_at for wait in waits[1:]]
    return tuple(_visit(call, wait, talks, until) for wait, until in zip_longest(waits, following))


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
