"""First come, first served, among the equals of a queue. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.call.facts import SegmentKind, SegmentOutcome
from lab.faults.evidence import FOREVER, Evidence, Rule, Violation, clock
from lab.faults.sightings import Span
from lab.faults.stored import StoredCall, StoredSegment

ORDER_TOLERANCE: Final = timedelta(seconds=0.5)
"""Two who come within this are equals; an offer decided before somebody came is not taken back."""
_LONG_AGO: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiter:
    """A caller in a queue."""

    call: StoredCall
    arrived: datetime
    waits: tuple[Span, ...]
    offers: tuple[tuple[Span, str | None, SegmentOutcome | None], ...]

    def waits_through(self, span: Span) -> bool:
        return any(wait.began <= span.began and span.ended <= wait.ended for wait in self.waits)

    def is_offered_in(self, span: Span) -> bool:
        return any(offer.touches(span) for offer, _, _ in self.offers)

    def has_met(self, agent: str | None, before: datetime) -> bool:
        return any(who == agent and offer.began < before for offer, who, _ in self.offers)


def order_broken(evidence: Evidence) -> Iterator[Violation]:
    """
    Find younger callers who were connected while an older one of the same queue waited unoffered.

    What counts is the moment when the offer that led to the answer was made. An older one who was
    being offered at that moment, or whom this operator had let pass before, was not passed over.
    """
    for queue, waiters in _queues(evidence.stored).items():
        waiters.sort(key=lambda each: each.arrived)
        for place, younger in enumerate(waiters):
            accepted = [
                (offer, agent)
                for offer, agent, outcome in younger.offers
                if outcome is SegmentOutcome.ACCEPTED
            ]
            for offer, agent in accepted:
                moment = Span(
                    began=offer.began - ORDER_TOLERANCE, ended=offer.began + ORDER_TOLERANCE
                )
                for older in _before(waiters, place):
                    if (
                        older.waits_through(moment)
                        and not older.is_offered_in(moment)
                        and not older.has_met(agent, offer.began)
                    ):
                        yield evidence.violation(
                            Rule.ORDER,
                            f"{queue}: {agent} was offered a caller of {clock(younger.arrived)} "
                            f"({younger.call.appeal}); this one waited since "
                            f"{clock(older.arrived)}",
                            at=offer.began,
                            number=older.call.number,
                            appeal=older.call.appeal,
                        )


def _before(waiters: Sequence[_Waiter], place: int) -> Iterator[_Waiter]:
    """Yield whoever came before; nobody waits for longer than `_LONG_AGO`."""
    younger = waiters[place]
    for older in reversed(waiters[:place]):
        if younger.arrived - older.arrived > _LONG_AGO:
            return
        if younger.arrived - older.arrived > ORDER_TOLERANCE:
            yield older


def _queues(stored: Iterable[StoredCall]) -> dict[str, list[_Waiter]]:
    found: defaultdict[str, list[_Waiter]] = defaultdict(list)
    for call in stored:
        waits: defaultdict[str, list[Span]] = defaultdict(list)
        for each in call.of_kind(SegmentKind.WAITING):
            if each.queue is not None:
                waits[each.queue].append(_span(each))
        offers = tuple(
            (_span(each), each.agent, each.outcome) for each in call.of_kind(SegmentKind.OFFER)
        )
        for queue, spans in waits.items():
            arrived = min(span.began for span in spans)
            found[queue].append(
                _Waiter(call=call, arrived=arrived, waits=tuple(spans), offers=offers)
            )
    return found


def _span(segment: StoredSegment) -> Span:
    return Span(began=segment.began, ended=segment.ended or segment.began + FOREVER)
