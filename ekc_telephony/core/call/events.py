"""
Events: what happened to us.

The world (Asterisk, an operator's key, the start of the engine) tells the core what happened; the
core cannot refuse it. Events are past tense with the subject first. They carry no time of their
own: the driver hands every event to the core with its `now`.

Rule 1: an event says what happened, never what to do about it.
Rule 2: a command that can fail answers with exactly one event, `CommandFailed` or the event that
shows its success.
Rule 3: lateness is ordinary. Any event may arrive for a leg that has already ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeAlias

from ekc_telephony.core.call.commands import Command
from ekc_telephony.core.call.lookup import LookupResult
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.call.supervision import SupervisionMode
from ekc_telephony.core.kernel.ids import (
    AgentId,
    BridgeId,
    CallId,
    Did,
    LegId,
    PlaybackId,
    QueueId,
    RecordingId,
    RequestId,
)


class EndReason(Enum):
    """Why a leg ended, as far as we act differently on it (Q.850 causes, grouped)."""

    HUNG_UP = "hung_up"
    """The far end hung up, or we did (16)."""
    BUSY = "busy"
    """The phone was busy or its user pressed «decline» (17; SIP 486, 600)."""
    REFUSED = "refused"
    """The user or the phone rejected the call (21; SIP 603, 403)."""
    NOT_ANSWERED = "not_answered"
    """It rang and nobody answered (18, 19, 102; SIP 408, 480)."""
    UNREACHABLE = "unreachable"
    """There is no such phone now: not registered, no route (1, 3, 20, 22, 27; SIP 404)."""
    FAILED = "failed"
    """Anything else: congestion, incompatible media, a fault of the network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallArrived:
    """A citizen's call reached us and waits for our decision; it is not answered yet."""

    call: CallId
    did: Did
    number: str | None
    """The caller's number as the trunk gave it; None when he hides it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureDialled:
    """An operator dialled a feature code, a colleague or a queue from his phone."""

    leg: LegId
    agent: AgentId
    code: str
    """What he dialled, with the star: `*45`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAsked:
    """An operator pressed Transfer on his phone."""

    leg: LegId
    """His leg on which the phone asked for it."""
    target: str
    """What he dialled: an operator, a queue."""
    is_attended: bool
    """He talked to whom he wants to transfer to, on another leg of his."""
    consulted: LegId | None = None
    """That leg; None for a blind transfer, or when Asterisk does not know it."""


class TransferMode(Enum):
    """What an operator wants done with the caller he talks to."""

    BLIND = "blind"
    """Send him on to somebody who has not been asked."""
    CONSULT = "consult"
    """Ask a colleague for advice first, while he waits."""
    HAND_OVER = "hand_over"
    """Connect him with the colleague who was asked."""
    CONFERENCE = "conference"
    """Let all three talk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOrdered:
    """A program asked for a transfer in the name of the operator who talks to the caller."""

    agent: AgentId
    mode: TransferMode
    target: str = ""
    """An account, a queue, a number outside, a short number; empty for whom he consults."""
    reason: str | None = None
    """Why, for the card (S1.23)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAnswered:
    """The far party picked up a leg that we dialled."""

    leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEnded:
    """The leg is gone for good."""

    leg: LegId
    reason: EndReason


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPressed:
    """A party pressed a key of his phone during the call."""

    leg: LegId
    key: str
    """One of 0–9, *, #, A–D."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldBegan:
    """A phone put the other side on hold, who hears music from now on."""

    leg: LegId
    """The leg of the phone that holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldEnded:
    """A phone took the other side off hold; both hear each other again."""

    leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechBegan:
    """The party of a watched leg began to speak."""

    leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechEnded:
    """The party of a watched leg has been silent for a while (2.5 s with Asterisk)."""

    leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackFinished:
    """All prompts of one `Play` have been heard, or were stopped or could not be played."""

    playback: PlaybackId
    leg: LegId
    was_played: bool
    """False when a file was missing or broken, or the leg ended in the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFailed:
    """A recording could not be made or was cut short: no room on the disk, no such bridge."""

    recording: RecordingId
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingEnded:
    """
    A recording is complete, as far as Asterisk knows.

    With a full disk Asterisk says this in the middle of the conversation, and nothing else.
    """

    recording: RecordingId
    length: timedelta | None = None
    """Of what was kept; None when nobody measured it."""
    spoken: timedelta | None = None
    """How much of it was no silence; None when nobody listened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAnswered:
    """An information system answered, or could not be asked; nobody may wait for it any more."""

    call: CallId
    request: RequestId
    result: LookupResult


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceDeclared:
    """A presence was declared for a person: by the API, or read back from the store at start."""

    agent: AgentId
    presence: Presence
    reason: NotReadyReason | None = None


