"""
A program that runs beside us and ends with us.

It has a process group of its own, so that Ctrl-C reaches us alone and we end things in order; the
kernel kills it when we die without doing so (PDEATHSIG).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

STOP_LIMIT: Final = timedelta(seconds=30)
"""An engine finishes writing its facts first; then it is killed."""


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    folder: Path,
    log: Path,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[subprocess.Popen[bytes]]:
    """
    Run a program until the block is left; then it is gone.

    Args:
        command: The program and its arguments.
        folder: Where it runs.
        log: Where everything that it writes goes.
        environment: Variables that it gets beside our own.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            process_group=0,
            env=os.environ | environment,
        )
    try:
        yield process
    finally:
        stop(process, within=STOP_LIMIT)


def stop(process: subprocess.Popen[bytes], *, within: timedelta) -> None:
    """
    Tell a program to end, and wait until it is gone; nothing happens when it is.

    Args:
        process: The program.
        within: How long it may take to end in order; then it is killed.
    """
    process.terminate()
    try:
        process.wait(within.total_seconds())
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def cpu_time(pid: int) -> timedelta:
    """Return the CPU time a process has used so far: user and system, all its threads."""
    # Fields 14 and 15 of proc(5); the text after the name in brackets begins with field 3.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return timedelta(seconds=sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK"))


class Starved:
    """
    How long processes were ready to run and the machine gave them no CPU.

    Take it from a time that is measured: what is left is what they would have taken on a machine
    that is theirs, so a limit says the same on a busy one. The kernel counts it for each thread
    (/proc/PID/schedstat, the second field: nanoseconds on the run queue); where it does not,
    nothing is taken off. All threads are added up: it is the most that it can have been.

    Args:
        pids: The processes; from now on is counted, or from their start.
    """

    def __init__(self, *pids: int) -> None:
        self._pids = pids
        self._before = self._so_far()

    @property
    def so_long(self) -> timedelta:
        """How long it was until now."""
        return self._so_far() - self._before

    @property
    def so_long_s(self) -> float:
        """How long it was until now, in seconds."""
        return self.so_long.total_seconds()

    @classmethod
    def since_start(cls, pid: int) -> Self:
        """Count from the start of a process."""
        starved = cls(pid)
        starved._before = timedelta()
        return starved

    def _so_far(self) -> timedelta:
        waited_ns = 0
        for pid in self._pids:
            for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with suppress(OSError):  # it has just ended
                    waited_ns += int(thread.read_text(encoding="ascii").split()[1])
        return timedelta(microseconds=waited_ns // 1000)


def last_words(log: Path) -> str:
    """Return the end of what a program wrote."""
    return log.read_text(encoding="utf-8", errors="replace").strip()[-1000:]
