"""A disk that takes no records: nothing raises, no reader sees damage, the journal heals itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.adapters.journal.journal import RETRY_PAUSE
from ekc_telephony.adapters.journal.segments import list_segments
from lab.runtime import PROJECT
from tests.adapters.journal.folders import (
    KEY,
    HandClock,
    contents_of,
    everything_in,
    files_end_at,
    journal_in,
)

_IN_A_SMALL_DISK = 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"'
"""A namespace of its own, where the folder is a disk of 64 kilobytes."""


def test_a_record_that_was_written_in_part_leaves_no_trace(tmp_path: Path) -> None:
    clock = HandClock()
    journal = journal_in(tmp_path, clock)
    journal.begin_segment(b"opening")
    segment = tmp_path / "000000000001.journal"
    whole = segment.stat().st_size
    with files_end_at(whole + 30):
        assert journal.append(bytes(100)) == 2
    assert segment.stat().st_size == whole
    assert journal.lost == 1
    assert journal.trouble is not None
    assert str(tmp_path) in journal.trouble
    assert "takes no records (File too large)" in journal.trouble
    journal.close()
    assert contents_of(segment) == [b"opening"]


def test_after_trouble_everything_is_lost_until_a_new_opening(tmp_path: Path) -> None:
    clock = HandClock()
    journal = journal_in(tmp_path, clock)
    journal.begin_segment(b"opening")
    with files_end_at(0):
        journal.append(b"lost")
    assert not journal.is_full, "an opening is asked for once a second, not for every record"
    journal.append(b"lost, too: it may need the one before")
    clock.advance(RETRY_PAUSE)
    assert journal.is_full
    assert journal.begin_segment(b"anew") == 4
    assert journal.append(b"goes on") == 5
    assert (journal.trouble, journal.lost) == (None, 2)
    journal.close()
    assert everything_in(tmp_path) == [(1, b"opening"), (4, b"anew"), (5, b"goes on")]


def test_an_opening_without_room_leaves_no_file_and_the_old_segment_goes_on(tmp_path: Path) -> None:
    clock = HandClock()
    journal = journal_in(tmp_path, clock, segment_size=200)
    journal.begin_segment(b"opening")
    journal.append(bytes(200))
    assert journal.is_full
    with files_end_at(600):
        assert journal.begin_segment(bytes(1000)) == 0
        assert journal.trouble is not None
        assert not journal.is_full
        assert journal.append(b"small") == 3
    assert len(list_segments(tmp_path, key=KEY)) == 1
    clock.advance(RETRY_PAUSE)
    assert journal.is_full
    assert journal.begin_segment(bytes(1000)) == 4
    assert (journal.trouble, journal.lost) == (None, 0)
    journal.close()
    assert [position for position, _ in everything_in(tmp_path)] == [1, 2, 3, 4]


@given(rooms=st.lists(st.integers(0, 2000), max_size=6), sizes=st.lists(st.integers(0, 300)))
def test_no_reader_ever_sees_damage_however_the_disk_fills(
    rooms: list[int], sizes: list[int]
) -> None:
    with TemporaryDirectory() as name:
        clock = HandClock()
        journal = journal_in(Path(name), clock, segment_size=500)
        expected = []
        for turn, size in enumerate(sizes):
            with files_end_at(rooms[turn % len(rooms)] if rooms else 10_000):
                if journal.is_full:
                    position = journal.begin_segment(b"opening")
                    expected += [(position, b"opening")] if position else []
                lost = journal.lost
                position = journal.append(bytes(size))
                expected += [(position, bytes(size))] if journal.lost == lost else []
            clock.advance(timedelta(milliseconds=400))
        journal.close()
        assert everything_in(Path(name)) == expected


def test_a_disk_that_is_full_or_read_only_and_heals(tmp_path: Path) -> None:
    told = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", _IN_A_SMALL_DISK, str(tmp_path),
         sys.executable, str(Path(__file__).with_name("small_disk.py")), str(tmp_path)],
        check=True, capture_output=True, cwd=PROJECT, timeout=60, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PROJECT), *sys.path])},
    )  # fmt: skip
    seen = json.loads(told.stdout)
    assert "takes no records (No space left on device)" in seen["when_full"]
    assert "takes no records (Read-only file system)" in seen["when_read_only"]
    assert seen["after_making_room"] is None
    assert seen["after_remounting"] is None
    assert seen["written"] == seen["read"]
    assert seen["lost"] > 0
