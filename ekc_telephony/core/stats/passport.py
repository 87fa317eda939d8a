"""
The passport of a call (form F4): every moment and length of one call, in one row.

Columns and their order are those of the «Городские парковки» report, with what an inspector asks
next: who hung up, through which queues he went, where the recording is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from ekc_telephony.core.call.facts import CallOutcome, SegmentKind, SegmentOutcome
from ekc_telephony.core.kernel.ids import AgentId, AppealId, CallId, QueueId, RecordingId
from ekc_telephony.core.stats.parts import Parts, parts_of
from ekc_telephony.core.stats.records import CallRecord
from ekc_telephony.core.stats.spans import length
from ekc_telephony.core.stats.visits import VisitEnding


class PassportStatus(Enum):
    """The six words that the form has for how a call went."""

    SUCCESSFUL = "successful"
    IVR = "ivr"
    """Served, informed or lost in the menu."""
    BUSY = "busy"
    """Not possible while a leg is free (G3); kept for what trunks may tell one day."""
    MISSED = "missed"
    """He waited for a person and got none."""
    SHORT = "short"
    """Gone within 5 seconds."""
    ERROR = "error"


class HungUpBy(Enum):
    """Who ended the call."""

    CALLER = "caller"
    AGENT = "agent"
    SYSTEM = "system"
    """A failure, or we said goodbye."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport:
    """One call."""

    call: CallId
    appeal: AppealId
    number: str | None
    did: str
    registered_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    in_menu: timedelta
    in_queue: timedelta
    in_talk: timedelta
    """With any agent, hold included; two at the same time count once."""
    on_hold: timedelta
    total: timedelta | None
    status: PassportStatus | None
    """None while the call goes on."""
    outcome: CallOutcome | None
    not_answered_by: tuple[AgentId, ...]
    """At whose phones it rang in vain."""
    hung_up_by: HungUpBy | None
    queues: tuple[QueueId, ...]
    """In the order in which he came to them."""
    talked_to: tuple[AgentId, ...]
    """Agents, in the order in which they talked to him."""
    recordings: tuple[RecordingId, ...]
    identification: tuple[str, ...]
    """By what the caller proved who he is (D1, D2): `number`, `snils` …; empty: by nothing."""
    rating: str | None
    """The last mark that he gave; None: none."""
    menu_path: None = None
    """Not measured: no fact names the nodes of the script."""


def passport_of(call: CallRecord) -> Passport:
    """Fill in the passport of a call."""
    parts = parts_of(call)
    ended_at = call.ended_at
    return Passport(
        call=call.call,
        appeal=call.appeal,
        number=call.number,
        did=call.did,
        registered_at=call.registered_at,
        queued_at=parts.visits[0].at if parts.visits else None,
        answered_at=parts.handlings[0].began_at if parts.handlings else None,
        ended_at=ended_at,
        in_menu=_spent(call, SegmentKind.IVR),
        in_queue=_spent(call, SegmentKind.WAITING),
        in_talk=_spent(call, SegmentKind.TALK),
        on_hold=_spent(call, SegmentKind.HOLD),
        total=None if ended_at is None else ended_at - call.registered_at,
        status=None if call.outcome is None else _status(call.outcome, parts),
        outcome=call.outcome,
        not_answered_by=_agents(
            ring.agent for ring in parts.rings if ring.outcome in _RANG_IN_VAIN
        ),
        hung_up_by=None if call.outcome is None else _hung_up_by(call, call.outcome, parts),
        queues=tuple(visit.queue for visit in parts.visits if visit.queue is not None),
        talked_to=_agents(handling.agent for handling in parts.handlings),
        recordings=tuple(each.recording for each in call.segments if each.recording is not None),
        identification=tuple(dict.fromkeys(call.proofs)),
        rating=_rating(parts),
    )


_RANG_IN_VAIN: Final = (
    SegmentOutcome.NOT_ANSWERED,
    SegmentOutcome.UNREACHABLE,
    SegmentOutcome.REFUSED,
)


def _agents(found: Iterable[AgentId | None]) -> tuple[AgentId, ...]:
    return tuple(agent for agent in found if agent is not None)


def _rating(parts: Parts) -> str | None:
    marks = [each.answer for each in parts.opinions if each.is_rating and each.answer is not None]
    return marks[-1] if marks else None


def _spent(call: CallRecord, kind: SegmentKind) -> timedelta:
    return length(
        (each.started_at, each.ended_at)
        for each in call.segments
        if each.kind is kind and each.ended_at is not None
    )


def _status(outcome: CallOutcome, parts: Parts) -> PassportStatus:
    if parts.handlings:
        return PassportStatus.SUCCESSFUL
    match outcome:
        case CallOutcome.ANSWERED:  # by nobody of ours: at a number outside
            return PassportStatus.SUCCESSFUL
        case CallOutcome.SHORT:
            return PassportStatus.SHORT
        case CallOutcome.TECHNICAL_FAILURE:
            return PassportStatus.ERROR
        case _:
            return PassportStatus.MISSED if parts.visits else PassportStatus.IVR


def _hung_up_by(call: CallRecord, outcome: CallOutcome, parts: Parts) -> HungUpBy | None:
    if outcome is CallOutcome.ANSWERED and not parts.handlings:
        outside = {each.outcome for each in call.segments if each.kind is SegmentKind.OUTSIDE}
        return HungUpBy.CALLER if SegmentOutcome.CALLER_HUNG_UP in outside else None
    last = _last_outcome(parts)
    if last is SegmentOutcome.CALLER_HUNG_UP:
        return HungUpBy.CALLER
    if last is SegmentOutcome.AGENT_HUNG_UP:
        return HungUpBy.AGENT
    if last is SegmentOutcome.COMPLETED:
        return None  # the fallback does not note who
    if outcome in _CALLER_LEFT or _gave_up(parts):
        return HungUpBy.CALLER
    return HungUpBy.SYSTEM


def _last_outcome(parts: Parts) -> SegmentOutcome | None:
    """Return how the conversation ended that ended last; of two at a time, not the later one."""
    over = [(each.talk[1], each.outcome) for each in parts.handlings if each.talk is not None]
    return max(over, key=lambda each: each[0])[1] if over else None


def _gave_up(parts: Parts) -> bool:
    """Tell whether he hung up while he waited, be it after a conversation: he was sent on."""
    return bool(parts.visits) and parts.visits[-1].ending is VisitEnding.ABANDONED


_CALLER_LEFT: Final = (
    CallOutcome.SHORT,
    CallOutcome.ABANDONED_IN_MENU,
    CallOutcome.ABANDONED_IN_QUEUE,
)
