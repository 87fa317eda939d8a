"""
The recorder: stands between the driver and the engine, and writes every step into the journal.

A step is written before its commands leave and before its facts are told: whatever the world got to
see of us, the journal knows. What a killed engine had in memory can be read back (`recovery.py`).

It also keeps account of how far the facts have reached the store, so that the next engine offers
the store what it does not have.

Rule 1: one step is one record. Time that passes without anything being due is none.
Rule 2: a full or broken disk costs records, never a call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

import structlog

from ekc_telephony.core.call.commands import Command
from ekc_telephony.core.call.events import Event
from ekc_telephony.core.engine.engine import Effect
from ekc_telephony.core.engine.state import Changes, EngineState
from ekc_telephony.runtime.driver import Core
from ekc_telephony.runtime.journal_codec import (
    Opening,
    encode_opening,
    encode_step,
    encode_stored,
)
from ekc_telephony.runtime.ports import Journal

log = structlog.get_logger(__name__)


class Recorded(Core, Protocol):
    """A core whose steps can be written down."""

    bugs: int

    def state(self) -> EngineState:
        """Return everything that is known."""
        ...

    def take_changes(self) -> Changes:
        """Return what changed since this was asked last."""
        ...


class Recorder:
    """
    A core that keeps a journal.

    Args:
        core: The core.
        journal: Where its steps go.
        opening: Says what a segment begins with, from the state and how far the store is.
    """

    def __init__(
        self, core: Recorded, journal: Journal, *, opening: Callable[[EngineState, int], Opening]
    ) -> None:
        self._core = core
        self._journal = journal
        self._opening = opening
        self._unstored: deque[tuple[int, int]] = deque()
        """Records with facts that the store does not have: position, how many."""
        self._stored_through = 0

    def begin(self, unstored: Iterable[tuple[int, int]], *, stored_through: int) -> None:
        """
        Begin this life's first segment.

        Args:
            unstored: What earlier lives left: position and number of facts, oldest first.
            stored_through: How far the store has come.
        """
        self._unstored.extend(unstored)
        self._stored_through = stored_through
        self._journal.needed_from = stored_through + 1
        self._begin_segment()

    async def run(self) -> None:
        """Begin a new segment when one is due though no step is; until cancelled."""
        while True:
            await asyncio.sleep(1)
            if self._journal.is_full:
                self._begin_segment()

    def handle(self, event: Event, now: datetime) -> list[Effect]:
        """Apply one event and write the step down."""
        bugs = self._core.bugs
        effects = self._core.handle(event, now)
        self._write(now, event, effects, is_broken=self._core.bugs > bugs)
        return effects

    def next_deadline(self) -> datetime | None:
        """Return when `on_time` is next due."""
        return self._core.next_deadline()

    def on_time(self, now: datetime) -> list[Effect]:
        """Let time pass, and write it down if anything was due."""
        bugs = self._core.bugs
        effects = self._core.on_time(now)
        self._write(now, None, effects, is_broken=self._core.bugs > bugs)
        return effects

    def facts_stored(self, count: int) -> None:
        """Take note that the store has the next so many facts."""
        before = self._stored_through
        while count and self._unstored:
            position, left = self._unstored.popleft()
            if left > count:
                self._unstored.appendleft((position, left - count))
                break
            count -= left
            self._stored_through = position
        if self._stored_through != before:
            self._journal.append(encode_stored(self._stored_through))
            self._journal.needed_from = self._stored_through + 1

    def _write(
        self, now: datetime, event: Event | None, effects: list[Effect], *, is_broken: bool
    ) -> None:
        changes = self._core.take_changes()
        if event is None and not effects and not changes:
            return
        record = encode_step(now, event, effects, changes, is_broken=is_broken)
        position = self._journal.append(record)
        facts = sum(1 for each in effects if not isinstance(each, Command))
        if facts:
            self._unstored.append((position, facts))
        if is_broken:
            log.error("a session was ended by a bug of ours", journal_position=position)
        if self._journal.is_full:
            self._begin_segment()

    def _begin_segment(self) -> None:
        opening = self._opening(self._core.state(), self._stored_through)
        self._journal.begin_segment(encode_opening(opening))
