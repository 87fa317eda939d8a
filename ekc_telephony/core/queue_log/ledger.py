"""
From facts to the rows that app_queue would have written.

The ledger is told every fact, in order, and answers with rows; it is pure and keeps a few values
for each call that goes on. After a restart it is told first what the store remembers (`recall`),
and then goes on as if nothing had happened.

Rule 1: a fact of a call is taken once: `(call, sequence)` is its name. What the store has is taken.
Rule 2: an agent's fact makes rows only when what he declared has changed, and never goes back.
Rule 3: rows come in the order app_queue writes them: RINGCANCELED before ABANDON, RINGNOANSWER
before the pause that follows from it, PAUSEALL before the queues' own PAUSE.
Rule 4: calls that no queue has seen make no rows.
Rule 5: a conversation makes rows when a wait led to it. Whom the caller is handed to in the middle
of a conversation is none of app_queue's, which lets go of him with ATTENDEDTRANSFER.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.call.facts import (
    AgentChanged,
    CallEnded,
    CallFact,
    CallNoted,
    CallRegistered,
    Fact,
    NoteKind,
    SegmentEnded,
    SegmentKind,
    SegmentOutcome,
    SegmentStarted,
)
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId, CallId, QueueId
from ekc_telephony.core.queue_log.rows import (
    AUTO_PAUSE,
    MANAGER,
    NONE,
    QueueEvent,
    QueueLogRow,
    attended_transfer_fields,
    blind_transfer_fields,
    cancelled_ms,
    ended_ms,
    rung_out_ms,
    seconds_between,
)
from ekc_telephony.core.queue_log.tracks import (
    Lines,
    RememberedCall,
    RememberedSegment,
    Ring,
    Talk,
    Track,
)

EXITS: Final[Mapping[SegmentOutcome, QueueEvent]] = {
    SegmentOutcome.ABANDONED: QueueEvent.ABANDON,
    SegmentOutcome.NO_AGENTS: QueueEvent.EXITEMPTY,
    SegmentOutcome.OVERFLOWED: QueueEvent.EXITWITHTIMEOUT,
    SegmentOutcome.LEFT_BY_KEY: QueueEvent.EXITWITHKEY,
    # As when a program takes him out of app_queue (AMI QueueWithdrawCaller).
    SegmentOutcome.MOVED: QueueEvent.WITHDRAW,
    # The caller lost his place through us; readers know no other word for a call that is lost.
    SegmentOutcome.BROKEN: QueueEvent.ABANDON,
}
"""How a caller leaves a queue without an answer; any other way counts as EXITWITHTIMEOUT."""
COMPLETIONS: Final[Mapping[SegmentOutcome, QueueEvent]] = {
    SegmentOutcome.CALLER_HUNG_UP: QueueEvent.COMPLETECALLER,
    SegmentOutcome.AGENT_HUNG_UP: QueueEvent.COMPLETEAGENT,
    # The agent's phone died; app_queue sees his channel end.
    SegmentOutcome.BROKEN: QueueEvent.COMPLETEAGENT,
}
_SECOND: Final = timedelta(seconds=1)
_CANCELLED: Final = frozenset({SegmentOutcome.WITHDRAWN, SegmentOutcome.BROKEN})
_HANDED_ON: Final = frozenset({SegmentOutcome.TRANSFERRED, SegmentOutcome.JOINED})
KINDS: Final = frozenset(
    {SegmentKind.WAITING, SegmentKind.OFFER, SegmentKind.TALK, SegmentKind.CONSULTATION}
)
"""What rows are made of."""
TRANSFER_CONTEXT: Final = "from-operators"
"""Where operators' phones dial (`dialplan/extensions.conf.j2`), and so whom they transfer to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What an agent declared last."""

    presence: Presence
    reason: NotReadyReason | None
    since: datetime | None
    """None when he never declared anything."""


