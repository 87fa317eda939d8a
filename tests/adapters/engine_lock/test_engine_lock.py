"""One engine per node, with real processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ekc_telephony.adapters.engine_lock import EngineLockError, EngineRunsError, engine_lock

HOLD = """
import sys
from pathlib import Path
from ekc_telephony.adapters.engine_lock import engine_lock
with engine_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
HOLD_WITH_CHILD = """
import subprocess, sys
from pathlib import Path
from ekc_telephony.adapters.engine_lock import engine_lock
with engine_lock(Path(sys.argv[1])):
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    print(child.pid, flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(path: Path, program: str = HOLD) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run another engine that holds the lock; yields it with its first word."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "engine.lock"


def take(path: Path) -> None:
    """Take the lock and give it back."""
    with engine_lock(path):
        pass


def test_the_first_engine_writes_its_pid_and_leaves_an_empty_file(path: Path) -> None:
    with engine_lock(path):
        assert path.read_text() == f"{os.getpid()}\n"
    assert path.read_text() == ""
    take(path)


def test_a_second_engine_is_told_which_one_runs_since_when_and_what_to_do(path: Path) -> None:
    with holder(path) as (first, word):
        assert word == "held"
        with pytest.raises(EngineRunsError) as refused:
            take(path)
        text = str(refused.value)
        assert text.startswith(f"{path}: found another engine on this state folder")
        assert f"process {first.pid}, since 2" in text
        assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d;", text)
        assert "systemctl status ekc-engine" in text


def test_the_first_engine_is_not_disturbed_by_the_second(path: Path) -> None:
    with holder(path) as (first, _):
        for _ in range(3):
            with pytest.raises(EngineRunsError):
                take(path)
        assert path.read_text() == f"{first.pid}\n"
        assert first.poll() is None


def test_an_engine_that_was_killed_locks_nobody_out(path: Path) -> None:
    with holder(path) as (first, _):
        first.kill()
        first.wait()
        assert path.read_text() == f"{first.pid}\n"  # the stale file is still there
        take(path)


def test_an_engine_that_ends_in_order_makes_room(path: Path) -> None:
    with holder(path) as (first, _):
        first.communicate()
        assert first.returncode == 0
        take(path)


def test_a_child_that_outlives_the_engine_does_not_hold_the_lock(path: Path) -> None:
    with holder(path, HOLD_WITH_CHILD) as (first, child):
        first.kill()
        first.wait()
        try:
            os.kill(int(child), 0)  # it lives
            take(path)
        finally:
            os.kill(int(child), 9)


@pytest.mark.parametrize("left", [b"", b"4711\n", b"not a pid", b"\xff" * 100])
def test_whatever_a_file_holds_that_nobody_locks_it_is_harmless(path: Path, left: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(left)
    with engine_lock(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_a_holder_that_has_not_written_its_pid_yet_is_called_starting(path: Path) -> None:
    with holder(path):
        path.write_text("")
        with pytest.raises(EngineRunsError, match="a process that is just starting"):
            take(path)


def test_an_error_inside_the_block_frees_the_lock(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), engine_lock(path):
        raise ZeroDivisionError
    take(path)


def test_a_state_folder_that_cannot_be_used_is_explained(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder is expected")
    with pytest.raises(EngineLockError, match="expected a state folder") as refused:
        take(tmp_path / "state" / "engine.lock")
    assert not isinstance(refused.value, EngineRunsError)
    assert "chown" in str(refused.value)


def test_two_state_folders_know_nothing_of_each_other(tmp_path: Path) -> None:
    with engine_lock(tmp_path / "a" / "engine.lock"), engine_lock(tmp_path / "b" / "engine.lock"):
        pass
