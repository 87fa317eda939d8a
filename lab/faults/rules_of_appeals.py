"""One call, one appeal: with an end, the right outcome, and times that are true. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.call.facts import SegmentKind
from lab.faults.evidence import TIME_TOLERANCE, Evidence, Rule, Violation, lasting, seconds
from lab.faults.fates import Fate, allowed_outcomes, fate_of
from lab.faults.sightings import SeenCall, Span
from lab.faults.sip import Ending
from lab.faults.stored import StoredCall, StoredSegment

ANSWER_AND_LEAVE: Final = timedelta(seconds=1.5)


def lost(evidence: Evidence) -> Iterator[Violation]:
    """Find calls with a final answer and without an appeal."""
    for seen in evidence.sightings.calls:
        if seen.status is not None and not evidence.by_number.get(seen.number):
            yield evidence.violation(
                Rule.LOST,
                f"no appeal; the caller saw: {fate_of(seen).value}, {lasting(seen.span)}",
                at=seen.invited_at,
                number=seen.number,
            )


def duplicated(evidence: Evidence) -> Iterator[Violation]:
    """Find callers with more than one call in the store, and calls that nobody has placed."""
    placed = {seen.number for seen in evidence.sightings.calls}
    for call in evidence.stored:
        if call.number not in placed:
            yield evidence.violation(
                Rule.DUPLICATED,
                "an appeal of a call that nobody placed",
                at=call.began,
                number=call.number,
                appeal=call.appeal,
            )
    for number, found in evidence.by_number.items():
        for extra in found[1:] if number in placed else ():
            yield evidence.violation(
                Rule.DUPLICATED,
                f"{len(found)} calls in the store; the first is of the appeal {found[0].appeal}",
                at=extra.began,
                number=number,
                appeal=extra.appeal,
            )


def not_ended(evidence: Evidence) -> Iterator[Violation]:
    """Find calls and stretches without an end, at the end of the run."""
    for call in evidence.stored:
        still_open = [each.kind.value for each in call.segments if each.ended is None]
        if call.ended is None or call.outcome is None:
            still_open.append("call")
        if still_open:
            yield evidence.violation(
                Rule.NOT_ENDED,
                f"without an end: {', '.join(still_open)}",
                at=call.began,
                number=call.number,
                appeal=call.appeal,
            )


def wrong_outcomes(evidence: Evidence) -> Iterator[Violation]:
    """Compare every outcome with what the caller saw."""
    for seen, stored in evidence.pairs():
        if stored.outcome is None:
            continue
        allowed = allowed_outcomes(
            seen,
            may_be_in_fallback=evidence.may_be_in_fallback(seen),
            may_be_answered=_was_answered_as_he_left(seen, evidence),
            is_disturbed=evidence.is_menu_disturbed(seen),
        )
        if stored.outcome not in allowed.outcomes:
            expected = ", ".join(sorted(each.value for each in allowed.outcomes))
            yield evidence.violation(
                Rule.WRONG_OUTCOME,
                f"found {stored.outcome.value}; expected {expected} ({allowed.why})",
                at=seen.ended_at,
                number=seen.number,
                appeal=stored.appeal,
            )


def _was_answered_as_he_left(seen: SeenCall, evidence: Evidence) -> bool:
    leaving = Span(began=seen.ended_at - ANSWER_AND_LEAVE, ended=seen.ended_at + ANSWER_AND_LEAVE)
    return any(
        offer.established_at is not None
        and leaving.touches(Span(began=offer.established_at, ended=offer.established_at))
        for offer in evidence.offers_to.get(seen.number, ())
    )


def wrong_times(evidence: Evidence) -> Iterator[Violation]:
    """Compare begin and end of every call with what the caller saw."""
    for seen, stored in evidence.pairs():
        if seen.status is None:
            continue
        known = seen.first_answer_at or seen.ended_at
        yield from _compare(
            evidence, "begin", stored.began, seen.invited_at, known, seen=seen, stored=stored
        )
        if stored.ended is not None:
            known = max(seen.end_confirmed_at or seen.ended_at, evidence.noticed_by(seen.ended_at))
            yield from _compare(
                evidence, "end", stored.ended, seen.ended_at, known, seen=seen, stored=stored
            )


def wrong_talk_times(evidence: Evidence) -> Iterator[Violation]:
    """Compare the talks in the store with what operators' phones saw."""
    for seen, stored in evidence.pairs():
        talks = stored.of_kind(SegmentKind.TALK)
        if fate_of(seen) is not Fate.TALKED or seen.ending is Ending.DEAD:
            continue
        if not talks:
            yield evidence.violation(
                Rule.WRONG_TIME,
                "the store has no talk; the caller had one",
                at=seen.ended_at,
                number=seen.number,
                appeal=stored.appeal,
            )
        for talk in talks:
            yield from _compare_talk(evidence, talk, seen=seen, stored=stored)


def _compare_talk(
    evidence: Evidence, talk: StoredSegment, *, seen: SeenCall, stored: StoredCall
) -> Iterator[Violation]:
    spans = [
        offer.talk
        for offer in evidence.offers_to.get(seen.number, ())
        if offer.agent == talk.agent and offer.talk is not None
    ]
    if not spans:
        yield evidence.violation(
            Rule.WRONG_TIME,
            f"the store has a talk with {talk.agent}; no phone of his saw it",
            at=talk.began,
            number=seen.number,
            appeal=stored.appeal,
        )
        return
    span = min(spans, key=lambda each: abs(each.began - talk.began))
    # The first of the two to hang up ends the talk; how long the other stays is another matter.
    span = Span(began=span.began, ended=min(span.ended, seen.ended_at))
    # Picked up while the engine was away, he is heard when it has come back and connects the two.
    heard = [each.span.began for each in seen.talks if each.span.overlap(span)]
    for name, found, earliest, latest in (
        ("began", talk.began, span.began, min(heard, default=span.began)),
        ("ended", talk.ended, span.ended, span.ended),
    ):
        if found is not None:
            yield from _compare(
                evidence,
                f"talk {name}",
                found,
                earliest,
                evidence.noticed_by(max(earliest, latest)),
                seen=seen,
                stored=stored,
            )


def _compare(
    evidence: Evidence,
    name: str,
    found: datetime,
    earliest: datetime,
    latest: datetime,
    *,
    seen: SeenCall,
    stored: StoredCall,
) -> Iterator[Violation]:
    """Complain when a moment in the store is outside what a phone saw."""
    early, late = earliest - found, found - latest
    if max(early, late) > TIME_TOLERANCE:
        word = f"{seconds(early)} too early" if early > late else f"{seconds(late)} too late"
        yield evidence.violation(
            Rule.WRONG_TIME,
            f"{name}: found {found:%H:%M:%S.%f}, {word}",
            at=earliest,
            number=seen.number,
            appeal=stored.appeal,
        )
