"""
What came of the peak: the calls of the store against what SIPp saw on both sides of it. Pure.

Rule 1: refused is who did not get a 200 to his INVITE.
Rule 2: cut off is who got one and did not talk until his operator hung up. Nobody in this run
hangs up by himself before.
Rule 3: a younger caller is out of order when his operator was rung more than `TOLERANCE` before
that of somebody who had joined the queue earlier. Two within it are equals: the engine decides in
the order in which Asterisk tells of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from ekc_telephony.core.call.facts import CallOutcome, SegmentKind, SegmentOutcome
from lab.faults.stored import StoredCall, StoredSegment

TOLERANCE: Final = timedelta(seconds=0.5)
"""The same as that of `make faults`."""
ROUNDED: Final = timedelta(seconds=1)
"""A talk may be shorter by this in the store than at the phone: the engine hears of both ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What must be zero, or equal, and the waiting times."""

    arrivals: int
    connected: int
    """Calls with a 200."""
    appeals: int
    served: int
    """Calls that the store says were answered, and talked until the operator hung up."""
    witnessed: int
    """Conversations that the operators' phones had to their end."""
    not_ended: int
    out_of_order: int
    doubly_busy: int
    """Conversations of an operator that began before his last one had ended."""
    with_faults: int
    """Calls of which the store says that something went wrong in them."""
    outcomes: Counter[str]
    """How the calls ended that were not served."""
    most_at_once: int
    """Callers in menus and queues at the same moment."""
    at_once_for_s: float
    """How long that many, less a tenth, were there."""
    menu_s: tuple[float, ...]
    wait_s: tuple[float, ...]
    """In the queue, of every call that waited."""

    @property
    def refused(self) -> int:
        """See Rule 1."""
        return self.arrivals - self.connected

    @property
    def cut_off(self) -> int:
        """See Rule 2."""
        return max(0, self.connected - min(self.served, self.witnessed))

    @property
    def is_sound(self) -> bool:
        """Tell whether nobody was refused, cut off, forgotten, passed over or shared."""
        wrong = (
            *(self.refused, self.cut_off, self.not_ended),
            *(self.out_of_order, self.doubly_busy, self.with_faults),
        )
        return not any(wrong) and self.appeals == self.arrivals


def judge_peak(
    calls: Sequence[StoredCall], *, arrivals: int, connected: int, witnessed: int, talk: timedelta
) -> Verdict:
    """
    Compare what the store says with what the phones saw.

    Args:
        calls: What the store says.
        arrivals: Calls that citizens placed.
        connected: Those that got a 200.
        witnessed: Conversations that operators' phones had to their end.
        talk: How long operators talk.
    """
    served = [call for call in calls if _is_served(call, talk)]
    crowd = list(_crowd(calls))
    most = max((there for _, there in crowd), default=0)
    unserved = (call for call in calls if not _is_served(call, talk))
    return Verdict(
        arrivals=arrivals,
        connected=connected,
        appeals=len({call.appeal for call in calls}),
        served=len(served),
        witnessed=witnessed,
        not_ended=sum(call.ended is None for call in calls),
        out_of_order=_out_of_order(calls),
        doubly_busy=_doubly_busy(calls),
        with_faults=sum(bool(call.faults) for call in calls),
        outcomes=Counter(each.outcome.value if each.outcome else "none" for each in unserved),
        most_at_once=most,
        at_once_for_s=_time_with(crowd, at_least=0.9 * most).total_seconds(),
        menu_s=_lengths(calls, SegmentKind.IVR),
        wait_s=_lengths(calls, SegmentKind.WAITING),
    )


def _is_served(call: StoredCall, talk: timedelta) -> bool:
    talks = call.of_kind(SegmentKind.TALK)
    return (
        call.outcome is CallOutcome.ANSWERED
        and len(talks) == 1
        and talks[0].outcome is SegmentOutcome.AGENT_HUNG_UP
        and _length(talks[0]) >= talk - ROUNDED
    )


def _crowd(calls: Iterable[StoredCall]) -> Iterator[tuple[datetime, int]]:
    """Yield every moment at which somebody came or went, and how many are there from then on."""
    steps: list[tuple[datetime, int]] = []
    for call in calls:
        talks = call.of_kind(SegmentKind.TALK)
        gone = talks[0].began if talks else call.ended
        steps += [(call.began, 1), *([(gone, -1)] if gone else [])]
    there = 0
    for at, step in sorted(steps):
        there += step
        yield at, there


def _time_with(crowd: Iterable[tuple[datetime, int]], *, at_least: float) -> timedelta:
    return sum(
        (then - at for (at, there), (then, _) in pairwise(crowd) if there >= at_least), timedelta()
    )


def _out_of_order(calls: Iterable[StoredCall]) -> int:
    """Count the callers for whom somebody was rung after it had been for a younger one."""
    waited = [
        (waits[0].began, offers[0].began)
        for call in calls
        if (waits := call.of_kind(SegmentKind.WAITING))
        and (offers := call.of_kind(SegmentKind.OFFER))
    ]
    passed, rung_for_younger = 0, None
    for joined, rung in sorted(waited, reverse=True):
        if rung_for_younger is not None and rung > rung_for_younger[1] + TOLERANCE:
            passed += joined < rung_for_younger[0] - TOLERANCE
        if rung_for_younger is None or rung < rung_for_younger[1]:
            rung_for_younger = joined, rung
    return passed


def _doubly_busy(calls: Iterable[StoredCall]) -> int:
    talks: defaultdict[str | None, list[StoredSegment]] = defaultdict(list)
    for call in calls:
        for talk in call.of_kind(SegmentKind.TALK):
            talks[talk.agent].append(talk)
    return sum(
        before.ended is None or after.began < before.ended
        for theirs in talks.values()
        for before, after in pairwise(sorted(theirs, key=lambda each: each.began))
    )


def _lengths(calls: Iterable[StoredCall], kind: SegmentKind) -> tuple[float, ...]:
    return tuple(
        sum(_length(each).total_seconds() for each in segments)
        for call in calls
        if (segments := call.of_kind(kind))
    )


def _length(segment: StoredSegment) -> timedelta:
    return timedelta() if segment.ended is None else segment.ended - segment.began
