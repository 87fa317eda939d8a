"""
The ACD: brings waiting callers and free agents together.

Whenever a caller joins, less is asked for him, or an agent becomes free, those who fit are matched
at once; so there is never a free agent and an unoffered caller who may be offered to him at the
same time. A caller whose offer lapsed keeps his place, because his place is the moment he joined.

Rule 1: a caller has at most one offer, an agent at most one caller.
Rule 2: age and priority decide among callers, across all queues that the free agent serves; the
queue's `AgentChoice` decides among agents.
Rule 3: the agent who let an offer ring out is made not ready; one who refused, or whose phone could
not be reached, rests for a while. He is not offered the same caller again for a time, unless nobody
else is there.
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

from ekc_telephony.core.acd.agent import Agent, AgentStep
from ekc_telephony.core.acd.census import Census
from ekc_telephony.core.acd.expected_wait import ExpectedWait, PaceState, WaitEstimator
from ekc_telephony.core.acd.floor import Floor, Waiting
from ekc_telephony.core.acd.messages import (
    AcdEffect,
    AcdEvent,
    AdviceAsked,
    AdviceBegan,
    AdviceEnded,
    CallbackOffered,
    CallerJoined,
    CallerLeft,
    CallerMoved,
    ConversationAdopted,
    ConversationEnded,
    ConversationPassed,
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
from ekc_telephony.core.acd.patience import Patience
from ekc_telephony.core.acd.specs import AgentSpec, NoAgentsPolicy, Overflow, QueueSpec
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.core.kernel.deadlines import Deadlines
from ekc_telephony.core.kernel.ids import AgentId, CallId, OfferId, QueueId

UNREACHABLE_REST: Final = timedelta(seconds=30)
"""How long a phone that could not be reached is left alone, unless it registers again before."""
ADOPTED_WRAP_UP: Final = timedelta(seconds=15)
"""Wrap-up after a conversation whose queue is not known any more."""
PRIORITY_WORTH: Final = timedelta(seconds=60)
"""How much waiting one priority is worth, if the configuration does not say otherwise."""


class Acd:
    """
    All queues and all agents of this engine.

    Args:
        queues: The queues; their ids are unique.
        agents: The agents; their ids are unique.
        priority_worth: How much waiting one priority is worth.
    """

    def __init__(
        self,
        queues: Iterable[QueueSpec],
        agents: Iterable[AgentSpec],
        *,
        priority_worth: timedelta = PRIORITY_WORTH,
    ) -> None:
        self._queues = {spec.queue: spec for spec in queues}
        specs = list(agents)
        self._agents = {
            spec.agent: Agent(spec.agent, presence=spec.initial_presence) for spec in specs
        }
        self._floor = Floor(self._queues.values(), specs, worth=priority_worth)
        self._census = Census(self._agents_of_queues())
        self._patience = Patience(self._queues, self._floor, self._census)
        self._estimator = WaitEstimator(self._queues, specs, self._floor)
        self._waiting: dict[CallId, Waiting] = {}
        self._call_of_offer: dict[OfferId, CallId] = {}
        self._talks: dict[CallId, tuple[AgentId, timedelta]] = {}
        self._deadlines: Deadlines[AgentId] = Deadlines()
        self._callers_due: Deadlines[CallId] = Deadlines()
        self._tickets = 0
        self._offers = 0
        self._is_suspended = False
        self._touched: dict[CallId, None] = {}
        """Callers who changed without a word."""
        self._handlers: Mapping[type[AcdEvent], Callable[[Any, datetime], list[AcdEffect]]] = {
            CallerJoined: self._caller_joined,
            CallerLeft: self._caller_left,
            OfferAccepted: self._offer_accepted,
            OfferLapsed: self._offer_lapsed,
            AdviceAsked: self._advice_asked,
            AdviceBegan: self._advice_began,
            AdviceEnded: self._advice_ended,
            ConversationPassed: self._conversation_passed,
            ConversationEnded: self._conversation_ended,
            ConversationAdopted: self._conversation_adopted,
            PresenceSet: self._presence_set,
            WrapUpDeclaredOver: self._wrap_up_declared_over,
            ReachabilityChanged: self._reachability_changed,
            ElsewhereChanged: self._elsewhere_changed,
        }
        for agent in self._agents.values():
            self._look_at(agent)

    def _agents_of_queues(self) -> Mapping[QueueId, frozenset[AgentId]]:
        return {queue: self._floor.agents_of(queue) for queue in self._queues}

    @property
    def agents(self) -> Mapping[AgentId, Agent]:
        """Every agent, to look at."""
        return self._agents

    @property
    def queues(self) -> Mapping[QueueId, QueueSpec]:
        """Every queue's specification."""
        return self._queues

    def waiting_in(self, queue: QueueId) -> tuple[Waiting, ...]:
        """Return the queue's callers, in the order in which they are due."""
        return tuple(self._floor.line(queue))

    def ready_in(self, queue: QueueId) -> int:
        """Return how many who serve the queue are ready, whatever they do now."""
        return self._census.ready(queue)

    def has_signed_in(self, queue: QueueId) -> bool:
        """Tell whether anybody who serves the queue is signed in, whatever he does now."""
        return bool(self._census.signed_in(queue))

    def free_for(self, queue: QueueId) -> AgentId | None:
        """Return who serves the queue and has been free for longest; None when nobody is free."""
        free = [
            (since, agent)
            for agent in self._floor.agents_of(queue)
            if (since := self._floor.place_of_free(agent)) is not None
        ]
        return min(free)[1] if free else None

    def position(self, call: CallId) -> int | None:
        """Return the caller's place in his queue from 1; None when he does not wait."""
        waiting = self._waiting.get(call)
        return None if waiting is None else self._floor.position(waiting)

    def take_touched(self) -> list[CallId]:
        """Return the callers whose places changed without an effect since this was asked last."""
        touched, self._touched = [call for call in self._touched if call in self._waiting], {}
        return touched

    def place(self, call: CallId) -> Waiting | None:
        """Return the caller's place in line, to look at; None when he does not wait."""
        return self._waiting.get(call)

    def expected_wait(self, call: CallId, now: datetime) -> ExpectedWait | None:
        """Return how long the caller will wait; None when that is not known or he does not."""
        waiting = self._waiting.get(call)
        return None if waiting is None else self._estimator.expect(waiting, now)

    @property
    def paces(self) -> tuple[PaceState, ...]:
        """How fast callers are served, each queue that has had any."""
        return self._estimator.states()

    def take_changed_paces(self) -> tuple[PaceState, ...]:
        """Return the paces that changed since this was asked last."""
        return self._estimator.take_changes()

    def engaged_for(self, agent: AgentId) -> QueueId | None:
        """Return for which queue's caller the agent rings, talks or wraps up."""
        return self._estimator.engaged_for(agent)

    def free_since(self, agent: AgentId) -> int | None:
        """Return the agent's place in the order of becoming free; None when he is not."""
        return self._floor.place_of_free(agent)

    def wrap_up_to_come(self, agent: AgentId) -> timedelta | None:
        """Return how long he may wrap up the conversation that goes on."""
        call = self._agents[agent].call
        talk = None if call is None else self._talks.get(call)
        return None if talk is None or talk[0] != agent else talk[1]

    # --- going on after another engine

    def restore_paces(self, paces: Iterable[PaceState]) -> None:
        """Know how fast callers were served when an earlier engine was here."""
        self._estimator.restore(paces)

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
        agent_id = was.agent_id
        if was.call is not None:
            self._estimator.restore_engaged(agent_id, engaged_for)
        self._agents[agent_id] = was
        self._offers = max(self._offers, was.last_offer)
        self._floor.set_free(agent_id, is_free=False)
        self._look_at(was)
        self._deadlines.set(agent_id, was.activity_ends)
        # Who is asked for advice on a call is in a talk, too, but has no wrap-up before him.
        if was.activity is Activity.TALKING and was.call is not None and wrap_up is not None:
            self._talks[was.call] = agent_id, wrap_up

    def restore_waiting(self, waiting: Waiting) -> None:
        """Let a caller wait at the place he had, with the offer he had."""
        self._tickets = max(self._tickets, waiting.ticket)
        self._waiting[waiting.call] = waiting
        offer, agent = waiting.offer, waiting.agent
        waiting.offer = waiting.agent = None
        # Where he stood is found out by `resume`, which knows what time it is.
        self._floor.join(waiting, self._patience.lane(waiting, waiting.entered_at))
        self._callers_due.set(waiting.call, waiting.entered_at)
        if offer is not None and agent is not None:
            waiting.offers_made -= 1  # the next line counts it again
            self._floor.mark_offered(waiting, offer, agent)
            self._call_of_offer[offer] = waiting.call

    def suspend(self) -> None:
        """Make no offers until `resume`: nobody could be rung."""
        self._is_suspended = True

    def resume(self, now: datetime) -> list[AcdEffect]:
        """Make up for the time of suspension, whoever is due first first."""
        self._is_suspended = False
        _, effects = self._let_wait(now)
        return effects + self._offer_in_turn(self._waiting.values(), now)

    def handle(self, event: AcdEvent, now: datetime) -> list[AcdEffect]:
        """Apply one event and return what follows from it."""
        return self._handlers[type(event)](event, now)

    def next_deadline(self) -> datetime | None:
        """Return when a wrap-up or rest is over, or a caller's waiting changes something."""
        callers = None if self._is_suspended else self._callers_due.next()
        moments = (self._deadlines.next(), callers)
        return min((each for each in moments if each is not None), default=None)

    def on_time(self, now: datetime) -> list[AcdEffect]:
        """End the wrap-ups and rests that are due, and let callers have waited."""
        # Callers first: who has just become good enough may be due before those who were.
        ripe, effects = ([], []) if self._is_suspended else self._let_wait(now)
        while (agent_id := self._deadlines.take_due(now)) is not None:
            effects += self._end_pause(self._agents[agent_id], now, is_early=False)
        return effects + self._offer_in_turn(ripe, now)

    # --- waiting

    def _let_wait(self, now: datetime) -> tuple[list[Waiting], list[AcdEffect]]:
        """Do what his waiting asks for, for every caller whose moment has come; return them."""
        ripe: list[Waiting] = []
        effects: list[AcdEffect] = []
        while (call := self._callers_due.take_due(now)) is not None:
            waiting = self._waiting[call]
            ripe.append(waiting)
            effects += self._ripen(waiting, now)
        return ripe, effects

    def _ripen(self, waiting: Waiting, now: datetime) -> list[AcdEffect]:
        """Do what the caller's waiting asks for; he is offered to nobody yet."""
        effects: list[AcdEffect] = []
        while (overflow := self._patience.due_overflow(waiting, now)) is not None:
            effects += self._overflow(waiting, overflow, now)
        if self._patience.stop_sparing(waiting, now):
            self._touched[waiting.call] = None
        self._floor.move(waiting, self._patience.lane(waiting, now))
        self._callers_due.set(waiting.call, self._patience.next_moment(waiting, now))
        return effects

    def _overflow(self, waiting: Waiting, overflow: Overflow, now: datetime) -> list[AcdEffect]:
        before = waiting.queue
        if overflow.to_queue is None:
            return [CallbackOffered(call=waiting.call)]
        self._floor.leave(waiting)
        self._patience.enter(waiting, overflow.to_queue, now)
        self._floor.join(waiting, self._patience.lane(waiting, now))
        return [CallerMoved(call=waiting.call, before=before, queue=waiting.queue)]

    def _offer_in_turn(self, callers: Iterable[Waiting], now: datetime) -> list[AcdEffect]:
        """Offer callers to whoever is free, whoever is due first first."""
        effects: list[AcdEffect] = []
        for waiting in sorted(callers, key=lambda each: each.due):
            if waiting.offer is None:
                effects += self._offer_somebody(waiting, now)
        return effects

    # --- callers

    def _caller_joined(self, event: CallerJoined, now: datetime) -> list[AcdEffect]:
        spec = self._queues[event.queue]
        says_so = spec.when_no_agents is NoAgentsPolicy.INFORM
        if says_so and not self._census.signed_in(event.queue):
            return [NobodySignedIn(call=event.call)]
        self._tickets += 1
        waiting = Waiting(
            call=event.call,
            queue=event.queue,
            joined_at=event.since or now,
            entered_at=now,
            ticket=self._tickets,
            priority=spec.priority + event.priority,
            skills=event.skills,
            preferred=event.preferred if self._is_worth_waiting_for(event.preferred) else None,
            offers_made=event.offers_before,
            kept_until=None if event.kept_for is None else now + event.kept_for,
        )
        self._waiting[event.call] = waiting
        self._floor.join(waiting, self._patience.lane(waiting, now))
        effects = self._ripen(waiting, now)
        return effects + self._offer_somebody(waiting, now)

    def _is_worth_waiting_for(self, agent_id: AgentId | None) -> bool:
        agent = None if agent_id is None else self._agents.get(agent_id)
        return agent is not None and agent.is_ready

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
        self._callers_due.set(waiting.call, None)
        del self._waiting[waiting.call]
        if waiting.offer is not None:
            del self._call_of_offer[waiting.offer]

    # --- offers

    def _offer_somebody(self, waiting: Waiting, now: datetime) -> list[AcdEffect]:
        agent_id = None if self._is_suspended else self._floor.best_for(waiting)
        return [] if agent_id is None else self._offer(waiting, self._agents[agent_id], now)

    def _offer_to(self, agent: Agent, now: datetime) -> list[AcdEffect]:
        """Refresh the agent's place among the free ones and offer him who is due first."""
        may_be_offered = agent.is_available and not self._is_suspended
        waiting = self._floor.next_for(agent.agent_id) if may_be_offered else None
        if waiting is None:
            self._look_at(agent)
            return []
        # He does not stand among the free ones in between: on a full floor that is half the cost.
        self._count(agent)
        return self._offer(waiting, agent, now)

    def _offer(self, waiting: Waiting, agent: Agent, now: datetime) -> list[AcdEffect]:
        offer = OfferId(f"{waiting.call}-offer-{waiting.offers_made + 1}")
        self._offers += 1
        agent.last_offer = self._offers
        agent.step(AgentStep.OFFERED, now, call=waiting.call)
        self._estimator.engage(agent.agent_id, waiting.queue, now)
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
        if event.reason is not LapseReason.WITHDRAWN:
            waiting.spared[agent.agent_id] = now + self._queues[waiting.queue].spared_for
            self._keep_for_another(waiting, event, now)
        effects = self._release(agent, now, event.reason, waiting)
        if waiting.offer is None:
            self._floor.move(waiting, self._patience.lane(waiting, now))
            self._forgive_if_alone(waiting)
            effects += self._ripen(waiting, now)
            effects += self._offer_somebody(waiting, now)
        return effects

    def _keep_for_another(self, waiting: Waiting, event: OfferLapsed, now: datetime) -> None:
        """Let a caller whom the agent he was kept for did not take wait for another one."""
        if self._is_worth_waiting_for(event.preferred):
            self._patience.keep_for(waiting, event.preferred, until=now + event.kept_for)
        elif waiting.preferred in waiting.spared:
            self._patience.keep_for(waiting, None)

    def _forgive_if_alone(self, waiting: Waiting) -> None:
        """Offer a caller again to those who did not take him, when nobody else is there."""
        fit = () if waiting.lane is None else waiting.lane.agents
        if not any(self._agents[a].is_ready for a in fit if a not in waiting.spared):
            waiting.spared.clear()

    def _release(
        self, agent: Agent, now: datetime, reason: LapseReason, waiting: Waiting
    ) -> list[AcdEffect]:
        """Free the agent of an offer that lapsed, in the way its reason asks for."""
        self._estimator.release(agent.agent_id, now, has_talked=False)
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
            self._estimator.release(agent_id, now, has_talked=True)
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

    # --- advice

    def _advice_asked(self, event: AdviceAsked, now: datetime) -> list[AcdEffect]:
        agent = self._agents[event.agent]
        agent.step(AgentStep.OFFERED, now, call=event.call)
        self._floor.set_free(agent.agent_id, is_free=False)
        return [agent.changed(now)]

    def _advice_began(self, event: AdviceBegan, now: datetime) -> list[AcdEffect]:
        agent = self._agents[event.agent]
        agent.step(AgentStep.ACCEPTED, now, call=event.call)
        return [agent.changed(now)]

    def _advice_ended(self, event: AdviceEnded, now: datetime) -> list[AcdEffect]:
        agent = self._agents.get(event.agent)
        if agent is None or agent.call != event.call:
            return []
        is_talking = agent.activity is Activity.TALKING
        agent.step(AgentStep.DONE if is_talking else AgentStep.RELEASED, now)
        return [agent.changed(now), *self._offer_to(agent, now)]

    def _conversation_passed(self, event: ConversationPassed, now: datetime) -> list[AcdEffect]:
        agent = self._agents.get(event.agent)
        if agent is None or agent.call != event.call:
            return []
        spec = None if event.queue is None else self._queues[event.queue]
        wrap_up = ADOPTED_WRAP_UP if spec is None else spec.wrap_up
        self._talks[event.call] = agent.agent_id, wrap_up
        if event.queue is not None:
            self._estimator.engage(agent.agent_id, event.queue, now)
        return [agent.changed(now)]

    def _end_pause(self, agent: Agent, now: datetime, *, is_early: bool) -> list[AcdEffect]:
        """End the agent's wrap-up or rest."""
        self._estimator.release(agent.agent_id, now, has_talked=True)
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
        effects = [] if agent.is_ready else self._wait_for_others(agent, now)
        pausing = agent.activity in {Activity.WRAP_UP, Activity.RESTING}
        if event.presence is Presence.READY and pausing:
            return self._end_pause(agent, now, is_early=True)
        told: list[AcdEffect] = [agent.changed(now)] if changed else []
        return told + effects + self._offer_to(agent, now)

    def _wait_for_others(self, agent: Agent, now: datetime) -> list[AcdEffect]:
        """Let those who wait for this agent alone wait for anybody."""
        self._look_at(agent)
        callers = list(self._floor.lane_of_one(agent.agent_id).unoffered)
        effects: list[AcdEffect] = []
        for waiting in callers:
            self._patience.keep_for(waiting, None)
            self._touched[waiting.call] = None
            effects += self._ripen(waiting, now)
        return effects + self._offer_in_turn(callers, now)

    def _look_at(self, agent: Agent) -> None:
        """Take note of whether the agent is free, ready and signed in."""
        self._count(agent)
        self._floor.set_free(
            agent.agent_id,
            is_free=agent.is_available,
            load=agent.load,
            last_offer=agent.last_offer,
        )

    def _count(self, agent: Agent) -> None:
        """Take note of whether the agent is ready and signed in."""
        self._estimator.be_ready(agent.agent_id, is_ready=agent.is_ready)
        self._census.count(
            agent.agent_id,
            is_ready=agent.is_ready,
            is_signed_in=agent.presence is not Presence.SIGNED_OUT,
        )

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