class QueueLedger:
    """
    Turn facts into rows.

    Args:
        queues_of: The queues each agent serves, in the order in which rows name them.
        initial: What agents are taken for before they declare anything; signed out by default.
    """

    def __init__(
        self,
        queues_of: Mapping[AgentId, Sequence[QueueId]],
        *,
        initial: Mapping[AgentId, Presence] | None = None,
    ) -> None:
        self._queues_of = queues_of
        self._initial = initial or {}
        self._tracks: dict[CallId, Track] = {}
        self._over: dict[CallId, int] = {}
        self._lines = Lines()
        self._declared: dict[AgentId, Declared] = {}
        self._stored_until: dict[AgentId, datetime] = {}

    @property
    def calls(self) -> int:
        """Calls that are kept in mind."""
        return len(self._tracks)

    def knows(self, call: CallId) -> bool:
        """Tell whether nothing has to be looked up about the call."""
        return call in self._tracks or call in self._over

    # --- after a restart

    def recall(self, calls: Iterable[RememberedCall], declared: Mapping[AgentId, Declared]) -> None:
        """
        Take what the store has; it makes no rows.

        Args:
            calls: Those that go on, and those that may have stood before them in line.
            declared: What agents declared last.
        """
        known = {each.call: each for each in calls if not self.knows(each.call)}
        moments: list[tuple[datetime, bool, CallId, RememberedSegment]] = []
        for call in known.values():
            self._tracks[call.call] = Track(
                sequence=call.last_sequence,
                did=call.did,
                number=call.number or "",
                sent_to=call.sent_to,
            )
            for segment in call.segments:
                moments.append((segment.started_at, True, call.call, segment))
                if segment.ended_at is not None:
                    moments.append((segment.ended_at, False, call.call, segment))
        # Stable: what happened at one moment stays in the order of the call's segments.
        moments.sort(key=lambda each: each[0])
        for at, is_start, call_id, segment in moments:
            self._replay(call_id, segment, at, is_start=is_start)
        for call in known.values():
            if call.is_over:
                self._forget(call.call)
                self._over[call.call] = call.last_sequence
        self._declared |= declared
        self._stored_until |= {
            agent: each.since for agent, each in declared.items() if each.since is not None
        }

    def forget_the_past(self) -> None:
        """Let go of calls that were over before; no more is told of them."""
        self._over.clear()
        self._stored_until.clear()

    def _replay(
        self, call: CallId, segment: RememberedSegment, at: datetime, *, is_start: bool
    ) -> None:
        if is_start:
            self._start(call, self._tracks[call], segment, at)
        else:
            self._end(call, self._tracks[call], segment, at)

    # --- facts

    def rows(self, fact: Fact) -> list[QueueLogRow]:
        """Return the rows that follow from the fact; none when it was taken before."""
        if isinstance(fact, AgentChanged):
            return self._of_agent(fact)
        track = self._track_of(fact)
        if track is None:
            return []
        track.sequence = fact.sequence
        match fact:
            case CallRegistered():
                track.did, track.number = fact.did, fact.number or ""
            case SegmentStarted():
                return self._started(track, fact)
            case SegmentEnded():
                return self._ended(track, fact)
            case CallNoted(kind=NoteKind.ROUTED, target=target):
                track.sent_to = target or ""
            case CallEnded():
                self._forget(fact.call)
            case _:
                pass
        return []

    def _track_of(self, fact: CallFact) -> Track | None:
        """Return the track that the fact belongs to, if it is news and of any interest."""
        if isinstance(fact, (SegmentStarted, SegmentEnded)) and fact.kind not in KINDS:
            return None
        if fact.sequence <= self._over.get(fact.call, 0):
            return None
        track = self._tracks.get(fact.call)
        if track is None and isinstance(fact, (CallRegistered, SegmentStarted, SegmentEnded)):
            track = self._tracks[fact.call] = Track()
        if track is None or fact.sequence <= track.sequence:
            return None
        return track

    def _started(self, track: Track, fact: SegmentStarted) -> list[QueueLogRow]:
        self._start(fact.call, track, fact, fact.at)
        match fact.kind:
            case SegmentKind.WAITING if track.stay is not None:
                entered = ("", track.number, str(track.stay.position))
                return self._rows(
                    fact,
                    *([(QueueEvent.DID, None, (track.did,))] if track.did else []),
                    (QueueEvent.ENTERQUEUE, None, entered),
                )
            case SegmentKind.TALK if fact.agent in track.talks and fact.queue is not None:
                # An older engine did not say; see `core/kernel/ids.py`.
                leg = fact.leg or f"{fact.call}-offer-{track.offers}"
                fields = (str(track.talks[fact.agent].hold_s), leg, str(track.rung_s))
                return self._rows(fact, (QueueEvent.CONNECT, fact.agent, fields))
            case _:
                return []

    def _ended(self, track: Track, fact: SegmentEnded) -> list[QueueLogRow]:
        if fact.kind is SegmentKind.WAITING:
            rows = self._left(track, fact)
        elif fact.kind is SegmentKind.OFFER:
            rows = self._rung(track, fact)
        elif fact.kind is SegmentKind.TALK:
            rows = self._completed(track, fact)
        else:
            rows = []
        self._end(fact.call, track, fact, fact.at)
        return rows

    def _left(self, track: Track, fact: SegmentEnded) -> list[QueueLogRow]:
        if fact.outcome is SegmentOutcome.COMPLETED or track.stay is None:
            return []
        stay = track.stay
        fields: tuple[str, ...] = (
            str(fact.position or self._lines.position(fact.call, stay.queue)),
            str(stay.position),
            str(seconds_between(stay.since, fact.at)),
        )
        event = EXITS.get(fact.outcome, QueueEvent.EXITWITHTIMEOUT)
        if event is QueueEvent.EXITWITHKEY:
            fields = (fact.key or "", *fields)
        elif event is QueueEvent.WITHDRAW:
            fields = (*fields, "")  # what the program wished to add
        return self._rows(fact, (event, None, fields))

    def _rung(self, track: Track, fact: SegmentEnded) -> list[QueueLogRow]:
        ring = track.ring
        if ring is None or fact.outcome is SegmentOutcome.ACCEPTED:
            return []
        if fact.outcome in _CANCELLED:
            event, ms = QueueEvent.RINGCANCELED, cancelled_ms(ring.since, fact.at)
        elif fact.outcome is SegmentOutcome.NOT_ANSWERED:
            event, ms = QueueEvent.RINGNOANSWER, rung_out_ms(ring.since, fact.at)
        else:
            event, ms = QueueEvent.RINGNOANSWER, ended_ms(ring.since, fact.at)
        return self._rows(fact, (event, ring.agent, (str(ms),)))

    def _completed(self, track: Track, fact: SegmentEnded) -> list[QueueLogRow]:
        talk = track.talks.get(fact.agent)
        if talk is None:
            return []
        talk_s = seconds_between(talk.since, fact.at)
        if fact.outcome is SegmentOutcome.TRANSFERRED:
            return self._sent_on(track, talk, talk_s, fact)
        fields = (str(talk.hold_s), str(talk_s), str(talk.position))
        event = COMPLETIONS.get(fact.outcome, QueueEvent.COMPLETEAGENT)
        return self._rows(fact, (event, talk.agent, fields))

    def _sent_on(
        self, track: Track, talk: Talk, talk_s: int, fact: SegmentEnded
    ) -> list[QueueLogRow]:
        if fact.agent in track.asked:
            event, fields = (
                QueueEvent.ATTENDEDTRANSFER,
                attended_transfer_fields(
                    # app_queue names the bridge both calls are in then; ours has its call's name.
                    method="BRIDGE",
                    detail=fact.call,
                    hold_s=talk.hold_s,
                    talk_s=talk_s,
                    position=talk.position,
                ),
            )
        else:
            event, fields = (
                QueueEvent.BLINDTRANSFER,
                blind_transfer_fields(
                    extension=track.sent_to,
                    context=TRANSFER_CONTEXT,
                    hold_s=talk.hold_s,
                    talk_s=talk_s,
                    position=talk.position,
                ),
            )
        return self._rows(fact, (event, talk.agent, tuple(fields)))

    def _rows(
        self,
        fact: SegmentStarted | SegmentEnded,
        *events: tuple[QueueEvent, AgentId | None, tuple[str, ...]],
    ) -> list[QueueLogRow]:
        track = self._tracks[fact.call]
        queue = fact.queue
        if queue is None and (talk := track.talks.get(fact.agent)) is not None:
            queue = talk.queue  # a conversation that was adopted
        if queue is None:
            return []
        return [
            QueueLogRow(
                origin=f"{fact.call}/{fact.sequence}/{number}",
                at=fact.at,
                call=fact.call,
                queue=queue,
                agent=NONE if agent is None else agent_name(agent),
                event=event,
                fields=fields,
            )
            for number, (event, agent, fields) in enumerate(events)
        ]

    # --- what is kept in mind

    def _start(
        self, call: CallId, track: Track, segment: SegmentStarted | RememberedSegment, at: datetime
    ) -> None:
        match segment.kind:
            case SegmentKind.WAITING if segment.queue is not None:
                stay = self._lines.join(call, track, segment.queue, at)
                told = segment.position if isinstance(segment, SegmentStarted) else None
                track.stay = stay if told is None else replace(stay, position=told)
            case SegmentKind.OFFER:
                track.offers += 1
                track.ring = Ring(agent=segment.agent, since=at)
            case SegmentKind.TALK if segment.queue is not None:
                track.asked.discard(segment.agent)
                served, track.served = track.served, None
                if served is not None:
                    stay, hold_s = served
                    track.talks[segment.agent] = Talk(
                        queue=segment.queue,
                        agent=segment.agent,
                        since=at,
                        hold_s=hold_s,
                        position=stay.position,
                    )
            case _:
                pass  # a conversation that was adopted goes on as it was known before

    def _end(
        self, call: CallId, track: Track, segment: SegmentEnded | RememberedSegment, at: datetime
    ) -> None:
        match segment.kind:
            case SegmentKind.WAITING if track.stay is not None:
                stay, track.stay = track.stay, None
                self._lines.leave(call, stay.queue)
                is_served = segment.outcome is SegmentOutcome.COMPLETED
                track.served = (stay, seconds_between(stay.since, at)) if is_served else None
            case SegmentKind.OFFER if track.ring is not None:
                track.rung_s = max(0, (at - track.ring.since) // _SECOND)
                track.ring = None
            case SegmentKind.TALK:
                track.talks.pop(segment.agent, None)
                track.asked.discard(segment.agent)
            case SegmentKind.CONSULTATION if segment.outcome in _HANDED_ON:
                track.asked.add(segment.agent)
            case _:
                pass

    def _forget(self, call: CallId) -> None:
        track = self._tracks.pop(call, None)
        if track is not None and track.stay is not None:
            self._lines.leave(call, track.stay.queue)

    # --- agents

    def _of_agent(self, fact: AgentChanged) -> list[QueueLogRow]:
        was = self._declared.get(fact.agent) or Declared(
            presence=self._initial.get(fact.agent, Presence.SIGNED_OUT), reason=None, since=None
        )
        if (fact.presence, fact.reason) == (was.presence, was.reason):
            return []
        is_old = was.since is not None and fact.at < was.since
        stored_until = self._stored_until.get(fact.agent)
        if is_old or (stored_until is not None and fact.at <= stored_until):
            return []
        self._declared[fact.agent] = Declared(
            presence=fact.presence, reason=fact.reason, since=fact.at
        )
        queues = self._queues_of.get(fact.agent, ())
        events: list[tuple[QueueEvent, str, str, str]] = []
        if was.presence is Presence.SIGNED_OUT:
            events += [(QueueEvent.ADDMEMBER, MANAGER, queue, "") for queue in queues]
        match fact.presence:
            case Presence.SIGNED_OUT:
                events += [(QueueEvent.REMOVEMEMBER, MANAGER, queue, "") for queue in queues]
            case Presence.NOT_READY:
                events += _everywhere(
                    QueueEvent.PAUSEALL, QueueEvent.PAUSE, queues, _reason(fact.reason)
                )
            case Presence.READY:
                if was.presence is Presence.NOT_READY:
                    events += _everywhere(QueueEvent.UNPAUSEALL, QueueEvent.UNPAUSE, queues, "")
        return [
            QueueLogRow(
                origin=f"{fact.agent}@{fact.at.isoformat()}/{number}",
                at=fact.at,
                call=call,
                queue=queue,
                agent=agent_name(fact.agent),
                event=event,
                fields=(detail,),
            )
            for number, (event, call, queue, detail) in enumerate(events)
        ]


def agent_name(agent: AgentId) -> str:
    """Return how app_queue names the operator whose phone has this account."""
    return f"PJSIP/{agent}"


def _everywhere(
    everywhere: QueueEvent, in_queue: QueueEvent, queues: Sequence[QueueId], reason: str
) -> list[tuple[QueueEvent, str, str, str]]:
    return [
        (everywhere, NONE, NONE, reason),
        *((in_queue, NONE, str(queue), reason) for queue in queues),
    ]


def _reason(reason: NotReadyReason | None) -> str:
    if reason is None:
        return ""
    return AUTO_PAUSE if reason is NotReadyReason.NO_ANSWER else reason.value
