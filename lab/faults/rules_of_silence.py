"""Silence in people's ears, and what the faults themselves have shown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from lab.faults.evidence import (
    GUARD_LIMIT,
    SILENCE_LIMIT,
    Evidence,
    Rule,
    Violation,
    has_heard,
    seconds,
)
from lab.faults.sightings import SeenFault, Span
from lab.faults.sip import Ending

MENU_SILENCE: Final = timedelta(seconds=1)
"""How long the menu listens for a key; nothing is said meanwhile, and nothing should be."""


def silences(evidence: Evidence) -> Iterator[Violation]:
    """Find callers and operators who heard nothing for too long."""
    for seen in evidence.sightings.calls:
        if seen.ending is Ending.DEAD:
            continue
        for gap in seen.gaps:
            silent = gap.duration - evidence.unseen_part(gap)
            if silent > _silence_limit(gap, evidence):
                yield evidence.violation(
                    Rule.SILENCE,
                    f"the caller heard nothing for {seconds(silent)}",
                    at=gap.began,
                    number=seen.number,
                    appeal=evidence.appeal_of(seen.number),
                )
    yield from _deaf_operators(evidence)


def _deaf_operators(evidence: Evidence) -> Iterator[Violation]:
    """Find operators who did not hear a caller who was there and heard them."""
    callers = {seen.number: seen for seen in evidence.sightings.calls}
    for offer in evidence.sightings.offers:
        caller = callers.get(offer.number)
        if caller is None or not has_heard(caller, offer):
            continue
        for gap in offer.gaps:
            # What he does not hear of one who has gone is no silence.
            both = Span(began=gap.began, ended=max(gap.began, min(gap.ended, caller.ended_at)))
            silent = both.duration - evidence.unseen_part(both)
            if silent > _silence_limit(both, evidence):
                yield evidence.violation(
                    Rule.SILENCE,
                    f"{offer.agent} did not hear him for {seconds(silent)}",
                    at=gap.began,
                    number=offer.number,
                    appeal=evidence.appeal_of(offer.number),
                )


def _silence_limit(gap: Span, evidence: Evidence) -> timedelta:
    limit = SILENCE_LIMIT + MENU_SILENCE
    return limit + GUARD_LIMIT if evidence.is_unserved(gap) else limit


def longest_silence(evidence: Evidence) -> timedelta:
    """Return the longest silence in a caller's ear that physics does not explain."""
    return max(
        (
            gap.duration - evidence.unseen_part(gap)
            for seen in evidence.sightings.calls
            if seen.ending is not Ending.DEAD
            for gap in seen.gaps
        ),
        default=timedelta(),
    )


def longest_recovery(faults: Iterable[SeenFault]) -> timedelta:
    """Return the longest time from the end of a fault until calls were served again."""
    return max((each.recovery for each in faults if each.recovery is not None), default=timedelta())


def faults_complained_of(evidence: Evidence) -> Iterator[Violation]:
    """Find faults that went otherwise than they should."""
    for fault in evidence.sightings.faults:
        if fault.complaint is not None:
            yield Violation(
                rule=Rule.FAULT,
                what=f"{fault.complaint} ({fault.seen})",
                at=fault.span.began,
                fault=fault.kind,
                log_position=fault.log_position,
            )
