"""
The engine: routes every event to its session, and every decision of the ACD to its caller.

The engine owns all sessions and the ACD. An event of a leg goes to the session of that leg; what a
session asks of the ACD, and what the ACD answers, is settled here before `handle` returns. So one
event in gives all its effects out, in order, and no message between parts is ever on its way.

Rule 1: `handle` and `on_time` return commands and facts only.
Rule 2: a leg that no session knows and that an agent answers is hung up: nobody waits for it.
Rule 3: after `ControlRegained` the engine's picture equals Asterisk's: legs that are gone have
ended, callers nobody knew have arrived, conversations nobody knew are adopted, and calls that an
earlier engine left open and whose caller is gone have ended, too.
Rule 4: while we do not see Asterisk nobody is offered to anybody and no caller's time runs out;
what was ordered and may be lost is ordered again when we see.
Rule 5: an engine restored from another's state is that engine after a time of blindness.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias, assert_never

from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.acd.expected_wait import PaceState
from ekc_telephony.core.acd.messages import (
    AcdEffect,
    AcdEvent,
    CallbackOffered,
    CallerMoved,
    ElsewhereChanged,
    NobodySignedIn,
    OfferMade,
    PresenceSet,
    ReachabilityChanged,
    WrapUpEnded,
    WrapUpStarted,
)
from ekc_telephony.core.call.commands import (
    AnswerTransfer,
    Command,
    CreateBridge,
    DestroyBridge,
    DialAgent,
    DialNumber,
    HangUpCause,
    HangUpLeg,
    JoinBridge,
    PlayPrompts,
    StartRecording,
    TransferResult,
)
from ekc_telephony.core.call.events import (
    CallArrived,
    CallsLeftOpen,
    CommandFailed,
    ControlLost,
    ControlRegained,
    EndReason,
    EngineStopping,
    Event,
    FeatureDialled,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LiveLeg,
    PhoneLost,
    PhoneReached,
    PhonesElsewhere,
    PlaybackFinished,
    PresenceDeclared,
    RecordingEnded,
    RecordingFailed,
    TransferAsked,
)
from ekc_telephony.core.call.facts import AgentChanged, Fact, facts_before
from ekc_telephony.core.engine.adoption import (
    agent_of,
    declared_by,
    feature_state,
    place_of,
    state_of,
    waiting_of,
)
from ekc_telephony.core.engine.catching_up import caller_missing, ended_at, seen
from ekc_telephony.core.engine.desk import SessionEffect
from ekc_telephony.core.engine.ear import Ear
from ekc_telephony.core.engine.features import FeatureCodes, answer_feature_code
from ekc_telephony.core.engine.left_open import LeftOpen
from ekc_telephony.core.engine.regulars import Regulars
from ekc_telephony.core.engine.session import Session, Surroundings
from ekc_telephony.core.engine.state import (
    AgentState,
    Changes,
    EngineState,
    FeatureState,
    RegularState,
    SessionState,
)
from ekc_telephony.core.engine.transfer import Directory, Target, ToAgent, adviser, can_be_had
from ekc_telephony.core.ivr.hours import BusinessHours
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.kernel.deadlines import Deadlines
from ekc_telephony.core.kernel.ids import AgentId, CallId, Did, LegId

Effect: TypeAlias = Command | Fact

_TALK: Final = "-talk-"
"""What the ids of our bridges and recordings have in common; others' are none of our business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePlan:
    """What the configuration and the scripts say, as the engine needs it."""

    scripts: Mapping[Did, Script]
    """The entry script of every number we serve."""
    schedules: Mapping[str, BusinessHours]
    feature_codes: FeatureCodes
    directory: Directory = field(default_factory=Directory)


