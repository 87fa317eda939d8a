"""
What a supervisor asks for: to take part in a talk, to put a waiting caller elsewhere.

Whoever passes a request on asks `refusal` first, so that the supervisor is told why it cannot be;
the handlers ask it again, because an event of the journal is not asked.

Rule 1: nothing is done in vain: what cannot be done changes nothing.
Rule 2: a supervisor takes part in one talk at a time.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Final, TypeAlias, assert_never

from ekc_telephony.core.call.events import MoveAsked, SupervisionAsked, SupervisionGivenUp
from ekc_telephony.core.engine import supervising, waiting
from ekc_telephony.core.engine.effects import Effect
from ekc_telephony.core.engine.session import Session
from ekc_telephony.core.engine.state import Phase
from ekc_telephony.core.engine.switchboard import Handlers, Switchboard
from ekc_telephony.core.engine.talk_requests import session_of_talk
from ekc_telephony.core.engine.transfer import ToQueue, can_be_had
from ekc_telephony.core.kernel.ids import AgentId, CallId

Request: TypeAlias = SupervisionAsked | SupervisionGivenUp | MoveAsked


class Refusal(Enum):
    """Why a request of a supervisor changes nothing."""

    BLIND = "blind"
    """We do not see Asterisk."""
    NOT_TALKING = "not_talking"
    """The agent talks to no caller now."""
    SUPERVISES_ANOTHER = "supervises_another"
    """The supervisor takes part in another talk."""
    NOT_SUPERVISED = "not_supervised"
    """He takes part in no talk of this agent."""
    NOT_WAITING = "not_waiting"
    """There is no such call, or it does not wait."""
    IS_OFFERED = "is_offered"
    """A phone rings for the caller."""
    QUEUE_UNKNOWN = "queue_unknown"
    NOBODY_THERE = "nobody_there"
    """Nobody is signed in to that queue, and it sends such callers away."""
    STANDS_THERE = "stands_there"
    """He waits in that queue, and his priority is not to be raised."""


def refusal(board: Switchboard, request: Request) -> Refusal | None:
    """Return why the request cannot be granted; None when it can."""
    if board.blind_since is not None:
        return Refusal.BLIND
    match request:
        case SupervisionAsked():
            return _supervision_refused(board, request)
        case SupervisionGivenUp(supervisor=supervisor, agent=agent):
            return None if _supervised(board, supervisor, agent) else Refusal.NOT_SUPERVISED
        case MoveAsked():
            return _move_refused(board, request)
        case _:
            assert_never(request)


def _supervision_refused(board: Switchboard, request: SupervisionAsked) -> Refusal | None:
    known = agent_supervised_by(board, request.supervisor)
    if known is not None:
        return None if known == request.agent else Refusal.SUPERVISES_ANOTHER
    is_agent = request.agent in board.acd.agents
    talks = is_agent and session_of_talk(board, request.agent) is not None
    return None if talks else Refusal.NOT_TALKING


def _move_refused(board: Switchboard, request: MoveAsked) -> Refusal | None:
    session = board.sessions.get(request.call)
    if session is None or session.phase is not Phase.WAITING:
        return Refusal.NOT_WAITING
    if session.offered_leg is not None:
        return Refusal.IS_OFFERED
    if request.queue not in board.acd.queues:
        return Refusal.QUEUE_UNKNOWN
    if session.queue == request.queue:
        return None if request.raise_priority else Refusal.STANDS_THERE
    is_open = can_be_had(ToQueue(queue=request.queue), board.acd)
    return None if is_open else Refusal.NOBODY_THERE


def call_of(board: Switchboard, request: Request) -> CallId | None:
    """Return the call that the request is about; None when there is none."""
    match request:
        case MoveAsked(call=call):
            return call if call in board.sessions else None
        case (
            SupervisionAsked(supervisor=supervisor, agent=agent)
            | SupervisionGivenUp(supervisor=supervisor, agent=agent)
        ):
            session = _supervised(board, supervisor, agent) or session_of_talk(board, agent)
            return None if session is None else session.call
        case _:
            assert_never(request)


def agent_supervised_by(board: Switchboard, supervisor: AgentId) -> AgentId | None:
    """Return in whose talk the supervisor takes part."""
    for session in board.sessions.values():
        if (state := session.course.supervision.find(supervisor)) is not None:
            return state.agent
    return None


def _supervised(board: Switchboard, supervisor: AgentId, agent: AgentId) -> Session | None:
    for session in board.sessions.values():
        state = session.course.supervision.find(supervisor)
        if state is not None and state.agent == agent:
            return session
    return None


def _supervision_asked(board: Switchboard, event: SupervisionAsked, now: datetime) -> list[Effect]:
    if refusal(board, event) is not None:
        return []
    session = _supervised(board, event.supervisor, event.agent)
    session = board.focus = session or session_of_talk(board, event.agent)
    assert session is not None
    effects = supervising.asked(session.course, event.supervisor, event.mode, now)
    board.lead(session.course.supervision.legs(), session)
    return board.settle(session, effects, now)


def _supervision_given_up(
    board: Switchboard, event: SupervisionGivenUp, now: datetime
) -> list[Effect]:
    session = board.focus = _supervised(board, event.supervisor, event.agent)
    if session is None or refusal(board, event) is not None:
        return []
    return board.settle(session, supervising.given_up(session.course, event.supervisor, now), now)


def _move_asked(board: Switchboard, event: MoveAsked, now: datetime) -> list[Effect]:
    if refusal(board, event) is not None:
        return []
    session = board.attend_call(event.call)
    assert session is not None
    effects = waiting.move_asked(session.course, event.queue, event.by, event.raise_priority, now)
    return board.settle(session, effects, now)


HANDLERS: Final[Handlers] = {
    SupervisionAsked: _supervision_asked,
    SupervisionGivenUp: _supervision_given_up,
    MoveAsked: _move_asked,
}
