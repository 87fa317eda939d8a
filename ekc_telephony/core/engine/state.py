"""
What the engine knows, as plain values: the snapshot from which the next engine goes on.

A snapshot of a call is small (a few hundred bytes) and complete: a session made from it does what
the session it was taken from would have done. What is true elsewhere is not in it: who talks to
whom is asked of Asterisk (`ControlRegained`), scripts are kept beside it by their version.

Rule 1: plain values only (text, numbers, moments, Enums, other snapshots), never a union of two
kinds of snapshot, so that it can be written and read without a schema of its own.
Rule 2: a field never changes its meaning, and its name only together with `RENAMED`. A new field
has a default, so that the snapshots of the release before can be adopted;
`tests/recordings/snapshots` holds some.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from ekc_telephony.core.acd.expected_wait import PaceState
from ekc_telephony.core.call.facts import CallOutcome, SegmentKind
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.core.call.supervision import SupervisionMode
from ekc_telephony.core.engine.promise import Told
from ekc_telephony.core.kernel.ids import (
    AgentId,
    BridgeId,
    CallId,
    Did,
    LegId,
    NodeId,
    OfferId,
    PlaybackId,
    PromptKey,
    QueueId,
    RecordingId,
    ScriptId,
    SkillId,
)

RENAMED: Final[Mapping[str, str]] = {"whisper": "briefing"}
"""Fields by the names that earlier releases wrote them under; no field takes such a name again."""
MOST_REGULARS: Final = 5_000
"""Of a few hundred bytes each: they stand at the beginning of every segment of the journal."""


class Phase(Enum):
    """Where a call is."""

    MENU = "menu"
    WAITING = "waiting"
    TALKING = "talking"
    OUTSIDE = "outside"
    """He was sent on to a number outside: it rings, or they talk."""
    MESSAGE = "message"
    """He is asked for a voice message, or speaks it."""
    LEAVING = "leaving"
    """He hears the last words, or we have hung up and wait for the proof."""
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSegment:
    """A segment that is going on."""

    kind: SegmentKind
    segment: int
    started_at: datetime
    queue: QueueId | None
    agent: AgentId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronicleState:
    """How far the facts of a call have been numbered."""

    registered_at: datetime
    sequence: int
    segments: int
    open: tuple[OpenSegment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EarState:
    """What the caller hears."""

    is_answered: bool
    playback: PlaybackId | None
    prompts: tuple[PromptKey, ...]
    playback_limit: datetime | None
    hears_music: bool
    playbacks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableState:
    """A variable of a script that is set."""

    name: str
    text: str
    """Its value in the text form of `core/ivr/values.py`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitState:
    """A limit of a script that the caller has come by."""

    node: NodeId
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitState:
    """Where the caller is in his script, or where it goes on with him."""

    node: NodeId
    failures: int
    is_saying: bool
    silence_ends: datetime | None
    """Or when an information system has answered too late."""
    typed: str = ""
    language: str | None = None
    """None: the script's first."""
    asked: int = 0
    """How many questions to information systems were numbered."""
    variables: tuple[VariableState, ...] = ()
    passed: tuple[LimitState, ...] = ()
    deleted: int = 0
    """How often he has deleted what he types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomState:
    """How far the caller's wait is told to him."""

    announce_at: datetime | None
    has_entered: bool
    offers_callback: bool = False
    """He is told that he can be called back."""
    offers_message: bool = False
    """He is told that he can leave a message."""
    told: Told | None = None
    """What he was told of his wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferState:
    """The offer that rings."""

    offer: OfferId
    agent: AgentId
    lapses_at: datetime
    """When it has rung, or briefed, long enough."""
    briefing: PlaybackId | None = None
    """What the agent hears who has picked up; None as long as it rings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkState:
    """The conversation that goes on."""

    agent: AgentId
    leg: LegId
    bridge: BridgeId
    recording: RecordingId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SparedState:
    """An agent who did not take the caller."""

    agent: AgentId
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillState:
    """A skill that the caller needs besides what his queue asks for."""

    skill: SkillId
    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceState:
    """The caller's place in the ACD's line."""

    queue: QueueId
    joined_at: datetime
    ticket: int
    offers_made: int
    offer: OfferId | None
    agent: AgentId | None
    entered_at: datetime | None = None
    """When he came to this queue; None: when he joined."""
    priority: int = 0
    skills: tuple[SkillState, ...] = ()
    preferred: AgentId | None = None
    spared: tuple[SparedState, ...] = ()
    overflows: int = 0
    kept_until: datetime | None = None
    """How long he is kept for the preferred agent; None as long as the queue says."""
    was_outside: bool = False
    """A number outside was rung for him in vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferState:
    """The caller was sent on, and nobody has answered him yet."""

    sender: AgentId
    to: AgentId | None
    """Whom he was sent to; None: to a queue, or to a number outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceState:
    """The agent who talks to the caller asks a colleague for advice; the caller is on hold."""

    asker: AgentId
    asker_leg: LegId
    """His second one."""
    agent: AgentId
    """Whom he asks."""
    leg: LegId
    bridge: BridgeId
    lapses_at: datetime | None
    """When the phone has rung long enough; None when it was answered."""
    is_on_one_line: bool = False
    """He asks on the leg on which he talks to the caller, who hears our music meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColleagueState:
    """The second agent of a conference; he is in the bridge of the talk, too."""

    agent: AgentId
    leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideState:
    """The number outside that the caller was sent on to."""

    number: str
    leg: LegId
    bridge: BridgeId
    lapses_at: datetime | None
    """When it has rung long enough; None when somebody answered."""


class MessageStage(Enum):
    """How far a voice message has come."""

    INVITING = "inviting"
    """He hears what to do, then the tone."""
    RECORDING = "recording"
    """He speaks."""
    APOLOGISING = "apologising"
    """He hears that it did not work, and goes on elsewhere."""


class MessageEnd(Enum):
    """How a recording ended that may have failed; a hangup may still explain it."""

    SILENT = "silent"
    """He said nothing."""
    FAILED = "failed"
    """It could not be recorded."""
    CUT_OFF = "cut_off"
    """Neither key nor silence nor the limit ended it: he has hung up, or the disk is full."""
    UNSEEN = "unseen"
    """It is over, and nobody saw how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageState:
    """The voice message that the caller is asked for."""

    invitation: tuple[PromptKey, ...]
    """What he hears before the tone."""
    stage: MessageStage = MessageStage.INVITING
    is_asked_again: bool = False
    """He said nothing the first time."""
    recording: RecordingId | None = None
    began_at: datetime | None = None
    """When the recording did."""
    ends_at: datetime | None = None
    """When it counts as over, whatever is heard of it."""
    is_finished: bool = False
    """He has pressed the key that ends it."""
    end: MessageEnd | None = None
    """How it ended, if that is not good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionState:
    """A supervisor takes part in the talk of an agent, or his phone rings for it."""

    supervisor: AgentId
    agent: AgentId
    agent_leg: LegId
    talk: BridgeId
    """The bridge of the talk."""
    leg: LegId
    """The supervisor's."""
    mode: SupervisionMode
    lapses_at: datetime | None
    """When his phone has rung long enough, or he has heard long enough why he cannot take part."""
    is_answered: bool = False
    bridge: BridgeId | None = None
    """His own, with the tap; None while he has none."""
    tap: LegId | None = None
    is_tapped: bool = False
    """The tap is there, and he was put together with it."""
    is_told_why: bool = False
    """He hears that he cannot take part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionState:
    """Whether one side of a talk is heard; his leg is watched."""

    quiet_since: datetime
    """When he was heard last, or the talk began, or a hold in it ended."""
    is_speaking: bool = False
    is_noted: bool = False
    """That he is silent has been told."""
    leg: LegId | None = None
    """The agent's leg that is watched; None when it is the caller's, who has only one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """One call."""

    call: CallId
    did: Did
    number: str | None
    script: ScriptId | None
    version: str
    """Of the script; empty without one."""
    phase: Phase
    queue: QueueId | None
    chronicle: ChronicleState
    ear: EarState
    visit: VisitState | None
    room: RoomState | None
    offer: OfferState | None
    talk: TalkState | None
    place: PlaceState | None
    talks: int
    offers: int
    joined_at: datetime | None
    outcome: CallOutcome | None
    unheard_until: datetime | None
    transfer: TransferState | None = None
    advice: AdviceState | None = None
    outside: OutsideState | None = None
    supervisions: tuple[SupervisionState, ...] = ()
    message: MessageState | None = None
    messages: int = 0
    """How many recordings of messages were numbered."""
    colleague: ColleagueState | None = None
    attention: AttentionState | None = None
    agent_attention: AttentionState | None = None
    skills: tuple[SkillState, ...] = ()
    """What he needs besides what his queue asks for, for when he waits again."""
    priority: int = 0
    """Besides that of his queue, likewise."""
    was_outside: bool = False
    """He overflowed to a number outside; no other is rung for him."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentState:
    """One agent."""

    agent: AgentId
    presence: Presence
    reason: NotReadyReason | None
    activity: Activity
    is_reachable: bool
    call: CallId | None
    activity_ends: datetime | None
    freed: int | None
    """His place among those who are free, in the order of becoming so; None when he is not."""
    wrap_up: timedelta | None
    """How long he may wrap up after the conversation that goes on."""
    is_elsewhere: bool = False
    activity_began: datetime | None = None
    load: timedelta = timedelta()
    """His time in talks and wrap-ups since his shift began."""
    last_offer: int = 0
    engaged_for: QueueId | None = None
    """For which queue's caller he rings, talks or wraps up."""
    extensions: int = 0
    """How often he has got more time for the wrap-up that goes on."""
    presence_ends: datetime | None = None
    """When he is taken for ready again whom the engine made not ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegularState:
    """What is known of a number that called before."""

    number: str
    seen_at: datetime
    agent: AgentId | None = None
    """Who talked to him last."""
    left_queue: QueueId | None = None
    """Where he hung up waiting."""
    joined_at: datetime | None = None
    """The place that he gave up by it."""
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureState:
    """An operator who hears the confirmation of a feature code."""

    leg: LegId
    agent: AgentId | None
    presence: Presence | None
    """What he declares when he has hung up."""
    ends_wrap_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineState:
    """Everything that an engine knows."""

    sessions: tuple[SessionState, ...] = ()
    agents: tuple[AgentState, ...] = ()
    features: tuple[FeatureState, ...] = ()
    is_connected: bool = False
    """Whether it saw Asterisk; an engine that starts does not, whatever stands here."""
    blind_since: datetime | None = None
    """Since when it knew calls without seeing Asterisk."""
    regulars: tuple[RegularState, ...] = ()
    paces: tuple[PaceState, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What one step of the engine changed, to be laid over the state of before."""

    sessions: tuple[SessionState, ...] = ()
    over: tuple[CallId, ...] = ()
    """Calls that are forgotten."""
    agents: tuple[AgentState, ...] = ()
    features: tuple[FeatureState, ...] | None = None
    """All of them; None when none changed."""
    regulars: tuple[RegularState, ...] = ()
    paces: tuple[PaceState, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.sessions
            or self.over
            or self.agents
            or self.features is not None
            or self.regulars
            or self.paces
        )


