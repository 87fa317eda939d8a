"""
One caller, from ring to goodbye.

A session holds everything that is true of one call only: where the caller is in the script, what he
hears, which agent's phone rings for him, whom he talks to. It is told events of its own legs and
what the ACD decided about its caller; it returns commands and facts, and events for the ACD.

The call goes through phases, and each phase knows what may happen in it:

    MENU ──▶ WAITING ──▶ TALKING ──▶ LEAVING ──▶ OVER
     ▲│        │ ▲ ▲────────┤          ▲
     ││        │ └─────── OUTSIDE ─────┤
     │├────────┴───────────────────────┤
     ▼▼                                │
    MESSAGE ───────────────────────────┘

A caller whose agent's phone died in the middle goes back from TALKING to WAITING, to his old place;
so does one whom his agent sends on to somebody else, as old as he is. One who is sent to a number
outside, by his agent or because nobody here takes him, comes back when nobody answers there.

A session can be put down as a `SessionState` at any moment and taken up by another engine.

Rule 1: the caller's leg decides: when it ends, the call ends, in whatever phase, exactly once.
Rule 2: the outcome is decided by what happened first, and said once, when his leg is gone.
Rule 3: an agent's leg that is not, or no longer, wanted is hung up wherever it turns up.
Rule 4: a session outlives its call only while an agent wraps it up.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, final

from ekc_telephony.core.acd.messages import LapseReason, OfferMade
from ekc_telephony.core.acd.specs import KeyTarget
from ekc_telephony.core.call.commands import Command
from ekc_telephony.core.call.events import EndReason, RecordingEnded
from ekc_telephony.core.call.facts import CallOutcome, Disturbance, SegmentKind, SegmentOutcome
from ekc_telephony.core.call.lookup import LookupResult
from ekc_telephony.core.engine import (
    attention,
    course_state,
    meeting,
    message,
    regaining,
    supervising,
    waiting,
)
from ekc_telephony.core.engine.course import Course
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.state import (
    AdviceState,
    Phase,
    PlaceState,
    SessionState,
    SupervisionState,
)
from ekc_telephony.core.engine.surroundings import Seen
from ekc_telephony.core.kernel.ids import (
    AgentId,
    AppealId,
    BridgeId,
    CallId,
    LegId,
    PlaybackId,
    PromptKey,
    QueueId,
    RecordingId,
    RequestId,
)

UNHEARD_GRACE: Final = timedelta(milliseconds=300)
"""How long a failed playback waits for the hangup that usually explains it."""

UNKNOWN_NUMBER: Final = (PromptKey("unknown-number"),)


@final
class Session:
    """
    Serve one caller.

    Args:
        course: His call, from its beginning or from where another engine left it.
    """

    def __init__(self, course: Course) -> None:
        self.course: Final = course
        self.call: Final[CallId] = course.call
        """The call."""
        self.leg: Final[LegId] = course.leg
        """The caller's leg."""

    @property
    def appeal(self) -> AppealId:
        """The appeal of the call."""
        return self.course.appeal

    @property
    def phase(self) -> Phase:
        """Where the call is."""
        return self.course.phase

    @property
    def queue(self) -> QueueId | None:
        """Where the caller waits, or waited last."""
        return self.course.queue

    @property
    def bridge(self) -> BridgeId | None:
        """The bridge the caller talks in."""
        return self.course.bridge

    def state(self, place: PlaceState | None) -> SessionState:
        """Return what another engine needs to go on; the place in line is the ACD's to tell."""
        return course_state.state(self.course, place)

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more can come of this session."""
        course = self.course
        return course.phase is Phase.OVER and not course.chronicle.is_open(SegmentKind.WRAP_UP)

    @property
    def registered_at(self) -> datetime:
        """When the call reached us."""
        return self.course.chronicle.registered_at

    @property
    def offered_leg(self) -> LegId | None:
        """The agent's leg that rings."""
        return self.course.desk.offered_leg

    def bridges(self) -> list[BridgeId]:
        """Return the bridges that the call needs."""
        advice = self.course.advice.state
        talks = [] if self.bridge is None else [self.bridge]
        return talks if advice is None else [*talks, advice.bridge]

    @property
    def agent(self) -> AgentId | None:
        """Who talks to the caller, or is being offered."""
        return self.course.desk.agent

    @property
    def adviser(self) -> AgentId | None:
        """Who is asked for advice, or gives it."""
        return None if self.course.advice.state is None else self.course.advice.state.agent

    @property
    def colleague(self) -> AgentId | None:
        """Who has joined the talk."""
        colleague = self.course.desk.colleague
        return None if colleague is None else colleague.agent

    @property
    def advice(self) -> AdviceState | None:
        """The advice that is asked for or given, to look at."""
        return self.course.advice.state

    @property
    def supervisions(self) -> tuple[SupervisionState, ...]:
        """Every supervisor who takes part or is being rung, to look at."""
        return self.course.supervision.states

    def has_open(self, kind: SegmentKind) -> bool:
        """Tell whether a segment of this kind is going on."""
        return self.course.chronicle.is_open(kind)

    def legs(self) -> list[LegId]:
        """Return the legs that are believed alive."""
        course = self.course
        return [*self.talking_legs(), *course.advice.legs(), *course.supervision.legs()]

    def talking_legs(self) -> list[LegId]:
        """Return the legs of the caller and of whoever talks to him or whose phone rings."""
        callers = [] if self.course.phase is Phase.OVER else [self.course.leg]
        return [*callers, *self.course.desk.legs(), *self.course.outside.legs()]

    @property
    def ringing_leg(self) -> LegId | None:
        """The leg of an agent or a number outside that rings."""
        outside = self.course.outside.state
        if outside is not None and not self.course.outside.is_answered:
            return outside.leg
        return self.course.desk.offered_leg

    def next_deadline(self) -> datetime | None:
        """Return when `on_time` must next be called."""
        course = self.course  # asked after every step: what is not there costs no call
        moments = [
            course.ear.next_deadline(),
            course.unheard_until,
            None if course.visit is None else course.visit.next_deadline(),
            None if course.room is None else course.room.next_deadline(),
            None if course.desk.offer is None else course.desk.offer.lapses_at,
            None if course.advice.state is None else course.advice.state.lapses_at,
            None if course.outside.state is None else course.outside.state.lapses_at,
            course.supervision.next_deadline() if course.supervision.states else None,
            None if course.message is None else course.message.ends_at,
            None if course.attention is None else attention.next_deadline(course),
        ]
        return min([each for each in moments if each is not None], default=None)

    # --- the world speaks

    def start(self, now: datetime) -> list[SessionEffect]:
        """Register the call and let the caller in."""
        course = self.course
        registered = course.chronicle.registered(
            appeal=course.appeal,
            did=course.did,
            number=course.number,
            script=course.script_id,
        )
        effects: list[SessionEffect] = [
            registered,
            course.chronicle.start(SegmentKind.IVR, now),
        ]
        if course.visit is None:
            return effects + course.take_leave(UNKNOWN_NUMBER, CallOutcome.TECHNICAL_FAILURE, now)
        return effects + course.follow(course.visit.start(now), now)

    def adopt(
        self, agent: AgentId, leg: LegId, bridge: BridgeId, now: datetime
    ) -> list[SessionEffect]:
        """Take over a conversation that began before this engine did."""
        return meeting.adopt(self.course, agent, leg, bridge, now)

    def on_key(self, leg: LegId, key: str, now: datetime) -> list[SessionEffect]:
        """Take a key of the caller or a supervisor; agents' are read in `talk_requests.py`."""
        course = self.course
        if leg != course.leg:
            return supervising.key_pressed(course, leg, key, now)
        if course.phase is Phase.WAITING:
            return waiting.key_pressed(course, key, now)
        if course.phase is Phase.MESSAGE:
            message.key_pressed(course, key)
            return []
        if course.phase is not Phase.MENU or course.visit is None:
            return []
        course.unheard_until = None
        return course.follow(course.visit.on_key(key, now), now)

    def on_playback_finished(
        self, playback: PlaybackId, now: datetime, *, was_played: bool
    ) -> list[SessionEffect]:
        """Go on after prompts; failed ones first wait for the hangup that may explain them."""
        if not self.course.ear.is_hearing(playback):
            heard = meeting.briefing_ended(self.course, playback, now, was_played=was_played)
            return heard + self.course.supervision.heard_why(playback, now)
        self.course.ear.heard()
        if not was_played:
            self.course.unheard_until = now + UNHEARD_GRACE
            return []
        return self._go_on(now)

    def _go_on(self, now: datetime) -> list[SessionEffect]:
        if self.course.phase is Phase.MESSAGE:
            return message.heard(self.course, now)
        return self.course.go_on(now)

    def on_leg_answered(self, leg: LegId, now: datetime) -> list[SessionEffect]:
        """Connect the agent who picked up."""
        if self.course.supervision.of_leg(leg) is not None:
            return supervising.leg_answered(self.course, leg, now)
        return meeting.leg_answered(self.course, leg, now)

    def on_leg_ended(self, leg: LegId, reason: EndReason, now: datetime) -> list[SessionEffect]:
        """Act on a leg that is gone."""
        if self.course.supervision.of_leg(leg) is not None:
            return supervising.leg_ended(self.course, leg, now)
        return meeting.leg_ended(self.course, leg, reason, now)

    def on_offer_lost(self, now: datetime) -> list[SessionEffect]:
        """Take note that the phone stopped ringing unseen; nobody is to blame."""
        return self.course.desk.lapse(LapseReason.WITHDRAWN, now)

    def not_before(self, moment: datetime, now: datetime) -> datetime:
        """Return the moment, but neither before what is known of the call nor after now."""
        return min(now, max(moment, self.course.chronicle.last_moment))

    def on_dial_failed(self, leg: LegId, now: datetime) -> list[SessionEffect]:
        """Act on an agent's phone that could not even be dialled."""
        return self.on_leg_ended(leg, EndReason.UNREACHABLE, now)

    def on_connect_failed(self, bridge: BridgeId, now: datetime) -> list[SessionEffect]:
        """Act on a caller and an agent, or two agents, who could not be put together."""
        if self.course.supervision.of_bridge(bridge) is not None:
            return supervising.bridge_failed(self.course, bridge, now)
        return meeting.connect_failed(self.course, bridge, now)

    def on_control_regained(self, seen: Seen, now: datetime) -> list[SessionEffect]:
        """
        Catch up with what happened while we did not see Asterisk.

        His keys, the end of prompts and our last orders may be lost. So whoever is in a menu is
        asked again, whoever waits hears music, and last words are said again from the beginning.
        """
        return regaining.control_regained(self.course, seen, now)

    def on_engine_stopping(self) -> list[SessionEffect]:
        """Let a caller who listens to prompts hear music until the next engine says them again."""
        return regaining.engine_stopping(self.course)

    def on_command_lost(self, command: Command) -> None:
        """Take note of an order that may not have been carried out, for when we see again."""
        return regaining.command_lost(self.course, command)

    def on_torn_away(
        self, disturbance: Disturbance, detail: str, now: datetime
    ) -> list[SessionEffect]:
        """
        End a call whose caller was taken from us by a failure of ours.

        Args:
            disturbance: Which: Asterisk died, or nobody of us was there and the dialplan took him.
            detail: For the person who looks into it.
            now: When it happened, as far as that is known.
        """
        return regaining.torn_away(self.course, disturbance, detail, now)

    def on_recording_failed(
        self, recording: RecordingId, cause: str, now: datetime
    ) -> list[SessionEffect]:
        """Take note that a conversation is not recorded, and goes on; or that a message is not."""
        if self.course.phase is Phase.MESSAGE:
            return message.recording_failed(self.course, recording, cause, now)
        return meeting.recording_failed(self.course, recording, cause, now)

    def on_recording_ended(self, ended: RecordingEnded, now: datetime) -> list[SessionEffect]:
        """Take a message; or notice a recording that ends before its conversation."""
        if self.course.phase is Phase.MESSAGE:
            return message.recording_ended(
                self.course, ended.recording, now, length=ended.length, spoken=ended.spoken
            )
        return meeting.recording_ended(self.course, ended.recording, now)

    def on_recording_gone(self, recording: RecordingId, now: datetime) -> list[SessionEffect]:
        """Act on a message that ended unseen, or whose caller is gone."""
        return message.recording_gone(self.course, recording, now)

    def on_service_answered(
        self, request: RequestId, result: LookupResult, now: datetime
    ) -> list[SessionEffect]:
        """Let the script go on with what a lookup found, if it still waits for that."""
        course = self.course
        if course.visit is None or course.phase is not Phase.MENU:
            return []
        return course.follow(course.visit.on_answer(request, result, now), now)

    def on_time(self, now: datetime) -> list[SessionEffect]:
        """Let time pass. Harmless when nothing is due."""
        course = self.course
        effects: list[SessionEffect] = []
        if course.ear.is_overdue(now):
            effects += course.ear.hush()
            course.unheard_until = now
        if course.unheard_until is not None and now >= course.unheard_until:
            course.unheard_until = None
            effects.append(course.chronicle.prompts_not_heard(course.ear.prompts, now))
            effects += self._go_on(now)
        if message.is_overdue(course, now):
            effects += message.give_up(course, now)
        if course.desk.is_overdue(now):
            effects += meeting.offer_overdue(course, now)
        if course.advice.is_overdue(now):
            effects += course.advice.end(now)
        if course.outside.is_overdue(now):
            effects += course.outside.end(SegmentOutcome.NOT_ANSWERED, now)
            effects += course.back_to_sender(now)
        effects += course.supervision.on_time(now)
        if course.visit is not None and course.phase is Phase.MENU:
            effects += course.follow(course.visit.on_time(now), now)
        if course.room is not None:
            effects += course.room.on_time(now, is_offered=course.desk.offer is not None)
        return effects + attention.on_time(course, now)

    # --- the ACD speaks

    def on_offer_made(self, made: OfferMade, now: datetime) -> list[SessionEffect]:
        """Ring the agent's phone."""
        return self.course.desk.ring(made, self.course.around.queues[made.queue], now)

    def on_nobody_signed_in(self, now: datetime) -> list[SessionEffect]:
        """Tell the caller that nobody works now."""
        return waiting.nobody_signed_in(self.course, now)

    def on_moved(self, queue: QueueId, now: datetime, *, is_by_hand: bool) -> list[SessionEffect]:
        """Go on waiting in another queue."""
        outcome = SegmentOutcome.MOVED if is_by_hand else SegmentOutcome.OVERFLOWED
        return waiting.moved(self.course, queue, outcome, now)

    def on_offered(self, target: KeyTarget, now: datetime) -> list[SessionEffect]:
        """Tell a caller who waits long what he can do instead, if a key does that."""
        return waiting.offered(self.course, target, now)

    def on_sent_outside(self, number: str, now: datetime) -> list[SessionEffect]:
        """Ring a number outside."""
        return waiting.sent_outside(self.course, number, now)

    def on_wrap_up_started(self, agent: AgentId, now: datetime) -> list[SessionEffect]:
        """Open the wrap-up segment."""
        course = self.course
        return [course.chronicle.start(SegmentKind.WRAP_UP, now, queue=course.queue, agent=agent)]

    def on_wrap_up_ended(
        self, agent: AgentId, now: datetime, *, is_early: bool
    ) -> list[SessionEffect]:
        """Close the wrap-up segment."""
        outcome = SegmentOutcome.FINISHED_EARLY if is_early else SegmentOutcome.TIME_IS_UP
        return [*self.course.chronicle.end(SegmentKind.WRAP_UP, outcome, now, agent=agent)]

    def settle(self, now: datetime) -> list[Command]:
        """Let a caller who has just joined a queue hear that he waits; called after the ACD."""
        return waiting.settle(self.course, now)

    def abort(self, now: datetime, detail: str) -> list[SessionEffect]:
        """End a session that our own bug has broken: the dialplan takes the caller over."""
        return regaining.abort(self.course, now, detail)
