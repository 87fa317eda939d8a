"""
What another engine needs to go on: everything that is known, what has changed of it, and back.

The plain values are in `state.py`; between them and the ACD translates `adoption.py`.

Rule 1: an engine restored from another's state is that engine after a time of blindness.
"""

from __future__ import annotations

from datetime import datetime

from ekc_telephony.core.engine import course_state
from ekc_telephony.core.engine.adoption import (
    agent_of,
    declared_by,
    feature_state,
    place_of,
    state_of,
    waiting_of,
)
from ekc_telephony.core.engine.session import Session
from ekc_telephony.core.engine.state import (
    AgentState,
    Changes,
    EngineState,
    FeatureState,
    SessionState,
)
from ekc_telephony.core.engine.switchboard import Switchboard
from ekc_telephony.core.ivr.script import Script


def state(board: Switchboard) -> EngineState:
    """Return everything that is known."""
    return EngineState(
        sessions=tuple(_session_state(board, each) for each in board.sessions.values()),
        agents=tuple(state_of(board.acd, each) for each in board.acd.agents),
        features=_feature_states(board),
        is_connected=board.is_connected,
        blind_since=board.blind_since,
        regulars=board.around.regulars.states(),
        paces=board.acd.paces,
    )


def take_changes(board: Switchboard) -> Changes:
    """Return what changed since this was asked last."""
    board.touched |= dict.fromkeys(board.acd.take_touched())
    calls, agents, features = board.touched, board.touched_agents, board.features_touched
    regulars = board.around.regulars.take_changes()
    paces = board.acd.take_changed_paces()
    if not (calls or agents or features or regulars or paces):
        return Changes()
    board.touched, board.touched_agents, board.features_touched = {}, {}, False
    alive = [board.sessions[call] for call in calls if call in board.sessions]
    return Changes(
        sessions=tuple(_session_state(board, each) for each in alive),
        over=tuple(call for call in calls if call not in board.sessions),
        agents=tuple(state_of(board.acd, each) for each in agents),
        features=_feature_states(board) if features else None,
        regulars=regulars,
        paces=paces,
    )


def _session_state(board: Switchboard, session: Session) -> SessionState:
    return session.state(place_of(board.acd, session.call))


def _feature_states(board: Switchboard) -> tuple[FeatureState, ...]:
    return tuple(feature_state(leg, told) for leg, told in board.features.items())


def restore_session(board: Switchboard, known: SessionState, *, script: Script | None) -> None:
    """
    Take up the session of an earlier engine.

    Raises:
        KeyError: Its queue exists no longer.
    """
    session = Session(course_state.restored(known, script=script, around=board.around))
    if known.queue is not None:
        board.acd.queues[known.queue]  # a KeyError here leaves nothing half restored
    board.admit(session)
    board.lead(session.legs(), session)
    if known.place is not None:
        board.acd.restore_waiting(waiting_of(known.call, known.place))
    board.deadlines.set(session.call, session.next_deadline())


def restore_agents(
    board: Switchboard,
    agents: tuple[AgentState, ...],
    features: tuple[FeatureState, ...],
    now: datetime,
) -> None:
    """Let agents be as an earlier engine knew them; after all sessions are restored."""
    board.go_blind(now)
    known = [each for each in agents if each.agent in board.acd.agents]
    for each in sorted(known, key=lambda agent: agent.freed or 0):
        board.acd.restore_agent(
            agent_of(each, board.sessions), wrap_up=each.wrap_up, engaged_for=each.engaged_for
        )
    board.features = {each.leg: declared_by(each) for each in features}


def see_as(board: Switchboard, known: EngineState, now: datetime) -> None:
    """See or be blind as the engine of this state was; after all is restored."""
    board.is_connected = known.is_connected
    board.blind_since = known.blind_since
    if known.blind_since is None:
        board.acd.go_on(now)
