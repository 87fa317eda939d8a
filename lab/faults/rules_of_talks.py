"""Conversations and promises: who is connected with whom, until when, by whose will. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Final

from ekc_telephony.core.call.facts import SegmentKind
from lab.faults.evidence import (
    GUARD_LIMIT,
    OVERLAP,
    SILENCE_LIMIT,
    TIME_TOLERANCE,
    Evidence,
    Rule,
    Violation,
    has_heard,
    lasting,
    seconds,
)
from lab.faults.fates import Fate, fate_of
from lab.faults.sightings import Span
from lab.faults.sip import Ending
from lab.faults.stored import StoredCall

LET_GO_LIMIT: Final = timedelta(seconds=4)
"""As long as an engine may need to come back."""


def conversations_cut(evidence: Evidence) -> Iterator[Violation]:
    """Find conversations that neither phone has ended."""
    callers = {seen.number: seen for seen in evidence.sightings.calls}
    for offer in evidence.sightings.offers:
        caller = callers.get(offer.number)
        if offer.talk is None or offer.ending is not Ending.NODE or caller is None:
            continue
        if not has_heard(caller, offer):
            continue  # no conversation yet: another rule
        if caller.ending is Ending.DEAD:
            continue
        has_left = caller.ended_at <= offer.ended_at + OVERLAP and caller.ending is Ending.US
        if not has_left:
            yield evidence.violation(
                Rule.CUT,
                f"the talk with {offer.agent} was ended by the node after "
                f"{lasting(offer.talk)}; the caller "
                f"{'was hung up on' if caller.ending is Ending.NODE else 'was still there'}",
                at=offer.ended_at,
                number=offer.number,
                appeal=evidence.appeal_of(offer.number),
            )


def not_heard(evidence: Evidence) -> Iterator[Violation]:
    """Find operators who picked up and whom the caller, who was there, did not hear."""
    callers = {seen.number: seen for seen in evidence.sightings.calls}
    for offer in evidence.sightings.offers:
        caller = callers.get(offer.number)
        if offer.talk is None or caller is None:
            continue
        both = offer.talk.overlap(caller.span) - evidence.unseen_part(offer.talk)
        if not has_heard(caller, offer) and both > SILENCE_LIMIT:
            limit = GUARD_LIMIT + SILENCE_LIMIT
            if both <= limit and evidence.is_unserved(offer.talk):
                continue  # the guard hangs up on operators whom nobody connects
            yield evidence.violation(
                Rule.NOT_HEARD,
                f"{offer.agent} picked up and stayed for {lasting(offer.talk)}; the caller did "
                "not hear him",
                at=offer.talk.began,
                number=offer.number,
                appeal=evidence.appeal_of(offer.number),
            )


def not_let_go(evidence: Evidence) -> Iterator[Violation]:
    """Find callers who are kept after the operator has hung up: back in the queue, or nowhere."""
    callers = {seen.number: seen for seen in evidence.sightings.calls}
    for offer in evidence.sightings.offers:
        caller = callers.get(offer.number)
        if caller is None or offer.ending is not Ending.US or not has_heard(caller, offer):
            continue
        kept = Span(began=offer.ended_at, ended=max(caller.ended_at, offer.ended_at))
        is_unserved = evidence.is_unserved(kept)
        limit = LET_GO_LIMIT + (GUARD_LIMIT if is_unserved else timedelta())
        if kept.duration - evidence.unseen_part(kept) > limit:
            yield evidence.violation(
                Rule.NOT_LET_GO,
                f"{offer.agent} ended the talk; the caller was kept for {lasting(kept)} more",
                at=offer.ended_at,
                number=offer.number,
                appeal=evidence.appeal_of(offer.number),
            )


def broken_promises(evidence: Evidence) -> Iterator[Violation]:
    """Find callers whom our side hung up on while they waited."""
    for seen in evidence.sightings.calls:
        if fate_of(seen) in {Fate.HUNG_UP_ON, Fate.REFUSED}:
            how = "refused with" if fate_of(seen) is Fate.REFUSED else "hung up on after"
            detail = seen.status if fate_of(seen) is Fate.REFUSED else lasting(seen.span)
            yield evidence.violation(
                Rule.BROKEN_PROMISE,
                f"{how} {detail}, without an operator and without the fallback's words",
                at=seen.ended_at,
                number=seen.number,
                appeal=evidence.appeal_of(seen.number),
            )


def two_agents(evidence: Evidence) -> Iterator[Violation]:
    """Find callers with two operators at once."""
    for number, offers in evidence.offers_to.items():
        talks = sorted(
            ((offer.talk, offer.agent) for offer in offers if offer.talk is not None),
            key=lambda each: each[0].began,
        )
        for (first, one), (second, other) in pairwise(talks):
            if first.overlap(second) > OVERLAP:
                yield evidence.violation(
                    Rule.TWO_AGENTS,
                    f"{one} and {other} both had him for {seconds(first.overlap(second))}",
                    at=second.began,
                    number=number,
                    appeal=evidence.appeal_of(number),
                )


def two_callers(evidence: Evidence) -> Iterator[Violation]:
    """Find operators with two callers: in the store, or by a second call that rang in a talk."""
    by_agent: defaultdict[str, list[tuple[Span, StoredCall]]] = defaultdict(list)
    for call in evidence.stored:
        for talk in call.of_kind(SegmentKind.TALK):
            if talk.agent is not None and talk.ended is not None:
                by_agent[talk.agent].append((Span(began=talk.began, ended=talk.ended), call))
    for agent, talks in by_agent.items():
        talks.sort(key=lambda each: each[0].began)
        for (first, one), (second, other) in pairwise(talks):
            if first.overlap(second) > TIME_TOLERANCE:
                yield evidence.violation(
                    Rule.TWO_CALLERS,
                    f"the store lets {agent} talk to two callers; the other is of {one.appeal}",
                    at=second.began,
                    number=other.number,
                    appeal=other.appeal,
                )
    yield from _rung_in_a_talk(evidence)


def _rung_in_a_talk(evidence: Evidence) -> Iterator[Violation]:
    """
    Find offers to an operator who was talking.

    A talk of the fallback's is excepted: the engine came back in the middle of it, and learns from
    the phone's «busy».
    """
    apologised = {seen.number for seen in evidence.sightings.calls if seen.heard_fallback}
    for offer in evidence.sightings.offers:
        if not offer.was_busy:
            continue
        for other in evidence.sightings.offers:
            talk = other.talk
            if other.agent != offer.agent or talk is None or other.number in apologised:
                continue
            if talk.began + TIME_TOLERANCE < offer.rang_at < talk.ended - OVERLAP:
                yield evidence.violation(
                    Rule.TWO_CALLERS,
                    f"{offer.agent} was rung while he talked to {other.number}",
                    at=offer.rang_at,
                    number=offer.number,
                    appeal=evidence.appeal_of(offer.number),
                )
