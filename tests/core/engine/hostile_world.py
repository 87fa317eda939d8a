"""
A world that means the engine ill: hypothesis chooses what happens, in any order, twice, too late.

The world keeps its own truth: which legs live, what is bridged, what is being played. Commands
change that truth while the connection stands, and are lost while it does not. Everything the engine
says about a call is kept in a `Record`, whose well-formedness is checked after every step.

Rule 1: an event is possible when Asterisk could send it, however improbable: duplicates, late ones
and contradictory ones too. An id that nobody ever gave out is not possible.
Rule 2: like the driver, the world lets time pass before it hands over an event.
Rule 3: at the end the world becomes obedient. Nobody may be stuck; and when every leg is gone,
nothing of it may be left in the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from typing_extensions import override

from ekc_telephony.core.call.commands import (
    AnswerLeg,
    Command,
    DestroyBridge,
    DialAgent,
    DialNumber,
    HangUpLeg,
    JoinBridge,
    LeaveBridge,
    PlayPrompts,
    RecordLeg,
    SendToFallback,
    StopRecording,
    TapLeg,
)
from ekc_telephony.core.call.events import (
    CallArrived,
    CommandFailed,
    ControlLost,
    ControlRegained,
    EndReason,
    EngineStopping,
    Event,
    FeatureDialled,
    HoldBegan,
    HoldEnded,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LiveLeg,
    MoveAsked,
    PhoneLost,
    PhoneReached,
    PhonesElsewhere,
    PlaybackFinished,
    PresenceDeclared,
    RecordingEnded,
    RecordingFailed,
    SpeechBegan,
    SpeechEnded,
    SupervisionAsked,
    SupervisionGivenUp,
    TransferAsked,
    TransferMode,
    TransferOrdered,
    WrapUpDeclared,
    WrapUpWish,
)
from ekc_telephony.core.call.facts import AgentChanged, CallFact
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.core.call.supervision import SupervisionMode
from ekc_telephony.core.engine.engine import Effect
from ekc_telephony.core.engine.state import Memory, Phase
from ekc_telephony.core.engine.supervision import is_of_supervisor
from ekc_telephony.core.kernel.ids import (
    AgentId,
    BridgeId,
    CallId,
    Did,
    LegId,
    QueueId,
    RecordingId,
)
from ekc_telephony.runtime.journal_codec import Opening, decode, encode_opening
from tests.core.engine.record import Record
from tests.core.office import EVERYBODY, NOON, engine, restored_engine, seconds

PICK: Final = st.integers(0, 99)
NUMBERS: Final = st.sampled_from(
    [Did(each) for each in ("100", "200", "300", "400", "500", "600", "700", "800", "900", "910")]
)
CITIZENS: Final = st.sampled_from([None, "79001234567", "79007654321"])
NUMBER_200: Final = Did("200")
KEYS: Final = st.sampled_from("1234569*#A")
AGENTS: Final = st.sampled_from([*EVERYBODY, AgentId("nobody")])
CODES: Final = st.sampled_from(
    [
        *("*45", "*46", "*462", "*47", "*48", "*49", "*99"),
        *("*70second", "*70boris", "*70112*2", "*71", "*73"),
    ]
)
TYPED: Final = st.sampled_from(["*71", "*73", "*70112#", "*7", "##*70", "*70112*2#", "71"])
"""What an operator types into a talk, of which some is a code."""
SUPERVISORS: Final = st.sampled_from([AgentId("nina"), AgentId("oleg")])
MODES: Final = st.sampled_from(SupervisionMode)
QUEUES: Final = st.sampled_from([QueueId(each) for each in ("first", "second", "expert", "none")])
TARGETS: Final = st.sampled_from([*EVERYBODY, "first", "second", "112", "77", "nobody"])
"""What an operator can dial to transfer to, or to ask for advice."""
MOST_TOGETHER: Final = 3
"""A caller, the agent who talks to him, and a colleague."""
MOST_CALLS: Final = 4
"""So few that chance often brings more."""
SAFE_PHASES: Final = (Phase.WAITING, Phase.TALKING, Phase.OUTSIDE, Phase.OVER)
"""Where a caller may be for as long as he likes."""


@dataclass(slots=True, kw_only=True)
class Leg:
    """A channel, as Asterisk knows it."""

    leg: LegId
    created_at: datetime
    did: Did | None = None
    agent: AgentId | None = None
    number: str | None = None
    is_alive: bool = True
    is_answered: bool = False
    is_asked_to_go: bool = False


@dataclass(slots=True)
class Asterisk:
    """What is true in Asterisk, whether the engine sees it or not."""

    legs: dict[LegId, Leg] = field(default_factory=dict)
    bridges: dict[BridgeId, tuple[LegId, ...]] = field(default_factory=dict)
    playing: list[PlayPrompts] = field(default_factory=list)
    ever_played: list[PlayPrompts] = field(default_factory=list)
    recording: dict[LegId, RecordLeg] = field(default_factory=dict)
    """Messages that are being spoken."""
    ever_recorded: list[RecordLeg] = field(default_factory=list)

    def alive(self) -> list[Leg]:
        return [leg for leg in self.legs.values() if leg.is_alive]

    def obey(self, command: Command, now: datetime) -> None:  # noqa: C901, PLR0912 (one row per command)
        match command:
            case AnswerLeg(leg=leg):
                self.legs[leg].is_answered = True
            case HangUpLeg(leg=leg) if leg in self.legs:
                self.legs[leg].is_asked_to_go = True
            case SendToFallback(leg=leg):
                self.legs[leg].is_alive = False
            case DialAgent(leg=leg, agent=agent):
                self.legs[leg] = Leg(leg=leg, created_at=now, agent=agent)
            case DialNumber(leg=leg):
                self.legs[leg] = Leg(leg=leg, created_at=now, agent=AgentId("the trunk"))
            case TapLeg(tap=tap):
                self.legs[tap] = Leg(leg=tap, created_at=now)
            case PlayPrompts():
                self.playing.append(command)
                self.ever_played.append(command)
            case RecordLeg(leg=leg, recording=recording):
                if recording not in {each.recording for each in self.ever_recorded}:
                    self.recording[leg] = command
                    self.ever_recorded.append(command)
            case StopRecording(recording=recording):
                self.recording = {
                    leg: each for leg, each in self.recording.items() if each.recording != recording
                }
            case JoinBridge(bridge=bridge, legs=legs):
                self.join(bridge, legs)
            case LeaveBridge(bridge=bridge, legs=legs) if bridge in self.bridges:
                self.takes_out(bridge, legs)
            case DestroyBridge(bridge=bridge):
                self.bridges.pop(bridge, None)
            case _:
                pass

    def join(self, bridge: BridgeId, legs: tuple[LegId, ...]) -> None:
        """Move legs, as Asterisk does when they are in another bridge; only an asker may be."""
        for other, inside in self.bridges.items():
            if other != bridge and set(inside) & set(legs):
                self.bridges[other] = tuple(leg for leg in inside if leg not in legs)
        there = self.bridges.get(bridge, ())
        self.bridges[bridge] = tuple(dict.fromkeys((*there, *legs)))

    def ends(self, leg: LegId) -> None:
        if leg in self.legs:
            self.legs[leg].is_alive = False
        self.playing = [each for each in self.playing if each.leg != leg]
        self.recording.pop(leg, None)

    def takes_out(self, bridge: BridgeId, legs: tuple[LegId, ...]) -> None:
        self.bridges[bridge] = tuple(leg for leg in self.bridges[bridge] if leg not in legs)
        if not self.bridges[bridge]:
            del self.bridges[bridge]

    def snapshot(self) -> ControlRegained:
        bridge_of = {leg: bridge for bridge, legs in self.bridges.items() for leg in legs}
        live = [
            LiveLeg(
                leg=leg.leg,
                did=leg.did,
                agent=leg.agent,
                number=leg.number,
                is_answered=leg.is_answered,
                bridge=bridge_of.get(leg.leg),
                created_at=leg.created_at,
            )
            for leg in self.alive()
        ]
        bridges = frozenset(self.bridges) | {BridgeId("somebody-else's")}
        return ControlRegained(legs=tuple(live), bridges=bridges)


def _ended(command: RecordLeg, *, length: int, spoken: int) -> RecordingEnded:
    return RecordingEnded(
        recording=command.recording, length=seconds(length), spoken=seconds(spoken)
    )


class HostileWorld(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.engine = engine(ready=EVERYBODY, most_calls=MOST_CALLS)
        self.memory = Memory(self.engine.state())
        """What the journal says."""
        self.asterisk = Asterisk()
        self.now = NOON
        self.is_connected = True
        self.is_obeyed = True
        """No command was lost or has failed so far."""
        self.legs_so_far = 0
        self.records: list[Record] = []
        self.commands: list[Command] = []
        """Those that have not failed yet."""
        self.dialled: set[LegId] = set()

    # --- how the world and the engine talk

    def tell(self, event: Event) -> None:
        self.let_time_pass()
        self.note(self.engine.handle(event, self.now))

    def let_time_pass(self) -> None:
        self.note(self.engine.on_time(self.now))

    def note(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Command):
                self.commanded(effect)
            elif not isinstance(effect, AgentChanged):
                self.record_of(effect).note(effect)

    def record_of(self, fact: CallFact) -> Record:
        known = [each for each in self.records if each.call == fact.call]
        if known and not known[-1].is_followed_by(fact):
            return known[-1]
        before = known[-1].last_number if known else 0
        self.records.append(Record(fact.call, starts_after=before))
        return self.records[-1]

    def commanded(self, command: Command) -> None:
        if isinstance(command, (DialAgent, DialNumber, TapLeg)):
            made = command.tap if isinstance(command, TapLeg) else command.leg
            assert made not in self.dialled, "a leg's id is given once"
            self.dialled.add(made)
        self.commands.append(command)
        self.is_obeyed &= self.is_connected
        if self.is_connected:
            self.asterisk.obey(command, self.now)

    def any_leg(self, which: int) -> Leg:
        return list(self.asterisk.legs.values())[which % len(self.asterisk.legs)]

    def new_leg(self, *, did: Did | None = None, agent: AgentId | None = None) -> Leg:
        self.legs_so_far += 1
        leg = LegId(f"ekc1-1795253112.{self.legs_so_far}")
        made = Leg(leg=leg, created_at=self.now, did=did, agent=agent)
        self.asterisk.legs[leg] = made
        return made

    # --- callers

    @rule(did=NUMBERS, number=CITIZENS)
    def a_caller_arrives(self, did: Did, number: str | None = None) -> None:
        leg = self.new_leg(did=did)
        leg.number = number
        if self.is_connected:
            self.tell(CallArrived(call=CallId(leg.leg), did=did, number=number))

    @precondition(lambda self: self.is_connected and self.engine.sessions)
    @rule(which=PICK)
    def an_arrival_is_told_twice(self, which: int) -> None:
        call = list(self.engine.sessions)[which % len(self.engine.sessions)]
        self.tell(CallArrived(call=call, did=Did("100"), number=None))

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK, key=KEYS)
    def somebody_presses_a_key(self, which: int, key: str) -> None:
        self.tell(KeyPressed(leg=self.any_leg(which).leg, key=key))

    @precondition(lambda self: self.is_connected and self.asterisk.playing)
    @rule(which=PICK, was_played=st.sampled_from([True, True, False]))
    def prompts_end(self, which: int, *, was_played: bool) -> None:
        play = self.asterisk.playing.pop(which % len(self.asterisk.playing))
        self.tell(PlaybackFinished(playback=play.playback, leg=play.leg, was_played=was_played))

    @precondition(lambda self: self.is_connected and self.asterisk.ever_played)
    @rule(which=PICK, was_played=st.booleans())
    def the_end_of_prompts_is_told_again(self, which: int, *, was_played: bool) -> None:
        play = self.asterisk.ever_played[which % len(self.asterisk.ever_played)]
        self.tell(PlaybackFinished(playback=play.playback, leg=play.leg, was_played=was_played))

    # --- legs

    @precondition(lambda self: self.asterisk.alive())
    @rule(which=PICK, reason=st.sampled_from(EndReason))
    def a_leg_ends(self, which: int, reason: EndReason) -> None:
        alive = self.asterisk.alive()
        leg = alive[which % len(alive)].leg
        self.asterisk.ends(leg)
        if self.is_connected:
            self.tell(LegEnded(leg=leg, reason=reason))

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK, reason=st.sampled_from(EndReason))
    def the_end_of_a_leg_is_told_late(self, which: int, reason: EndReason) -> None:
        leg = self.any_leg(which)
        if not leg.is_alive:
            self.tell(LegEnded(leg=leg.leg, reason=reason))

    @precondition(lambda self: self.dialled & set(self.asterisk.legs))
    @rule(which=PICK)
    def an_agent_answers(self, which: int) -> None:
        """Tell of it even when the leg is gone, or when it was told before."""
        legs = sorted(self.dialled & set(self.asterisk.legs))
        leg = legs[which % len(legs)]
        self.asterisk.legs[leg].is_answered = True
        if self.is_connected:
            self.tell(LegAnswered(leg=leg))

    @precondition(lambda self: self.is_connected and self.commands)
    @rule(which=st.integers(1, 8), is_gone=st.booleans())
    def a_command_fails(self, which: int, *, is_gone: bool) -> None:
        command = self.commands.pop(-min(which, len(self.commands)))
        self.is_obeyed = False
        match command:
            case DialAgent(leg=leg) | DialNumber(leg=leg) | TapLeg(tap=leg):
                self.asterisk.ends(leg)
            case HangUpLeg(leg=leg):
                is_gone = True  # the outbox repeats what fails for another reason
                self.asterisk.ends(leg)
            case PlayPrompts():
                self.asterisk.playing = [each for each in self.asterisk.playing if each != command]
            case RecordLeg(leg=leg):
                self.asterisk.recording.pop(leg, None)
            case JoinBridge(bridge=bridge, legs=legs) if bridge in self.asterisk.bridges:
                self.asterisk.takes_out(bridge, legs)
            case _:
                pass
        self.tell(CommandFailed(command=command, is_gone=is_gone, detail="500"))

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK)
    def a_recording_fails(self, which: int) -> None:
        recording = RecordingId(f"{self.any_leg(which).leg}-talk-1")
        self.tell(RecordingFailed(recording=recording, cause="no room on the disk"))
        self.tell(RecordingEnded(recording=recording))

    @precondition(lambda self: self.is_connected)
    @rule(did=st.sampled_from([Did("700"), Did("800")]))
    def a_caller_begins_to_speak_a_message(self, did: Did) -> None:
        """Shorten the way to where messages are."""
        self.a_caller_arrives(did)
        call = list(self.engine.sessions)[-1]
        if did == "800":
            self.tell(KeyPressed(leg=LegId(call), key="2"))
        for play in [each for each in self.asterisk.playing if each.leg == LegId(call)]:
            self.asterisk.playing.remove(play)
            self.tell(PlaybackFinished(playback=play.playback, leg=play.leg, was_played=True))

    @precondition(lambda self: self.asterisk.recording)
    @rule(which=PICK, length=st.integers(0, 10), silence=st.integers(0, 10))
    def a_message_ends(self, which: int, length: int, silence: int) -> None:
        command = list(self.asterisk.recording.values())[which % len(self.asterisk.recording)]
        del self.asterisk.recording[command.leg]
        self.now += seconds(length)
        spoken = max(0, length - silence)
        if self.is_connected:
            self.tell(_ended(command, length=length, spoken=spoken))

    @precondition(lambda self: self.is_connected and self.asterisk.ever_recorded)
    @rule(which=PICK, is_failed=st.booleans())
    def the_end_of_a_message_is_told_again(self, which: int, *, is_failed: bool) -> None:
        command = self.asterisk.ever_recorded[which % len(self.asterisk.ever_recorded)]
        self.asterisk.recording.pop(command.leg, None)
        self.tell(
            RecordingFailed(recording=command.recording, cause="no room on the disk")
            if is_failed
            else _ended(command, length=3, spoken=3)
        )

    @precondition(lambda self: self.is_connected and self.asterisk.ever_recorded)
    @rule(which=PICK)
    def a_message_cannot_go_on(self, which: int) -> None:
        """Refuse the order to let it go on: it has ended unseen."""
        command = self.asterisk.ever_recorded[which % len(self.asterisk.ever_recorded)]
        if command.leg not in self.asterisk.recording:
            self.tell(CommandFailed(command=command, is_gone=True, detail="404"))

    # --- agents

    @rule(agent=AGENTS, presence=st.sampled_from(Presence))
    def presence_is_declared(self, agent: AgentId, presence: Presence) -> None:
        self.tell(PresenceDeclared(agent=agent, presence=presence, reason=NotReadyReason.LUNCH))

    @rule(agent=AGENTS, wish=st.sampled_from(WrapUpWish))
    def a_wrap_up_is_declared(self, agent: AgentId, wish: WrapUpWish) -> None:
        self.tell(WrapUpDeclared(agent=agent, wish=wish))

    @precondition(lambda self: self.is_connected)
    @rule(agent=AGENTS, code=CODES)
    def a_code_is_dialled(self, agent: AgentId, code: str) -> None:
        leg = self.new_leg(agent=agent)
        self.tell(FeatureDialled(leg=leg.leg, agent=agent, code=code))

    @precondition(lambda self: self.is_connected)
    @rule(
        did=st.sampled_from([Did("200"), Did("500"), Did("900")]),
        then=st.sampled_from(["", "advice", "outside"]),
        which=PICK,
    )
    def a_conversation_begins(self, which: int, then: str, did: Did = NUMBER_200) -> None:
        """Shorten the way to where transfers are: chance alone rarely gets there."""
        self.a_caller_arrives(did)
        for session in list(self.engine.sessions.values()):
            if (leg := session.offered_leg) is not None and leg in self.asterisk.legs:
                self.asterisk.legs[leg].is_answered = True
                self.tell(LegAnswered(leg=leg))
        if then == "advice" and self.talking():
            self.a_colleague_is_dialled(which, EVERYBODY[which % len(EVERYBODY)])
            self.an_adviser_answers(which)
        if then == "outside" and self.legs_of_talks():
            leg = self.legs_of_talks()[-1]
            self.tell(TransferAsked(leg=leg, target="112", is_attended=False))
            if which % 2:
                self.somebody_outside_answers()

    @precondition(lambda self: self.is_connected)
    @rule(which=PICK, mode=MODES, then=MODES, by=SUPERVISORS)
    def a_supervisor_takes_part(
        self, which: int, mode: SupervisionMode, then: SupervisionMode, by: AgentId
    ) -> None:
        """Shorten the way to a talk in which a supervisor takes part, in one way and another."""
        if not self.talking():
            self.a_conversation_begins(which, "")
        talking = self.talking()
        if talking:
            agent = talking[which % len(talking)]
            for each in (mode, then):
                self.tell(SupervisionAsked(supervisor=by, agent=agent, mode=each))
                self.legs_of_supervisors_answer()

    def legs_of_supervisors_answer(self) -> None:
        """Let supervisors pick up, and their taps be there."""
        for _ in range(2):
            for session in list(self.engine.sessions.values()):
                for leg in session.course.supervision.legs():
                    if leg in self.asterisk.legs and not self.asterisk.legs[leg].is_answered:
                        self.asterisk.legs[leg].is_answered = True
                        self.tell(LegAnswered(leg=leg))

    @precondition(lambda self: self.is_connected)
    @rule(agent=AGENTS, mode=MODES, by=SUPERVISORS)
    def a_supervisor_asks(self, agent: AgentId, mode: SupervisionMode, by: AgentId) -> None:
        self.tell(SupervisionAsked(supervisor=by, agent=agent, mode=mode))

    @rule(agent=AGENTS, by=SUPERVISORS)
    def a_supervisor_gives_up(self, agent: AgentId, by: AgentId) -> None:
        self.tell(SupervisionGivenUp(supervisor=by, agent=agent))

    @precondition(lambda self: self.asterisk.legs)
    @rule(which=PICK, queue=QUEUES, raised=st.sampled_from([0, 1, 5]))
    def a_caller_is_moved(self, which: int, queue: QueueId, raised: int) -> None:
        calls = [*self.engine.sessions, CallId(self.any_leg(which).leg)]
        call = calls[which % len(calls)]
        self.tell(MoveAsked(call=call, queue=queue, by="nina", raise_priority=raised))

    @precondition(lambda self: self.is_connected)
    @rule(then=st.sampled_from(["", "*71", "*73", "*73", "he hangs up"]), lines=st.integers(1, 2))
    def a_consultation_begins(self, then: str, lines: int) -> None:
        """Shorten the way to conferences: somebody asks a colleague, and it goes on from there."""
        self.a_conversation_begins(0, "")
        free = [each for each in self.engine.acd.agents.values() if each.is_available]
        talks = [each for each in self.engine.sessions.values() if each.course.desk.talk]
        if not free or not talks:
            return
        session, colleague = talks[-1], free[-1].agent_id
        asker = session.agent
        assert asker is not None
        if lines == 1:
            order = TransferOrdered(agent=asker, mode=TransferMode.CONSULT, target=colleague)
            self.tell(order)
        else:
            leg = self.new_leg(agent=asker).leg
            self.tell(FeatureDialled(leg=leg, agent=asker, code=colleague))
        self.an_adviser_answers(0)
        if then == "he hangs up":
            self.hangs_up(session.talking_legs()[-1])
        for key in then if then.startswith("*") else "":
            self.tell(KeyPressed(leg=session.talking_legs()[-1], key=key))

    @precondition(lambda self: self.is_connected and self.in_conferences())
    @rule(which=PICK, reason=st.sampled_from(EndReason))
    def somebody_leaves_a_conference(self, which: int, reason: EndReason) -> None:
        legs = [leg for leg in self.in_conferences() if leg in self.asterisk.legs]
        if legs:
            self.hangs_up(legs[which % len(legs)], reason)

    def in_conferences(self) -> list[LegId]:
        """Return the legs of all who are in a conference, as the engine thinks."""
        talks = [each for each in self.engine.sessions.values() if each.colleague is not None]
        return [leg for each in talks for leg in each.talking_legs()]

    def hangs_up(self, leg: LegId, reason: EndReason = EndReason.HUNG_UP) -> None:
        """Let a leg end, if it has not ended."""
        if leg in self.asterisk.legs and self.asterisk.legs[leg].is_alive:
            self.asterisk.ends(leg)
            self.tell(LegEnded(leg=leg, reason=reason))

    def somebody_outside_answers(self) -> None:
        """Let whoever was rung outside last pick up."""
        rung = [each.ringing_leg for each in self.engine.sessions.values()]
        for leg in [each for each in rung if each is not None and "-outside-" in each]:
            self.asterisk.legs[leg].is_answered = True
            self.tell(LegAnswered(leg=leg))

    def an_adviser_answers(self, which: int) -> None:
        """Let a colleague who is asked for advice pick up."""
        ringing = [each.advice.leg for each in self.engine.sessions.values() if each.advice]
        if ringing:
            leg = ringing[which % len(ringing)]
            self.asterisk.legs[leg].is_answered = True
            self.tell(LegAnswered(leg=leg))

    @precondition(lambda self: self.is_connected and self.talking())
    @rule(which=PICK, wanted=TARGETS)
    def a_colleague_is_dialled(self, which: int, wanted: str) -> None:
        """Let an operator who talks, or any other one, dial a colleague or a queue."""
        agents = [*self.talking(), *EVERYBODY]
        agent = agents[which % len(agents)]
        leg = self.new_leg(agent=agent)
        self.tell(FeatureDialled(leg=leg.leg, agent=agent, code=wanted))

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK, typed=TYPED)
    def a_code_is_typed_into_a_talk(self, which: int, typed: str) -> None:
        legs = [*self.legs_of_talks(), *self.legs_of_askers(), self.any_leg(which).leg]
        for key in typed:
            self.tell(KeyPressed(leg=legs[which % len(legs)], key=key))

    @precondition(lambda self: self.is_connected and self.talking())
    @rule(which=PICK, code=st.sampled_from(["*71", "*73", "*70second", "*70boris"]))
    def a_code_is_dialled_on_another_line(self, which: int, code: str) -> None:
        agents = self.talking()
        self.a_code_is_dialled(agents[which % len(agents)], code)

    @rule(agent=AGENTS, mode=st.sampled_from(TransferMode), wanted=TARGETS)
    def a_program_orders_a_transfer(self, agent: AgentId, mode: TransferMode, wanted: str) -> None:
        self.tell(TransferOrdered(agent=agent, mode=mode, target=wanted, reason="he asked for it"))

    @precondition(lambda self: self.is_connected and self.talking())
    @rule(which=PICK, wanted=TARGETS, is_answered=st.booleans())
    def a_program_orders_advice(self, which: int, wanted: str, *, is_answered: bool) -> None:
        agents = self.talking()
        agent = agents[which % len(agents)]
        self.tell(TransferOrdered(agent=agent, mode=TransferMode.CONSULT, target=wanted))
        if is_answered:
            self.an_adviser_answers(which)

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK, wanted=TARGETS)
    def a_blind_transfer_is_asked_for(self, which: int, wanted: str) -> None:
        """Ask on any leg: a phone may press Transfer at any time, in vain or twice."""
        legs = [*self.legs_of_talks(), self.any_leg(which).leg]
        leg = legs[which % len(legs)]
        self.tell(TransferAsked(leg=leg, target=wanted, is_attended=False))

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK, other=PICK, is_known=st.sampled_from([True, True, False]))
    def an_attended_transfer_is_asked_for(self, which: int, other: int, *, is_known: bool) -> None:
        advised = [each for each in self.engine.sessions.values() if each.advice is not None]
        leg, consulted = self.any_leg(which).leg, self.any_leg(other).leg
        if advised:
            session = advised[which % len(advised)]
            legs = session.legs()
            leg, consulted = legs[1], legs[2 % len(legs)]
            if other % 2:
                leg, consulted = consulted, leg
        self.tell(
            TransferAsked(
                leg=leg,
                target="",
                is_attended=True,
                consulted=consulted if is_known else None,
            )
        )

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK, is_held=st.booleans())
    def a_phone_holds_or_resumes(self, which: int, *, is_held: bool) -> None:
        """Let any phone do it, a caller's too, twice or in vain."""
        legs = [*self.legs_of_talks(), self.any_leg(which).leg]
        leg = legs[which % len(legs)]
        self.tell(HoldBegan(leg=leg) if is_held else HoldEnded(leg=leg))

    @precondition(lambda self: self.is_connected and self.asterisk.legs)
    @rule(which=PICK, is_speaking=st.booleans())
    def somebody_speaks_or_falls_silent(self, which: int, *, is_speaking: bool) -> None:
        leg = self.any_leg(which).leg
        self.tell(SpeechBegan(leg=leg) if is_speaking else SpeechEnded(leg=leg))

    def talking(self) -> list[AgentId]:
        """Return who talks to a caller, as the engine thinks."""
        talks = self.engine.sessions.values()
        return [each.agent for each in talks if each.bridge is not None and each.agent is not None]

    def legs_of_askers(self) -> list[LegId]:
        """Return the legs on which colleagues are asked for advice, as the engine thinks."""
        talks = self.engine.sessions.values()
        return [each.advice.asker_leg for each in talks if each.advice is not None]

    def legs_of_talks(self) -> list[LegId]:
        """Return the legs of agents who talk to a caller, as the engine thinks."""
        talks = self.engine.sessions.values()
        return [each.talking_legs()[-1] for each in talks if each.bridge is not None]

    @rule(agent=AGENTS, is_reachable=st.booleans())
    def a_phone_comes_or_goes(self, agent: AgentId, *, is_reachable: bool) -> None:
        self.tell(PhoneReached(agent=agent) if is_reachable else PhoneLost(agent=agent))

    @precondition(lambda self: self.is_connected)
    @rule(agents=st.frozensets(AGENTS))
    def phones_are_in_calls_of_the_dialplan(self, agents: frozenset[AgentId]) -> None:
        self.tell(PhonesElsewhere(agents=agents))

    # --- time, the connection, our own bugs

    @rule(count=st.sampled_from([0.1, 0.3, 1, 5, 15, 20, 400]))
    def time_passes(self, count: float) -> None:
        self.now += seconds(count)
        self.let_time_pass()

    @precondition(lambda self: self.engine.next_deadline() is not None)
    @rule()
    def time_passes_until_something_is_due(self) -> None:
        due = self.engine.next_deadline()
        assert due is not None
        self.now = max(self.now, due)
        self.let_time_pass()

    @precondition(lambda self: self.is_connected)
    @rule()
    def the_connection_is_lost(self) -> None:
        self.is_connected = False
        self.tell(ControlLost())

    @precondition(lambda self: not self.is_connected)
    @rule()
    def the_connection_is_regained(self) -> None:
        self.is_connected = True
        self.tell(self.asterisk.snapshot())
        self.let_time_pass()  # what became due unseen

    @precondition(lambda self: self.is_connected and self.asterisk.alive())
    @rule(which=PICK)
    def serving_a_leg_breaks_a_session(self, which: int) -> None:
        """Pretend that our own bug was met while a key of this leg was handled."""
        self.somebody_presses_a_key(which, "A")
        self.note(self.engine.abort(self.now))

    @rule()
    def the_engine_restarts(self) -> None:
        """Give Asterisk the time to carry out what the old engine said last."""
        for leg in self.asterisk.alive():
            if leg.is_asked_to_go:
                self.asterisk.ends(leg.leg)
        for record in self.records:
            record.is_of_an_earlier_life = True
        self.now += seconds(2)  # no engine starts faster
        self.engine = engine(ready=EVERYBODY, most_calls=MOST_CALLS)
        self.memory = Memory(self.engine.state())
        self.commands.clear()
        self.dialled.clear()
        self.is_connected = True
        self.tell(self.asterisk.snapshot())
        self.let_time_pass()  # what became due unseen

    @rule(is_told=st.booleans())
    def the_engine_ends_and_another_goes_on_from_its_journal(self, *, is_told: bool) -> None:
        """Start another engine from what was written down after every step."""
        if is_told and self.is_connected:
            self.tell(EngineStopping())
            self.memory.apply(self.engine.take_changes())
        remembered = self.memory.state()
        self.now += seconds(2)
        opening = Opening(release="", life="", texts={}, state=remembered, stored_through=0)
        read_back = decode(encode_opening(opening))
        assert read_back == opening
        self.engine = restored_engine(remembered, self.now, most_calls=MOST_CALLS)
        self.memory = Memory(self.engine.state())
        self.commands.clear()  # their outcome is told to nobody
        self.is_connected = True
        self.tell(self.asterisk.snapshot())
        self.let_time_pass()  # what became due unseen

    # --- what is always true

    @invariant()
    def what_was_written_down_is_what_is_known(self) -> None:
        self.memory.apply(self.engine.take_changes())
        remembered, known = self.memory.state(), self.engine.state()
        assert sorted(map(repr, remembered.sessions)) == sorted(map(repr, known.sessions))
        assert sorted(map(repr, remembered.agents)) == sorted(map(repr, known.agents))
        assert remembered.features == known.features
        assert sorted(map(repr, remembered.paces)) == sorted(map(repr, known.paces))

    @invariant()
    def what_is_waited_for_is_known(self) -> None:
        for session in self.engine.sessions.values():
            due = session.next_deadline()
            is_seen = self.engine._board.blind_since is None
            assert due is None or due > self.now or not is_seen, session.phase
        for bridge, legs in self.asterisk.bridges.items():
            others = [leg for leg in legs if not is_of_supervisor(leg)]
            assert len(others) <= MOST_TOGETHER, bridge

    @invariant()
    def who_talks_is_in_one_bridge_with_his_caller(self) -> None:
        """Whatever was asked for: nobody talks to nobody while everything is done as ordered."""
        if not self.is_obeyed:
            return
        for session in self.engine.sessions.values():
            bridge, advice = session.bridge, session.advice
            if session.phase is not Phase.TALKING or bridge is None:
                continue
            together = set(session.talking_legs())
            if advice is not None and advice.is_on_one_line and session.course.advice.is_given:
                together.discard(advice.asker_leg)
            assert together <= set(self.asterisk.bridges.get(bridge, ())), session.call

    @invariant()
    def the_indexes_agree(self) -> None:
        acd = self.engine.acd
        waiting = {
            call for call, each in self.engine.sessions.items() if each.phase is Phase.WAITING
        }
        assert set(acd._matching.waiting) == waiting
        talking = {
            call for call, each in self.engine.sessions.items() if each.phase is Phase.TALKING
        }
        assert set(acd._agents._talks) <= talking
        advising = {each.adviser: call for call, each in self.engine.sessions.items()}
        talkers = [agent for talk in acd._agents._talks.values() for agent in talk]
        assert len(talkers) == len(set(talkers)), "an agent talks to two callers"
        for call, talk in acd._agents._talks.items():
            session = self.engine.sessions[call]
            assert set(talk) <= {session.agent, session.colleague}
        for agent in acd.agents.values():
            if agent.activity is Activity.TALKING:
                is_busy = agent.agent_id in talkers or advising.get(agent.agent_id) == agent.call
                assert is_busy, agent.agent_id
        assert not {*advising} & {*talkers}, "an adviser talks to a caller"

    # --- the end

    @override
    def teardown(self) -> None:
        if not self.is_connected:
            self.the_connection_is_regained()
        self.obey_from_now_on()
        stuck = {
            call: session.phase
            for call, session in self.engine.sessions.items()
            if session.phase not in SAFE_PHASES
        }
        assert not stuck
        # Operators who do not answer are rung again and again; some phone may just be given up.
        alive = [leg.leg for leg in self.asterisk.alive() if not leg.is_asked_to_go]
        lingering = [leg for leg in alive if leg in self.dialled]
        wanted = [leg for session in self.engine.sessions.values() for leg in session.legs()]
        assert set(lingering) <= set(wanted), "an agent's phone nobody waits for"
        self.everybody_goes_home()
        for record in self.records:
            record.check_it_is_complete()
        self.nothing_is_left()

    def obey_from_now_on(self) -> None:
        """Let everything that was asked for succeed, for a good while."""
        for _ in range(40):
            while self.asterisk.playing:
                self.prompts_end(0, was_played=True)
            while self.asterisk.recording:
                self.a_message_ends(0, length=5, silence=0)
            for leg in self.asterisk.alive():
                if leg.is_asked_to_go:
                    self.asterisk.ends(leg.leg)
                    self.tell(LegEnded(leg=leg.leg, reason=EndReason.HUNG_UP))
            self.now = max(self.now, self.engine.next_deadline() or self.now)
            self.let_time_pass()

    def everybody_goes_home(self) -> None:
        while alive := self.asterisk.alive():
            leg = min(alive, key=lambda each: each.agent is not None)  # callers first
            self.asterisk.ends(leg.leg)
            self.tell(LegEnded(leg=leg.leg, reason=EndReason.HUNG_UP))
        while (due := self.engine.next_deadline()) is not None:
            assert due - self.now < seconds(3_600)
            self.now = max(self.now, due)
            self.let_time_pass()

    def nothing_is_left(self) -> None:
        assert not self.engine.sessions
        assert not self.engine._board.session_of_leg
        assert not self.engine._board.features
        assert self.engine.next_deadline() is None
        acd = self.engine.acd
        assert not acd._matching.waiting
        assert not acd._agents._talks
        assert not acd._matching._call_of_offer
