"""
One caller, from ring to goodbye.

A session holds everything that is true of one call only: where the caller is in the script, what he
hears, which agent's phone rings for him, whom he talks to. It is told events of its own legs and
what the ACD decided about its caller; it returns commands and facts, and events for the ACD.

The call goes through phases, and each phase knows what may happen in it:

    MENU ──▶ WAITING ──▶ TALKING ──▶ LEAVING ──▶ OVER
      │        │ ▲ ▲────────┤          ▲
      │        │ └─────── OUTSIDE ─────┤
      └────────┴───────────────────────┘

A caller whose agent's phone died in the middle goes back from TALKING to WAITING, to his old place;
so does one whom his agent sends on to somebody else, as old as he is. One who is sent to a number
outside comes back from there when nobody answers.

A session can be put down as a `SessionState` at any moment and taken up by another engine.

Rule 1: the caller's leg decides: when it ends, the call ends, in whatever phase, exactly once.
Rule 2: the outcome is decided by what happened first, and said once, when his leg is gone.
Rule 3: an agent's leg that is not, or no longer, wanted is hung up wherever it turns up.
Rule 4: a session outlives its call only while an agent wraps it up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from ekc_telephony.core.acd.expected_wait import ExpectedWait
from ekc_telephony.core.acd.messages import (
    CallerJoined,
    CallerLeft,
    ConversationAdopted,
    ConversationEnded,
    LapseReason,
    OfferMade,
)
from ekc_telephony.core.acd.specs import QueueSpec
from ekc_telephony.core.appeals.numbering import appeal_number
from ekc_telephony.core.call.commands import (
    AnswerTransfer,
    Command,
    DestroyBridge,
    HangUpCause,
    HangUpLeg,
    SendToFallback,
    StartMusic,
    TransferResult,
)
from ekc_telephony.core.call.events import CallArrived, EndReason
from ekc_telephony.core.call.facts import (
    SHORT_CALL,
    CallbackReason,
    CallOutcome,
    Disturbance,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.engine.chronicle import Chronicle
from ekc_telephony.core.engine.desk import Desk, SessionEffect
from ekc_telephony.core.engine.ear import Ear
from ekc_telephony.core.engine.outside import OUTCOMES, Outside
from ekc_telephony.core.engine.regulars import Regulars
from ekc_telephony.core.engine.state import (
    AdviceState,
    OfferState,
    OutsideState,
    Phase,
    PlaceState,
    SessionState,
    TransferState,
    VisitState,
)
from ekc_telephony.core.engine.transfer import Advice, Target, ToAgent, ToNumber, ToQueue
from ekc_telephony.core.engine.waiting_room import WaitingRoom
from ekc_telephony.core.ivr.hours import BusinessHours
from ekc_telephony.core.ivr.interpreter import Say, StopSaying, Visit, VisitEffect
from ekc_telephony.core.ivr.script import Enqueue, Goodbye, Script
from ekc_telephony.core.kernel.ids import (
    AgentId,
    BridgeId,
    CallId,
    LegId,
    PlaybackId,
    PromptKey,
    QueueId,
    RecordingId,
)

UNHEARD_GRACE: Final = timedelta(milliseconds=300)
"""How long a failed playback waits for the hangup that usually explains it."""

ENDED_EARLY: Final = "it ended before the conversation did; is the disk full?"
UNKNOWN_NUMBER: Final = (PromptKey("unknown-number"),)
NO_AGENTS: Final = (PromptKey("no-agents"),)
CALLBACK: Final = (PromptKey("callback-promised"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a session looks at."""

    schedules: Mapping[str, BusinessHours]
    queues: Mapping[QueueId, QueueSpec]
    position_of: Callable[[CallId], int | None]
    """The caller's place in his queue."""
    regulars: Regulars
    """Who called before; this alone is written to, too."""
    expected_wait_of: Callable[[CallId, datetime], ExpectedWait | None]
    """How long the caller will wait from this moment on, as far as that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What Asterisk shows of a call whose caller is still there, after a time of blindness."""

    is_answered: bool
    """The caller's leg."""
    is_together: bool
    """Caller and agent are in the bridge of their conversation."""
    answered: LegId | None
    """The leg of the outstanding offer, if its agent has picked up meanwhile."""
    is_advised: bool = False
    """Both legs of the advice are in its bridge."""
    strange_bridges: tuple[BridgeId, ...] = ()
    """Bridges of this call that its caller or agent is still in, and should not be."""


