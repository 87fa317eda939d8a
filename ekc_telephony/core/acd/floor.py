"""
Who waits and who is free, indexed so that no decision looks through everybody.

Callers who need the same, chosen for in the same way, wait in one *lane*; each lane keeps its
callers in the order in which they are due, and the free agents who fit in the order in which they
are chosen. So a decision for a caller looks at the head of his lane, a decision for an agent at the
heads of the lanes that he serves: what it costs does not grow with the number of agents or callers.

Lanes are made when the first caller needs one: a queue has as many as it has easings, and one more
for each agent whom somebody waits for by name.

Rule 1: a free agent stands in every lane that he serves, any other agent in none. (He who is not
free any more is taken out when he comes to the head: `_Crew`.)
Rule 2: a caller with an offer keeps his place in `line` but does not stand in a lane.
Rule 3: who is due first is decided by the moment of joining, moved back by `worth` for each
priority: age wins in the end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Final, TypeAlias

from sortedcontainers import SortedKeyList

from ekc_telephony.core.acd.specs import AgentChoice, AgentSpec, Need, QueueSpec, ever_serves
from ekc_telephony.core.kernel.ids import AgentId, CallId, OfferId, QueueId, SkillId

_Rank: TypeAlias = tuple[float, int]
_SLACK: Final = 64
"""So many of a crew may be there in vain before it is tidied."""


@dataclass(slots=True, kw_only=True, eq=False)  # whoever looks for him means him, no equal
class Waiting:
    """One caller in a queue."""

    call: CallId
    queue: QueueId
    joined_at: datetime
    ticket: int
    """Breaks ties between callers who joined at the same moment, in order of joining."""
    entered_at: datetime
    """When he came to this queue; later than `joined_at` when he overflowed or came back."""
    priority: int = 0
    skills: Mapping[SkillId, int] = field(default_factory=dict)
    """What he needs besides what his queue asks for."""
    preferred: AgentId | None = None
    """Whom he is kept for."""
    kept_until: datetime | None = None
    """How long; None as long as the queue says."""
    spared: dict[AgentId, datetime] = field(default_factory=dict)
    """Who did not take him, and until when he is not offered to them again."""
    overflows: int = 0
    """Which of the queue's overflows have been gone through: bit *n* stands for the *n*-th."""
    was_outside: bool = False
    """A number outside was rung for him in vain."""
    offers_made: int = 0
    offer: OfferId | None = None
    """The one outstanding offer."""
    agent: AgentId | None = None
    """Who is being offered."""
    lane: Lane | None = None
    """Where he waits for an offer; set by `Floor.place`."""
    due: tuple[datetime, int] = field(init=False)
    """The order among callers; set by `Floor.join`."""


def _due(waiting: Waiting) -> tuple[datetime, int]:
    return waiting.due


class Lane:
    """
    Callers who need the same, and the free agents who fit.

    Args:
        agents: Everybody who fits, with his rank where it does not change.
        choice: Who of them is chosen.
    """

    def __init__(self, agents: Mapping[AgentId, int], choice: AgentChoice) -> None:
        self.agents: Final = agents
        self.choice: Final = choice
        self.unoffered: SortedKeyList[Waiting, tuple[datetime, int]] = SortedKeyList(key=_due)
        self._free: list[tuple[_Rank, AgentId]] = []

    def add_free(self, agent: AgentId, free: _Free) -> None:
        """Put a free agent where he stands in the order of choice."""
        heappush(self._free, (self._rank(agent, free), agent))

    def best(self, free: Mapping[AgentId, _Free], spared: Collection[AgentId]) -> AgentId | None:
        """Return who is to be chosen; None when nobody who fits is free."""
        aside: list[tuple[_Rank, AgentId]] = []
        found: AgentId | None = None
        while self._free and found is None:
            entry = self._free[0]
            (_, since), agent = entry
            now_free = free.get(agent)
            if now_free is None or now_free.since != since:
                heappop(self._free)
            elif agent in spared:
                aside.append(heappop(self._free))
            else:
                found = agent
        for entry in aside:
            heappush(self._free, entry)
        return found

    def tidy(self, free: Mapping[AgentId, _Free]) -> None:
        """Forget those who are not free any more, when they have become many."""
        if len(self._free) <= 2 * len(self.agents) + _SLACK:
            return
        self._free = [
            entry
            for entry in self._free
            if (now_free := free.get(entry[1])) is not None and now_free.since == entry[0][1]
        ]
        heapify(self._free)

    def _rank(self, agent: AgentId, free: _Free) -> _Rank:
        match self.choice:
            case AgentChoice.LONGEST_IDLE:
                return 0.0, free.since
            case AgentChoice.LEAST_LOADED:
                return free.load, free.since
            case AgentChoice.ROUND_ROBIN:
                return float(free.last_offer), free.since
            case AgentChoice.BEST_SKILL | AgentChoice.FIXED_ORDER:
                return float(self.agents[agent]), free.since


