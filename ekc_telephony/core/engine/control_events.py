"""
Losing sight of Asterisk, and seeing it again; other scripts for the calls to come.

Rule 1: while we do not see Asterisk nobody is offered to anybody and no caller's time runs out;
what was ordered and may be lost is ordered again when we see.
Rule 2: after `ControlRegained` the engine's picture equals Asterisk's: legs that are gone have
ended, callers nobody knew have arrived, conversations nobody knew are adopted, and calls that an
earlier engine left open and whose caller is gone have ended, too.
Rule 3: whoever is in a script stays in it, whatever is published.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ekc_telephony.core.call.commands import DestroyBridge
from ekc_telephony.core.call.events import (
    CallsLeftOpen,
    ControlLost,
    ControlRegained,
    EngineStopping,
    PhonesElsewhere,
    ScriptsPublished,
)
from ekc_telephony.core.engine.agent_events import phones_elsewhere
from ekc_telephony.core.engine.catching_up import seen
from ekc_telephony.core.engine.effects import Effect
from ekc_telephony.core.engine.missing import end_missing
from ekc_telephony.core.engine.plan import Published
from ekc_telephony.core.engine.strangers import take_strangers_in
from ekc_telephony.core.engine.switchboard import TALK, Handlers, Switchboard
from ekc_telephony.core.kernel.ids import CallId


def _calls_left_open(board: Switchboard, event: CallsLeftOpen, now: datetime) -> list[Effect]:
    board.left_open.remember(event.calls)
    # Before we see Asterisk nobody can tell whose caller is still there.
    return [*board.left_open.end(now)] if board.is_connected else []


def _control_lost(board: Switchboard, event: ControlLost, now: datetime) -> list[Effect]:
    del event
    board.go_blind(now)
    return []


def _control_regained(board: Switchboard, event: ControlRegained, now: datetime) -> list[Effect]:
    """Bring our picture in line with Asterisk's."""
    board.acd.suspend()  # until everybody has the place that his age gives him
    lost_at, board.blind_since = board.blind_since or now, None
    board.is_connected = True
    effects = end_missing(board, event, lost_at, now)
    effects += _catch_up(board, event, now)
    effects += take_strangers_in(board, event.legs, now)
    effects += board.left_open.end(now)
    effects += _destroy_unused(board, event)
    board.focus = None
    effects += phones_elsewhere(board, PhonesElsewhere(agents=event.phones_elsewhere), now)
    return effects + board.settle_acd(board.acd.resume(now), now)


def _catch_up(board: Switchboard, event: ControlRegained, now: datetime) -> list[Effect]:
    """Tell every session whose caller is there what Asterisk shows of his call."""
    alive = {live.leg: live for live in event.legs}
    effects: list[Effect] = []
    for session in list(board.sessions.values()):
        board.focus = session
        if session.leg in alive:
            caught_up = session.on_control_regained(seen(session, alive), now)
            effects += board.settle(session, caught_up, now)
    return effects


def _destroy_unused(board: Switchboard, event: ControlRegained) -> list[Effect]:
    """Destroy the bridges of ours that no session uses."""
    used = {bridge for session in board.sessions.values() for bridge in session.bridges()}
    return [
        DestroyBridge(call=CallId(bridge), bridge=bridge)
        for bridge in sorted(event.bridges)
        if bridge not in used and TALK in bridge
    ]


def _engine_stopping(board: Switchboard, event: EngineStopping, now: datetime) -> list[Effect]:
    """Let nobody hear silence until the next engine is there, and begin nothing new."""
    del event
    if board.blind_since is not None:
        return []
    effects: list[Effect] = []
    for session in list(board.sessions.values()):
        board.focus = session
        effects += board.settle(session, session.on_engine_stopping(), now)
    board.go_blind(now)
    return effects


def _scripts_published(board: Switchboard, event: ScriptsPublished, now: datetime) -> list[Effect]:
    del now
    published = Published(number=event.number, texts=event.texts)
    board.plan = board.plan.with_published(published)
    return []


HANDLERS: Final[Handlers] = {
    CallsLeftOpen: _calls_left_open,
    ControlLost: _control_lost,
    ControlRegained: _control_regained,
    EngineStopping: _engine_stopping,
    ScriptsPublished: _scripts_published,
}