class Session:
    """
    Serve one caller.

    Args:
        arrived: How he reached us.
        script: The entry script of the number he dialled; None when nobody serves it.
        around: What the session looks at.
        now: The moment he reached us.
        facts_before: Where the numbering of facts goes on when an earlier engine met this call.
        is_answered: Whether the caller is answered already.
    """

    def __init__(
        self,
        arrived: CallArrived,
        *,
        script: Script | None,
        around: Surroundings,
        now: datetime,
        facts_before: int = 0,
        is_answered: bool = False,
    ) -> None:
        self.call = arrived.call
        self.leg = LegId(arrived.call)
        self.number = arrived.number
        self.appeal = appeal_number(arrived.call)
        self.phase = Phase.MENU
        self.queue: QueueId | None = None
        self._did = arrived.did
        self._around = around
        self._script = script
        self._visit = None if script is None else Visit(script, around.schedules)
        self._chronicle = Chronicle(self.call, registered_at=now, facts_before=facts_before)
        self._ear = Ear(self.call, self.leg, is_answered=is_answered, playbacks=facts_before)
        # An earlier engine may have used small numbers for legs and bridges of this call.
        self._desk = self._new_desk(ids_before=facts_before)
        self._advice = self._new_advice()
        self._outside = self._new_outside()
        self._joined_at: datetime | None = None
        self._outcome: CallOutcome | None = None
        self._room: WaitingRoom | None = None
        self._unheard_until: datetime | None = None

    @classmethod
    def restored(
        cls, state: SessionState, *, script: Script | None, around: Surroundings
    ) -> Session:
        """Go on where the session of this state was, in the script that its caller knows."""
        session = cls(
            CallArrived(call=state.call, did=state.did, number=state.number),
            script=script,
            around=around,
            now=state.chronicle.registered_at,
        )
        session.phase = state.phase
        session.queue = state.queue
        session._chronicle = Chronicle.restored(state.call, state.chronicle)
        session._ear = Ear.restored(state.call, session.leg, state.ear)
        session._resume_visit(state.visit)
        session._desk = session._new_desk()
        session._desk.resume(state)
        session._advice = session._new_advice()
        session._advice.state = state.advice
        session._outside = session._new_outside()
        session._outside.state = state.outside
        session._joined_at, session._outcome = state.joined_at, state.outcome
        session._unheard_until = state.unheard_until
        if state.room is not None and state.queue is not None:
            session._room = session._new_waiting_room()
            session._room.resume(state.room)
        return session

    def _resume_visit(self, state: VisitState | None) -> None:
        if state is None or self._visit is None:
            self._visit = None
            return
        self._visit.resume_at(
            state.node,
            failures=state.failures,
            is_saying=state.is_saying,
            silence_ends=state.silence_ends,
        )

    def _new_desk(self, *, ids_before: int = 0) -> Desk:
        return Desk(
            self.call,
            appeal=self.appeal,
            number=self.number,
            chronicle=self._chronicle,
            ear=self._ear,
            ids_before=ids_before,
        )

    def _new_advice(self) -> Advice:
        return Advice(self.call, appeal=self.appeal, number=self.number, chronicle=self._chronicle)

    def _new_outside(self) -> Outside:
        return Outside(self.call, number=self.number, chronicle=self._chronicle, ear=self._ear)

    def state(self, place: PlaceState | None) -> SessionState:
        """Return what another engine needs to go on; the place in line is the ACD's to tell."""
        script, visit = self._script, self._visit
        return SessionState(
            call=self.call,
            did=self._did,
            number=self.number,
            script=None if script is None else script.script,
            version="" if script is None else script.version,
            phase=self.phase,
            queue=self.queue,
            chronicle=self._chronicle.state(),
            ear=self._ear.state(),
            visit=None
            if visit is None
            else VisitState(
                node=visit.node,
                failures=visit.failures,
                is_saying=visit.is_saying,
                silence_ends=visit.next_deadline(),
            ),
            room=None if self._room is None else self._room.state(),
            offer=self._desk.offer,
            talk=self._desk.talk,
            place=place,
            talks=self._desk.talks,
            offers=self._desk.offers,
            joined_at=self._joined_at,
            outcome=self._outcome,
            unheard_until=self._unheard_until,
            transfer=self._desk.transfer,
            advice=self._advice.state,
            outside=self._outside.state,
        )

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more can come of this session."""
        return self.phase is Phase.OVER and not self._chronicle.is_open(SegmentKind.WRAP_UP)

    @property
    def registered_at(self) -> datetime:
        """When the call reached us."""
        return self._chronicle.registered_at

    @property
    def offered_leg(self) -> LegId | None:
        """The agent's leg that rings."""
        return self._desk.offered_leg

    @property
    def bridge(self) -> BridgeId | None:
        """The bridge the caller talks in."""
        if self._outside.state is not None and self._outside.is_answered:
            return self._outside.state.bridge
        talk = self._desk.talk
        return None if talk is None else talk.bridge

    def bridges(self) -> list[BridgeId]:
        """Return the bridges that the call needs."""
        advice = self._advice.state
        talks = [] if self.bridge is None else [self.bridge]
        return talks if advice is None else [*talks, advice.bridge]

    @property
    def agent(self) -> AgentId | None:
        """Who talks to the caller, or is being offered."""
        return self._desk.agent

    @property
    def adviser(self) -> AgentId | None:
        """Who is asked for advice, or gives it."""
        return None if self._advice.state is None else self._advice.state.agent

    @property
    def advice(self) -> AdviceState | None:
        """The advice that is asked for or given, to look at."""
        return self._advice.state

    def has_open(self, kind: SegmentKind) -> bool:
        """Tell whether a segment of this kind is going on."""
        return self._chronicle.is_open(kind)

    def legs(self) -> list[LegId]:
        """Return the legs that are believed alive."""
        return [*self.talking_legs(), *self._advice.legs()]

    def talking_legs(self) -> list[LegId]:
        """Return the legs of the caller and of whoever talks to him or whose phone rings."""
        callers = [] if self.phase is Phase.OVER else [self.leg]
        return [*callers, *self._desk.legs(), *self._outside.legs()]

    @property
    def ringing_leg(self) -> LegId | None:
        """The leg of an agent or a number outside that rings."""
        outside = self._outside.state
        if outside is not None and not self._outside.is_answered:
            return outside.leg
        return self._desk.offered_leg

    def next_deadline(self) -> datetime | None:
        """Return when `on_time` must next be called."""
        moments = [
            self._ear.next_deadline(),
            self._unheard_until,
            None if self._visit is None else self._visit.next_deadline(),
            None if self._room is None else self._room.next_deadline(),
            None if self._desk.offer is None else self._desk.offer.lapses_at,
            None if self._advice.state is None else self._advice.state.lapses_at,
            None if self._outside.state is None else self._outside.state.lapses_at,
        ]
        return min((each for each in moments if each is not None), default=None)

    # --- the world speaks

    def start(self, now: datetime) -> list[SessionEffect]:
        """Register the call and let the caller in."""
        registered = self._chronicle.registered(
            appeal=self.appeal,
            did=self._did,
            number=self.number,
            script=None if self._script is None else self._script.script,
        )
        effects: list[SessionEffect] = [
            registered,
            self._chronicle.start(SegmentKind.IVR, now),
        ]
        if self._visit is None:
            return effects + self._take_leave(UNKNOWN_NUMBER, CallOutcome.TECHNICAL_FAILURE, now)
        return effects + self._follow(self._visit.start(now), now)

    def adopt(
        self, agent: AgentId, leg: LegId, bridge: BridgeId, now: datetime
    ) -> list[SessionEffect]:
        """Take over a conversation that began before this engine did."""
        self.phase = Phase.TALKING
        self._visit = None
        self._desk.adopt(agent, leg, bridge)
        self._outcome = CallOutcome.ANSWERED
        return [
            self._chronicle.registered(
                appeal=self.appeal,
                did=self._did,
                number=self.number,
                script=None if self._script is None else self._script.script,
            ),
            self._chronicle.start(SegmentKind.TALK, now, agent=agent),
            ConversationAdopted(call=self.call, agent=agent),
        ]

    def on_key(self, leg: LegId, key: str, now: datetime) -> list[SessionEffect]:
        """Take a key of the caller; an agent's keys mean nothing here."""
        if leg != self.leg:
            return []
        if self.phase is Phase.WAITING:
            return self._leave_by_key(key, now)
        if self.phase is not Phase.MENU or self._visit is None:
            return []
        self._unheard_until = None
        return self._follow(self._visit.on_key(key, now), now)

    def on_playback_finished(
        self, playback: PlaybackId, now: datetime, *, was_played: bool
    ) -> list[SessionEffect]:
        """Go on after prompts; failed ones first wait for the hangup that may explain them."""
        if not self._ear.is_hearing(playback):
            return []
        self._ear.heard()
        if not was_played:
            self._unheard_until = now + UNHEARD_GRACE
            return []
        return self._go_on(now)

    def on_leg_answered(self, leg: LegId, now: datetime) -> list[SessionEffect]:
        """Connect the agent who picked up."""
        offer = self._desk.offer
        if self._advice.state is not None and leg == self._advice.state.leg:
            return self._advice.answered(now)
        if leg in self._outside.legs():
            return [] if self._outside.is_answered else self._outside.connect()
        if leg == self.leg or self._desk.is_talking(leg):
            return []  # told twice: after a reconnect both the snapshot and the event tell it
        if offer is None or leg != self._desk.offered_leg:
            return [HangUpLeg(call=self.call, leg=leg)]
        return self._connect(offer, now)

    def on_leg_ended(self, leg: LegId, reason: EndReason, now: datetime) -> list[SessionEffect]:
        """Act on a leg that is gone."""
        if leg == self.leg:
            return self._caller_gone(now)
        if leg == self._desk.offered_leg:
            return self._desk.leg_ended(reason, now)
        if self._desk.is_talking(leg):
            return self._agent_gone(reason, now)
        if leg in self._advice.legs():
            return self._advice.end(now, gone=leg)
        if leg in self._outside.legs():
            return self._outside_gone(reason, now)
        return []

    def _outside_gone(self, reason: EndReason, now: datetime) -> list[SessionEffect]:
        """Say goodbye after a talk outside; nobody is lost where it did not come to one."""
        if not self._outside.is_answered:
            ended = self._outside.end(OUTCOMES[reason], now, is_gone=True)
            return ended + self._back_to_sender(now)
        if reason is EndReason.HUNG_UP:
            ended = self._outside.end(SegmentOutcome.COMPLETED, now, is_gone=True)
            return ended + self._hang_up()
        return self._outside.end(SegmentOutcome.BROKEN, now, is_gone=True) + self._back_to_sender(
            now
        )

    def _back_to_sender(self, now: datetime) -> list[SessionEffect]:
        """Let the caller wait for the agent who sent him on, then for anybody."""
        sent = self._desk.transfer
        return self._wait_again(now, only=None if sent is None else sent.sender)

    def on_offer_lost(self, now: datetime) -> list[SessionEffect]:
        """Take note that the phone stopped ringing unseen; nobody is to blame."""
        return self._desk.lapse(LapseReason.WITHDRAWN, now)

    def on_transfer_asked(
        self, leg: LegId, target: Target | None, now: datetime
    ) -> list[SessionEffect]:
        """
        Send the caller on, as the agent who talks to him asks for; his clock goes on.

        Args:
            leg: The agent's leg.
            target: Who can be had now; None when whom the agent wants cannot.
            now: The moment.
        """
        talk = self._desk.talk
        if talk is None or leg != talk.leg:
            return self._decline(leg) if leg in self._advice.legs() else []
        if target is None or (self.queue is None and not isinstance(target, ToQueue)):
            return self._answer_transfer(leg, TransferResult.UNAVAILABLE)
        effects = [
            *self._answer_transfer(leg, TransferResult.ACCEPTED),
            *self._advice.end(now),
            *self._desk.hang_up_on_agent(),
        ]
        *ended, conversation_ended = self._desk.end_talk(SegmentOutcome.TRANSFERRED, now)
        only = target.agent if isinstance(target, ToAgent) else None
        self._desk.transfer = TransferState(sender=talk.agent, to=only)
        if isinstance(target, ToNumber):
            dialled = self._dial_outside(target.number, now)
            return [*effects, *ended, *dialled, conversation_ended]
        if isinstance(target, ToQueue):
            self.queue = target.queue
        return [*effects, *ended, *self._wait_again(now, only=only), conversation_ended]

    def _dial_outside(self, number: str, now: datetime) -> list[SessionEffect]:
        self.phase = Phase.OUTSIDE
        bridge = self._desk.new_bridge()
        wanted = OutsideState(
            number=number,
            leg=LegId(f"{self.call}-outside-{self._desk.talks}"),
            bridge=bridge,
            lapses_at=None,
        )
        return self._outside.dial(wanted, now)

    def on_attended_transfer_asked(
        self, leg: LegId, consulted: LegId | None, now: datetime
    ) -> list[SessionEffect]:
        """Connect the caller with the agent who gives advice, as the one who asked for it wants."""
        talk, advice = self._desk.talk, self._advice.state
        if talk is None or leg not in {talk.leg, *self._advice.legs()}:
            return []
        if advice is None or {leg, consulted} != {talk.leg, advice.asker_leg}:
            return self._decline(leg)
        if not self._advice.is_given:
            return self._answer_transfer(leg, TransferResult.UNAVAILABLE)
        is_recorded = self.queue is not None and self._spec().is_recorded
        return [
            *self._answer_transfer(leg, TransferResult.ACCEPTED),
            *self._advice.pass_on(now),
            *self._desk.pass_on(advice.agent, advice.leg, self.queue, now, is_recorded=is_recorded),
        ]

    def _decline(self, leg: LegId) -> list[SessionEffect]:
        return self._answer_transfer(leg, TransferResult.DECLINED)

    def _answer_transfer(self, leg: LegId, result: TransferResult) -> list[SessionEffect]:
        return [AnswerTransfer(call=self.call, leg=leg, result=result)]

    def on_advice_asked(
        self, asker_leg: LegId, agent: AgentId, now: datetime
    ) -> list[SessionEffect]:
        """Ring an agent whom the one who talks to the caller wants to ask."""
        assert self._desk.talk is not None
        bridge = self._desk.new_bridge()
        wanted = AdviceState(
            asker=self._desk.talk.agent,
            asker_leg=asker_leg,
            agent=agent,
            leg=LegId(f"{self.call}-advice-{self._desk.talks}"),
            bridge=bridge,
            lapses_at=None,
        )
        title = "" if self.queue is None else self._spec().title
        return self._advice.ask(wanted, title, now)

    def not_before(self, moment: datetime, now: datetime) -> datetime:
        """Return the moment, but neither before what is known of the call nor after now."""
        return min(now, max(moment, self._chronicle.last_moment))

    def on_dial_failed(self, leg: LegId, now: datetime) -> list[SessionEffect]:
        """Act on an agent's phone that could not even be dialled."""
        return self.on_leg_ended(leg, EndReason.UNREACHABLE, now)

    def on_connect_failed(self, bridge: BridgeId, now: datetime) -> list[SessionEffect]:
        """Act on a caller and an agent, or two agents, who could not be put together."""
        if self._advice.state is not None and bridge == self._advice.state.bridge:
            return self._advice.end(now)
        if self.bridge != bridge:
            return []
        if self.phase is Phase.OUTSIDE:
            return self._outside.end(SegmentOutcome.BROKEN, now) + self._back_to_sender(now)
        effects = [*self._advice.end(now), *self._desk.hang_up_on_agent()]
        effects += self._desk.end_talk(SegmentOutcome.BROKEN, now)
        self._outcome = CallOutcome.TECHNICAL_FAILURE
        return effects + self._hang_up(HangUpCause.TROUBLE)

    def on_control_regained(self, seen: Seen, now: datetime) -> list[SessionEffect]:
        """
        Catch up with what happened while we did not see Asterisk.

        His keys, the end of prompts and our last orders may be lost. So whoever is in a menu is
        asked again, whoever waits hears music, and last words are said again from the beginning.
        """
        self._ear.correct(is_answered=seen.is_answered)
        left = [DestroyBridge(call=self.call, bridge=each) for each in seen.strange_bridges]
        if seen.answered is not None:
            return [*left, *self.on_leg_answered(seen.answered, now)]
        if self.phase is Phase.TALKING:
            again = [] if seen.is_together else self._desk.join_again()
            return [*left, *self._advice_after_blindness(seen, now), *again]
        if self._outside.is_answered:
            return [*left, *([] if seen.is_together else self._outside.connect())]
        return [*left, *self._catch_up(now)]

    def _advice_after_blindness(self, seen: Seen, now: datetime) -> list[SessionEffect]:
        """Let advice go on that is given beyond doubt; the asker can ask again for any other."""
        if not seen.is_advised:
            return self._advice.end(now)
        # An engine that was killed may not have written down that the agent answered.
        return self._advice.answered(now)

    def _catch_up(self, now: datetime) -> list[SessionEffect]:
        match self.phase:
            case Phase.MENU:
                self._unheard_until = None
                return [] if self._visit is None else self._follow(self._visit.repeat(now), now)
            case Phase.WAITING:
                return self._wait_on()
            case Phase.OUTSIDE:
                return [*self._ear.play_music()]
            case Phase.LEAVING if self._ear.is_busy or self._unheard_until is not None:
                self._unheard_until = None
                return [*self._ear.say(self._ear.prompts, now)]
            case Phase.LEAVING:
                return self._hang_up()
            case Phase.TALKING | Phase.OVER:
                return []
            case _:
                assert_never(self.phase)

    def _wait_on(self) -> list[SessionEffect]:
        """Let a waiting caller hear that he still waits."""
        self._unheard_until = None
        if self._ear.is_answered and (self._room is None or self._room.has_entered):
            return [*self._ear.play_music()]
        if self._room is not None:
            self._room.leave()  # he enters again when the ACD has had its say
        return []

    def on_engine_stopping(self) -> list[SessionEffect]:
        """Let a caller who listens to prompts hear music until the next engine says them again."""
        may_wait = self.phase in {Phase.MENU, Phase.WAITING}
        return [*self._ear.play_music()] if may_wait and self._ear.is_answered else []

    def on_command_lost(self, command: Command) -> None:
        """Take note of an order that may not have been carried out, for when we see again."""
        if isinstance(command, StartMusic):
            self._ear.forget_music()

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
        if self.phase is Phase.OVER:
            return []
        effects: list[SessionEffect] = [self._chronicle.disturbed(disturbance, detail, now)]
        was_talking = self.phase is Phase.TALKING or self._outside.is_answered
        if not was_talking and self._outcome is None:
            self._outcome = (
                CallOutcome.TECHNICAL_FAILURE
                if disturbance is Disturbance.ASTERISK_DIED
                else CallOutcome.SENT_TO_FALLBACK
            )
        reason = CallbackReason.CUT_OFF if was_talking else CallbackReason.NOT_SERVED
        effects += self._call_back(reason, now)
        if was_talking:
            effects += self._desk.end_talk(SegmentOutcome.BROKEN, now)
        effects += self._outside.end(SegmentOutcome.BROKEN, now)
        return effects + self._caller_gone(now)

    def _call_back(self, reason: CallbackReason, now: datetime) -> list[SessionEffect]:
        """Put the citizen on the callback list, if we know his number and he was not told all."""
        if self.number is None or self.phase is Phase.LEAVING:
            return []
        return [self._chronicle.callback_due(self.number, reason, now)]

    def on_recording_failed(
        self, recording: RecordingId, cause: str, now: datetime
    ) -> list[SessionEffect]:
        """Take note that the conversation is not recorded; it goes on."""
        return [self._chronicle.recording_lost(recording, cause, now)]

    def on_recording_ended(self, recording: RecordingId, now: datetime) -> list[SessionEffect]:
        """Notice a recording that ends before its conversation: the disk is full."""
        talk = self._desk.talk
        if talk is None or recording != talk.recording:
            return []
        self._desk.talk = replace(talk, recording=None)
        return self.on_recording_failed(recording, ENDED_EARLY, now)

    def on_time(self, now: datetime) -> list[SessionEffect]:
        """Let time pass. Harmless when nothing is due."""
        effects: list[SessionEffect] = []
        if self._ear.is_overdue(now):
            effects += self._ear.hush()
            self._unheard_until = now
        if self._unheard_until is not None and now >= self._unheard_until:
            self._unheard_until = None
            effects.append(self._chronicle.prompts_not_heard(self._ear.prompts, now))
            effects += self._go_on(now)
        if self._desk.is_overdue(now):
            effects += self._desk.give_up(now)
        if self._advice.is_overdue(now):
            effects += self._advice.end(now)
        if self._outside.is_overdue(now):
            effects += self._outside.end(SegmentOutcome.NOT_ANSWERED, now)
            effects += self._back_to_sender(now)
        if self._visit is not None and self.phase is Phase.MENU:
            effects += self._follow(self._visit.on_time(now), now)
        if self._room is not None:
            effects += self._room.on_time(now, is_offered=self._desk.offer is not None)
        return effects

    # --- the ACD speaks

    def on_offer_made(self, made: OfferMade, now: datetime) -> list[SessionEffect]:
        """Ring the agent's phone."""
        return self._desk.ring(made, self._around.queues[made.queue], now)

    def on_nobody_signed_in(self, now: datetime) -> list[SessionEffect]:
        """Tell the caller that nobody works now."""
        effects: list[SessionEffect] = [
            *self._chronicle.end(SegmentKind.WAITING, SegmentOutcome.NO_AGENTS, now)
        ]
        return effects + self._take_leave(NO_AGENTS, CallOutcome.INFORMED_NO_AGENTS, now)

    def on_moved(self, queue: QueueId, now: datetime) -> list[SessionEffect]:
        """Go on waiting in another queue."""
        self.queue = queue
        if self._room is not None:
            room, self._room = self._room.state(), self._new_waiting_room()
            self._room.resume(room)
        return [
            *self._chronicle.end(SegmentKind.WAITING, SegmentOutcome.OVERFLOWED, now),
            self._chronicle.start(SegmentKind.WAITING, now, queue=queue),
        ]

    def on_callback_offered(self, now: datetime) -> list[SessionEffect]:
        """Tell a caller who waits long that he can be called back, if he can."""
        if self._room is None or self.number is None or self._spec().callback_key is None:
            return []
        return [*self._room.offer_callback(now, is_offered=self._desk.offer is not None)]

    def on_wrap_up_started(self, agent: AgentId, now: datetime) -> list[SessionEffect]:
        """Open the wrap-up segment."""
        return [self._chronicle.start(SegmentKind.WRAP_UP, now, queue=self.queue, agent=agent)]

    def on_wrap_up_ended(
        self, agent: AgentId, now: datetime, *, is_early: bool
    ) -> list[SessionEffect]:
        """Close the wrap-up segment."""
        outcome = SegmentOutcome.FINISHED_EARLY if is_early else SegmentOutcome.TIME_IS_UP
        return [*self._chronicle.end(SegmentKind.WRAP_UP, outcome, now, agent=agent)]

    def settle(self, now: datetime) -> list[Command]:
        """Let a caller who has just joined a queue hear that he waits; called after the ACD."""
        if self._room is None:
            return []
        return self._room.enter(now, is_offered=self._desk.offer is not None)

    def abort(self, now: datetime, detail: str) -> list[SessionEffect]:
        """End a session that our own bug has broken: the dialplan takes the caller over."""
        effects = [
            *self._desk.clear(),
            *self._advice.end(now),
            *self._outside.end(SegmentOutcome.BROKEN, now),
        ]
        if self.phase is Phase.OVER:
            return effects
        self._visit = self._room = self._unheard_until = None
        effects.append(SendToFallback(call=self.call, leg=self.leg))
        effects.append(self._chronicle.disturbed(Disturbance.ENGINE_BUG, detail, now))
        effects += self._call_back(CallbackReason.NOT_SERVED, now)
        self.phase = Phase.OVER
        self._ear.heard()
        effects += self._chronicle.ended(CallOutcome.SENT_TO_FALLBACK, now)
        effects += [CallerLeft(call=self.call), ConversationEnded(call=self.call)]
        return effects

    # --- inside

    def _spec(self) -> QueueSpec:
        assert self.queue is not None
        return self._around.queues[self.queue]

    def _follow(self, steps: list[VisitEffect], now: datetime) -> list[SessionEffect]:
        """Do what the script asks for."""
        effects: list[SessionEffect] = []
        for step in steps:
            match step:
                case Say(prompts=prompts):
                    effects += self._ear.say(prompts, now)
                case StopSaying():
                    effects += self._ear.hush()
                case Enqueue():
                    effects += self._join(step, now)
                case Goodbye(prompts=prompts, outcome=outcome):
                    effects += self._take_leave(prompts, outcome, now)
                case _:
                    assert_never(step)
        return effects

    def _go_on(self, now: datetime) -> list[SessionEffect]:
        """Go on after prompts, whether they were heard or not."""
        match self.phase:
            case Phase.MENU:
                return [] if self._visit is None else self._follow(self._visit.on_heard(now), now)
            case Phase.WAITING:
                return [*self._ear.play_music()]
            case Phase.LEAVING:
                return self._hang_up()
            case Phase.TALKING | Phase.OUTSIDE | Phase.OVER:
                return []
            case _:
                assert_never(self.phase)

    def _join(self, node: Enqueue, now: datetime) -> list[SessionEffect]:
        self.queue = node.queue
        spec, regulars = self._spec(), self._around.regulars
        self._enter_waiting_room()
        place = regulars.place_of(self.number, node.queue, now, kept_for=spec.keeps_place_for)
        self._joined_at = place or now
        self._visit = None
        answered = self._ear.answer() if node.answers_at_once else []
        return [
            *self._chronicle.end(SegmentKind.IVR, SegmentOutcome.COMPLETED, now),
            self._chronicle.start(SegmentKind.WAITING, now, queue=node.queue),
            *answered,
            CallerJoined(
                call=self.call,
                queue=node.queue,
                since=place,
                offers_before=self._desk.offers,
                priority=node.priority,
                skills=node.skills,
                preferred=regulars.agent_of(self.number, now) if spec.prefers_for else None,
            ),
        ]

    def _leave_by_key(self, key: str, now: datetime) -> list[SessionEffect]:
        """Let a waiting caller be called back instead, if that is what the key says."""
        if key != self._spec().callback_key or self.number is None or not self._ear.is_answered:
            return []
        effects = [
            *self._desk.withdraw(now),
            *self._chronicle.end(SegmentKind.WAITING, SegmentOutcome.LEFT_BY_KEY, now),
            *self._call_back(CallbackReason.ASKED, now),
            CallerLeft(call=self.call),
        ]
        return effects + self._take_leave(CALLBACK, CallOutcome.CALLBACK_PROMISED, now)

    def _enter_waiting_room(self) -> None:
        self.phase = Phase.WAITING
        self._room = self._new_waiting_room()

    def _new_waiting_room(self) -> WaitingRoom:
        return WaitingRoom(
            self.call,
            self._ear,
            announce_every=self._spec().announce_every,
            position_of=self._around.position_of,
            expected_wait_of=self._around.expected_wait_of if self._spec().announces_wait else None,
        )

    def _connect(self, offer: OfferState, now: datetime) -> list[SessionEffect]:
        self.phase = Phase.TALKING
        self._room = self._unheard_until = None
        self._outcome = CallOutcome.ANSWERED
        spec = self._spec()
        if spec.prefers_for:
            self._around.regulars.talked(self.number, offer.agent, now)
        return self._desk.connect(offer, self.queue, now, is_recorded=spec.is_recorded)

    def _agent_gone(self, reason: EndReason, now: datetime) -> list[SessionEffect]:
        """Say goodbye after a conversation; a caller whose agent's phone died waits again."""
        return [*self._advice.end(now), *self._without_agent(reason, now)]

    def _without_agent(self, reason: EndReason, now: datetime) -> list[SessionEffect]:
        if reason is EndReason.HUNG_UP or self.queue is None:
            return self._desk.end_talk(SegmentOutcome.AGENT_HUNG_UP, now) + self._hang_up()
        *ended, conversation_ended = self._desk.end_talk(SegmentOutcome.BROKEN, now)
        # He joins first: his place must be known when the ACD's answers let him hear something.
        return [*ended, *self._wait_again(now), conversation_ended]

    def _wait_again(self, now: datetime, *, only: AgentId | None = None) -> list[SessionEffect]:
        """Put a caller whose conversation is over without him where he first stood in line (G1)."""
        assert self.queue is not None
        self._enter_waiting_room()
        return [
            self._chronicle.start(SegmentKind.WAITING, now, queue=self.queue),
            CallerJoined(
                call=self.call,
                queue=self.queue,
                since=self._joined_at or self.registered_at,
                offers_before=self._desk.offers,
                preferred=only,
                kept_for=None if only is None else 2 * self._spec().ring_time,
            ),
        ]

    def _take_leave(
        self, prompts: tuple[PromptKey, ...], outcome: CallOutcome, now: datetime
    ) -> list[SessionEffect]:
        """Say the last words; what he was told is the outcome, however long he listens."""
        self.phase = Phase.LEAVING
        self._visit = self._room = None
        if self._outcome is not CallOutcome.ANSWERED:
            self._outcome = outcome
        ended = self._chronicle.end(SegmentKind.IVR, SegmentOutcome.COMPLETED, now)
        if not prompts:
            return [*ended, *self._hang_up()]
        return [*ended, *self._ear.say(prompts, now)]

    def _hang_up(self, cause: HangUpCause = HangUpCause.NORMAL) -> list[SessionEffect]:
        """Hang up on the caller; the call ends when his leg is gone."""
        self.phase = Phase.LEAVING
        if self._script is None:
            cause = HangUpCause.UNKNOWN_NUMBER
        return [HangUpLeg(call=self.call, leg=self.leg, cause=cause)]

    def _caller_gone(self, now: datetime) -> list[SessionEffect]:
        """End the call."""
        if self.phase is Phase.OVER:
            return []
        effects = self._advice.end(now)
        was_waiting = self.phase is Phase.WAITING
        outcome = self._outcome or self._abandoned(now)
        effects += self._desk.hang_up_on_agent()
        effects += self._desk.end_talk(SegmentOutcome.CALLER_HUNG_UP, now)
        effects += self._desk.withdraw(now)
        left = SegmentOutcome.CALLER_HUNG_UP
        effects += self._outside.end(
            left if self._outside.is_answered else SegmentOutcome.ABANDONED, now
        )
        for kind in (SegmentKind.IVR, SegmentKind.WAITING):
            effects += self._chronicle.end(kind, SegmentOutcome.ABANDONED, now)
        self._visit = self._room = self._unheard_until = None
        self._ear.heard()
        if outcome is CallOutcome.ABANDONED_IN_QUEUE:
            effects += self._call_back(CallbackReason.ABANDONED, now)
            self._give_place_up(now)
        self.phase = Phase.OVER
        effects += self._chronicle.ended(outcome, now)
        if was_waiting:
            effects.append(CallerLeft(call=self.call))
        return effects

    def _give_place_up(self, now: datetime) -> None:
        """Remember his place for when he calls again."""
        if self.queue is not None and self._joined_at is not None and self._spec().keeps_place_for:
            self._around.regulars.left(self.number, self.queue, self._joined_at, now)

    def _abandoned(self, now: datetime) -> CallOutcome:
        """Return the outcome of a call whose caller hung up before anything else ended it."""
        if now - self.registered_at < SHORT_CALL:
            return CallOutcome.SHORT
        if self.phase is Phase.WAITING:
            return CallOutcome.ABANDONED_IN_QUEUE
        return CallOutcome.ABANDONED_IN_MENU
