"""
The segments of a call by their kinds, those joined that are one.

An engine that dies leaves its segments open; they are closed as broken when the call ends, while
the next engine, or the fallback, writes down the same waiting or the same conversation as its own.

Rule 1: what an engine left open when it died, and the next one went on with, is one stretch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from ekc_telephony.core.call.facts import SegmentKind, SegmentOutcome
from ekc_telephony.core.stats.records import CallRecord, SegmentRecord
from ekc_telephony.core.stats.spans import Stretch

_SEVERAL: Final = 2

ByKind: TypeAlias = Mapping[SegmentKind, list[SegmentRecord]]


def by_kind(call: CallRecord) -> ByKind:
    """Return the segments of each kind in order of time, those joined that are one (Rule 1)."""
    found: dict[SegmentKind, list[SegmentRecord]] = {}
    for segment in call.segments:
        found.setdefault(segment.kind, []).append(segment)
    return {kind: own if len(own) < _SEVERAL else _joined(own) for kind, own in found.items()}


def stretch_of(segment: SegmentRecord) -> Stretch | None:
    """Return from when to when the segment lasted; None while it goes on."""
    return None if segment.ended_at is None else (segment.started_at, segment.ended_at)


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
