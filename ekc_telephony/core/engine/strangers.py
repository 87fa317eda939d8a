"""
Legs that Asterisk holds for us and that nobody here serves: callers whom an earlier engine served.

Rule 1: whoever called one of our numbers is taken in; with an agent in his bridge, as a talk.
Rule 2: every other leg that no session waits for is hung up, and a supervisor's is no agent's.
"""

from __future__ import annotations

from datetime import datetime

from ekc_telephony.core.call.commands import HangUpLeg
from ekc_telephony.core.call.events import CallArrived, LiveLeg
from ekc_telephony.core.call.facts import facts_before
from ekc_telephony.core.engine.course import Course
from ekc_telephony.core.engine.effects import Effect
from ekc_telephony.core.engine.session import Session
from ekc_telephony.core.engine.supervision import is_of_supervisor
from ekc_telephony.core.engine.switchboard import Switchboard
from ekc_telephony.core.kernel.ids import CallId, Did, LegId


def take_strangers_in(board: Switchboard, legs: tuple[LiveLeg, ...], now: datetime) -> list[Effect]:
    """Serve callers whom nobody serves; hang up agents' legs nobody waits for."""
    strangers = [
        live
        for live in legs
        if live.leg not in board.session_of_leg and live.leg not in board.features
    ]
    agents = {
        live.bridge: live
        for live in strangers
        if live.agent and live.bridge and not is_of_supervisor(live.leg)
    }
    effects: list[Effect] = []
    # Conversations first, or their agents would be offered others; then whoever came first.
    for caller in sorted(strangers, key=lambda live: (live.bridge not in agents, live.created_at)):
        if caller.did is not None:
            agent = None if caller.bridge is None else agents.get(caller.bridge)
            effects += _take_over(board, caller, caller.did, agent, now)
    effects += [
        HangUpLeg(call=CallId(live.leg), leg=live.leg)
        for live in legs
        if live.leg not in board.features and not _is_wanted(board, live.leg)
    ]
    return effects


def _is_wanted(board: Switchboard, leg: LegId) -> bool:
    """Tell whether a session still needs the leg; our order to hang it up may be lost."""
    session = board.session_of_leg.get(leg)
    return session is not None and leg in session.legs()


def _take_over(
    board: Switchboard, caller: LiveLeg, did: Did, agent: LiveLeg | None, now: datetime
) -> list[Effect]:
    """Take in a caller whom an earlier engine, or nobody, has served."""
    course = Course(
        CallArrived(call=CallId(caller.leg), did=did, number=caller.number),
        script=board.plan.scripts.get(did),
        around=board.around,
        now=caller.created_at,
        facts_before=facts_before(caller.created_at, now),
        is_answered=caller.is_answered,
    )
    session = Session(course)
    board.admit(session)
    if agent is None or agent.agent is None or caller.bridge is None:
        return board.settle(session, session.start(now), now)
    board.session_of_leg[agent.leg] = session
    effects = session.adopt(agent.agent, agent.leg, caller.bridge, now)
    return board.settle(session, effects, now)
