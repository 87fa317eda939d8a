"""
The ACD: brings waiting callers and free agents together, longest idle first.

Whenever a caller joins or an agent becomes free, the two heads that fit are matched at once; so
there is never a free agent and an unoffered caller whom he serves at the same time. A caller whose
offer lapsed keeps his place, because his place is the moment he joined.

Rule 1: a caller has at most one offer, an agent at most one caller.
Rule 2: age decides among callers, across all queues that the free agent serves; the time since he
became free decides among agents.
Rule 3: the agent who let an offer ring out is made not ready; one who refused, or whose phone could
not be reached, rests for a while. Nobody is rung twice for the same caller in a row by that.
Rule 4: while it is suspended it makes no offer; `resume` makes all that are due, oldest caller
first.
Rule 5: an event about an offer or a conversation that is already over changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from ekc_telephony.core.acd.agent import Agent, AgentStep
from ekc_telephony.core.acd.floor import Floor, Waiting
from ekc_telephony.core.acd.messages import (
    AcdEffect,
    AcdEvent,
    CallerJoined,
    CallerLeft,
    ConversationAdopted,
    ConversationEnded,
    ElsewhereChanged,
    LapseReason,
    NobodySignedIn,
    OfferAccepted,
    OfferLapsed,
    OfferMade,
    PresenceSet,
    ReachabilityChanged,
    WrapUpDeclaredOver,
    WrapUpEnded,
    WrapUpStarted,
)
from ekc_telephony.core.acd.specs import AgentSpec, NoAgentsPolicy, QueueSpec
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.core.kernel.deadlines import Deadlines
from ekc_telephony.core.kernel.ids import AgentId, CallId, OfferId, QueueId

UNREACHABLE_REST: Final = timedelta(seconds=30)
"""How long a phone that could not be reached is left alone, unless it registers again before."""
ADOPTED_WRAP_UP: Final = timedelta(seconds=15)
"""Wrap-up after a conversation whose queue is not known any more."""


class Acd:
    """
    All queues and all agents of this engine.

    Args:
        queues: The queues; their ids are unique.
        agents: The agents; their ids are unique.
    """

    def __init__(self, queues: Iterable[QueueSpec], agents: Iterable[AgentSpec]) -> None:
        self._queues = {spec.queue: spec for spec in queues}
        specs = list(agents)
        self._agents = {
            spec.agent: Agent(spec.agent, presence=spec.initial_presence) for spec in specs
        }
        self._floor = Floor(self._queues.values(), specs)
        self._waiting: dict[CallId, Waiting] = {}
        self._call_of_offer: dict[OfferId, CallId] = {}
        self._talks: dict[CallId, tuple[AgentId, timedelta]] = {}
        self._deadlines: Deadlines[AgentId] = Deadlines()
        self._tickets = 0
        self._is_suspended = False
        self._handlers: Mapping[type[AcdEvent], Callable[[Any, datetime], list[AcdEffect]]] = {
            CallerJoined: self._caller_joined,
            CallerLeft: self._caller_left,
            OfferAccepted: self._offer_accepted,
            OfferLapsed: self._offer_lapsed,
            ConversationEnded: self._conversation_ended,
            ConversationAdopted: self._conversation_adopted,
            PresenceSet: self._presence_set,
            WrapUpDeclaredOver: self._wrap_up_declared_over,
            ReachabilityChanged: self._reachability_changed,
            ElsewhereChanged: self._elsewhere_changed,
        }
        for agent in self._agents.values():
            self._floor.set_free(agent.agent_id, is_free=agent.is_available)

    @property
    def agents(self) -> Mapping[AgentId, Agent]:
        """Every agent, to look at."""
        return self._agents

    @property
    def queues(self) -> Mapping[QueueId, QueueSpec]:
        """Every queue's specification."""
        return self._queues

    def waiting_in(self, queue: QueueId) -> tuple[Waiting, ...]:
        """Return the queue's callers, oldest first."""
        return tuple(self._floor.lanes[queue].line)

    def position(self, call: CallId) -> int | None:
        """Return the caller's place in his queue from 1; None when he does not wait."""
        waiting = self._waiting.get(call)
        return None if waiting is None else self._floor.position(waiting)

    def place(self, call: CallId) -> Waiting | None:
        """Return the caller's place in line, to look at; None when he does not wait."""
        return self._waiting.get(call)

    def free_since(self, agent: AgentId) -> int | None:
        """Return the agent's place in the order of becoming free; None when he is not."""
        return self._floor.place_of_free(agent)

    def wrap_up_to_come(self, agent: AgentId) -> timedelta | None:
        """Return how long he may wrap up the conversation that goes on."""
        call = self._agents[agent].call
        talk = None if call is None else self._talks.get(call)
        return None if talk is None or talk[0] != agent else talk[1]

    # --- going on after another engine

    def restore_agent(self, was: Agent, *, wrap_up: timedelta | None) -> None:
        """
        Let an agent be as he was; to be called in the order in which the free ones became free.

        Args:
            was: How he was.
            wrap_up: How long he may wrap up, if he is in a conversation.
        """
        agent_id = was.agent_id
        self._agents[agent_id] = was
        self._floor.set_free(agent_id, is_free=False)
        self._floor.set_free(agent_id, is_free=was.is_available)
        self._deadlines.set(agent_id, was.activity_ends)
        if was.activity is Activity.TALKING and was.call is not None:
            self._talks[was.call] = agent_id, wrap_up or timedelta()

    def restore_waiting(self, waiting: Waiting) -> None:
        """Let a caller wait at the place he had, with the offer he had."""
        self._tickets = max(self._tickets, waiting.ticket)
        self._waiting[waiting.call] = waiting
        offer, agent = waiting.offer, waiting.agent
        waiting.offer = waiting.agent = None
        self._floor.join(waiting)
        if offer is not None and agent is not None:
            waiting.offers_made -= 1  # the next line counts it again
            self._floor.mark_offered(waiting, offer, agent)
            self._call_of_offer[offer] = waiting.call

    def suspend(self) -> None:
        """Make no offers until `resume`: nobody could be rung."""
        self._is_suspended = True

    def resume(self, now: datetime) -> list[AcdEffect]:
        """Make the offers that are due, oldest caller first."""
        self._is_suspended = False
        unoffered = [each for each in self._waiting.values() if each.offer is None]
        effects: list[AcdEffect] = []
        for waiting in sorted(unoffered, key=lambda each: (each.joined_at, each.ticket)):
            effects += self._offer_somebody(waiting, now)
        return effects

    def handle(self, event: AcdEvent, now: datetime) -> list[AcdEffect]:
        """Apply one event and return what follows from it."""
        return self._handlers[type(event)](event, now)

    def next_deadline(self) -> datetime | None:
        """Return when the next wrap-up or rest is over."""
        return self._deadlines.next()

    def on_time(self, now: datetime) -> list[AcdEffect]:
        """End the wrap-ups and rests that are due."""
        effects: list[AcdEffect] = []
        while (agent_id := self._deadlines.take_due(now)) is not None:
            effects += self._end_pause(self._agents[agent_id], now, is_early=False)
        return effects

    # --- callers

    def _caller_joined(self, event: CallerJoined, now: datetime) -> list[AcdEffect]:
        spec = self._queues[event.queue]
        if spec.when_no_agents is NoAgentsPolicy.INFORM and not self._anybody_signed_in(event):
            return [NobodySignedIn(call=event.call)]
        self._tickets += 1
        waiting = Waiting(
            call=event.call,
            queue=event.queue,
            joined_at=event.since or now,
            ticket=self._tickets,
            offers_made=event.offers_before,
        )
        self._waiting[event.call] = waiting
        self._floor.join(waiting)
        return self._offer_somebody(waiting, now)

    def _anybody_signed_in(self, event: CallerJoined) -> bool:
        return any(
            self._agents[agent].presence is not Presence.SIGNED_OUT
            for agent in self._floor.agents_of(event.queue)
        )

    def _caller_left(self, event: CallerLeft, now: datetime) -> list[AcdEffect]:
        waiting = self._waiting.get(event.call)
        if waiting is None:
            return []
        effects: list[AcdEffect] = []
        agent_id, offer = waiting.agent, waiting.offer
        self._forget(waiting)
        if agent_id is not None and offer is not None:
            effects += self._release(self._agents[agent_id], now, LapseReason.WITHDRAWN, waiting)
        return effects

    def _forget(self, waiting: Waiting) -> None:
        self._floor.leave(waiting)
        del self._waiting[waiting.call]
        if waiting.offer is not None:
            del self._call_of_offer[waiting.offer]

    # --- offers

    def _offer_somebody(self, waiting: Waiting, now: datetime) -> list[AcdEffect]:
        agent_id = None if self._is_suspended else self._floor.longest_free(waiting.queue)
        return [] if agent_id is None else self._offer(waiting, self._agents[agent_id], now)

    def _offer_to(self, agent: Agent, now: datetime) -> list[AcdEffect]:
        """Refresh the agent's place among the free ones and offer him the oldest caller."""
        self._floor.set_free(agent.agent_id, is_free=agent.is_available)
        may_be_offered = agent.is_available and not self._is_suspended
        waiting = self._floor.oldest_unoffered(agent.agent_id) if may_be_offered else None
        return [] if waiting is None else self._offer(waiting, agent, now)

    def _offer(self, waiting: Waiting, agent: Agent, now: datetime) -> list[AcdEffect]:
        offer = OfferId(f"{waiting.call}-offer-{waiting.offers_made + 1}")
        agent.step(AgentStep.OFFERED, now, call=waiting.call)
        self._floor.set_free(agent.agent_id, is_free=False)
        self._floor.mark_offered(waiting, offer, agent.agent_id)
        self._call_of_offer[offer] = waiting.call
        made = OfferMade(
            offer=offer,
            call=waiting.call,
            agent=agent.agent_id,
            queue=waiting.queue,
            ring_time=self._queues[waiting.queue].ring_time,
        )
        return [made, agent.changed(now)]

    def _offered(self, offer: OfferId) -> tuple[Waiting, Agent] | None:
        """Return the two sides of an outstanding offer."""
        call = self._call_of_offer.get(offer)
        waiting = None if call is None else self._waiting[call]
        if waiting is None or waiting.agent is None:
            return None
        return waiting, self._agents[waiting.agent]

    def _offer_accepted(self, event: OfferAccepted, now: datetime) -> list[AcdEffect]:
        offered = self._offered(event.offer)
        if offered is None:
            return []
        waiting, agent = offered
        self._forget(waiting)
        self._talks[waiting.call] = agent.agent_id, self._queues[waiting.queue].wrap_up
        agent.step(AgentStep.ACCEPTED, now, call=waiting.call)
        return [agent.changed(now)]

    def _offer_lapsed(self, event: OfferLapsed, now: datetime) -> list[AcdEffect]:
        offered = self._offered(event.offer)
        if offered is None:
            return []
        waiting, agent = offered
        del self._call_of_offer[event.offer]
        self._floor.mark_unoffered(waiting)
        effects = self._release(agent, now, event.reason, waiting)
        if waiting.offer is None:
            effects += self._offer_somebody(waiting, now)
        return effects

    def _release(
        self, agent: Agent, now: datetime, reason: LapseReason, waiting: Waiting
    ) -> list[AcdEffect]:
        """Free the agent of an offer that lapsed, in the way its reason asks for."""
        match reason:
            case LapseReason.REFUSED:
                rest = self._queues[waiting.queue].refusal_rest
                agent.step(AgentStep.MADE_TO_REST, now, lasting=rest)
            case LapseReason.UNREACHABLE:
                agent.step(AgentStep.MADE_TO_REST, now, lasting=UNREACHABLE_REST)
            case LapseReason.NOT_ANSWERED:
                agent.step(AgentStep.RELEASED, now)
                if agent.presence is Presence.READY:
                    agent.declare(Presence.NOT_READY, NotReadyReason.NO_ANSWER)
            case LapseReason.WITHDRAWN:
                agent.step(AgentStep.RELEASED, now)
        self._deadlines.set(agent.agent_id, agent.activity_ends)
        return [agent.changed(now), *self._offer_to(agent, now)]

    # --- conversations

    def _conversation_ended(self, event: ConversationEnded, now: datetime) -> list[AcdEffect]:
        talk = self._talks.pop(event.call, None)
        if talk is None:
            return []
        agent_id, wrap_up = talk
        agent = self._agents[agent_id]
        if not wrap_up:
            agent.step(AgentStep.DONE, now)
            return [agent.changed(now), *self._offer_to(agent, now)]
        agent.step(AgentStep.WRAPPING_UP, now, call=event.call, lasting=wrap_up)
        self._deadlines.set(agent_id, agent.activity_ends)
        return [WrapUpStarted(call=event.call, agent=agent_id), agent.changed(now)]

    def _conversation_adopted(self, event: ConversationAdopted, now: datetime) -> list[AcdEffect]:
        agent = self._agents.get(event.agent)
        if agent is None or agent.activity is not Activity.IDLE:
            return []
        agent.step(AgentStep.ADOPTED, now, call=event.call)
        self._floor.set_free(agent.agent_id, is_free=False)
        self._talks[event.call] = agent.agent_id, ADOPTED_WRAP_UP
        return [agent.changed(now)]

    def _end_pause(self, agent: Agent, now: datetime, *, is_early: bool) -> list[AcdEffect]:
        """End the agent's wrap-up or rest."""
        effects: list[AcdEffect] = []
        if agent.activity is Activity.WRAP_UP and agent.call is not None:
            effects.append(WrapUpEnded(call=agent.call, agent=agent.agent_id, is_early=is_early))
        agent.step(AgentStep.DONE, now)
        self._deadlines.set(agent.agent_id, None)
        return [*effects, agent.changed(now), *self._offer_to(agent, now)]

    # --- agents

    def _presence_set(self, event: PresenceSet, now: datetime) -> list[AcdEffect]:
        """Take what the person declares; «ready» also ends his wrap-up or rest."""
        agent = self._agents[event.agent]
        changed = agent.declare(event.presence, event.reason)
        pausing = agent.activity in {Activity.WRAP_UP, Activity.RESTING}
        if event.presence is Presence.READY and pausing:
            return self._end_pause(agent, now, is_early=True)
        effects: list[AcdEffect] = [agent.changed(now)] if changed else []
        return effects + self._offer_to(agent, now)

    def _wrap_up_declared_over(self, event: WrapUpDeclaredOver, now: datetime) -> list[AcdEffect]:
        agent = self._agents[event.agent]
        if agent.activity is not Activity.WRAP_UP:
            return []
        return self._end_pause(agent, now, is_early=True)

    def _reachability_changed(self, event: ReachabilityChanged, now: datetime) -> list[AcdEffect]:
        agent = self._agents[event.agent]
        came_back = event.is_reachable and not agent.is_reachable
        changed = event.is_reachable != agent.is_reachable
        agent.is_reachable = event.is_reachable
        if came_back and agent.activity is Activity.RESTING:
            return self._end_pause(agent, now, is_early=True)
        effects: list[AcdEffect] = [agent.changed(now)] if changed else []
        return effects + self._offer_to(agent, now)

    def _elsewhere_changed(self, event: ElsewhereChanged, now: datetime) -> list[AcdEffect]:
        agent = self._agents[event.agent]
        agent.is_elsewhere = event.is_elsewhere
        return self._offer_to(agent, now)
