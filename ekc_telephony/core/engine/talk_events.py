"""What is seen of a talk that goes on; what becomes of it is in `attention.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ekc_telephony.core.call.events import HoldBegan, HoldEnded, SpeechBegan, SpeechEnded
from ekc_telephony.core.engine import attention
from ekc_telephony.core.engine.effects import Effect
from ekc_telephony.core.engine.switchboard import Handlers, Switchboard


def _hold_began(board: Switchboard, event: HoldBegan, now: datetime) -> list[Effect]:
    session = board.attend(event.leg)
    if session is None:
        return []
    return board.settle(session, attention.hold_began(session.course, event.leg, now), now)


def _hold_ended(board: Switchboard, event: HoldEnded, now: datetime) -> list[Effect]:
    session = board.attend(event.leg)
    if session is None:
        return []
    return board.settle(session, attention.hold_ended(session.course, event.leg, now), now)


def _speech_began(board: Switchboard, event: SpeechBegan, now: datetime) -> list[Effect]:
    session = board.attend(event.leg)
    if session is None:
        return []
    attention.speech_began(session.course, event.leg, now)
    return board.settle(session, [], now)


def _speech_ended(board: Switchboard, event: SpeechEnded, now: datetime) -> list[Effect]:
    session = board.attend(event.leg)
    if session is None:
        return []
    attention.speech_ended(session.course, event.leg, now)
    return board.settle(session, [], now)


HANDLERS: Final[Handlers] = {
    HoldBegan: _hold_began,
    HoldEnded: _hold_ended,
    SpeechBegan: _speech_began,
    SpeechEnded: _speech_ended,
}
