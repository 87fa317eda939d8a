"""The journal's writer: positions, rotation, retention, syncing, and lives one after the other."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from ekc_telephony.adapters.journal.journal import RETRY_PAUSE, SYNC_PERIOD, Journal
from ekc_telephony.adapters.journal.segments import JournalKeyError, list_segments
from lab.runtime import PROJECT
from tests.adapters.journal.folders import (
    KEY,
    OTHER_KEY,
    HandClock,
    everything_in,
    journal_in,
)
from tests.virtual_time import run_virtual

_WRITE_FOR_EVER = """
import sys
from pathlib import Path
from tests.adapters.journal.folders import journal_in
journal = journal_in(Path(sys.argv[1]), segment_size=20_000)
while True:
    position = journal.begin_segment(b"o" * 5000) if journal.is_full else journal.append(b"r" * 900)
    print(position, flush=True)
"""


def run_until(journal: Journal, condition: Callable[[], bool]) -> None:
    """Let the journal run until something is so; threads have all the real time they need."""

    async def story() -> None:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(journal.run())
            while not condition():  # noqa: ASYNC110 - what a thread does to a folder tells nobody
                await asyncio.sleep(SYNC_PERIOD.total_seconds())
            running.cancel()

    run_virtual(story())


def test_positions_count_on_over_segments_and_lives(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    assert journal.is_full
    positions = [journal.begin_segment(b"a"), journal.append(b"b"), journal.begin_segment(b"c")]
    journal.close()
    second_life = journal_in(tmp_path)
    positions += [second_life.begin_segment(b"d"), second_life.append(b"e")]
    second_life.close()
    assert positions == [1, 2, 3, 4, 5]
    assert everything_in(tmp_path) == [(1, b"a"), (2, b"b"), (3, b"c"), (4, b"d"), (5, b"e")]
    assert [each.first_position for each in list_segments(tmp_path, key=KEY)] == [1, 3, 4]


def test_a_segment_is_full_at_its_size(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_size=1000)
    journal.begin_segment(b"opening")
    while not journal.is_full:
        journal.append(bytes(100))
    size = (tmp_path / "000000000001.journal").stat().st_size
    assert 1000 <= size < 1000 + 100 + 40
    journal.begin_segment(b"opening")
    assert not journal.is_full
    journal.close()


def test_a_large_opening_makes_a_large_segment_not_a_rotation_for_ever(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_size=1000)
    journal.begin_segment(bytes(50_000))
    assert not journal.is_full
    appended = 0
    while not journal.is_full:
        journal.append(bytes(1000))
        appended += 1
    assert appended * 1000 > 2 * 50_000
    journal.close()


def test_files_are_their_owners_only(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "journal"
    folder.mkdir(parents=True, mode=0o755)
    journal = journal_in(folder)
    journal.begin_segment(b"opening")
    journal.close()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}


def test_a_killed_writer_loses_no_record_it_had_appended(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _WRITE_FOR_EVER, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(200)]
        writer.send_signal(signal.SIGKILL)
        told += [int(line) for line in writer.stdout.read().splitlines(keepends=True) if line]
    read = [position for position, _ in everything_in(tmp_path)]
    assert read == list(range(1, len(read) + 1))
    assert told == read[: len(told)]
    assert journal_in(tmp_path).begin_segment(b"again") == len(read) + 1


def test_segments_past_retention_go_when_they_are_needed_no_more(tmp_path: Path) -> None:
    clock = HandClock()
    journal = journal_in(tmp_path, clock)
    for day in range(10):
        journal.begin_segment(f"opening of day {day}".encode())
        journal.append(b"record")
        clock.advance(timedelta(days=1))

    def firsts() -> list[int]:
        return [each.first_position for each in list_segments(tmp_path, key=KEY)]

    turns = iter((False, False, False, True))
    run_until(journal, lambda: next(turns))
    assert firsts() == list(range(1, 20, 2)), "what is needed was never said"
    journal.needed_from = 4
    run_until(journal, lambda: firsts()[0] != 1)
    assert firsts()[0] == 3, "position 4 lies in the segment that begins with 3"
    journal.needed_from = 20
    run_until(journal, lambda: firsts()[0] != 3)
    journal.close()
    # It is day 10; the segment of day 2 may have records of the first moment of day 3.
    assert firsts() == [5, 7, 9, 11, 13, 15, 17, 19]


def test_the_present_segment_is_never_deleted(tmp_path: Path) -> None:
    clock = HandClock()
    journal = journal_in(tmp_path, clock)
    journal.begin_segment(b"old")
    journal.begin_segment(b"present")
    journal.needed_from = 100
    clock.advance(timedelta(days=100))
    run_until(journal, lambda: len(list(tmp_path.iterdir())) == 1)
    assert everything_in(tmp_path) == [(2, b"present")]
    journal.close()


def test_retention_counts_segments_of_earlier_lives(tmp_path: Path) -> None:
    clock = HandClock()
    first = journal_in(tmp_path, clock)
    first.begin_segment(b"old")
    first.close()
    clock.advance(timedelta(days=8))
    second = journal_in(tmp_path, clock)
    second.begin_segment(b"new")
    second.needed_from = 2
    clock.advance(timedelta(days=8))
    run_until(second, lambda: len(list(tmp_path.iterdir())) == 1)
    second.close()
    assert everything_in(tmp_path) == [(2, b"new")]


def test_ended_segments_are_synced_and_closed_by_the_thread(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    for _ in range(5):
        journal.begin_segment(b"opening")

    def open_files() -> int:
        found = 0
        for each in Path("/proc/self/fd").iterdir():
            with suppress(FileNotFoundError):  # closed by the thread since it was listed
                found += each.resolve().is_relative_to(tmp_path)
        return found

    assert open_files() == 5
    run_until(journal, lambda: open_files() == 1)
    journal.close()
    assert open_files() == 0


def test_a_sync_that_fails_is_trouble_and_a_new_segment_heals_it(tmp_path: Path) -> None:
    clock = HandClock()
    journal = journal_in(tmp_path, clock)
    journal.begin_segment(b"opening")
    assert journal._open is not None
    reader, writer = os.pipe()
    os.dup2(writer, journal._open.file)  # a pipe cannot be synced
    run_until(journal, lambda: journal.trouble is not None)
    assert journal.trouble is not None
    assert "takes no records (Invalid argument)" in journal.trouble
    assert not journal.is_full
    clock.advance(RETRY_PAUSE)
    assert journal.is_full
    journal.begin_segment(b"anew")
    assert journal.trouble is None
    journal.close()
    os.close(reader)
    os.close(writer)


def test_closing_twice_is_harmless_and_what_comes_later_is_counted_as_lost(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin_segment(b"opening")
    journal.close()
    journal.close()
    journal.append(b"too late")
    assert journal.lost == 1
    assert everything_in(tmp_path) == [(1, b"opening")]


def test_a_journal_of_another_key_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin_segment(b"opening")
    journal.close()
    with pytest.raises(JournalKeyError):
        Journal(tmp_path, key=OTHER_KEY, clock=HandClock().now)
    assert everything_in(tmp_path) == [(1, b"opening")]


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has 16 bytes; expected 32"):
        Journal(tmp_path, key=bytes(16), clock=HandClock().now)


@pytest.mark.parametrize("damaged_at", [3, 200])
def test_behind_damage_no_position_is_given_twice(tmp_path: Path, damaged_at: int) -> None:
    journal = journal_in(tmp_path)
    journal.begin_segment(b"")
    last = [journal.append(b"") for _ in range(50)][-1]
    journal.close()
    segment = tmp_path / "000000000001.journal"
    written = bytearray(segment.read_bytes())
    written[damaged_at] ^= 1
    segment.write_bytes(written)
    next_life = journal_in(tmp_path)
    position = next_life.begin_segment(b"")
    next_life.close()
    assert last < position < last + 5


def test_a_segment_that_power_failure_left_without_a_record_is_replaced(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin_segment(b"first")
    journal.begin_segment(b"second")
    journal.close()
    torn = tmp_path / "000000000002.journal"
    for left in (0, 40, 80, 100):
        os.truncate(torn, left)
        next_life = journal_in(tmp_path)
        assert next_life.begin_segment(b"again") == 2
        next_life.close()
        assert everything_in(tmp_path) == [(1, b"first"), (2, b"again")]
