"""
Commands: what we ask the world to do.

The core returns commands; the runtime's outbox carries them out in order for each call, and tells
the outcome as an event. Commands are imperative.

Rule 1: every id in a command was chosen by us, so sending one twice does nothing twice.
Rule 2: a command names legs, agents and prompts, never a technology: `DialAgent`, not a SIP URI.
Rule 3: every command names the call it belongs to; that is the lane in which order is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import TypeAlias

from ekc_telephony.core.kernel.ids import (
    AgentId,
    AppealId,
    BridgeId,
    CallId,
    LegId,
    PlaybackId,
    PromptKey,
    RecordingId,
    RequestId,
    ServiceId,
)


class HangUpCause(Enum):
    """What the far end is told when we hang up."""

    NORMAL = "normal"
    UNKNOWN_NUMBER = "unknown_number"
    """Nobody has this number (Q.850 cause 1)."""
    TROUBLE = "trouble"
    """Our own trouble: temporary failure (Q.850 cause 41)."""
    BUSY = "busy"
    """Whom he wants to talk to cannot be had now (Q.850 cause 17)."""


class TransferResult(Enum):
    """What the phone of an operator who pressed Transfer is told."""

    ACCEPTED = "accepted"
    """The caller is somebody else's now; the phone hangs up."""
    UNAVAILABLE = "unavailable"
    """Whom he was to be sent to cannot be had now; nothing has changed."""
    DECLINED = "declined"
    """That cannot be done, or not in this call; nothing has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLeg:
    """Answer the caller."""

    call: CallId
    leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRinging:
    """Let the caller hear ringing without answering him."""

    call: CallId
    leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUpLeg:
    """End the leg."""

    call: CallId
    leg: LegId
    cause: HangUpCause = HangUpCause.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayPrompts:
    """Play the prompts one after another; one `PlaybackFinished` ends them all."""

    call: CallId
    leg: LegId
    playback: PlaybackId
    prompts: tuple[PromptKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPlayback:
    """Stop the prompts; their `PlaybackFinished` still comes."""

    call: CallId
    playback: PlaybackId


@dataclass(frozen=True, slots=True, kw_only=True)
class StartMusic:
    """Play music on hold to the leg until it is stopped."""

    call: CallId
    leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMusic:
    """Stop the music."""

    call: CallId
    leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class DialAgent:
    """Ring the agent's phone; ends in `LegAnswered`, `LegEnded` or `CommandFailed`."""

    call: CallId
    leg: LegId
    agent: AgentId
    number: str | None
    """The caller's number, for the phone's display."""
    queue_title: str
    appeal: AppealId
    ring_time: timedelta
    """How long the phone may ring at most; the core withdraws the offer itself at that moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialNumber:
    """Ring a number outside; ends in `LegAnswered`, `LegEnded` or `CommandFailed`."""

    call: CallId
    leg: LegId
    number: str
    """One of those that the configuration allows."""
    shown: str | None
    """The caller's number, as whose call it shows; None when he hides it."""
    ring_time: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateBridge:
    """Make an empty mixing bridge."""

    call: CallId
    bridge: BridgeId


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinBridge:
    """Put the legs into the bridge: from now on they hear each other."""

    call: CallId
    bridge: BridgeId
    legs: tuple[LegId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveBridge:
    """Take the legs out of the bridge; they stay alive."""

    call: CallId
    bridge: BridgeId
    legs: tuple[LegId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DestroyBridge:
    """Dissolve the bridge; its legs stay alive."""

    call: CallId
    bridge: BridgeId


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRecording:
    """Record both sides of the bridge until it is dissolved."""

    call: CallId
    bridge: BridgeId
    recording: RecordingId


@dataclass(frozen=True, slots=True, kw_only=True)
class TapLeg:
    """
    Make a leg that hears what another one hears and says; ends in `LegAnswered` or `CommandFailed`.

    It ends with the leg that it taps, or when it is hung up.
    """

    call: CallId
    tap: LegId
    leg: LegId
    whispers: bool
    """Whether the tapped leg, and nobody else, hears what is said to the tap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLeg:
    """
    Record what the leg says until its user presses a key, is silent, or has spoken for long enough.

    Ordered a second time it lets a recording that goes on go on; `CommandFailed` with `is_gone`
    says that it is over, or that the leg is gone. Ends in `RecordingEnded` or `RecordingFailed`.
    """

    call: CallId
    leg: LegId
    recording: RecordingId
    longest: timedelta
    silence: timedelta
    """How long nothing must be said for it to end."""
    until_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRecording:
    """End the recording; what was said so far is kept."""

    call: CallId
    recording: RecordingId


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTransfer:
    """Tell the phone what became of the transfer it asked for on this leg."""

    call: CallId
    leg: LegId
    result: TransferResult


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSpeech:
    """Tell from now on when the party of this leg speaks; ordering it twice changes nothing."""

    call: CallId
    leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowText:
    """Show a line of text on the agent's phone; whether it can, and does, is not told."""

    call: CallId
    agent: AgentId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLanguage:
    """Let the leg hear its next prompts in another language, where they exist in it."""

    call: CallId
    leg: LegId
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendToFallback:
    """Give the leg back to the dialplan, which apologises and ends the call well."""

    call: CallId
    leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class AskService:
    """
    Ask an information system; ends in exactly one `ServiceAnswered`, whatever becomes of it.

    Prompts and music of the call go on meanwhile. An engine that restarts does not know of it any
    more: whoever waits for the answer asks again.
    """

    call: CallId
    request: RequestId
    """A request id that was asked already, and is still being asked, is not asked again."""
    service: ServiceId
    fields: Mapping[str, str] = field(repr=False)
    """What is asked: name → value. Personal, so never a part of a URL, a log or a `repr`."""


Command: TypeAlias = (
    AnswerLeg
    | SignalRinging
    | HangUpLeg
    | PlayPrompts
    | StopPlayback
    | StartMusic
    | StopMusic
    | DialAgent
    | DialNumber
    | CreateBridge
    | JoinBridge
    | LeaveBridge
    | DestroyBridge
    | StartRecording
    | TapLeg
    | RecordLeg
    | StopRecording
    | AnswerTransfer
    | WatchSpeech
    | ShowText
    | SetLanguage
    | SendToFallback
    | AskService
)
