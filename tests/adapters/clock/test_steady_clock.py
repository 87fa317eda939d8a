"""A program under the steady clock sees no step of the machine's, and waits as long as it means."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from ekc_telephony.adapters.clock import SystemClock
from lab.faults.faketime import WallClock, find_library
from lab.runtime import Runtime

WAIT_S: Final = 0.3
"""What `steady_waits.c` waits."""
NOT_MUCH_S: Final = 60.0
"""A busy machine comes late; an hour it is not."""
TIMED: Final = re.compile(
    r"^(?:time|gettimeofday|clock_\w+|timespec_\w+|ftime|pthread_\w*timed\w*|sem_timed\w*|mq_timed\w*"
    r"|timer_settime|timerfd_settime|cnd_timedwait|mtx_timedlock)$"
)
"""What asks for the wall clock, or may wait for a moment of it."""
NOT_OURS: Final = {
    "clock_getres": "tells no time",
    "clock_nanosleep": "libglib and libsystemd, which wait on the monotonic clock",
    "timer_settime": "libgdbm, which nobody here loads",
    "timerfd_settime": "res_timing_timerfd, libevent, libsystemd: monotonic, or a length of time",
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the program that waits."""
    made = tmp_path_factory.mktemp("steady") / "steady_waits"
    source = Path(__file__).with_name("steady_waits.c")
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", made, source], check=True)
    return made


@pytest.fixture
def machine(tmp_path: Path) -> WallClock:
    """Return the machine's clock, as the program sees it."""
    library = find_library(Runtime.find().folder)
    assert library is not None, "found no libfaketime; expected it in .runtime: run `make setup`"
    clock = WallClock(library=library, shift=tmp_path / "shift")
    clock.put(timedelta())
    return clock


def run(*words: str | Path, environment: Mapping[str, str]) -> dict[str, str]:
    said = subprocess.run(
        words, env=os.environ | environment, capture_output=True, text=True, check=True
    )
    assert said.stderr == ""
    return dict(line.split(" ", 1) for line in said.stdout.splitlines())


def under(library: Path, machine: WallClock) -> Mapping[str, str]:
    preload = f"{library}:{machine.environment['LD_PRELOAD']}"
    return {**machine.environment, "LD_PRELOAD": preload}


@pytest.mark.parametrize("shift", ["+3600", "-3600"])
def test_a_step_of_the_machine_s_clock_is_not_seen_and_no_wait_is_longer_or_shorter(
    program: Path, machine: WallClock, shift: str
) -> None:
    library = Runtime.find().steady_clock
    seen = run(program, machine.shift, shift, environment=under(library, machine))
    assert seen.pop("preload") == machine.environment["LD_PRELOAD"]
    for name in ("clock_gettime", "coarse", "gettimeofday", "timespec_get", "time"):
        assert abs(float(seen.pop(name))) < NOT_MUCH_S, name
    assert seen.keys() == {
        "condition_on_wall",
        "condition_on_monotonic",
        "semaphore",
        "reading",
        "writing",
        "exclusion",
    }
    for name, waited in seen.items():
        assert WAIT_S <= float(waited) < WAIT_S + NOT_MUCH_S, name


def test_without_it_the_step_is_seen(program: Path, machine: WallClock) -> None:
    seen = run(program, machine.shift, "-3600", environment=machine.environment)
    assert float(seen["gettimeofday"]) < -3000


def test_it_has_the_clock_of_the_engine(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    engine = SystemClock(file)
    hour_ns = 3600 * 10**9
    file.write_text(f"{int(file.read_text(encoding='ascii')) - hour_ns}\n", encoding="ascii")
    environment = {"LD_PRELOAD": str(Runtime.find().steady_clock), "EKC_CLOCK": str(file)}
    shown = subprocess.run(
        ["date", "+%s"], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert int(shown) - engine.now().timestamp() == pytest.approx(-3600, abs=NOT_MUCH_S)


def test_the_first_of_a_node_makes_the_file(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("1\n", encoding="ascii")  # of a node of long ago
    environment = {"LD_PRELOAD": str(Runtime.find().steady_clock), "EKC_CLOCK": str(file)}
    subprocess.run(["true"], env=environment, check=True)
    base_ns = int(file.read_text(encoding="ascii"))
    own = tmp_path / "own"
    SystemClock(own)
    assert abs(base_ns - int(own.read_text(encoding="ascii"))) < NOT_MUCH_S * 10**9


def test_a_file_that_cannot_be_used_is_told_and_the_program_runs(tmp_path: Path) -> None:
    environment = {
        "LD_PRELOAD": str(Runtime.find().steady_clock),
        "EKC_CLOCK": str(tmp_path / "nowhere" / "clock"),
    }
    ran = subprocess.run(["true"], env=environment, capture_output=True, text=True, check=True)
    assert "EKC_CLOCK" in ran.stderr
    assert "Expected a file that this user can write" in ran.stderr


def test_a_child_has_the_machine_s_clock(machine: WallClock) -> None:
    library = Runtime.find().steady_clock
    machine.put(timedelta())
    script = f"printf -- '-3600\\n' >'{machine.shift}'; date +%s"
    ran = subprocess.run(
        ["bash", "-c", script],
        env=os.environ | under(library, machine),
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(ran.stdout) - SystemClock().now().timestamp() == pytest.approx(-3600, abs=NOT_MUCH_S)


def test_whatever_asterisk_asks_of_the_wall_clock_is_answered() -> None:
    runtime = Runtime.find()
    tree = runtime.folder / "asterisk" / "usr"
    programs = [tree / "sbin" / "asterisk", *tree.glob("lib/*/*.so*")]
    programs += runtime.asterisk_modules.glob("*.so")
    files = [each for each in programs if each.is_file() and not each.is_symlink()]
    asked = {name for name in _imported(files) if TIMED.match(name)}
    assert "gettimeofday" in asked
    assert asked - _exported(runtime.steady_clock) - NOT_OURS.keys() == set()


def _imported(files: list[Path]) -> set[str]:
    return _names("--undefined-only", *map(str, files))


def _exported(library: Path) -> set[str]:
    return _names("--defined-only", str(library))


def _names(*words: str) -> set[str]:
    # It complains of loaders and scripts among the files, which have no dynamic symbols.
    told = subprocess.run(["nm", "-D", *words], capture_output=True, text=True, check=False).stdout
    fields = [line.split() for line in told.splitlines()]
    return {each[-1].partition("@")[0] for each in fields if len(each) in {2, 3}}
