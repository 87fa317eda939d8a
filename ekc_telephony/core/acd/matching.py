"""
The shared floor: who waits, who is there, which offers ring; and the making of an offer.

Both sides of the ACD meet here. The callers' side (`callers_side.py`) says who waits for what, the
agents' side (`agents_side.py`) who may be offered; what either of them changes is matched at once.

Rule 1: a caller has at most one offer, an agent at most one caller.
Rule 2: age and priority decide among callers, across all queues that the free agent serves; the
queue's `AgentChoice` decides among agents.
Rule 3: while it is suspended no offer is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from ekc_telephony.core.acd.agent import Agent, AgentStep
from ekc_telephony.core.acd.census import Census
from ekc_telephony.core.acd.expected_wait import WaitEstimator
from ekc_telephony.core.acd.floor import Floor, Waiting
from ekc_telephony.core.acd.messages import AcdEffect, OfferMade
from ekc_telephony.core.acd.specs import AgentSpec, QueueSpec
from ekc_telephony.core.call.presence import Presence
from ekc_telephony.core.kernel.ids import AgentId, CallId, OfferId, QueueId


class Matching:
    """
    What both sides look at, and offers.

    Args:
        queues: The queues; their ids are unique.
        agents: The agents; their ids are unique.
        worth: How much waiting one priority is worth.
    """

    def __init__(
        self, queues: Iterable[QueueSpec], agents: Iterable[AgentSpec], *, worth: timedelta
    ) -> None:
        self.queues: Mapping[QueueId, QueueSpec] = {spec.queue: spec for spec in queues}
        specs = list(agents)
        self.agents = {
            spec.agent: Agent(spec.agent, presence=spec.initial_presence) for spec in specs
        }
        self.floor = Floor(self.queues.values(), specs, worth=worth)
        self.census = Census({queue: self.floor.agents_of(queue) for queue in self.queues})
        self.estimator = WaitEstimator(self.queues, specs, self.floor)
        self.waiting: dict[CallId, Waiting] = {}
        self.is_suspended = False
        self._call_of_offer: dict[OfferId, CallId] = {}
        self._offers = 0
        for agent in self.agents.values():
            self.look_at(agent)

    # --- agents

    def look_at(self, agent: Agent) -> None:
        """Take note of whether the agent is free, ready and signed in."""
        self._count(agent)
        self.floor.set_free(
            agent.agent_id,
            is_free=agent.is_available,
            load=agent.load,
            last_offer=agent.last_offer,
        )

    def _count(self, agent: Agent) -> None:
        """Take note of whether the agent is ready and signed in."""
        self.estimator.be_ready(agent.agent_id, is_ready=agent.is_ready)
        self.census.count(
            agent.agent_id,
            is_ready=agent.is_ready,
            is_signed_in=agent.presence is not Presence.SIGNED_OUT,
        )

    def restore(self, was: Agent) -> None:
        """Let an agent be as he was; to be called in the order in which they became free."""
        self.agents[was.agent_id] = was
        self._offers = max(self._offers, was.last_offer)
        self.floor.set_free(was.agent_id, is_free=False)
        self.look_at(was)

    # --- offers

    def offer_in_turn(self, callers: Iterable[Waiting], now: datetime) -> list[AcdEffect]:
        """Offer callers to whoever is free, whoever is due first first."""
        effects: list[AcdEffect] = []
        for waiting in sorted(callers, key=lambda each: each.due):
            if waiting.offer is None:
                effects += self.offer_somebody(waiting, now)
        return effects

    def offer_somebody(self, waiting: Waiting, now: datetime) -> list[AcdEffect]:
        """Offer the caller to the agent who is to be chosen, if one is free."""
        agent_id = None if self.is_suspended else self.floor.best_for(waiting)
        return [] if agent_id is None else self._offer(waiting, self.agents[agent_id], now)

    def offer_to(self, agent: Agent, now: datetime) -> list[AcdEffect]:
        """Refresh the agent's place among the free ones and offer him who is due first."""
        may_be_offered = agent.is_available and not self.is_suspended
        waiting = self.floor.next_for(agent.agent_id) if may_be_offered else None
        if waiting is None:
            self.look_at(agent)
            return []
        # He does not stand among the free ones in between: on a full floor that is half the cost.
        self._count(agent)
        return self._offer(waiting, agent, now)

    def _offer(self, waiting: Waiting, agent: Agent, now: datetime) -> list[AcdEffect]:
        offer = OfferId(f"{waiting.call}-offer-{waiting.offers_made + 1}")
        self._offers += 1
        agent.last_offer = self._offers
        agent.step(AgentStep.OFFERED, now, call=waiting.call)
        self.estimator.engage(agent.agent_id, waiting.queue, now)
        self.floor.set_free(agent.agent_id, is_free=False)
        self.floor.mark_offered(waiting, offer, agent.agent_id)
        self._call_of_offer[offer] = waiting.call
        made = OfferMade(
            offer=offer,
            call=waiting.call,
            agent=agent.agent_id,
            queue=waiting.queue,
            ring_time=self.queues[waiting.queue].ring_time,
        )
        return [made, agent.changed(now)]

    def restore_offer(self, waiting: Waiting, offer: OfferId, agent: AgentId) -> None:
        """Let the offer ring that rang when an earlier engine was here."""
        waiting.offers_made -= 1  # the next line counts it again
        self.floor.mark_offered(waiting, offer, agent)
        self._call_of_offer[offer] = waiting.call

    def offered(self, offer: OfferId) -> tuple[Waiting, Agent] | None:
        """Return the two sides of an outstanding offer; None when it is over."""
        call = self._call_of_offer.get(offer)
        waiting = None if call is None else self.waiting[call]
        if waiting is None or waiting.agent is None:
            return None
        return waiting, self.agents[waiting.agent]

    def close_offer(self, offer: OfferId, waiting: Waiting) -> None:
        """Give the caller of an offer that lapsed his turn back."""
        del self._call_of_offer[offer]
        self.floor.mark_unoffered(waiting)

    def forget(self, waiting: Waiting) -> None:
        """Let the caller wait no longer."""
        self.floor.leave(waiting)
        del self.waiting[waiting.call]
        if waiting.offer is not None:
            del self._call_of_offer[waiting.offer]
        waiting.lane = None  # whoever still holds him in a list offers him to nobody
