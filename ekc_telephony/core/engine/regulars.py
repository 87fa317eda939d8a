"""
Citizens who call again: whom they talked to, and the place they gave up.

Rule 1: one entry for each number, of which the latest talk and the latest place given up are known.
Rule 2: what is older than a day is forgotten, and the oldest first when there are very many.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.engine.state import MOST_REGULARS, RegularState
from ekc_telephony.core.kernel.ids import AgentId, QueueId

REMEMBERED: Final = timedelta(days=1)


class Regulars:
    """Remember callers by their numbers."""

    def __init__(self) -> None:
        self._known: dict[str, RegularState] = {}
        """The one seen last stands last."""
        self._touched: dict[str, None] = {}

    def restore(self, states: Iterable[RegularState]) -> None:
        """Go on where an earlier engine was."""
        for state in states:
            self._known.pop(state.number, None)
            self._known[state.number] = state

    def states(self) -> tuple[RegularState, ...]:
        """Return everybody, who was seen longest ago first."""
        return tuple(self._known.values())

    def take_changes(self) -> tuple[RegularState, ...]:
        """Return who changed since this was asked last."""
        touched, self._touched = self._touched, {}
        return tuple(self._known[number] for number in touched if number in self._known)

    def talked(self, number: str | None, agent: AgentId, now: datetime) -> None:
        """Take note of who talked to him; his old place is no longer his."""
        if number is not None:
            self._put(RegularState(number=number, seen_at=now, agent=agent))

    def left(self, number: str | None, queue: QueueId, joined_at: datetime, now: datetime) -> None:
        """Take note of the place that he gave up by hanging up."""
        if number is not None:
            known = self._known.get(number) or RegularState(number=number, seen_at=now)
            self._put(
                replace(known, seen_at=now, left_queue=queue, joined_at=joined_at, left_at=now)
            )

    def agent_of(self, number: str | None, now: datetime) -> AgentId | None:
        """Return who talked to him last."""
        known = self._known.get(number or "")
        return None if known is None or now - known.seen_at > REMEMBERED else known.agent

    def place_of(
        self, number: str | None, queue: QueueId, now: datetime, *, kept_for: timedelta
    ) -> datetime | None:
        """Return when he first joined the queue that he left a short time ago; None: he did not."""
        known = self._known.get(number or "")
        if known is None or known.left_at is None or known.left_queue != queue:
            return None
        return known.joined_at if now - known.left_at <= kept_for else None

    def _put(self, state: RegularState) -> None:
        self._known.pop(state.number, None)
        self._known[state.number] = state
        self._touched[state.number] = None
        while len(self._known) > MOST_REGULARS or self._is_stale(state.seen_at):
            del self._known[next(iter(self._known))]

    def _is_stale(self, now: datetime) -> bool:
        return now - next(iter(self._known.values())).seen_at > REMEMBERED
