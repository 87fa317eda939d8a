"""
The ACD: brings waiting callers and free agents together.

Whenever a caller joins, less is asked for him, or an agent becomes free, those who fit are matched
at once; so there is never a free agent and an unoffered caller who may be offered to him at the
same time. It has two sides around a shared floor:

    callers_side.py ──▶ matching.py ◀── agents_side.py
    joining, waiting,     offers        presence, conversations,
    easing, overflow                    advice, wrap-up, rest

An event that concerns both sides, the end of an offer, is settled here.

Rule 1: a caller has at most one offer, an agent at most one caller.
Rule 2: age and priority decide among callers, across all queues that the free agent serves; the
queue's `AgentChoice` decides among agents.
Rule 3: the agent who let an offer ring out is made not ready, for a set time or until he declares
himself; one who refused, or whose phone could not be reached, rests for a while. He is not offered
the same caller again for a time, unless nobody else is there.
Rule 4: while it is suspended it makes no offer, and nobody's time runs out; `resume` makes up for
it, whoever is due first first.
Rule 5: an event about an offer or a conversation that is already over changes nothing.
Rule 6: what waiting changes for a caller is decided in `patience.py`, and only when its moment has
come: the moments follow from the caller alone, never from when they were asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from ekc_telephony.core.acd.agent import Agent
from ekc_telephony.core.acd.agents_side import AgentsSide
from ekc_telephony.core.acd.callers_side import CallersSide
from ekc_telephony.core.acd.expected_wait import ExpectedWait, PaceState
from ekc_telephony.core.acd.floor import Waiting
from ekc_telephony.core.acd.matching import Matching
from ekc_telephony.core.acd.messages import (
    AcdEffect,
    AcdEvent,
    AdviceAsked,
    AdviceBegan,
    AdviceEnded,
    CallerJoined,
    CallerLeft,
    CallerPlaced,
    ConversationAdopted,
    ConversationEnded,
    ConversationJoined,
    ConversationPassed,
    ElsewhereChanged,
    LapseReason,
    MoreWrapUpAsked,
    OfferAccepted,
    OfferLapsed,
    PresenceSet,
    ReachabilityChanged,
    WrapUpDeclaredOver,
)
from ekc_telephony.core.acd.specs import AgentRules, AgentSpec, QueueSpec
from ekc_telephony.core.kernel.deadlines import earlier
from ekc_telephony.core.kernel.ids import AgentId, CallId, QueueId

PRIORITY_WORTH: Final = timedelta(seconds=60)
"""How much waiting one priority is worth, if the configuration does not say otherwise."""


class Acd:
    """
    All queues and all agents of this engine.

    Args:
        queues: The queues; their ids are unique.
        agents: The agents; their ids are unique.
        priority_worth: How much waiting one priority is worth.
        rules: What holds for all agents.
    """

    def __init__(
        self,
        queues: Iterable[QueueSpec],
        agents: Iterable[AgentSpec],
        *,
        priority_worth: timedelta = PRIORITY_WORTH,
        rules: AgentRules | None = None,
    ) -> None:
        self._matching = Matching(queues, agents, worth=priority_worth)
        self._floor = self._matching.floor
        self._callers = CallersSide(self._matching)
        self._agents = AgentsSide(self._matching, self._callers, rules or AgentRules())
        self._handlers: Mapping[type[AcdEvent], Callable[[Any, datetime], list[AcdEffect]]] = {
            CallerJoined: self._callers.join,
            CallerLeft: self._caller_left,
            CallerPlaced: self._callers.place,
            OfferAccepted: self._offer_accepted,
            OfferLapsed: self._offer_lapsed,
            AdviceAsked: self._agents.advice_asked,
            AdviceBegan: self._agents.advice_began,
            AdviceEnded: self._agents.advice_ended,
            ConversationPassed: self._agents.conversation_passed,
            ConversationJoined: self._agents.conversation_joined,
            ConversationEnded: self._agents.conversation_ended,
            ConversationAdopted: self._agents.conversation_adopted,
            PresenceSet: self._agents.presence_set,
            WrapUpDeclaredOver: self._agents.wrap_up_declared_over,
            MoreWrapUpAsked: self._agents.more_wrap_up_asked,
            ReachabilityChanged: self._agents.reachability_changed,
            ElsewhereChanged: self._agents.elsewhere_changed,
        }

    # --- to look at

    @property
    def agents(self) -> Mapping[AgentId, Agent]:
        """Every agent, to look at."""
        return self._matching.agents

    @property
    def queues(self) -> Mapping[QueueId, QueueSpec]:
        """Every queue's specification."""
        return self._matching.queues

    def waiting_in(self, queue: QueueId) -> tuple[Waiting, ...]:
        """Return the queue's callers, in the order in which they are due."""
        return tuple(self._floor.line(queue))

    def ready_in(self, queue: QueueId) -> int:
        """Return how many who serve the queue are ready, whatever they do now."""
        return self._matching.census.ready(queue)

    def has_signed_in(self, queue: QueueId) -> bool:
        """Tell whether anybody who serves the queue is signed in, whatever he does now."""
        return bool(self._matching.census.signed_in(queue))

    def free_for(self, queue: QueueId) -> AgentId | None:
        """Return who serves the queue and has been free for longest; None when nobody is free."""
        free = [
            (since, agent)
            for agent in self._floor.agents_of(queue)
            if (since := self._floor.place_of_free(agent)) is not None
        ]
        return min(free)[1] if free else None

    def free_since(self, agent: AgentId) -> int | None:
        """Return the agent's place in the order of becoming free; None when he is not."""
        return self._floor.place_of_free(agent)

    def place(self, call: CallId) -> Waiting | None:
        """Return the caller's place in line, to look at; None when he does not wait."""
        return self._matching.waiting.get(call)

    def position(self, call: CallId) -> int | None:
        """Return the caller's place in his queue from 1; None when he does not wait."""
        waiting = self._matching.waiting.get(call)
        return None if waiting is None else self._floor.position(waiting)

    def take_touched(self) -> list[CallId]:
        """Return the callers whose places changed without an effect since this was asked last."""
        return self._callers.take_touched()

    def expected_wait(self, call: CallId, now: datetime) -> ExpectedWait | None:
        """Return how long the caller will wait; None when that is not known or he does not."""
        waiting = self._matching.waiting.get(call)
        return None if waiting is None else self._matching.estimator.expect(waiting, now)

    @property
    def paces(self) -> tuple[PaceState, ...]:
        """How fast callers are served, each queue that has had any."""
        return self._matching.estimator.states()

    def take_changed_paces(self) -> tuple[PaceState, ...]:
        """Return the paces that changed since this was asked last."""
        return self._matching.estimator.take_changes()

    def engaged_for(self, agent: AgentId) -> QueueId | None:
        """Return for which queue's caller the agent rings, talks or wraps up."""
        return self._matching.estimator.engaged_for(agent)

    def wrap_up_to_come(self, agent: AgentId) -> timedelta | None:
        """Return how long he may wrap up the conversation that goes on."""
        return self._agents.wrap_up_to_come(agent)

    def may_extend_wrap_up(self, agent: AgentId) -> bool:
        """Tell whether the agent would get more time for his after-call work."""
        return self._agents.may_extend_wrap_up(agent)

    # --- going on after another engine

    def restore_paces(self, paces: Iterable[PaceState]) -> None:
        """Know how fast callers were served when an earlier engine was here."""
        self._matching.estimator.restore(paces)

    def restore_agent(
        self, was: Agent, *, wrap_up: timedelta | None, engaged_for: QueueId | None = None
    ) -> None:
        """
        Let an agent be as he was; to be called in the order in which the free ones became free.

        Args:
            was: How he was.
            wrap_up: How long he may wrap up, if he is in a conversation.
            engaged_for: For which queue's caller he rings, talks or wraps up.
        """
        self._agents.restore(was, wrap_up=wrap_up, engaged_for=engaged_for)

    def restore_waiting(self, waiting: Waiting) -> None:
        """Let a caller wait at the place he had, with the offer he had."""
        self._callers.restore(waiting)

    def suspend(self) -> None:
        """Make no offers until `resume`: nobody could be rung."""
        self._matching.is_suspended = True

    def resume(self, now: datetime) -> list[AcdEffect]:
        """Make up for the time of suspension, whoever is due first first."""
        self._matching.is_suspended = False
        _, effects = self._callers.let_wait(now)
        return effects + self._matching.offer_in_turn(self._matching.waiting.values(), now)

    def go_on(self, now: datetime) -> None:
        """Be the ACD that another one was at this moment: what was due before has been done."""
        self._matching.is_suspended = False
        self._callers.go_on(now)

    # --- events and time

    def handle(self, event: AcdEvent, now: datetime) -> list[AcdEffect]:
        """Apply one event and return what follows from it."""
        return self._handlers[type(event)](event, now)

    def next_deadline(self) -> datetime | None:
        """Return when a wrap-up or rest is over, or a caller's waiting changes something."""
        callers = None if self._matching.is_suspended else self._callers.next_deadline()
        return earlier(self._agents.next_deadline(), callers)

    def on_time(self, now: datetime) -> list[AcdEffect]:
        """End the wrap-ups and rests that are due, and let callers have waited."""
        # Callers first: who has just become good enough may be due before those who were.
        ripe, effects = ([], []) if self._matching.is_suspended else self._callers.let_wait(now)
        effects += self._agents.on_time(now)
        return effects + self._matching.offer_in_turn(ripe, now)

    # --- the end of an offer

    def _caller_left(self, event: CallerLeft, now: datetime) -> list[AcdEffect]:
        waiting = self._matching.waiting.get(event.call)
        if waiting is None:
            return []
        agent_id, offer = waiting.agent, waiting.offer
        self._callers.forget(waiting)
        if agent_id is None or offer is None:
            return []
        agent = self._matching.agents[agent_id]
        return self._agents.release(agent, now, LapseReason.WITHDRAWN, waiting)

    def _offer_accepted(self, event: OfferAccepted, now: datetime) -> list[AcdEffect]:
        offered = self._matching.offered(event.offer)
        if offered is None:
            return []
        waiting, agent = offered
        self._callers.forget(waiting)
        return self._agents.accept(waiting, agent, now)

    def _offer_lapsed(self, event: OfferLapsed, now: datetime) -> list[AcdEffect]:
        offered = self._matching.offered(event.offer)
        if offered is None:
            return []
        waiting, agent = offered
        self._matching.close_offer(event.offer, waiting)
        if event.reason is not LapseReason.WITHDRAWN:
            self._callers.lapsed(waiting, event, agent.agent_id, now)
        effects = self._agents.release(agent, now, event.reason, waiting)
        if waiting.offer is None:
            effects += self._callers.offer_again(waiting, now)
        return effects