class Memory:
    """
    An engine's state, kept up to date by its changes.

    Args:
        state: The state to begin with.
    """

    def __init__(self, state: EngineState) -> None:
        self._sessions = {each.call: each for each in state.sessions}
        self._agents = {each.agent: each for each in state.agents}
        self._features = state.features
        self._regulars = {each.number: each for each in state.regulars}
        self._paces = {each.queue: each for each in state.paces}

    def apply(self, changes: Changes) -> None:
        """Lay the changes of one step over it."""
        for session in changes.sessions:
            self._sessions[session.call] = session
        for call in changes.over:
            self._sessions.pop(call, None)
        for agent in changes.agents:
            self._agents[agent.agent] = agent
        if changes.features is not None:
            self._features = changes.features
        for regular in changes.regulars:
            self._regulars.pop(regular.number, None)  # who was seen last stands last
            self._regulars[regular.number] = regular
        while len(self._regulars) > MOST_REGULARS:
            del self._regulars[next(iter(self._regulars))]
        for pace in changes.paces:
            self._paces[pace.queue] = pace

    def state(self) -> EngineState:
        """Return the state as it is now."""
        return EngineState(
            sessions=tuple(self._sessions.values()),
            agents=tuple(self._agents.values()),
            features=self._features,
            regulars=tuple(self._regulars.values()),
            paces=tuple(self._paces.values()),
        )
