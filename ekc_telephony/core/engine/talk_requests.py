"""
What an agent asks for the caller he talks to: a colleague's advice, a transfer.

Who may be asked, and what becomes of it, is in `transfer.py` and in the session.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ekc_telephony.core.call.commands import AnswerTransfer, HangUpCause, HangUpLeg, TransferResult
from ekc_telephony.core.call.events import FeatureDialled, TransferAsked
from ekc_telephony.core.engine import transferring
from ekc_telephony.core.engine.session import Session
from ekc_telephony.core.engine.switchboard import Effect, Handlers, Switchboard
from ekc_telephony.core.engine.transfer import Target, ToAgent, adviser, can_be_had
from ekc_telephony.core.kernel.ids import AgentId, CallId


def colleague_dialled(
    board: Switchboard, event: FeatureDialled, target: Target, now: datetime
) -> list[Effect]:
    """Ask a colleague for advice on the caller whom the operator talks to."""
    session = board.focus = session_of_talk(board, event.agent)
    asked = adviser(target, board.acd)
    if session is None or session.advice is not None or asked is None:
        call = CallId(event.leg)
        return [HangUpLeg(call=call, leg=event.leg, cause=HangUpCause.BUSY)]
    effects = transferring.advice_asked(session.course, event.leg, asked, now)
    board.lead(session.legs(), session)
    return board.settle(session, effects, now)


def session_of_talk(board: Switchboard, agent: AgentId) -> Session | None:
    """Return the session of the caller whom the agent talks to."""
    call = board.acd.agents[agent].call
    session = None if call is None else board.sessions.get(call)
    is_his = session is not None and session.bridge is not None and session.agent == agent
    return session if is_his else None


def _transfer_asked(board: Switchboard, event: TransferAsked, now: datetime) -> list[Effect]:
    session = board.attend(event.leg)
    if session is None:
        if event.leg not in board.features:
            return []
        call = CallId(event.leg)
        return [AnswerTransfer(call=call, leg=event.leg, result=TransferResult.DECLINED)]
    if event.is_attended:
        effects = transferring.attended_transfer_asked(
            session.course, event.leg, event.consulted, now
        )
        return board.settle(session, effects, now)
    target = board.plan.directory.find(event.target, board.acd)
    # Some phones hand a caller to the colleague who is on the other line in this way, too.
    is_asked = session.adviser is not None and target == ToAgent(agent=session.adviser)
    if target is not None and not is_asked and not can_be_had(target, board.acd):
        target = None
    effects = transferring.transfer_asked(session.course, event.leg, target, now)
    board.lead(session.talking_legs(), session)
    return board.settle(session, effects, now)


HANDLERS: Final[Handlers] = {TransferAsked: _transfer_asked}
