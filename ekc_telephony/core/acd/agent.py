"""
One agent, as the ACD sees him.

An agent is two small machines, not one big one: *presence* is what the person declares, *activity*
is what the phones show. Keeping them apart makes «take a break after this call» ordinary: presence
changes now, activity runs its course, and `is_available` is the only place where the two meet.

Rule 1: every legal change of activity is a row of `ACTIVITY_TRANSITIONS`.
Rule 2: an illegal change raises and changes nothing.
Rule 3: nothing here knows about queues, skills or Asterisk.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.call.facts import AgentChanged
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence, PresenceCause
from ekc_telephony.core.kernel.ids import AgentId, CallId
from ekc_telephony.core.kernel.words import Word


class AgentStep(Word):
    """What can change an agent's activity."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    RELEASED = "released"
    """The offer lapsed and he may get the next one at once."""
    MADE_TO_REST = "made_to_rest"
    """The offer lapsed through him or his phone."""
    WRAPPING_UP = "wrapping_up"
    DONE = "done"
    """The conversation ended without wrap-up, or wrap-up or rest is over."""
    ADOPTED = "adopted"
    """He was found in a conversation that began before this engine did."""


ACTIVITY_TRANSITIONS: Final[Mapping[Activity, Mapping[AgentStep, Activity]]] = {
    Activity.IDLE: {
        AgentStep.OFFERED: Activity.RESERVED,
        AgentStep.ADOPTED: Activity.TALKING,
    },
    Activity.RESERVED: {
        AgentStep.ACCEPTED: Activity.TALKING,
        AgentStep.RELEASED: Activity.IDLE,
        AgentStep.MADE_TO_REST: Activity.RESTING,
    },
    Activity.TALKING: {
        AgentStep.WRAPPING_UP: Activity.WRAP_UP,
        AgentStep.DONE: Activity.IDLE,
    },
    Activity.WRAP_UP: {AgentStep.DONE: Activity.IDLE},
    Activity.RESTING: {AgentStep.DONE: Activity.IDLE},
}


_WORK: Final = frozenset({Activity.TALKING, Activity.WRAP_UP})


class IllegalTransitionError(Exception):
    """The step cannot happen in the current state: a bug of ours, not a bad caller."""


class Agent:
    """
    Decide whether this person can be offered a call.

    Args:
        agent_id: Who he is.
        presence: What he declared last.
    """

    def __init__(self, agent_id: AgentId, *, presence: Presence) -> None:
        self.agent_id = agent_id
        self.presence = presence
        self.reason: NotReadyReason | None = None
        self.activity = Activity.IDLE
        self.is_reachable = True
        self.is_elsewhere = False
        """His phone is in a call that is not ours: one of the fallback's."""
        self.call: CallId | None = None
        """The call that reserves him, or that he talks on or wraps up."""
        self.activity_ends: datetime | None = None
        """When wrap-up or rest is over; None while it has no end of its own."""
        self.extensions = 0
        """How often he has got more time for the wrap-up that goes on."""
        self.presence_ends: datetime | None = None
        """When he is taken for ready again whom the engine made not ready; None for never."""
        self.activity_began: datetime | None = None
        """When his activity changed last; None before it ever did."""
        self.load = timedelta()
        """His time in talks and wrap-ups since his shift began, those that are over (G5)."""
        self.last_offer = 0
        """The number of the last offer that he got, among all of the engine."""

    @property
    def is_ready(self) -> bool:
        """Tell whether he takes calls now or when he has done what he does."""
        return self.presence is Presence.READY and self.is_reachable

    @property
    def is_available(self) -> bool:
        """Tell whether an offer may be made right now."""
        return (
            self.presence is Presence.READY
            and self.activity is Activity.IDLE
            and self.is_reachable
            and not self.is_elsewhere
        )

    def step(
        self,
        step: AgentStep,
        now: datetime,
        *,
        call: CallId | None = None,
        lasting: timedelta | None = None,
    ) -> None:
        """
        Change activity.

        Args:
            step: What happened.
            now: The moment.
            call: The call it concerns; None when the agent is free of calls afterwards.
            lasting: How long wrap-up or rest lasts at most.

        Raises:
            IllegalTransitionError: The table has no such row; nothing changed.
        """
        try:
            after = ACTIVITY_TRANSITIONS[self.activity][step]
        except KeyError:
            message = f"{self.agent_id}: {step.value} while {self.activity.value}"
            raise IllegalTransitionError(message) from None
        if self.activity in _WORK and self.activity_began is not None:
            self.load += now - self.activity_began
        self.activity = after
        self.activity_began = now
        self.call = call
        self.extensions = 0
        self.activity_ends = None if lasting is None else now + lasting

    def extend_wrap_up(self, by: timedelta) -> None:
        """
        Give him more time for the wrap-up that goes on.

        Raises:
            IllegalTransitionError: None goes on; nothing changed.
        """
        if self.activity is not Activity.WRAP_UP or self.activity_ends is None:
            raise IllegalTransitionError(
                f"{self.agent_id}: more wrap-up while {self.activity.value}"
            )
        self.activity_ends += by
        self.extensions += 1

    def declare(self, presence: Presence, reason: NotReadyReason | None) -> bool:
        """Change presence; return whether it differs from before. His shift begins with it."""
        if self.presence is Presence.SIGNED_OUT and presence is not Presence.SIGNED_OUT:
            self.load = timedelta()
        if presence is not Presence.NOT_READY:
            reason = None
        self.presence_ends = None
        changed = (presence, reason) != (self.presence, self.reason)
        self.presence, self.reason = presence, reason
        return changed

    def changed(self, now: datetime, cause: PresenceCause | None = None) -> AgentChanged:
        """Return the fact that says how he is now."""
        return AgentChanged(
            agent=self.agent_id,
            at=now,
            presence=self.presence,
            reason=self.reason,
            activity=self.activity,
            is_reachable=self.is_reachable,
            call=self.call,
            cause=cause,
        )
