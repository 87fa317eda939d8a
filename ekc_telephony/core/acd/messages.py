"""
What goes into the ACD and what comes out.

These stay inside the core: sessions tell the ACD what became of their callers and offers, the ACD
tells sessions whom to ring. The ACD knows no legs, no phones and no prompts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeAlias

from ekc_telephony.core.call.facts import AgentChanged
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId, CallId, OfferId, QueueId, SkillId


class LapseReason(Enum):
    """Why an offer ended without a conversation."""

    REFUSED = "refused"
    NOT_ANSWERED = "not_answered"
    UNREACHABLE = "unreachable"
    WITHDRAWN = "withdrawn"
    """The caller is gone; the agent did nothing wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerJoined:
    """A caller joined a queue, for the first time or again."""

    call: CallId
    queue: QueueId
    since: datetime | None = None
    """The moment that decides his place; None for now."""
    offers_before: int = 0
    """How many offers of him were made before; the next one's number goes on from there."""
    priority: int = 0
    """Besides that of the queue."""
    skills: Mapping[SkillId, int] = field(default_factory=dict)
    """What he needs besides what the queue asks for: skill → least level."""
    preferred: AgentId | None = None
    """Whom he is kept for at first."""
    kept_for: timedelta | None = None
    """How long; None leaves that to the queue."""
    was_outside: bool = False
    """A number outside was rung for him in vain: none is rung again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerLeft:
    """A waiting caller hung up; his offer, if any, is withdrawn with him."""

    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerPlaced:
    """A supervisor puts a waiting caller, for whom no phone rings, elsewhere or before others."""

    call: CallId
    queue: QueueId
    raised: int = 0
    """By how much his priority is raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAccepted:
    """The agent answered."""

    offer: OfferId


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLapsed:
    """The agent did not take the caller, who keeps his place."""

    offer: OfferId
    reason: LapseReason
    preferred: AgentId | None = None
    """Whom he is kept for next; None for nobody new."""
    kept_for: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceAsked:
    """A colleague who talks on this call asks the agent for advice: his phone rings."""

    call: CallId
    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceBegan:
    """The agent who was asked for advice answered."""

    call: CallId
    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceEnded:
    """The agent is not asked any more, or did not answer."""

    call: CallId
    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationPassed:
    """The agent who was asked for advice talks to the caller from now on."""

    call: CallId
    agent: AgentId
    queue: QueueId | None
    """Whose wrap-up follows; None when it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationJoined:
    """The agent who was asked for advice talks to the caller, too, from now on."""

    call: CallId
    agent: AgentId
    queue: QueueId | None
    """Whose wrap-up follows; None when it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationEnded:
    """Either side hung up."""

    call: CallId
    agent: AgentId | None = None
    """Who left a conversation that goes on without him; None when it is over for everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationAdopted:
    """A conversation was found that began before this engine did."""

    call: CallId
    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceSet:
    """An agent declared himself ready, not ready or signed out."""

    agent: AgentId
    presence: Presence
    reason: NotReadyReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUpDeclaredOver:
    """An agent said that his after-call work is done."""

    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreWrapUpAsked:
    """An agent asked for more time for his after-call work."""

    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachabilityChanged:
    """An agent's phone came or went."""

    agent: AgentId
    is_reachable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ElsewhereChanged:
    """An agent's phone entered or left a call that is not ours."""

    agent: AgentId
    is_elsewhere: bool


AcdEvent: TypeAlias = (
    CallerJoined
    | CallerLeft
    | CallerPlaced
    | OfferAccepted
    | OfferLapsed
    | AdviceAsked
    | AdviceBegan
    | AdviceEnded
    | ConversationPassed
    | ConversationJoined
    | ConversationEnded
    | ConversationAdopted
    | PresenceSet
    | WrapUpDeclaredOver
    | MoreWrapUpAsked
    | ReachabilityChanged
    | ElsewhereChanged
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade:
    """This caller is reserved to this agent: ring him."""

    offer: OfferId
    call: CallId
    agent: AgentId
    queue: QueueId
    ring_time: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class NobodySignedIn:
    """No agent who serves the queue is signed in, and its policy is to say so."""

    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerMoved:
    """The caller waits on in another queue, as old as he is: he overflowed, or was put there."""

    call: CallId
    before: QueueId
    queue: QueueId
    is_by_hand: bool = False
    """A supervisor put him there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackOffered:
    """The caller is to be told that he can be called back instead of waiting."""

    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageOffered:
    """The caller is to be told that he can leave a voice message instead of waiting."""

    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerSentOutside:
    """The caller overflowed to a number outside: he waits no longer until he joins again."""

    call: CallId
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUpStarted:
    """After-call work of this call began."""

    call: CallId
    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUpEnded:
    """After-call work of this call is over."""

    call: CallId
    agent: AgentId
    is_early: bool
    """The agent said so himself; otherwise its time ran out."""


CallDecision: TypeAlias = (
    OfferMade
    | NobodySignedIn
    | CallerMoved
    | CallbackOffered
    | MessageOffered
    | CallerSentOutside
    | WrapUpStarted
    | WrapUpEnded
)
"""What is decided about one call."""
AcdEffect: TypeAlias = CallDecision | AgentChanged
