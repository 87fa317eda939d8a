"""
SIPp's two roles at the peak: citizens who wait for as long as it takes, operators who hang up.

Rule 1: SIPp never holds calls back, see `sipp.py`.
Rule 2: the operators' phones are witnesses: how many conversations they had to their end is
counted by SIPp, not by the store.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lab.bench.peak_plan import LONGEST_EBB, MENU, PeakPlan
from lab.bench.peak_site import DIALLED
from lab.bench.sipp import SCENARIOS, SippError
from lab.bench.site import CALLER_ADDRESS, Ports, SippPorts
from lab.child import last_words, running
from lab.runtime import Runtime

FIRST_NUMBER: Final = 79000000000
"""Every citizen has his own number: two calls of one are something else to the engine."""


@contextmanager
def peak_operators(
    runtime: Runtime, folder: Path, plan: PeakPlan, ports: Ports
) -> Iterator[subprocess.Popen[bytes]]:
    """
    Let all operators' phones answer, for the time of the block.

    Args:
        runtime: Where SIPp is.
        folder: Where SIPp's files go; it does not exist yet.
        plan: How long they talk.
        ports: Where they listen.

    Raises:
        SippError: They did not last until its end.
    """
    command = [
        *(runtime.sipp, "-sf", SCENARIOS / "peak_operator.xml"),
        *("-d", _milliseconds(plan)),
        *_listening("127.0.0.1", ports.operators),
        *_FILES,
    ]
    with _sipp(command, folder) as process:
        yield process
        if process.poll() is not None:
            raise SippError(
                f"The operators' phones ended with {process.returncode} during the run; SIPp "
                f"wrote:\n{last_words(folder / 'sipp.log')}"
            )


@contextmanager
def peak_callers(
    runtime: Runtime, folder: Path, plan: PeakPlan, ports: Ports
) -> Iterator[subprocess.Popen[bytes]]:
    """
    Place all calls of the run; SIPp ends by itself when all of them are over.

    Args:
        runtime: Where SIPp is.
        folder: Where SIPp's files go; it does not exist yet.
        plan: How many, how fast.
        ports: Whom to call, and where from.
    """
    folder.mkdir(parents=True)
    numbers = folder / "numbers.csv"
    lines = (f"{DIALLED};{FIRST_NUMBER + number}" for number in range(plan.calls))
    numbers.write_text("\n".join(["SEQUENTIAL", *lines]) + "\n")
    longest = plan.lasting + MENU + LONGEST_EBB
    command = [
        *(runtime.sipp, f"127.0.0.1:{ports.sip}"),
        *("-sf", SCENARIOS / "peak_caller.xml", "-inf", numbers),
        *_listening(CALLER_ADDRESS, ports.callers),
        *("-r", str(plan.rate), "-m", str(plan.calls), "-l", str(plan.calls)),
        *("-timeout", f"{longest.total_seconds():.0f}s", "-timeout_error"),
        *("-trace_rtt", "-rtt_freq", "1"),
        *_FILES,
    ]
    with _sipp(command, folder) as process:
        yield process


def last_errors(folder: Path) -> str:
    """Return the end of what SIPp found wrong; empty when it found nothing."""
    errors = folder / "errors.log"
    return last_words(errors) if errors.is_file() else ""


@contextmanager
def _sipp(command: list[str | Path], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    folder.mkdir(parents=True, exist_ok=True)
    with running(command, folder=folder, log=folder / "sipp.log") as process:
        yield process


def _milliseconds(plan: PeakPlan) -> str:
    return str(round(plan.talk.total_seconds() * 1000))


def _listening(address: str, ports: SippPorts) -> list[str | Path]:
    return [
        *("-i", address, "-bind_local", "-p", str(ports.sip)),
        *("-mi", address, "-mp", str(ports.media)),
        *("-ci", "127.0.0.1", "-cp", str(ports.control)),
    ]


_FILES: Final = (
    *("-nostdin", "-f", "3600", "-trace_stat", "-stf", "statistics.csv", "-fd", "1"),
    *("-trace_err", "-error_file", "errors.log"),
)
"""The screen of statistics goes to the log, once an hour; the figures every second to a file."""
