"""
Facts: what we concluded.

Appeals, metrics, wallboard and logs listen to facts and to nothing else; nothing that routes a call
reads one. A call's facts are numbered from 1 without a gap, so that writing one twice changes
nothing: `(call, sequence)` is its key. Only when a call passes from one engine to the next does the
numbering jump (`facts_before`).

Rule 1: every call has exactly one `CallRegistered` (its first fact) and exactly one `CallEnded`.
Rule 2: every `SegmentStarted` is followed by exactly one `SegmentEnded` with the same `segment`.
Rule 3: wrap-up belongs to the call it follows, so its segment may end after `CallEnded`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, TypeAlias

from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence, PresenceCause
from ekc_telephony.core.kernel.ids import (
    AgentId,
    AppealId,
    CallId,
    Did,
    LegId,
    PromptKey,
    QueueId,
    RecordingId,
    ScriptId,
)
from ekc_telephony.core.kernel.words import Word

FACTS_PER_SECOND: Final = 1_000
"""More than one call can make. The numbering of facts goes on from this many for each second of
the call's age when an engine takes over a call that an earlier one may have begun."""
_SECOND: Final = timedelta(seconds=1)


def facts_before(began_at: datetime, now: datetime) -> int:
    """
    Return where an engine that takes over a call goes on numbering its facts and segments.

    It is a multiple of `FACTS_PER_SECOND` and at least that, so whoever reads a fact can tell that
    the call was taken over, and which numbers its earlier engines may have used.

    Args:
        began_at: When the call began.
        now: When it is taken over.
    """
    return FACTS_PER_SECOND * (1 + max(0, (now - began_at) // _SECOND))


SHORT_CALL: Final = timedelta(seconds=5)
"""A caller gone before this is «short» (G7: 0–4 s). Others use 6 s (MiContact) or 10 s (PressOne):
there is no common value."""


class CallOutcome(Word):
    """How a call ended: the closed list of requirement G7. «Unknown» is not on it."""

    ANSWERED = "answered"
    """The caller talked to an agent, or to somebody at a number outside that his queue rang."""
    SELF_SERVED = "self_served"
    """The script gave the caller what he came for."""
    ABANDONED_IN_MENU = "abandoned_in_menu"
    ABANDONED_IN_QUEUE = "abandoned_in_queue"
    SHORT = "short"
    """The caller hung up within 5 seconds of reaching us, before an answer (G7: 0–4 s)."""
    CALLBACK_PROMISED = "callback_promised"
    MESSAGE_LEFT = "message_left"
    INFORMED_AFTER_HOURS = "informed_after_hours"
    INFORMED_NO_AGENTS = "informed_no_agents"
    SENT_TO_FALLBACK = "sent_to_fallback"
    TECHNICAL_FAILURE = "technical_failure"
    """We could not serve the call: unknown number dialled, our own bug, Asterisk died."""


class SegmentKind(Word):
    """One stretch of a call in which one thing happens."""

    IVR = "ivr"
    WAITING = "waiting"
    OFFER = "offer"
    TALK = "talk"
    CONSULTATION = "consultation"
    """Two agents talk while the caller of one of them is on hold; each has a segment of it."""
    OUTSIDE = "outside"
    """The caller was sent on to a number outside; begins when that is dialled."""
    HOLD = "hold"
    """The agent's phone holds the caller, who hears music; lies within their talk."""
    MESSAGE = "message"
    """The caller speaks a message instead of waiting."""
    SUPERVISION = "supervision"
    """A supervisor listens to the talk, whispers to its agent, or has joined it."""
    WRAP_UP = "wrap_up"


class SegmentOutcome(Word):
    """How a segment ended; which ones fit which kind is said in the comments."""

    COMPLETED = "completed"  # ivr: went on to something else; waiting: connected; message: left
    ABANDONED = "abandoned"  # ivr, waiting: the caller hung up; message: nothing was left
    NO_AGENTS = "no_agents"  # waiting: told that nobody is signed in
    OVERFLOWED = "overflowed"  # waiting: goes on in another queue
    LEFT_BY_KEY = "left_by_key"  # waiting: the caller chose a callback, a message, another queue
    MOVED = "moved"  # waiting: a supervisor put him into another queue
    ACCEPTED = "accepted"  # offer
    REFUSED = "refused"  # offer: declined or busy
    NOT_ANSWERED = "not_answered"  # offer: rang out
    UNREACHABLE = "unreachable"  # offer: the phone could not be reached
    WITHDRAWN = "withdrawn"  # offer: the caller was gone first
    CALLER_HUNG_UP = "caller_hung_up"  # talk
    AGENT_HUNG_UP = "agent_hung_up"  # talk
    TRANSFERRED = "transferred"  # talk, consultation: the caller is somebody else's now
    JOINED = "joined"  # consultation: all three talk from now on
    FINISHED_EARLY = "finished_early"  # wrap-up: the agent said he is done
    TIME_IS_UP = "time_is_up"  # wrap-up
    BROKEN = "broken"  # any: a technical failure


class Disturbance(Enum):
    """What of ours went wrong in a call; the appeal says so."""

    ASTERISK_DIED = "asterisk_died"
    """Asterisk ended with the call in it, or was restarted."""
    ENGINE_BUG = "engine_bug"
    """Our own bug ended the session; the dialplan took the caller over."""
    ENGINE_AWAY = "engine_away"
    """The engine did not run, or did not answer, while the caller was there."""


class CallbackReason(Enum):
    """Why a citizen is on the callback list (B2)."""

    ASKED = "asked"
    """He asked for it."""
    ABANDONED = "abandoned"
    """He hung up while he waited for a person."""
    CUT_OFF = "cut_off"
    """A failure of ours ended his conversation."""
    NOT_SERVED = "not_served"
    """A failure of ours kept him from being served."""


class NoteKind(Enum):
    """What a person did in a call, or what was seen in it, that is no segment of its own."""

    ROUTED = "routed"
    """An agent sent the caller on; `target` says where to, `reason` why (S1.23)."""
    MOVED = "moved"
    """A supervisor put the waiting caller into another queue, the `target`."""
    SUPERVISED = "supervised"
    """A supervisor listens (`reason`: how) to the talk of the agent who is the `target`."""
    SILENT = "silent"
    """The caller has not been heard for over a minute of his talk with the agent (S1.19)."""
    AGENT_SILENT = "agent_silent"
    """The agent has not been heard for as long: he has muted himself, his headset is dead, or he
    listens."""
    IDENTIFIED = "identified"
    """The caller has proved who he is; `reason` says by what (D1, D2)."""
    ASKED_TO_RATE = "asked_to_rate"
    """The caller is being asked the question `target`: to rate the service."""
    RATED = "rated"
    """The caller has rated the service, `reason` from 1 to 5, at the question `target` (S1.3ж)."""
    ASKED = "asked"
    """The caller is being asked the question `target` of a survey."""
    SURVEYED = "surveyed"
    """The caller has answered the question `target` of a survey with `reason`."""
    OVERLOADED = "overloaded"
    """More calls were here than are admitted, so the caller met the script `target` (G3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRegistered:
    """A call reached us and its appeal was minted."""

    call: CallId
    sequence: int
    at: datetime
    appeal: AppealId
    did: Did
    number: str | None
    script: ScriptId | None
    """The entry script; None when nobody serves the number dialled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentStarted:
    """The call entered a new stretch."""

    call: CallId
    sequence: int
    at: datetime
    segment: int
    """Numbered from 1 within the call."""
    kind: SegmentKind
    queue: QueueId | None = None
    agent: AgentId | None = None
    position: int | None = None
    """Of waiting: his place in the queue when he came, from 1; None: not known."""
    leg: LegId | None = None
    """Of a talk: the agent's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEnded:
    """The stretch is over."""

    call: CallId
    sequence: int
    at: datetime
    segment: int
    kind: SegmentKind
    started_at: datetime
    outcome: SegmentOutcome
    queue: QueueId | None = None
    agent: AgentId | None = None
    position: int | None = None
    """Of waiting without an answer: his place when he left, from 1; None: not known."""
    key: str | None = None
    """By which a waiting caller left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStarted:
    """Both sides of a conversation are being recorded, or the caller's message is."""

    call: CallId
    sequence: int
    at: datetime
    segment: int
    """The talk or message segment it belongs to."""
    recording: RecordingId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingLost:
    """A conversation or a message is not, or only partly, recorded."""

    call: CallId
    sequence: int
    at: datetime
    recording: RecordingId
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptsNotHeard:
    """Prompts could not be played to a caller who was there to hear them: a file is missing."""

    call: CallId
    sequence: int
    at: datetime
    prompts: tuple[PromptKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDisturbed:
    """Something of ours went wrong in the call."""

    call: CallId
    sequence: int
    at: datetime
    disturbance: Disturbance
    detail: str
    """For the person who looks into it; holds nothing personal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackDue:
    """The citizen shall be called back; a call puts him on the list once."""

    call: CallId
    sequence: int
    at: datetime
    number: str
    reason: CallbackReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNoted:
    """Something worth a line on the appeal happened."""

    call: CallId
    sequence: int
    at: datetime
    kind: NoteKind
    agent: AgentId | None = None
    """Who did it, or who talks to the caller."""
    target: str | None = None
    """
    An agent's account, a queue's id, a number outside, or the name of a question; that of a survey
    has the survey's before it: `survey.solved`.
    """
    reason: str | None = None
    """In the words of whoever did it, or of the script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """The caller is gone, and this is what became of his call."""

    call: CallId
    sequence: int
    at: datetime
    outcome: CallOutcome
    registered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChanged:
    """An agent's presence, reachability or activity changed."""

    agent: AgentId
    at: datetime
    presence: Presence
    reason: NotReadyReason | None
    activity: Activity
    is_reachable: bool
    call: CallId | None
    """The call that reserves the agent, or that he talks on or wraps up."""
    cause: PresenceCause | None = None
    """Why his presence changed by itself; None when a person declared it, or it did not change."""


CallFact: TypeAlias = (
    CallRegistered
    | SegmentStarted
    | SegmentEnded
    | RecordingStarted
    | RecordingLost
    | PromptsNotHeard
    | CallDisturbed
    | CallbackDue
    | CallNoted
    | CallEnded
)
Fact: TypeAlias = CallFact | AgentChanged