class Engine:
    """
    The pure core of one node.

    Args:
        plan: Numbers, scripts, schedules, feature codes.
        acd: Queues and agents.
    """

    def __init__(self, plan: EnginePlan, acd: Acd) -> None:
        self._plan = plan
        self._acd = acd
        self._around = Surroundings(
            schedules=plan.schedules,
            queues=acd.queues,
            position_of=acd.position,
            regulars=Regulars(),
            expected_wait_of=acd.expected_wait,
        )
        self._sessions: dict[CallId, Session] = {}
        self._session_of_leg: dict[LegId, Session] = {}
        self._features: dict[LegId, AcdEvent | None] = {}
        """Operators who hear a confirmation, with what to tell the ACD when they have hung up."""
        self._left_open = LeftOpen()
        self._deadlines: Deadlines[CallId] = Deadlines()
        self._focus: Session | None = None
        """Whom we serve at this moment: who is to blame when something raises."""
        self._finished: list[Effect] = []
        """What was decided for the sessions that were due before him."""
        self.is_connected = False
        """Whether we see Asterisk."""
        self._blind_since: datetime | None = None
        """Since when we have known calls without seeing Asterisk."""
        # Dictionaries for their order: the same steps shall leave the same journal.
        self._touched: dict[CallId, None] = {}
        self._touched_agents: dict[AgentId, None] = {}
        self._features_touched = False
        self._handlers: Mapping[type[Event], Callable[[Any, datetime], list[Effect]]] = {
            CallArrived: self._call_arrived,
            FeatureDialled: self._feature_dialled,
            TransferAsked: self._transfer_asked,
            LegAnswered: self._leg_answered,
            LegEnded: self._leg_ended,
            KeyPressed: self._key_pressed,
            PlaybackFinished: self._playback_finished,
            RecordingFailed: self._recording_failed,
            RecordingEnded: self._recording_ended,
            PresenceDeclared: self._presence_declared,
            CallsLeftOpen: self._calls_left_open,
            PhoneReached: self._phone_reached,
            PhoneLost: self._phone_lost,
            PhonesElsewhere: self._phones_elsewhere,
            CommandFailed: self._command_failed,
            ControlLost: self._control_lost,
            ControlRegained: self._control_regained,
            EngineStopping: self._engine_stopping,
        }

    @property
    def sessions(self) -> Mapping[CallId, Session]:
        """Every session, to look at."""
        return self._sessions

    def legs(self) -> frozenset[LegId]:
        """Return the legs that are believed alive."""
        return frozenset(self._session_of_leg)

    @property
    def acd(self) -> Acd:
        """Queues and agents, to look at."""
        return self._acd

    # --- what another engine needs to go on

    def state(self) -> EngineState:
        """Return everything that is known."""
        return EngineState(
            sessions=tuple(self._session_state(each) for each in self._sessions.values()),
            agents=tuple(state_of(self._acd, each) for each in self._acd.agents),
            features=self._feature_states(),
            is_connected=self.is_connected,
            blind_since=self._blind_since,
            regulars=self._around.regulars.states(),
            paces=self._acd.paces,
        )

    def take_changes(self) -> Changes:
        """Return what changed since this was asked last."""
        self._touched |= dict.fromkeys(self._acd.take_touched())
        calls, agents, features = self._touched, self._touched_agents, self._features_touched
        regulars = self._around.regulars.take_changes()
        paces = self._acd.take_changed_paces()
        if not (calls or agents or features or regulars or paces):
            return Changes()
        self._touched, self._touched_agents, self._features_touched = {}, {}, False
        alive = [self._sessions[call] for call in calls if call in self._sessions]
        return Changes(
            sessions=tuple(self._session_state(each) for each in alive),
            over=tuple(call for call in calls if call not in self._sessions),
            agents=tuple(state_of(self._acd, each) for each in agents),
            features=self._feature_states() if features else None,
            regulars=regulars,
            paces=paces,
        )

    def _session_state(self, session: Session) -> SessionState:
        return session.state(place_of(self._acd, session.call))

    def _feature_states(self) -> tuple[FeatureState, ...]:
        return tuple(feature_state(leg, told) for leg, told in self._features.items())

    def restore_session(self, state: SessionState, *, script: Script | None) -> None:
        """
        Take up the session of an earlier engine; its caller is looked for when we see Asterisk.

        Args:
            state: What the earlier engine knew.
            script: The version of the script that its caller began with.

        Raises:
            KeyError: Its queue exists no longer; its caller will be served as a stranger.
        """
        session = Session.restored(state, script=script, around=self._around)
        if state.queue is not None:
            self._acd.queues[state.queue]  # a KeyError here leaves nothing half restored
        self._admit(session)
        for leg in session.legs():
            self._session_of_leg[leg] = session
        if state.place is not None:
            self._acd.restore_waiting(waiting_of(state.call, state.place))
        self._deadlines.set(session.call, session.next_deadline())

    def restore_agents(
        self, agents: tuple[AgentState, ...], features: tuple[FeatureState, ...], now: datetime
    ) -> None:
        """Let agents be as an earlier engine knew them; after all sessions are restored."""
        self._go_blind(now)
        known = [each for each in agents if each.agent in self._acd.agents]
        for state in sorted(known, key=lambda each: each.freed or 0):
            self._acd.restore_agent(
                agent_of(state, self._sessions),
                wrap_up=state.wrap_up,
                engaged_for=state.engaged_for,
            )
        self._features = {each.leg: declared_by(each) for each in features}

    def restore_regulars(self, regulars: tuple[RegularState, ...]) -> None:
        """Know the citizens whom an earlier engine knew."""
        self._around.regulars.restore(regulars)

    def restore_paces(self, paces: tuple[PaceState, ...]) -> None:
        """Know how fast callers were served when an earlier engine was here."""
        self._acd.restore_paces(paces)

    def see_as(self, state: EngineState, now: datetime) -> None:
        """See or be blind as the engine of this state was: for replays, after all is restored."""
        self.is_connected = state.is_connected
        self._blind_since = state.blind_since
        if state.blind_since is None:
            self._acd.resume(now)  # nothing was due, or it would have been offered

    def _go_blind(self, now: datetime) -> None:
        self.is_connected = False
        self._blind_since = self._blind_since or now
        self._acd.suspend()

    # --- events and time

    def handle(self, event: Event, now: datetime) -> list[Effect]:
        """Apply one event and return everything that follows from it."""
        self._focus = None
        self._finished = []
        return self._handlers[type(event)](event, now)

    def next_deadline(self) -> datetime | None:
        """Return when `on_time` must next be called, or None when nothing is pending."""
        session = None if self._blind_since else self._deadlines.next()
        moments = (session, self._acd.next_deadline())
        return min((each for each in moments if each is not None), default=None)

    def on_time(self, now: datetime) -> list[Effect]:
        """Let time pass. Harmless when nothing is due."""
        self._focus = None
        self._finished = self._settle_acd(self._acd.on_time(now), now)
        if self._blind_since is not None:
            done, self._finished = self._finished, []
            return done
        while (call := self._deadlines.take_due(now)) is not None:
            session = self._focus = self._sessions[call]
            self._finished += self._settle(session, session.on_time(now), now)
        done, self._finished = self._finished, []
        return done

    def abort(self, now: datetime, *, detail: str = "") -> list[Effect]:
        """
        End the session that was being served when `handle` or `on_time` raised.

        All others are untouched; what was already decided for them is returned as well. Calling it
        when nothing was being served changes nothing.

        Args:
            now: The moment.
            detail: For whoever looks into it; ends up in the appeal.
        """
        effects, self._finished = self._finished, []
        session, self._focus = self._focus, None
        if session is None:
            return effects
        return effects + self._settle(session, session.abort(now, detail), now)

    # --- events of a call

    def _call_arrived(self, event: CallArrived, now: datetime) -> list[Effect]:
        if event.call in self._sessions:
            return []
        session = Session(
            event, script=self._plan.scripts.get(event.did), around=self._around, now=now
        )
        self._admit(session)
        return self._settle(session, session.start(now), now)

    def _admit(self, session: Session) -> None:
        self._focus = session
        self._left_open.meet(session.call)
        self._sessions[session.call] = session
        self._session_of_leg[session.leg] = session

    def _attend(self, leg: LegId) -> Session | None:
        """Return the session that this leg belongs to."""
        self._focus = self._session_of_leg.get(leg)
        return self._focus

    def _leg_answered(self, event: LegAnswered, now: datetime) -> list[Effect]:
        session = self._attend(event.leg)
        if session is None:
            return [HangUpLeg(call=CallId(event.leg), leg=event.leg)]
        return self._settle(session, session.on_leg_answered(event.leg, now), now)

    def _leg_ended(self, event: LegEnded, now: datetime) -> list[Effect]:
        if event.leg in self._features:
            declared = self._features.pop(event.leg)
            self._features_touched = True
            return [] if declared is None else self._ask_acd(declared, now)
        session = self._attend(event.leg)
        if session is None:
            return []
        del self._session_of_leg[event.leg]
        return self._settle(session, session.on_leg_ended(event.leg, event.reason, now), now)

    def _key_pressed(self, event: KeyPressed, now: datetime) -> list[Effect]:
        session = self._attend(event.leg)
        if session is None:
            return []
        return self._settle(session, session.on_key(event.leg, event.key, now), now)

    def _playback_finished(self, event: PlaybackFinished, now: datetime) -> list[Effect]:
        session = self._attend(event.leg)
        if session is not None:
            effects = session.on_playback_finished(event.playback, now, was_played=event.was_played)
            return self._settle(session, effects, now)
        if event.leg in self._features:
            return [HangUpLeg(call=CallId(event.leg), leg=event.leg)]
        return []

    def _recording_failed(self, event: RecordingFailed, now: datetime) -> list[Effect]:
        call = CallId(event.recording.rpartition(_TALK)[0])
        session = self._focus = self._sessions.get(call)
        if session is None:
            return []
        effects = session.on_recording_failed(event.recording, event.cause, now)
        return self._settle(session, effects, now)

    def _recording_ended(self, event: RecordingEnded, now: datetime) -> list[Effect]:
        call = CallId(event.recording.rpartition(_TALK)[0])
        session = self._focus = self._sessions.get(call)
        if session is None:
            return []
        return self._settle(session, session.on_recording_ended(event.recording, now), now)

    def _command_failed(self, event: CommandFailed, now: datetime) -> list[Effect]:
        if self._blind_since is not None and not event.is_gone:
            # It was lost with the connection, or carried out and its answer lost: we shall see.
            lost_by = self._sessions.get(event.command.call)
            if lost_by is not None:
                lost_by.on_command_lost(event.command)
                self._touched[lost_by.call] = None
            return []
        match event.command:
            case HangUpLeg(leg=leg) if event.is_gone:
                return self._leg_ended(LegEnded(leg=leg, reason=EndReason.HUNG_UP), now)
            case PlayPrompts(leg=leg) if leg in self._features:
                return [HangUpLeg(call=CallId(leg), leg=leg)]
            case DialAgent(leg=leg) | DialNumber(leg=leg):
                self._session_of_leg.pop(leg, None)
            case _:
                pass
        session = self._focus = self._sessions.get(event.command.call)
        if session is None:
            return []
        return self._settle(session, _after_failure(session, event, now), now)

    # --- events of agents

    def _feature_dialled(self, event: FeatureDialled, now: datetime) -> list[Effect]:
        """Do what the operator asks for, and confirm it."""
        call = CallId(event.leg)
        if event.agent not in self._acd.agents:
            return [HangUpLeg(call=call, leg=event.leg, cause=HangUpCause.UNKNOWN_NUMBER)]
        if (target := self._plan.directory.find(event.code, self._acd)) is not None:
            return self._colleague_dialled(event, target, now)
        answer = answer_feature_code(self._plan.feature_codes, event.agent, event.code)
        # While he listens his phone is busy: what may bring him a call waits until he has hung up.
        self._features[event.leg] = answer.event if answer.makes_available else None
        self._features_touched = True
        effects: list[Effect] = [*Ear(call, event.leg).say(answer.prompts, now)]
        if answer.event is not None and not answer.makes_available:
            effects += self._ask_acd(answer.event, now)
        return effects

    def _colleague_dialled(
        self, event: FeatureDialled, target: Target, now: datetime
    ) -> list[Effect]:
        """Ask a colleague for advice on the caller whom the operator talks to."""
        session = self._focus = self._session_of_talk(event.agent)
        asked = adviser(target, self._acd)
        if session is None or session.advice is not None or asked is None:
            call = CallId(event.leg)
            return [HangUpLeg(call=call, leg=event.leg, cause=HangUpCause.BUSY)]
        effects = session.on_advice_asked(event.leg, asked, now)
        for leg in session.legs():
            self._session_of_leg[leg] = session
        return self._settle(session, effects, now)

    def _session_of_talk(self, agent: AgentId) -> Session | None:
        """Return the session of the caller whom the agent talks to."""
        call = self._acd.agents[agent].call
        session = None if call is None else self._sessions.get(call)
        is_his = session is not None and session.bridge is not None and session.agent == agent
        return session if is_his else None

    def _transfer_asked(self, event: TransferAsked, now: datetime) -> list[Effect]:
        session = self._attend(event.leg)
        if session is None:
            if event.leg not in self._features:
                return []
            call = CallId(event.leg)
            return [AnswerTransfer(call=call, leg=event.leg, result=TransferResult.DECLINED)]
        if event.is_attended:
            effects = session.on_attended_transfer_asked(event.leg, event.consulted, now)
            return self._settle(session, effects, now)
        target = self._plan.directory.find(event.target, self._acd)
        # Some phones hand a caller to the colleague who is on the other line in this way, too.
        is_asked = session.adviser is not None and target == ToAgent(agent=session.adviser)
        if target is not None and not is_asked and not can_be_had(target, self._acd):
            target = None
        effects = session.on_transfer_asked(event.leg, target, now)
        for leg in session.talking_legs():
            self._session_of_leg[leg] = session
        return self._settle(session, effects, now)

    def _presence_declared(self, event: PresenceDeclared, now: datetime) -> list[Effect]:
        if event.agent not in self._acd.agents:
            return []
        declared = PresenceSet(agent=event.agent, presence=event.presence, reason=event.reason)
        return self._ask_acd(declared, now)

    def _phone_reached(self, event: PhoneReached, now: datetime) -> list[Effect]:
        return self._reachability(ReachabilityChanged(agent=event.agent, is_reachable=True), now)

    def _phone_lost(self, event: PhoneLost, now: datetime) -> list[Effect]:
        return self._reachability(ReachabilityChanged(agent=event.agent, is_reachable=False), now)

    def _phones_elsewhere(self, event: PhonesElsewhere, now: datetime) -> list[Effect]:
        effects: list[Effect] = []
        for agent in self._acd.agents.values():
            is_elsewhere = agent.agent_id in event.agents
            if is_elsewhere != agent.is_elsewhere:
                self._touched_agents[agent.agent_id] = None
                changed = ElsewhereChanged(agent=agent.agent_id, is_elsewhere=is_elsewhere)
                effects += self._ask_acd(changed, now)
        return effects

    def _reachability(self, event: ReachabilityChanged, now: datetime) -> list[Effect]:
        return self._ask_acd(event, now) if event.agent in self._acd.agents else []

    # --- the connection

    def _calls_left_open(self, event: CallsLeftOpen, now: datetime) -> list[Effect]:
        self._left_open.remember(event.calls)
        # Before we see Asterisk nobody can tell whose caller is still there.
        return [*self._left_open.end(now)] if self.is_connected else []

    def _control_lost(self, event: ControlLost, now: datetime) -> list[Effect]:
        del event
        self._go_blind(now)
        return []

    def _control_regained(self, event: ControlRegained, now: datetime) -> list[Effect]:
        """Bring our picture in line with Asterisk's."""
        self._acd.suspend()  # until everybody has the place that his age gives him
        lost_at, self._blind_since = self._blind_since or now, None
        self.is_connected = True
        effects = self._end_missing(event, lost_at, now)
        alive = {live.leg: live for live in event.legs}
        for session in list(self._sessions.values()):
            self._focus = session
            if session.leg in alive:
                caught_up = session.on_control_regained(seen(session, alive), now)
                effects += self._settle(session, caught_up, now)
        effects += self._take_strangers_in(event.legs, now)
        effects += self._left_open.end(now)
        used = {bridge for session in self._sessions.values() for bridge in session.bridges()}
        effects += [
            DestroyBridge(call=CallId(bridge), bridge=bridge)
            for bridge in sorted(event.bridges)
            if bridge not in used and _TALK in bridge
        ]
        self._focus = None
        effects += self._phones_elsewhere(PhonesElsewhere(agents=event.phones_elsewhere), now)
        return effects + self._settle_acd(self._acd.resume(now), now)

    def _engine_stopping(self, event: EngineStopping, now: datetime) -> list[Effect]:
        """Let nobody hear silence until the next engine is there, and begin nothing new."""
        del event
        if self._blind_since is not None:
            return []
        effects: list[Effect] = []
        for session in list(self._sessions.values()):
            self._focus = session
            effects += self._settle(session, session.on_engine_stopping(), now)
        self._go_blind(now)
        return effects

    def _end_missing(
        self, event: ControlRegained, lost_at: datetime, now: datetime
    ) -> list[Effect]:
        """End the legs that Asterisk does not hold for us any more, in the order of their ends."""
        alive = {live.leg for live in event.legs}
        missing = [leg for leg in (*self._session_of_leg, *self._features) if leg not in alive]
        effects: list[Effect] = []
        for leg in sorted(missing, key=lambda each: (ended_at(event, each) or now, each)):
            session = self._session_of_leg.get(leg)
            if session is None or session.leg != leg:
                effects += self._agent_leg_missing(leg, event, now)
                continue
            self._focus = session
            self._session_of_leg.pop(leg, None)
            gone = caller_missing(session, event, lost_at, now)
            effects += self._settle(session, gone, now)
        return effects

    def _agent_leg_missing(self, leg: LegId, event: ControlRegained, now: datetime) -> list[Effect]:
        session = self._session_of_leg.get(leg)
        if session is None:
            return self._leg_ended(LegEnded(leg=leg, reason=EndReason.FAILED), now)
        self._focus = session
        self._session_of_leg.pop(leg, None)
        if session.offered_leg == leg:
            return self._settle(session, session.on_offer_lost(now), now)
        # When it is not known whether he hung up, his caller is not cut off for it.
        ended = event.ended.get(leg)
        is_known = ended is not None and ended.is_normal
        reason = EndReason.HUNG_UP if is_known else EndReason.FAILED
        moment = now if ended is None else session.not_before(ended.at, now)
        return self._settle(session, session.on_leg_ended(leg, reason, moment), now)

    def _take_strangers_in(self, legs: tuple[LiveLeg, ...], now: datetime) -> list[Effect]:
        """Serve callers whom nobody serves; hang up agents' legs nobody waits for."""
        strangers = [
            live
            for live in legs
            if live.leg not in self._session_of_leg and live.leg not in self._features
        ]
        agents = {live.bridge: live for live in strangers if live.agent and live.bridge}
        effects: list[Effect] = []
        # Conversations first, or their agents would be offered others; then whoever came first.
        for caller in sorted(
            strangers, key=lambda live: (live.bridge not in agents, live.created_at)
        ):
            if caller.did is not None:
                agent = None if caller.bridge is None else agents.get(caller.bridge)
                effects += self._take_over(caller, caller.did, agent, now)
        effects += [
            HangUpLeg(call=CallId(live.leg), leg=live.leg)
            for live in legs
            if live.leg not in self._features and not self._is_wanted(live.leg)
        ]
        return effects

    def _is_wanted(self, leg: LegId) -> bool:
        """Tell whether a session still needs the leg; our order to hang it up may be lost."""
        session = self._session_of_leg.get(leg)
        return session is not None and leg in session.legs()

    def _take_over(
        self, caller: LiveLeg, did: Did, agent: LiveLeg | None, now: datetime
    ) -> list[Effect]:
        """Take in a caller whom an earlier engine, or nobody, has served."""
        session = Session(
            CallArrived(call=CallId(caller.leg), did=did, number=caller.number),
            script=self._plan.scripts.get(did),
            around=self._around,
            now=caller.created_at,
            facts_before=facts_before(caller.created_at, now),
            is_answered=caller.is_answered,
        )
        self._admit(session)
        if agent is None or agent.agent is None or caller.bridge is None:
            return self._settle(session, session.start(now), now)
        self._session_of_leg[agent.leg] = session
        effects = session.adopt(agent.agent, agent.leg, caller.bridge, now)
        return self._settle(session, effects, now)

    # --- settling

    def _ask_acd(self, event: AcdEvent, now: datetime) -> list[Effect]:
        return self._settle_acd(self._acd.handle(event, now), now)

    def _settle_acd(self, decided: list[AcdEffect], now: datetime) -> list[Effect]:
        """Tell sessions what the ACD decided."""
        effects: list[Effect] = []
        for each in decided:
            if isinstance(each, AgentChanged):
                self._touched_agents[each.agent] = None
                effects.append(each)
                continue
            session = self._sessions[each.call]
            asked: list[SessionEffect]
            match each:
                case OfferMade():
                    asked = session.on_offer_made(each, now)
                    self._session_of_leg[LegId(each.offer)] = session
                case NobodySignedIn():
                    asked = session.on_nobody_signed_in(now)
                case CallerMoved(queue=queue):
                    asked = session.on_moved(queue, now)
                case CallbackOffered():
                    asked = session.on_callback_offered(now)
                case WrapUpStarted(agent=agent):
                    asked = session.on_wrap_up_started(agent, now)
                case WrapUpEnded(agent=agent, is_early=is_early):
                    asked = session.on_wrap_up_ended(agent, now, is_early=is_early)
                case _:
                    assert_never(each)
            effects += self._settle(session, asked, now)
        return effects

    def _settle(self, session: Session, asked: list[SessionEffect], now: datetime) -> list[Effect]:
        """
        Do what a session asks of the ACD, then note when it is next due or that it is over.

        The session's own words come first: the ACD's answer makes it say more, and the facts of a
        call shall come out in the order of their numbers.
        """
        effects: list[Effect] = [each for each in asked if not isinstance(each, AcdEvent)]
        for each in asked:
            if isinstance(each, AcdEvent):
                effects += self._ask_acd(each, now)
        effects += session.settle(now)
        self._touched[session.call] = None
        if session.is_over:
            self._forget(session)
        else:
            self._deadlines.set(session.call, session.next_deadline())
        return effects

    def _forget(self, session: Session) -> None:
        self._sessions.pop(session.call, None)
        self._session_of_leg.pop(session.leg, None)
        self._deadlines.set(session.call, None)


def _after_failure(session: Session, event: CommandFailed, now: datetime) -> list[SessionEffect]:
    """Tell the session which of its commands failed; most failures need no more than a log line."""
    match event.command:
        case DialAgent(leg=leg) | DialNumber(leg=leg):
            return session.on_dial_failed(leg, now)
        case PlayPrompts(playback=playback):
            return session.on_playback_finished(playback, now, was_played=False)
        case StartRecording(recording=recording):
            return session.on_recording_failed(recording, event.detail, now)
        case CreateBridge(bridge=bridge):
            return session.on_connect_failed(bridge, now)
        case JoinBridge(bridge=bridge) if not event.is_gone:
            return session.on_connect_failed(bridge, now)
        case _:
            return []
