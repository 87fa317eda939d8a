"""
Between what the engine's parts hold and the plain values of `state.py`: agents and places in line.

Rule 1: an agent is restored only into what the restored calls bear out. Whoever was reserved,
talking or wrapping up for a call that nobody restored is idle: no operator is stuck.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.acd.agent import Agent
from ekc_telephony.core.acd.floor import Waiting
from ekc_telephony.core.acd.messages import AcdEvent, PresenceSet, WrapUpDeclaredOver
from ekc_telephony.core.call.facts import SegmentKind
from ekc_telephony.core.call.presence import Activity
from ekc_telephony.core.engine.session import Session
from ekc_telephony.core.engine.state import (
    AgentState,
    FeatureState,
    PlaceState,
    SkillState,
    SparedState,
)
from ekc_telephony.core.kernel.ids import AgentId, CallId, LegId

_OF_A_CALL: Final = frozenset({Activity.RESERVED, Activity.TALKING, Activity.WRAP_UP})


def state_of(acd: Acd, agent_id: AgentId) -> AgentState:
    """Return how the agent is."""
    agent = acd.agents[agent_id]
    return AgentState(
        agent=agent_id,
        presence=agent.presence,
        reason=agent.reason,
        activity=agent.activity,
        is_reachable=agent.is_reachable,
        call=agent.call,
        activity_ends=agent.activity_ends,
        freed=acd.free_since(agent_id),
        wrap_up=acd.wrap_up_to_come(agent_id),
        is_elsewhere=agent.is_elsewhere,
        activity_began=agent.activity_began,
        load=agent.load,
        last_offer=agent.last_offer,
        engaged_for=acd.engaged_for(agent_id),
        extensions=agent.extensions,
        presence_ends=agent.presence_ends,
    )


def agent_of(state: AgentState, sessions: Mapping[CallId, Session]) -> Agent:
    """Return the agent as he was, or idle when his call is not there any more."""
    agent = Agent(state.agent, presence=state.presence)
    agent.reason, agent.presence_ends = state.reason, state.presence_ends
    agent.is_reachable = state.is_reachable
    agent.is_elsewhere = state.is_elsewhere
    agent.load, agent.last_offer = state.load, state.last_offer
    if state.activity in _OF_A_CALL and not _is_borne_out(state, sessions):
        return agent
    agent.activity = state.activity
    agent.call, agent.extensions = state.call, state.extensions
    agent.activity_ends, agent.activity_began = state.activity_ends, state.activity_began
    return agent


def _is_borne_out(state: AgentState, sessions: Mapping[CallId, Session]) -> bool:
    session = None if state.call is None else sessions.get(state.call)
    if session is None:
        return False
    if state.activity is Activity.WRAP_UP:
        return session.has_open(SegmentKind.WRAP_UP)
    return state.agent in {session.agent, session.adviser, session.colleague}


def place_of(acd: Acd, call: CallId) -> PlaceState | None:
    """Return the caller's place in line; None when he does not wait."""
    waiting = acd.place(call)
    if waiting is None:
        return None
    return PlaceState(
        queue=waiting.queue,
        joined_at=waiting.joined_at,
        ticket=waiting.ticket,
        offers_made=waiting.offers_made,
        offer=waiting.offer,
        agent=waiting.agent,
        entered_at=waiting.entered_at,
        priority=waiting.priority,
        skills=tuple(
            SkillState(skill=skill, level=level) for skill, level in waiting.skills.items()
        ),
        preferred=waiting.preferred,
        spared=tuple(
            SparedState(agent=agent, until=until) for agent, until in waiting.spared.items()
        ),
        overflows=waiting.overflows,
        kept_until=waiting.kept_until,
        was_outside=waiting.was_outside,
    )


def waiting_of(call: CallId, place: PlaceState) -> Waiting:
    """Return the place in line of this state."""
    return Waiting(
        call=call,
        queue=place.queue,
        joined_at=place.joined_at,
        ticket=place.ticket,
        offers_made=place.offers_made,
        offer=place.offer,
        agent=place.agent,
        entered_at=place.entered_at or place.joined_at,
        priority=place.priority,
        skills={each.skill: each.level for each in place.skills},
        preferred=place.preferred,
        spared={each.agent: each.until for each in place.spared},
        overflows=place.overflows,
        kept_until=place.kept_until,
        was_outside=place.was_outside,
    )


def feature_state(leg: LegId, declared: AcdEvent | None) -> FeatureState:
    """Return who hears a confirmation, and what he declares by it."""
    match declared:
        case PresenceSet(agent=agent, presence=presence):
            return FeatureState(leg=leg, agent=agent, presence=presence, ends_wrap_up=False)
        case WrapUpDeclaredOver(agent=agent):
            return FeatureState(leg=leg, agent=agent, presence=None, ends_wrap_up=True)
        case _:
            return FeatureState(leg=leg, agent=None, presence=None, ends_wrap_up=False)


def declared_by(state: FeatureState) -> AcdEvent | None:
    """Return what the operator declares when he has hung up."""
    if state.agent is None:
        return None
    if state.ends_wrap_up:
        return WrapUpDeclaredOver(agent=state.agent)
    return (
        None if state.presence is None else PresenceSet(agent=state.agent, presence=state.presence)
    )
