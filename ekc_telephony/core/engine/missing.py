"""
Legs that ended while we did not see Asterisk.

How one went, as far as can be known, is asked in `catching_up.py`; here their sessions are told, in
the order in which the legs ended.
"""

from __future__ import annotations

from datetime import datetime

from ekc_telephony.core.call.events import ControlRegained, EndReason, LegEnded
from ekc_telephony.core.engine.call_events import leg_ended
from ekc_telephony.core.engine.catching_up import caller_missing, ended_at
from ekc_telephony.core.engine.effects import Effect
from ekc_telephony.core.engine.switchboard import Switchboard
from ekc_telephony.core.kernel.ids import LegId


def end_missing(
    board: Switchboard, event: ControlRegained, lost_at: datetime, now: datetime
) -> list[Effect]:
    """
    End the legs that Asterisk does not hold for us any more, in the order of their ends.

    Args:
        board: Whose legs.
        event: What Asterisk holds.
        lost_at: When we ceased to see.
        now: The moment.
    """
    alive = {live.leg for live in event.legs}
    missing = [leg for leg in (*board.session_of_leg, *board.features) if leg not in alive]
    effects: list[Effect] = []
    for leg in sorted(missing, key=lambda each: (ended_at(event, each) or now, each)):
        session = board.session_of_leg.get(leg)
        if session is None or session.leg != leg:
            effects += _agent_leg_missing(board, leg, event, now)
            continue
        board.focus = session
        board.session_of_leg.pop(leg, None)
        gone = caller_missing(session, event, lost_at, now)
        effects += board.settle(session, gone, now)
    return effects


def _agent_leg_missing(
    board: Switchboard, leg: LegId, event: ControlRegained, now: datetime
) -> list[Effect]:
    session = board.session_of_leg.get(leg)
    if session is None:
        return leg_ended(board, LegEnded(leg=leg, reason=EndReason.FAILED), now)
    board.focus = session
    board.session_of_leg.pop(leg, None)
    if session.offered_leg == leg:
        return board.settle(session, session.on_offer_lost(now), now)
    # When it is not known whether he hung up, his caller is not cut off for it.
    ended = event.ended.get(leg)
    is_known = ended is not None and ended.is_normal
    reason = EndReason.HUNG_UP if is_known else EndReason.FAILED
    moment = now if ended is None else session.not_before(ended.at, now)
    return board.settle(session, session.on_leg_ended(leg, reason, moment), now)
