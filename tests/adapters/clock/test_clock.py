"""Time never goes back, and outlives every single process of a node, whoever sets its clock."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ekc_telephony.adapters.clock import ClockFileError, SystemClock, seconds_since_start

A_MOMENT = timedelta(seconds=5)
HOUR = timedelta(hours=1)


def set_back_by_an_hour(file: Path) -> None:
    """Write the clock as it would stand there, had the machine's been set forward since."""
    base_ns = int(file.read_text(encoding="ascii"))
    hour_ns = HOUR // timedelta(microseconds=1) * 1_000
    file.write_text(f"{base_ns - hour_ns}\n", encoding="ascii")


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Live by the clock, as Asterisk does."""
    lock = os.open(file, os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_SH)
    try:
        yield
    finally:
        os.close(lock)


def test_moments_never_decrease() -> None:
    clock = SystemClock()
    moments = [clock.now() for _ in range(1_000)]
    assert moments == sorted(moments)


def test_the_first_of_a_node_shows_the_machine_s_time(tmp_path: Path) -> None:
    assert abs(SystemClock(tmp_path / "run" / "clock").ahead_of_the_machine()) < A_MOMENT


def test_whoever_comes_later_has_the_clock_of_those_who_are_there(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    first = SystemClock(file)
    set_back_by_an_hour(file)
    second = SystemClock(file)
    assert abs(second.ahead_of_the_machine() + HOUR) < A_MOMENT
    assert abs(first.ahead_of_the_machine()) < A_MOMENT


def test_the_clock_outlives_the_engine_while_asterisk_lives_by_it(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    SystemClock(file)
    set_back_by_an_hour(file)
    with locked(file):
        assert abs(SystemClock(file).ahead_of_the_machine() + HOUR) < A_MOMENT


def test_when_nobody_lives_by_it_it_is_the_machine_s_again(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    SystemClock(file)
    set_back_by_an_hour(file)
    assert abs(SystemClock(file).ahead_of_the_machine()) < A_MOMENT


def test_two_processes_have_the_same_clock_to_the_microsecond(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = SystemClock(file)
    script = (
        "import sys; from pathlib import Path; from ekc_telephony.adapters.clock import "
        "SystemClock; print(SystemClock(Path(sys.argv[1])).now().isoformat())"
    )
    before = clock.now()
    shown = subprocess.run(
        [
            sys.executable,
            "-c",
            script,
            file,
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert before < datetime.fromisoformat(shown) < clock.now()


@pytest.mark.parametrize("left", ["", "17952", "noon\n"])
def test_a_file_whose_writer_died_is_written_anew(tmp_path: Path, left: str) -> None:
    file = tmp_path / "clock"
    file.write_text(left, encoding="ascii")
    assert abs(SystemClock(file).ahead_of_the_machine()) < A_MOMENT


def test_a_file_that_makes_no_sense_and_is_in_use_is_told(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("noon\n", encoding="ascii")
    with locked(file), pytest.raises(ClockFileError, match="expected nanoseconds since"):
        SystemClock(file)


def test_a_file_that_cannot_be_opened_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "clock").symlink_to(tmp_path / "another")
    with pytest.raises(ClockFileError, match="expected a file that the engine's user"):
        SystemClock(tmp_path / "clock")


def test_a_process_knows_how_long_it_has_lived() -> None:
    first = seconds_since_start()
    assert 0 < first <= seconds_since_start()
