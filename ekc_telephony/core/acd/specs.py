"""
What the configuration says of queues and agents.

An agent serves a queue when he is on its line and has every skill it requires at the level it
requires. That never changes while the engine runs, so it is worked out once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from ekc_telephony.core.call.presence import Presence
from ekc_telephony.core.kernel.ids import AgentId, QueueId, SkillId


class Line(Enum):
    """Who takes the call: general questions first, a participant's specialists second (A7)."""

    FIRST = "first"
    SECOND = "second"


class NoAgentsPolicy(Enum):
    """What a caller meets in a queue that nobody is signed in to."""

    WAIT = "wait"
    INFORM = "inform"
    """Told so, and the call ends as «informed no agents»."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSpec:
    """One queue."""

    queue: QueueId
    title: str
    """What agents see on their phones."""
    line: Line
    requires: Mapping[SkillId, int]
    """Skill → least level."""
    ring_time: timedelta
    """How long an offer rings before it lapses."""
    wrap_up: timedelta
    """How long after-call work may last; zero for none."""
    refusal_rest: timedelta
    """How long an agent gets no offer after he refused one."""
    announce_every: timedelta | None
    """How often a waiting caller hears his position; None for never."""
    is_recorded: bool
    when_no_agents: NoAgentsPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpec:
    """One agent."""

    agent: AgentId
    name: str
    line: Line
    skills: Mapping[SkillId, int]
    initial_presence: Presence = Presence.SIGNED_OUT
    """Before he declares anything, ever."""


def serves(agent: AgentSpec, queue: QueueSpec) -> bool:
    """Tell whether the agent may be offered this queue's callers."""
    return agent.line is queue.line and all(
        agent.skills.get(skill, 0) >= level for skill, level in queue.requires.items()
    )
