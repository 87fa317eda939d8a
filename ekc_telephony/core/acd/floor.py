"""
Who waits and who is free, indexed so that no decision looks through everybody.

Agents who serve the same queues form a *crew*; each crew keeps its free agents in the order in
which they became free. Each queue keeps its callers in order of age. A decision looks at the heads
only: its cost grows with the number of crews and queues, not with that of agents or callers.

Rule 1: a free agent stands in exactly one crew, once; any other agent in none.
Rule 2: a caller with an offer keeps his place in `line` but does not stand in `unoffered`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sortedcontainers import SortedKeyList

from ekc_telephony.core.acd.specs import AgentSpec, QueueSpec, serves
from ekc_telephony.core.kernel.ids import AgentId, CallId, OfferId, QueueId


@dataclass(slots=True, kw_only=True)
class Waiting:
    """One caller in a queue."""

    call: CallId
    queue: QueueId
    joined_at: datetime
    ticket: int
    """Breaks ties between callers who joined at the same moment, in order of joining."""
    offers_made: int = 0
    offer: OfferId | None = None
    """The one outstanding offer."""
    agent: AgentId | None = None
    """Who is being offered."""


def _age(waiting: Waiting) -> tuple[datetime, int]:
    return waiting.joined_at, waiting.ticket


class Lane:
    """The callers of one queue, oldest first."""

    def __init__(self) -> None:
        self.line: SortedKeyList[Waiting, tuple[datetime, int]] = SortedKeyList(key=_age)
        self.unoffered: SortedKeyList[Waiting, tuple[datetime, int]] = SortedKeyList(key=_age)


@dataclass(slots=True)
class Crew:
    """The agents who serve the same queues."""

    queues: tuple[QueueId, ...]
    free: dict[AgentId, int] = field(default_factory=dict)
    """Free agents in the order in which they became free, with their place in that order."""


class Floor:
    """
    The index over waiting callers and free agents.

    Args:
        queues: All queues.
        agents: All agents.
    """

    def __init__(self, queues: Iterable[QueueSpec], agents: Iterable[AgentSpec]) -> None:
        queue_specs = list(queues)
        self._lanes = {spec.queue: Lane() for spec in queue_specs}
        self._crews_of_queue: dict[QueueId, list[Crew]] = {spec.queue: [] for spec in queue_specs}
        self._crew_of_agent: dict[AgentId, Crew] = {}
        self._agents_of_queue: dict[QueueId, set[AgentId]] = {q.queue: set() for q in queue_specs}
        self._freed_so_far = 0
        crews: dict[tuple[QueueId, ...], Crew] = {}
        for agent in agents:
            served = tuple(spec.queue for spec in queue_specs if serves(agent, spec))
            crew = crews.get(served)
            if crew is None:
                crew = crews[served] = Crew(served)
                for queue in served:
                    self._crews_of_queue[queue].append(crew)
            self._crew_of_agent[agent.agent] = crew
            for queue in served:
                self._agents_of_queue[queue].add(agent.agent)

    @property
    def lanes(self) -> Mapping[QueueId, Lane]:
        """Every queue's callers."""
        return self._lanes

    def agents_of(self, queue: QueueId) -> frozenset[AgentId]:
        """Return everybody who serves the queue, whatever he does now."""
        return frozenset(self._agents_of_queue[queue])

    def queues_of(self, agent: AgentId) -> tuple[QueueId, ...]:
        """Return the queues that the agent serves."""
        return self._crew_of_agent[agent].queues

    def set_free(self, agent: AgentId, *, is_free: bool) -> None:
        """Put the agent at the end of the free ones of his crew, or take him out."""
        free = self._crew_of_agent[agent].free
        if not is_free:
            free.pop(agent, None)
        elif agent not in free:
            self._freed_so_far += 1
            free[agent] = self._freed_so_far

    def place_of_free(self, agent: AgentId) -> int | None:
        """Return the agent's place in the order of becoming free; None when he is not."""
        return self._crew_of_agent[agent].free.get(agent)

    def longest_free(self, queue: QueueId) -> AgentId | None:
        """Return the agent who serves the queue and has been free longest."""
        best: tuple[int, AgentId] | None = None
        for crew in self._crews_of_queue[queue]:
            head = next(iter(crew.free.items()), None)
            if head is not None and (best is None or head[1] < best[0]):
                best = head[1], head[0]
        return None if best is None else best[1]

    def oldest_unoffered(self, agent: AgentId) -> Waiting | None:
        """Return the caller who has waited longest in any queue that the agent serves."""
        heads = (
            lane.unoffered[0]
            for queue in self._crew_of_agent[agent].queues
            if (lane := self._lanes[queue]).unoffered
        )
        return min(heads, key=_age, default=None)

    def join(self, waiting: Waiting) -> None:
        """Let a caller wait."""
        lane = self._lanes[waiting.queue]
        lane.line.add(waiting)
        lane.unoffered.add(waiting)

    def leave(self, waiting: Waiting) -> None:
        """Take a caller out."""
        lane = self._lanes[waiting.queue]
        lane.line.remove(waiting)
        if waiting.offer is None:
            lane.unoffered.remove(waiting)

    def mark_offered(self, waiting: Waiting, offer: OfferId, agent: AgentId) -> None:
        """Reserve the caller to the agent."""
        self._lanes[waiting.queue].unoffered.remove(waiting)
        waiting.offer, waiting.agent = offer, agent
        waiting.offers_made += 1

    def mark_unoffered(self, waiting: Waiting) -> None:
        """Give the caller back his turn; his place is the same as before."""
        waiting.offer = waiting.agent = None
        self._lanes[waiting.queue].unoffered.add(waiting)

    def position(self, waiting: Waiting) -> int:
        """Return the caller's place in his queue, 1 for the next one."""
        return int(self._lanes[waiting.queue].line.index(waiting)) + 1
