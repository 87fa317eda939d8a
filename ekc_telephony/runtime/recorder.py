"""
The recorder: stands between the driver and the engine, and writes every step into the journal.

What the core is told is written before its commands leave; what came of it is written up when they
have left, before its facts are told. So a caller's operator rings sooner by what writing a state
down takes (0.2 ms), and yet whatever the world got to see of us, the journal knows: of an input
without its step the core, told it again, decides the same. What a killed engine had in memory can
be read back (`recovery.py`).

It also keeps account of how far the facts have reached the store, so that the next engine offers
the store what it does not have.

Rule 1: one step is an input and what came of it; nothing but `Stored` stands between the two.
Rule 2: at most one step is not written up: the next one, a new segment and the end write it up.
Rule 3: a full or broken disk costs records, never a call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from ekc_telephony.core.call.events import ControlLost, Event
from ekc_telephony.core.call.facts import Fact
from ekc_telephony.core.engine.effects import Effect, facts_of
from ekc_telephony.core.engine.state import Changes, EngineState
from ekc_telephony.runtime.driver import Core
from ekc_telephony.runtime.journal_codec import (
    Input,
    Opening,
    encode_input,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unwritten:
    """A step that is not written up."""

    at: datetime
    event: Event | None
    effects: list[Effect]
    is_broken: bool


class Recorder:
    """
    A core that keeps a journal; whoever drives it calls `write_up` when the commands have left.

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
        self._unwritten: _Unwritten | None = None

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
                self.write_up()
                self._begin_segment()

    def handle(self, event: Event, now: datetime) -> list[Effect]:
        """Write one event down and apply it."""
        return self._take(now, event)

    def next_deadline(self) -> datetime | None:
        """Return when `on_time` is next due."""
        return self._core.next_deadline()

    def on_time(self, now: datetime) -> list[Effect]:
        """Write down that time has passed, and let it."""
        return self._take(now, None)

    def take_again(self, unfinished: Input, now: datetime) -> list[Fact]:
        """
        Take the step that an earlier life died in, and see nothing from then on.

        Its commands may have left or not, so they are looked for when we see Asterisk, like all
        that are under way when a connection breaks. The core must be as it was before that step,
        `begin` have been called, and nothing else been told.

        Returns:
            The facts, to be told.
        """
        effects = self._take(unfinished.at, unfinished.event, is_again=True)
        effects += self._take(now, ControlLost())
        self.write_up()
        return facts_of(effects)

    def _take(self, now: datetime, event: Event | None, *, is_again: bool = False) -> list[Effect]:
        self.write_up()
        self._journal.append(encode_input(now, event, is_again=is_again))
        core, bugs = self._core, self._core.bugs
        effects = core.on_time(now) if event is None else core.handle(event, now)
        self._unwritten = _Unwritten(
            at=now, event=event, effects=effects, is_broken=core.bugs > bugs
        )
        return effects

    def write_up(self) -> None:
        """Write down what came of the last step, unless that has been done."""
        step, self._unwritten = self._unwritten, None
        if step is None:
            return
        changes = self._core.take_changes()
        if step.event is None and not step.effects and not changes:
            return
        record = encode_step(step.at, step.event, step.effects, changes, is_broken=step.is_broken)
        position = self._journal.append(record)
        facts = len(facts_of(step.effects))
        if facts:
            self._unstored.append((position, facts))
        if step.is_broken:
            log.error("a session was ended by a bug of ours", journal_position=position)
        if self._journal.is_full:
            self._begin_segment()

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

    def _begin_segment(self) -> None:
        opening = self._opening(self._core.state(), self._stored_through)
        self._journal.begin_segment(encode_opening(opening))
