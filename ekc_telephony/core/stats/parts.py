"""
A call taken apart: visits to queues, handlings by agents, rings at their phones, service time.

A *visit* is one wait in one queue, with how it ended for the caller (`visits.py`). A *handling* is
one conversation of an agent with the wrap-up that follows it (`handlings.py`). A *ring* is one
offer at a phone. A *consultation* is an agent's time with a colleague who asks him, or whom he
asks. An *opinion* is what the caller says of us when he is asked (`opinions.py`). The *service
time* is what the order of S1.13 makes of it all (`service_time.py`).

Rule 1: all of them are made of the same segments, those joined that are one (`joined.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ekc_telephony.core.call.facts import SegmentKind, SegmentOutcome
from ekc_telephony.core.kernel.ids import AgentId, CallId, QueueId
from ekc_telephony.core.stats.handlings import Handling, handlings_of
from ekc_telephony.core.stats.joined import ByKind, by_kind
from ekc_telephony.core.stats.opinions import Opinion, opinions_of
from ekc_telephony.core.stats.records import CallRecord
from ekc_telephony.core.stats.service_time import ServiceTime, service_time_of
from ekc_telephony.core.stats.visits import Visit, visits_of


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
class Parts:
    """What a call consists of; each in order of time."""

    call: CallId
    visits: tuple[Visit, ...]
    handlings: tuple[Handling, ...]
    rings: tuple[Ring, ...]
    consultations: tuple[Consultation, ...]
    opinions: tuple[Opinion, ...]


def parts_of(call: CallRecord) -> Parts:
    """Take a call apart."""
    return _parts(call, by_kind(call))


def service_time(call: CallRecord) -> ServiceTime | None:
    """Return the service time of a call that is over; None for one without a conversation."""
    return service_time_of(call, by_kind(call))


def parts_and_service_time(call: CallRecord) -> tuple[Parts, ServiceTime | None]:
    """Return both at the price of one; there are a million calls a week."""
    found = by_kind(call)
    return _parts(call, found), service_time_of(call, found)


def _parts(call: CallRecord, found: ByKind) -> Parts:
    return Parts(
        call=call.call,
        visits=visits_of(call, found),
        handlings=handlings_of(found, call.silences),
        rings=tuple(
            Ring(queue=each.queue, agent=each.agent, at=each.started_at, outcome=each.outcome)
            for each in found.get(SegmentKind.OFFER, [])
        ),
        consultations=tuple(
            Consultation(agent=each.agent, began_at=each.started_at, ended_at=each.ended_at)
            for each in found.get(SegmentKind.CONSULTATION, [])
        ),
        opinions=opinions_of(found, call.answers),
    )
