"""
What happens when one of our own parts breaks.

A bug in one session must cost one caller an apology, and nobody else anything. The supervisor
stands between the driver and the engine: whatever the engine raises is logged and counted, the
session that was being served is ended safely, and the floor goes on.

Rule 1: this is the only module that catches every `Exception`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from ekc_telephony.core.call.events import Event
from ekc_telephony.core.engine.engine import Effect, Engine

log = structlog.get_logger(__name__)


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

    def handle(self, event: Event, now: datetime) -> list[Effect]:
        """Apply one event; never raises."""
        return self._contained(lambda: self._engine.handle(event, now), now)

    def next_deadline(self) -> datetime | None:
        """Return when `on_time` is next due."""
        return self._engine.next_deadline()

    def on_time(self, now: datetime) -> list[Effect]:
        """Let time pass; never raises."""
        return self._contained(lambda: self._engine.on_time(now), now)

    def _contained(self, step: Callable[[], list[Effect]], now: datetime) -> list[Effect]:
        """Take one step; when it raises, end the session that was being served."""
        try:
            return step()
        except Exception:
            self.bugs += 1
            log.exception("the engine raised; the session is ended")
        try:
            return self._engine.abort(now)
        except Exception:
            log.exception("ending the broken session raised, too; it is left alone")
            return []
