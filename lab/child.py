"""
A program that runs beside us and ends with us.

It has a process group of its own, so that Ctrl-C reaches us alone and we end things in order; the
kernel kills it when we die without doing so (PDEATHSIG).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

STOP_LIMIT: Final = timedelta(seconds=15)
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


def last_words(log: Path) -> str:
    """Return the end of what a program wrote."""
    return log.read_text(encoding="utf-8", errors="replace").strip()[-1000:]
