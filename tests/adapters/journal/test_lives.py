"""The journal's promises, whatever the order of writes, full disks, kills and power failures."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from ekc_telephony.adapters.journal.journal import Journal
from ekc_telephony.adapters.journal.layout import HEADER_BYTES
from ekc_telephony.adapters.journal.segments import list_segments
from tests.adapters.journal.folders import KEY, HandClock, everything_in, files_end_at, journal_in

records = st.binary(max_size=300)


class JournalMachine(RuleBasedStateMachine):
    """
    Compares the folder with a list of what was taken.

    A kill is a writer that is dropped without `close`; a power failure, one whose newest file is
    cut, too.
    """

    def __init__(self) -> None:
        super().__init__()
        self._holder = TemporaryDirectory()
        self._folder = Path(self._holder.name)
        self._clock = HandClock()
        self._taken: list[tuple[int, bytes]] = []
        self._killed: list[Journal] = []
        self._journal = self._new_life()

    def _new_life(self) -> Journal:
        return journal_in(self._folder, self._clock, segment_size=800)

    @initialize()
    def start(self) -> None:
        assert self._journal.is_full

    @rule(opening=records, room=st.none() | st.integers(0, 400))
    def begin(self, opening: bytes, room: int | None) -> None:
        with files_end_at(1 << 30 if room is None else room):
            position = self._journal.begin_segment(opening)
        assert (position == 0) == (self._journal.trouble is not None)
        if position:
            self._taken.append((position, opening))

    @rule(record=records, room=st.none() | st.integers(0, 1500))
    def append(self, record: bytes, room: int | None) -> None:
        lost = self._journal.lost
        with files_end_at(1 << 30 if room is None else room):
            position = self._journal.append(record)
        if self._journal.lost == lost:
            self._taken.append((position, record))

    @rule()
    def wait(self) -> None:
        self._clock.advance(timedelta(seconds=1))

    @rule()
    def be_killed(self) -> None:
        self._killed.append(self._journal)
        self._journal = self._new_life()

    @precondition(lambda self: self._taken)
    @rule(share=st.floats(0, 1))
    def lose_power(self, share: float) -> None:
        newest = list_segments(self._folder, key=KEY)[-1]
        os.truncate(newest.path, int(newest.path.stat().st_size * share))
        read = everything_in(self._folder)
        assert read == self._taken[: len(read)]
        assert all(position >= newest.first_position for position, _ in self._taken[len(read) :])
        self._taken = read
        self.be_killed()

    @invariant()
    def what_was_taken_is_read_and_nothing_else(self) -> None:
        assert everything_in(self._folder) == self._taken

    @invariant()
    def positions_only_grow(self) -> None:
        positions = [position for position, _ in self._taken]
        assert positions == sorted(set(positions))

    @invariant()
    def names_tell_the_first_positions(self) -> None:
        for segment in list_segments(self._folder, key=KEY):
            assert int(segment.path.stem) == segment.first_position
            assert segment.path.stat().st_size >= HEADER_BYTES

    @override
    def teardown(self) -> None:
        for journal in [*self._killed, self._journal]:
            journal.close()
        self._holder.cleanup()


def test_the_journal_keeps_its_promises_over_many_lives() -> None:
    run_state_machine_as_test(
        JournalMachine, settings=settings(max_examples=60, stateful_step_count=30)
    )
