"""
From records to entries: calls taken apart and agents' time cut into slots, ready to be counted.

Agents' time needs two sources: what they declared (presences) and what they did (conversations and
wrap-ups, which stand in the calls). So no more is written down for it than declarations, which are
a few a day, and not every change of activity, which are several a call.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias, final

from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId, QueueId
from ekc_telephony.core.stats.parts import Parts, parts_and_service_time
from ekc_telephony.core.stats.records import CallRecord, PresenceSpan
from ekc_telephony.core.stats.service_time import ServiceTime
from ekc_telephony.core.stats.spans import Slots, Stretch, length
from ekc_telephony.core.stats.tally import AgentTime, Arrival, Entry
from ekc_telephony.core.stats.visits import VisitEnding


@dataclass(frozen=True, slots=True, kw_only=True)
class InQueue:
    """A caller's presence in a queue within one slot; for the greatest length of the queue."""

    at: datetime
    """The slot."""
    queue: QueueId | None
    agent: AgentId | None
    stretch: Stretch


@final
class Entries:
    """
    Makes entries of one part of the period: call by call, then of its agents' time.

    Args:
        slots: The part; `until` is the present moment at the latest, for agents' time is counted
            up to it.
    """

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._busy: dict[AgentId, list[Stretch]] = defaultdict(list)
        self._advising: dict[AgentId, list[Stretch]] = defaultdict(list)

    def of_call(self, call: CallRecord) -> Iterator[Entry | InQueue]:
        """Yield what is to be counted of a call that touches the slots."""
        slots = self._slots
        parts, service = parts_and_service_time(call)
        if slots.holds(call.registered_at):
            yield _arrival(call, parts, service)
        yield from (each for each in parts.visits if slots.holds(each.at))
        yield from (each for each in parts.rings if slots.holds(each.at))
        for handling in parts.handlings:
            if handling.at is not None and slots.holds(handling.at):
                yield handling
        yield from (each for each in parts.opinions if slots.holds(each.at))
        yield from _in_queues(parts, slots)
        _keep_busy(self._busy, call, parts, slots.until)
        for each in parts.consultations:
            if each.agent is not None:
                advised = (each.began_at, each.ended_at or slots.until)
                self._advising[each.agent].append(advised)

    def of_agents(self, presences: Iterable[PresenceSpan]) -> Iterator[AgentTime]:
        """Yield agents' time, when all calls are known: what they declared, and what they did."""
        return _agent_times(presences, self._busy, self._advising, self._slots)


def _arrival(call: CallRecord, parts: Parts, service: ServiceTime | None) -> Arrival:
    answered = next((each for each in parts.visits if each.ending is VisitEnding.ANSWERED), None)
    last = answered or (parts.visits[-1] if parts.visits else None)
    ended_at = None if last is None else last.ended_at
    return Arrival(
        at=call.registered_at,
        queue=parts.visits[0].queue if parts.visits else None,
        agent=parts.handlings[0].agent if parts.handlings else None,
        outcome=call.outcome,
        ending=None if last is None else last.ending,
        waited=None if ended_at is None else ended_at - call.registered_at,
        service=None if service is None else service.total,
        number=call.number,
    )


def _in_queues(parts: Parts, slots: Slots) -> Iterator[InQueue]:
    for visit in parts.visits:
        for slot, stretch in slots.cut(visit.at, visit.ended_at or slots.until):
            yield InQueue(at=slot, queue=visit.queue, agent=visit.agent, stretch=stretch)


def _keep_busy(
    busy: dict[AgentId, list[Stretch]], call: CallRecord, parts: Parts, until: datetime
) -> None:
    for each in parts.handlings:
        if each.agent is None:
            continue
        talk_ends = each.began_at if each.talk is None else each.talk[1]
        if each.talk is None and call.ended_at is None:
            talk_ends = until  # they talk still
        busy[each.agent].append((each.began_at, talk_ends))
        if each.wrap_up is not None:
            busy[each.agent].append(each.wrap_up)


def _agent_times(
    presences: Iterable[PresenceSpan],
    busy: Mapping[AgentId, list[Stretch]],
    advising: Mapping[AgentId, list[Stretch]],
    slots: Slots,
) -> Iterator[AgentTime]:
    declared: dict[AgentId, list[PresenceSpan]] = defaultdict(list)
    for span in presences:
        declared[span.agent].append(span)
    for agent in sorted(declared.keys() | busy.keys() | advising.keys()):
        own = _by_slot(busy.get(agent, ()), slots)
        others = _by_slot(advising.get(agent, ()), slots)
        yield from _times_of(agent, declared.get(agent, []), own, others, slots)


_BySlot: TypeAlias = Mapping[datetime, list[Stretch]]


def _times_of(
    agent: AgentId, spans: Sequence[PresenceSpan], busy: _BySlot, advising: _BySlot, slots: Slots
) -> Iterator[AgentTime]:
    known = min((span.began_at for span in spans), default=None)
    in_slot: dict[datetime, list[tuple[PresenceSpan, Stretch]]] = defaultdict(list)
    for span in spans:
        for slot, stretch in slots.cut(span.began_at, span.ended_at or slots.until):
            in_slot[slot].append((span, stretch))
    for slot in sorted(busy.keys() | advising.keys() | in_slot.keys()):
        here = in_slot.get(slot, [])
        own = [] if known is None else _since(busy.get(slot, []), known)
        others = [] if known is None else _since(advising.get(slot, []), known)
        yield _time_of(agent, slot, here, own, others)


def _time_of(
    agent: AgentId,
    slot: datetime,
    declared: Sequence[tuple[PresenceSpan, Stretch]],
    handled: Sequence[Stretch],
    advised: Sequence[Stretch],
) -> AgentTime:
    # Who asks is talking to his caller meanwhile; only what lies beside that is time of its own.
    busy = [*handled, *advised]
    not_ready: dict[NotReadyReason, timedelta] = defaultdict(timedelta)
    signed_in, ready, reachable = timedelta(), timedelta(), list(busy)
    for span, (began, ended) in declared:
        if span.presence is Presence.SIGNED_OUT:
            continue
        signed_in += ended - began
        if span.presence is Presence.NOT_READY:
            not_ready[span.reason or NotReadyReason.OTHER] += ended - began
            continue
        ready += ended - began
        if span.is_reachable:
            reachable.append((began, ended))
    return AgentTime(
        at=slot,
        agent=agent,
        signed_in=signed_in,
        ready=ready,
        not_ready=dict(not_ready),
        handling=length(busy),
        advising=length(busy) - length(handled) if advised else timedelta(),
        available=length(reachable) if declared else None,
    )


def _since(stretches: Iterable[Stretch], known: datetime) -> list[Stretch]:
    # Before anything was declared nobody knows how long he was there, only how long he was busy.
    return [(max(began, known), ended) for began, ended in stretches if ended > known]


def _by_slot(stretches: Iterable[Stretch], slots: Slots) -> _BySlot:
    found: dict[datetime, list[Stretch]] = defaultdict(list)
    for began, ended in stretches:
        for slot, stretch in slots.cut(began, ended):
            found[slot].append(stretch)
    return found