@dataclass(frozen=True, slots=True)
class _Free:
    """What decides about a free agent."""

    since: int
    """Counts up with everybody who becomes free."""
    load: float
    """Seconds of work since his shift began."""
    last_offer: int
    """Counts up with every offer."""


_LaneKey: TypeAlias = tuple[AgentChoice, tuple[tuple[object, ...], ...], AgentId | None]


class Floor:
    """
    The index over waiting callers and free agents.

    Args:
        queues: All queues.
        agents: All agents.
        worth: How much waiting one priority is worth.
    """

    def __init__(
        self, queues: Iterable[QueueSpec], agents: Iterable[AgentSpec], *, worth: timedelta
    ) -> None:
        self._worth = worth
        self._specs = {spec.agent: spec for spec in agents}
        self._order = {agent: number for number, agent in enumerate(self._specs)}
        self._lines: dict[QueueId, SortedKeyList[Waiting, tuple[datetime, int]]] = {}
        self._agents_of_queue: dict[QueueId, frozenset[AgentId]] = {}
        for queue in queues:
            self._lines[queue.queue] = SortedKeyList(key=_due)
            self._agents_of_queue[queue.queue] = frozenset(
                spec.agent for spec in self._specs.values() if ever_serves(spec, queue)
            )
        self._lanes: dict[_LaneKey, Lane] = {}
        self._lanes_of_agent: dict[AgentId, list[Lane]] = {agent: [] for agent in self._specs}
        self._free: dict[AgentId, _Free] = {}
        self._freed_so_far = 0

    def line(self, queue: QueueId) -> SortedKeyList[Waiting, tuple[datetime, int]]:
        """Return the queue's callers in the order in which they are due."""
        return self._lines[queue]

    def agents_of(self, queue: QueueId) -> frozenset[AgentId]:
        """Return everybody who serves the queue, at once or some day, whatever he does now."""
        return self._agents_of_queue[queue]

    # --- lanes

    def lane(self, needs: tuple[Need, ...], choice: AgentChoice) -> Lane:
        """Return the lane of those who need one of these."""
        key = choice, tuple(_key(need) for need in needs), None
        lane = self._lanes.get(key)
        if lane is None:
            fit = [s for s in self._specs.values() if any(need.is_met_by(s) for need in needs)]
            lane = self._lanes[key] = self._open(
                Lane({spec.agent: self._fixed_rank(spec, needs, choice) for spec in fit}, choice)
            )
        return lane

    def lane_of_one(self, agent: AgentId) -> Lane:
        """Return the lane of those who wait for this agent alone."""
        key = AgentChoice.LONGEST_IDLE, (), agent
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = self._open(Lane({agent: 0}, AgentChoice.LONGEST_IDLE))
        return lane

    def _open(self, lane: Lane) -> Lane:
        for agent in lane.agents:
            self._lanes_of_agent[agent].append(lane)
            if (free := self._free.get(agent)) is not None:
                lane.add_free(agent, free)
        return lane

    def _fixed_rank(self, spec: AgentSpec, needs: tuple[Need, ...], choice: AgentChoice) -> int:
        if choice is AgentChoice.BEST_SKILL:
            return -max(
                sum(spec.skills.get(skill, 0) for skill in need.skills)
                for need in needs
                if need.is_met_by(spec)
            )
        return self._order[spec.agent]

    # --- agents

    def set_free(
        self, agent: AgentId, *, is_free: bool, load: timedelta = timedelta(), last_offer: int = 0
    ) -> None:
        """Let the agent become free, after all who are, or take him out."""
        if not is_free:
            self._free.pop(agent, None)
        elif agent not in self._free:
            self._freed_so_far += 1
            free = self._free[agent] = _Free(self._freed_so_far, load.total_seconds(), last_offer)
            for lane in self._lanes_of_agent[agent]:
                lane.add_free(agent, free)
                lane.tidy(self._free)

    def place_of_free(self, agent: AgentId) -> int | None:
        """Return the agent's place in the order of becoming free; None when he is not."""
        free = self._free.get(agent)
        return None if free is None else free.since

    def best_for(self, waiting: Waiting) -> AgentId | None:
        """Return the free agent whom the caller is to be offered to."""
        return None if waiting.lane is None else waiting.lane.best(self._free, waiting.spared)

    def next_for(self, agent: AgentId) -> Waiting | None:
        """Return the caller who is to be offered to the agent: who is due first of all."""
        found: Waiting | None = None
        for lane in self._lanes_of_agent[agent]:
            if not lane.unoffered:
                continue  # nearly always, and to find that out by iterating costs twice as much
            for waiting in lane.unoffered:
                if agent not in waiting.spared:
                    if found is None or waiting.due < found.due:
                        found = waiting
                    break
        return found

    # --- callers

    def join(self, waiting: Waiting, lane: Lane) -> None:
        """Let a caller wait."""
        waiting.due = waiting.joined_at - waiting.priority * self._worth, waiting.ticket
        self._lines[waiting.queue].add(waiting)
        waiting.lane = lane
        lane.unoffered.add(waiting)

    def leave(self, waiting: Waiting) -> None:
        """Take a caller out."""
        self._lines[waiting.queue].remove(waiting)
        self._leave_lane(waiting)

    def move(self, waiting: Waiting, lane: Lane) -> bool:
        """Let a caller wait in another lane; return whether it is another."""
        if lane is waiting.lane:
            return False
        if waiting.offer is None:
            self._leave_lane(waiting)
            lane.unoffered.add(waiting)
        waiting.lane = lane
        return True

    def _leave_lane(self, waiting: Waiting) -> None:
        if waiting.offer is None and waiting.lane is not None:
            unoffered = waiting.lane.unoffered
            if unoffered[0] is waiting:  # nearly always: whoever is due first is offered first
                unoffered.pop(0)
            else:
                unoffered.remove(waiting)

    def mark_offered(self, waiting: Waiting, offer: OfferId, agent: AgentId) -> None:
        """Reserve the caller to the agent."""
        self._leave_lane(waiting)
        waiting.offer, waiting.agent = offer, agent
        waiting.offers_made += 1

    def mark_unoffered(self, waiting: Waiting) -> None:
        """Give the caller back his turn; his place is the same as before."""
        waiting.offer = waiting.agent = None
        if waiting.lane is not None:
            waiting.lane.unoffered.add(waiting)

    def position(self, waiting: Waiting) -> int:
        """Return the caller's place in his queue, 1 for the next one."""
        return int(self._lines[waiting.queue].index(waiting)) + 1


def _key(need: Need) -> tuple[object, ...]:
    return need.line, tuple(sorted(need.skills.items()))
