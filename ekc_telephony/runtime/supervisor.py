"""
What happens when one of our own parts breaks.

A bug in one session must cost one caller an apology, and nobody else anything. The supervisor
stands between the driver and the engine: whatever the engine raises is logged and counted, the
session that was being served is ended safely, and the floor goes on.

Rule 1: this is the only module that catches every `Exception`.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeAlias, TypeVar

import structlog

from ekc_telephony.core.call.events import Event
from ekc_telephony.core.engine.effects import Effect
from ekc_telephony.core.engine.engine import Engine
from ekc_telephony.core.engine.state import Changes, EngineState, SessionState
from ekc_telephony.core.ivr.script import Script

log = structlog.get_logger(__name__)


ResultT = TypeVar("ResultT")

FindScript: TypeAlias = Callable[[SessionState], Script | None]
"""Finds the version of the script that a caller began with; None when nobody serves his number."""


async def contained(work: Awaitable[ResultT], *, otherwise: ResultT, what: str) -> ResultT:
    """
    Return what some work outside of the engine returns, or something else when it raises.

    The log gets what kind of exception it was, and where; not its text, which may be personal.

    Args:
        work: What is to be done.
        otherwise: Returned when a bug of ours ends it.
        what: What it is, for the log.
    """
    try:
        return await work
    except Exception as bug:
        where = [
            f"{each.filename}:{each.lineno}" for each in traceback.extract_tb(bug.__traceback__)
        ]
        kind = type(bug).__name__
        log.error("a part of ours raised", part=what, kind=kind, where=where)  # noqa: TRY400 - its text may be personal
        return otherwise


class SupervisedEngine:
    """
    The engine, with its bugs contained.

    Args:
        engine: The engine.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.bugs = 0
        """How many exceptions the engine has raised."""

    def restore(self, state: EngineState, find_script: FindScript, now: datetime) -> int:
        """
        Go on where another engine was; never raises.

        A session that cannot be restored is left out: its caller, if he is still there, is served
        as one whom nobody knows.

        Returns:
            How many sessions were restored.
        """
        restored = sum(self._is_restored(each, find_script) for each in state.sessions)
        try:
            self._engine.restore_agents(state.agents, state.features, now)
            self._engine.restore_regulars(state.regulars)
            self._engine.restore_paces(state.paces)
        except Exception:
            self.bugs += 1
            log.exception("the agents could not be restored; they are as the configuration says")
        return restored

    def _is_restored(self, state: SessionState, find_script: FindScript) -> bool:
        try:
            self._engine.restore_session(state, script=find_script(state))
        except Exception:
            self.bugs += 1
            log.exception("a session could not be restored", call=state.call)
            return False
        return True

    def see_as(self, state: EngineState, now: datetime) -> None:
        """See or be blind as the engine of this state was: for replays."""
        self._engine.see_as(state, now)

    def state(self) -> EngineState:
        """Return everything that is known."""
        return self._engine.state()

    def take_changes(self) -> Changes:
        """Return what changed since this was asked last; never raises."""
        try:
            return self._engine.take_changes()
        except Exception:
            self.bugs += 1
            log.exception("what changed could not be told")
            return Changes()

    def handle(self, event: Event, now: datetime) -> list[Effect]:
        """Apply one event; never raises."""
        try:
            return self._engine.handle(event, now)
        except Exception as bug:
            return self._contain(bug, now)

    def next_deadline(self) -> datetime | None:
        """Return when `on_time` is next due."""
        return self._engine.next_deadline()

    def on_time(self, now: datetime) -> list[Effect]:
        """Let time pass; never raises."""
        try:
            return self._engine.on_time(now)
        except Exception as bug:
            return self._contain(bug, now)

    def _contain(self, bug: Exception, now: datetime) -> list[Effect]:
        """End the session that was being served when a step raised."""
        self.bugs += 1
        log.error("the engine raised; the session is ended", exc_info=bug)
        try:
            return self._engine.abort(now, detail="a bug of ours; the engine's log tells more")
        except Exception:
            log.exception("ending the broken session raised, too; it is left alone")
            return []
