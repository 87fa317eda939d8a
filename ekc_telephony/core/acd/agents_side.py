"""
The agents' side of the ACD: presence, conversations, advice, wrap-up, rest.

What a person declares and what his phones show change an `Agent`; whenever one may be offered
again, the caller who is due first is offered to him at once (`matching.py`).

Rule 1: the agent who let an offer ring out is made not ready, for a set time or until he declares
himself; one who refused, or whose phone could not be reached, rests for a while.
Rule 2: wrap-up and rest end by themselves, or early when the agent says so. He gets more time for
a wrap-up so often as `AgentRules` says: it always ends.
Rule 3: an event about a conversation that is already over changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.acd.agent import Agent, AgentStep
from ekc_telephony.core.acd.callers_side import CallersSide
from ekc_telephony.core.acd.floor import Waiting
from ekc_telephony.core.acd.matching import Matching
from ekc_telephony.core.acd.messages import (
    AcdEffect,
    AdviceAsked,
    AdviceBegan,
    AdviceEnded,
    ConversationAdopted,
    ConversationEnded,
    ConversationJoined,
    ConversationPassed,
    ElsewhereChanged,
    LapseReason,
    MoreWrapUpAsked,
    PresenceSet,
    ReachabilityChanged,
    WrapUpDeclaredOver,
    WrapUpEnded,
    WrapUpStarted,
)
from ekc_telephony.core.acd.specs import AgentRules, QueueSpec
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence, PresenceCause
from ekc_telephony.core.kernel.deadlines import Deadlines, earlier
from ekc_telephony.core.kernel.ids import AgentId, CallId, QueueId

UNREACHABLE_REST: Final = timedelta(seconds=30)
"""How long a phone that could not be reached is left alone, unless it registers again before."""
ADOPTED_WRAP_UP: Final = timedelta(seconds=15)
"""Wrap-up after a conversation whose queue is not known any more."""


class AgentsSide:
    """
    Let agents come, talk, wrap up, rest and go.

    Args:
        matching: The floor that they share with the callers.
        callers: Told when somebody waits in vain for one who goes.
        rules: What holds for all of them.
    """

    def __init__(self, matching: Matching, callers: CallersSide, rules: AgentRules) -> None:
        self._matching = matching
        self._queues = matching.queues
        self._agents = matching.agents
        self._floor = matching.floor
        self._estimator = matching.estimator
        self._callers = callers
        self._talks: dict[CallId, dict[AgentId, timedelta]] = {}
        """Who talks in a call, with how long he may wrap up afterwards."""
        self._rules = rules
        self._pauses: Deadlines[AgentId] = Deadlines()
        """Ends of wrap-ups and rests."""
        self._absences: Deadlines[AgentId] = Deadlines()
        """When those are ready again who did not answer."""

    def wrap_up_to_come(self, agent: AgentId) -> timedelta | None:
        """Return how long he may wrap up the conversation that goes on."""
        call = self._agents[agent].call
        return None if call is None else self._talks.get(call, {}).get(agent)

    def restore(
        self, was: Agent, *, wrap_up: timedelta | None, engaged_for: QueueId | None
    ) -> None:
        """Let an agent be as he was; see `Acd.restore_agent`."""
        if was.call is not None:
            self._estimator.restore_engaged(was.agent_id, engaged_for)
        self._matching.restore(was)
        self._pauses.set(was.agent_id, was.activity_ends)
        self._absences.set(was.agent_id, was.presence_ends)
        # Who is asked for advice on a call is in a talk, too, but has no wrap-up before him.
        if was.activity is Activity.TALKING and was.call is not None and wrap_up is not None:
            self._talks.setdefault(was.call, {})[was.agent_id] = wrap_up

    # --- time

    def next_deadline(self) -> datetime | None:
        """Return when a wrap-up or rest is over, or somebody is ready again."""
        return earlier(self._pauses.next(), self._absences.next())

    def on_time(self, now: datetime) -> list[AcdEffect]:
        """End the wrap-ups, rests and absences that are due."""
        effects: list[AcdEffect] = []
        while (agent_id := self._pauses.take_due(now)) is not None:
            effects += self._end_pause(self._agents[agent_id], now, is_early=False)
        while (agent_id := self._absences.take_due(now)) is not None:
            effects += self._end_absence(self._agents[agent_id], now)
        return effects

    def _end_absence(self, agent: Agent, now: datetime) -> list[AcdEffect]:
        """Take somebody for ready again who did not answer, long ago by now."""
        agent.declare(Presence.READY, None)
        changed = agent.changed(now, PresenceCause.NO_ANSWER_OVER)
        return [changed, *self._matching.offer_to(agent, now)]

    def _plan_return(self, agent: Agent, now: datetime, *, queue: QueueSpec | None = None) -> None:
        """Take note of when an agent who did not answer is ready again, if ever."""
        own = None if queue is None else queue.absence
        lasting = self._rules.after_no_answer if own is None else own.lasting
        if lasting is not None and agent.reason is NotReadyReason.NO_ANSWER:
            agent.presence_ends = now + lasting
        self._absences.set(agent.agent_id, agent.presence_ends)

    def _end_pause(self, agent: Agent, now: datetime, *, is_early: bool) -> list[AcdEffect]:
        """End the agent's wrap-up or rest."""
        self._estimator.release(agent.agent_id, now, has_talked=True)
        effects: list[AcdEffect] = []
        if agent.activity is Activity.WRAP_UP and agent.call is not None:
            effects.append(WrapUpEnded(call=agent.call, agent=agent.agent_id, is_early=is_early))
        agent.step(AgentStep.DONE, now)
        self._pauses.set(agent.agent_id, None)
        return [*effects, agent.changed(now), *self._matching.offer_to(agent, now)]

    # --- offers

    def accept(self, waiting: Waiting, agent: Agent, now: datetime) -> list[AcdEffect]:
        """Let the agent talk to the caller whose offer he answered."""
        self._talks[waiting.call] = {agent.agent_id: self._queues[waiting.queue].wrap_up}
        agent.step(AgentStep.ACCEPTED, now, call=waiting.call)
        return [agent.changed(now)]

    def release(
        self, agent: Agent, now: datetime, reason: LapseReason, waiting: Waiting
    ) -> list[AcdEffect]:
        """Free the agent of an offer that lapsed, in the way its reason asks for."""
        self._estimator.release(agent.agent_id, now, has_talked=False)
        cause: PresenceCause | None = None
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
                    self._plan_return(agent, now, queue=self._queues[waiting.queue])
                    cause = PresenceCause.NOT_ANSWERED
            case LapseReason.WITHDRAWN:
                agent.step(AgentStep.RELEASED, now)
        self._pauses.set(agent.agent_id, agent.activity_ends)
        return [agent.changed(now, cause), *self._matching.offer_to(agent, now)]

    # --- conversations

    def conversation_ended(self, event: ConversationEnded, now: datetime) -> list[AcdEffect]:
        """Let the agents wrap up, or the one who left it, or be free at once without wrap-up."""
        talkers = self._talks.pop(event.call, {})
        gone = [each for each in talkers if event.agent in {None, each}]
        if stay := {each: talkers[each] for each in talkers if each not in gone}:
            self._talks[event.call] = stay
        effects: list[AcdEffect] = []
        for each in gone:
            effects += self._wrap_up(self._agents[each], event.call, talkers[each], now)
        return effects

    def _wrap_up(
        self, agent: Agent, call: CallId, lasting: timedelta, now: datetime
    ) -> list[AcdEffect]:
        if not lasting:
            self._estimator.release(agent.agent_id, now, has_talked=True)
            agent.step(AgentStep.DONE, now)
            return [agent.changed(now), *self._matching.offer_to(agent, now)]
        agent.step(AgentStep.WRAPPING_UP, now, call=call, lasting=lasting)
        self._pauses.set(agent.agent_id, agent.activity_ends)
        return [WrapUpStarted(call=call, agent=agent.agent_id), agent.changed(now)]

    def conversation_adopted(self, event: ConversationAdopted, now: datetime) -> list[AcdEffect]:
        """Let the agent be in a conversation that began before this engine did."""
        agent = self._agents.get(event.agent)
        if agent is None or agent.activity is not Activity.IDLE:
            return []
        agent.step(AgentStep.ADOPTED, now, call=event.call)
        self._floor.set_free(agent.agent_id, is_free=False)
        self._talks[event.call] = {agent.agent_id: ADOPTED_WRAP_UP}
        return [agent.changed(now)]

    def conversation_passed(self, event: ConversationPassed, now: datetime) -> list[AcdEffect]:
        """Let the agent who was asked for advice have the conversation and its wrap-up."""
        agent = self._agents.get(event.agent)
        if agent is None or agent.call != event.call:
            return []
        self._talks[event.call] = {}
        return self._take_part(agent, event.call, event.queue, now)

    def conversation_joined(self, event: ConversationJoined, now: datetime) -> list[AcdEffect]:
        """Let the agent who was asked for advice take part in the conversation."""
        agent = self._agents.get(event.agent)
        if agent is None or agent.call != event.call:
            return []
        return self._take_part(agent, event.call, event.queue, now)

    def _take_part(
        self, agent: Agent, call: CallId, queue: QueueId | None, now: datetime
    ) -> list[AcdEffect]:
        wrap_up = ADOPTED_WRAP_UP if queue is None else self._queues[queue].wrap_up
        self._talks.setdefault(call, {})[agent.agent_id] = wrap_up
        if queue is not None:
            self._estimator.engage(agent.agent_id, queue, now)
        return [agent.changed(now)]

    # --- advice

    def advice_asked(self, event: AdviceAsked, now: datetime) -> list[AcdEffect]:
        """Reserve the agent: his phone rings for a colleague."""
        agent = self._agents[event.agent]
        agent.step(AgentStep.OFFERED, now, call=event.call)
        self._floor.set_free(agent.agent_id, is_free=False)
        return [agent.changed(now)]

    def advice_began(self, event: AdviceBegan, now: datetime) -> list[AcdEffect]:
        """Let the agent talk to his colleague."""
        agent = self._agents[event.agent]
        agent.step(AgentStep.ACCEPTED, now, call=event.call)
        return [agent.changed(now)]

    def advice_ended(self, event: AdviceEnded, now: datetime) -> list[AcdEffect]:
        """Let the agent be free again; advice has no wrap-up."""
        agent = self._agents.get(event.agent)
        if agent is None or agent.call != event.call:
            return []
        is_talking = agent.activity is Activity.TALKING
        agent.step(AgentStep.DONE if is_talking else AgentStep.RELEASED, now)
        return [agent.changed(now), *self._matching.offer_to(agent, now)]

    # --- what the person declares, and his phone

    def presence_set(self, event: PresenceSet, now: datetime) -> list[AcdEffect]:
        """Take what the person declares; «ready» also ends his wrap-up or rest."""
        agent = self._agents[event.agent]
        changed = agent.declare(event.presence, event.reason)
        self._plan_return(agent, now)
        effects = [] if agent.is_ready else self._let_others_serve(agent, now)
        pausing = agent.activity is Activity.WRAP_UP or agent.activity is Activity.RESTING
        if event.presence is Presence.READY and pausing:
            return self._end_pause(agent, now, is_early=True)
        told: list[AcdEffect] = [agent.changed(now)] if changed else []
        return told + effects + self._matching.offer_to(agent, now)

    def _let_others_serve(self, agent: Agent, now: datetime) -> list[AcdEffect]:
        """Let nobody wait for this agent alone."""
        self._matching.look_at(agent)
        kept = self._floor.lane_of_one(agent.agent_id).unoffered
        return self._callers.wait_for_others(kept, now)

    def wrap_up_declared_over(self, event: WrapUpDeclaredOver, now: datetime) -> list[AcdEffect]:
        """End the wrap-up that the agent says is done."""
        agent = self._agents[event.agent]
        if agent.activity is not Activity.WRAP_UP:
            return []
        return self._end_pause(agent, now, is_early=True)

    def may_extend_wrap_up(self, agent_id: AgentId) -> bool:
        """Tell whether the agent would get more time for his after-call work."""
        agent = self._agents[agent_id]
        return agent.activity is Activity.WRAP_UP and agent.extensions < self._rules.extensions

    def more_wrap_up_asked(self, event: MoreWrapUpAsked, now: datetime) -> list[AcdEffect]:
        """Give the agent more time for his after-call work, as often as the rules let him."""
        if not self.may_extend_wrap_up(event.agent):
            return []
        agent = self._agents[event.agent]
        agent.extend_wrap_up(self._rules.extends_wrap_up_by)
        self._pauses.set(agent.agent_id, agent.activity_ends)
        return [agent.changed(now)]

    def reachability_changed(self, event: ReachabilityChanged, now: datetime) -> list[AcdEffect]:
        """Take note of a phone that came or went; one that comes back ends its rest."""
        agent = self._agents[event.agent]
        came_back = event.is_reachable and not agent.is_reachable
        changed = event.is_reachable != agent.is_reachable
        agent.is_reachable = event.is_reachable
        if came_back and agent.activity is Activity.RESTING:
            return self._end_pause(agent, now, is_early=True)
        effects: list[AcdEffect] = [agent.changed(now)] if changed else []
        return effects + self._matching.offer_to(agent, now)

    def elsewhere_changed(self, event: ElsewhereChanged, now: datetime) -> list[AcdEffect]:
        """Take note of a phone that entered or left a call that is not ours."""
        agent = self._agents[event.agent]
        agent.is_elsewhere = event.is_elsewhere
        return self._matching.offer_to(agent, now)
