"""
What the store says of the calls of a run.

The store is asked as everybody else would ask it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ekc_telephony.adapters.sql.queries import AppealQueries, CallFilter, CallHistory
from ekc_telephony.core.call.facts import CallOutcome, SegmentKind, SegmentOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSegment:
    """One stretch of a call."""

    kind: SegmentKind
    queue: str | None
    agent: str | None
    began: datetime
    ended: datetime | None
    outcome: SegmentOutcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCall:
    """A call with what happened in it."""

    appeal: str
    call: str
    number: str | None
    began: datetime
    ended: datetime | None
    outcome: CallOutcome | None
    segments: tuple[StoredSegment, ...]
    faults: tuple[str, ...]

    def of_kind(self, kind: SegmentKind) -> list[StoredSegment]:
        """Return the segments of a kind, in order of time."""
        return [each for each in self.segments if each.kind is kind]


async def read_store(url: str) -> list[StoredCall]:
    """Return everything the store holds, oldest first."""
    queries = AppealQueries(url)
    try:
        summaries = [call async for call in queries.all_calls(CallFilter())]
        found: list[StoredCall] = []
        for appeal in dict.fromkeys(summary.appeal for summary in summaries):
            history = await queries.find(appeal)
            if history is not None:
                found += [_stored(call) for call in history.calls]
        return found
    finally:
        await queries.close()


async def count_open(url: str) -> int:
    """Return how many calls have no end yet."""
    queries = AppealQueries(url)
    try:
        return sum([call.ended_at is None async for call in queries.all_calls(CallFilter())])
    finally:
        await queries.close()


def _stored(history: CallHistory) -> StoredCall:
    summary = history.summary
    return StoredCall(
        appeal=summary.appeal,
        call=summary.call,
        number=summary.number,
        began=summary.registered_at,
        ended=summary.ended_at,
        outcome=summary.outcome,
        segments=tuple(_segments(history)),
        faults=tuple(fault.kind.value for fault in history.faults),
    )


def _segments(history: CallHistory) -> Iterable[StoredSegment]:
    for each in history.segments:
        yield StoredSegment(
            kind=each.kind,
            queue=each.queue,
            agent=each.agent,
            began=each.started_at,
            ended=each.ended_at,
            outcome=each.outcome,
        )