class WrapUpWish(Enum):
    """What somebody wants of a wrap-up that goes on."""

    END = "end"
    EXTEND = "extend"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUpDeclared:
    """Somebody said over HTTP that an agent has done, or needs more time, after his call."""

    agent: AgentId
    wish: WrapUpWish


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionAsked:
    """A supervisor wants to take part in the talk of an agent, or in another way than he does."""

    supervisor: AgentId
    """His SIP account."""
    agent: AgentId
    mode: SupervisionMode


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionGivenUp:
    """A supervisor is to take part no more, or his phone is not to ring any more."""

    supervisor: AgentId
    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveAsked:
    """A supervisor wants a waiting caller to wait in another queue, or before others."""

    call: CallId
    queue: QueueId
    by: str
    """Who wants it, in his own words."""
    raise_priority: int = 0
    """By how much he is to come before others; each is worth some waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """One call that has begun and, as far as the store knows, not ended."""

    call: CallId
    registered_at: datetime
    was_answered: bool
    """Whether the caller has talked to an agent."""
    number: str | None = None
    """To call him back at; None when he hid it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsLeftOpen:
    """Calls that an earlier engine began and nobody has ended, read from the store at start."""

    calls: tuple[OpenCall, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneReached:
    """The agent's phone is registered (again)."""

    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneLost:
    """The agent's phone is not registered any more, or does not answer OPTIONS."""

    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonesElsewhere:
    """These phones are in calls that the dialplan leads without us; all others are not."""

    agents: frozenset[AgentId]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFailed:
    """Asterisk did not do what we asked."""

    command: Command
    is_gone: bool
    """True when the leg, bridge or playback no longer exists: the ordinary race with a hangup."""
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlLost:
    """The connection to Asterisk is gone; what happens there now we shall not be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStopping:
    """The engine is told to stop; the next one goes on with its calls in a second or two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLeg:
    """One channel that Asterisk holds for our application."""

    leg: LegId
    did: Did | None
    """The number dialled, for a caller's leg; None for a leg that we dialled."""
    agent: AgentId | None
    """Whose phone it is, for an agent's leg."""
    number: str | None
    is_answered: bool
    bridge: BridgeId | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What Asterisk's own record says of a leg that is gone."""

    at: datetime
    context: str
    """Where in the dialplan it was last."""
    is_normal: bool = True
    """Somebody ended it, rather than a failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRegained:
    """We see Asterisk again (or for the first time), and these are all its channels of ours."""

    legs: tuple[LiveLeg, ...]
    bridges: frozenset[BridgeId]
    elsewhere: frozenset[LegId] = frozenset()
    """Channels that live in Asterisk, but not in our application: the dialplan took them over."""
    phones_elsewhere: frozenset[AgentId] = frozenset()
    """Whose phones are in such channels; a trunk's name may be among them."""
    asterisk_started_at: datetime | None = None
    ended: Mapping[LegId, Ended] = field(default_factory=dict)
    """How legs ended that are gone, as far as Asterisk's own record tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptsPublished:
    """Other versions of scripts were published, or an overlay over them: new calls meet these."""

    number: int
    """Of the publication; numbers grow."""
    texts: Mapping[str, str]
    """Every script that a number begins with, as text, by `<script>@<version>`."""


Event: TypeAlias = (
    CallArrived
    | FeatureDialled
    | TransferAsked
    | TransferOrdered
    | LegAnswered
    | LegEnded
    | KeyPressed
    | HoldBegan
    | HoldEnded
    | SpeechBegan
    | SpeechEnded
    | PlaybackFinished
    | RecordingFailed
    | RecordingEnded
    | ServiceAnswered
    | PresenceDeclared
    | SupervisionAsked
    | SupervisionGivenUp
    | MoveAsked
    | WrapUpDeclared
    | CallsLeftOpen
    | PhoneReached
    | PhoneLost
    | PhonesElsewhere
    | CommandFailed
    | ControlLost
    | ControlRegained
    | EngineStopping
    | ScriptsPublished
)
