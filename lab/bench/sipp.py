"""
SIPp's two roles: the operators' phones, all in one process, and one slice of callers.

Rule 1: a call has failed unless SIPp counts it as successful; one it never made has failed too.
Rule 2: SIPp never holds calls back (`-l` allows all of them at once): a benchmark that slows down
with its target hides what it should show.
"""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.bench.plan import Slice
from lab.bench.site import CALLER_ADDRESS, SippPorts, Site
from lab.child import last_words, running
from lab.runtime import Runtime

SCENARIOS: Final = Path(__file__).parent / "scenarios"
ANSWER_LIMIT_S: Final = 10
"""A caller who is not connected by then gives up, and the call has failed."""


class SippError(Exception):
    """SIPp did not do its part; the text holds what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """What became of one slice's calls."""

    connect_ms: tuple[float, ...]
    """INVITE to 200, of every call that was answered."""
    failed: int
    retransmitted: int
    """SIP requests that callers had to send again."""


@contextmanager
def operators(runtime: Runtime, site: Site) -> Iterator[subprocess.Popen[bytes]]:
    """
    Let all operators' phones answer, for the time of the block.

    Raises:
        SippError: They did not last until its end.
    """
    log = site.folder / "operators.log"
    command: list[str | Path] = [
        *(runtime.sipp, "-sf", SCENARIOS / "operator.xml", "-nostdin"),
        *_listening("127.0.0.1", site.ports.operators),
        *("-trace_err", "-error_file", "operators-errors.log"),
        # The screen of statistics goes to the log, once an hour.
        *("-f", "3600"),
    ]
    with running(command, folder=site.folder, log=log) as process:
        yield process
        if process.poll() is not None:
            raise SippError(
                f"The operators' phones ended with {process.returncode} during the run; SIPp "
                f"wrote:\n{last_words(log)}"
            )


def place_calls(runtime: Runtime, site: Site, piece: Slice, folder: Path) -> Callers:
    """
    Place a slice's calls and return when all of them are over.

    Args:
        runtime: Where SIPp is.
        site: Whom to call.
        piece: How many, how fast.
        folder: Where SIPp's files go; it does not exist yet.

    Raises:
        SippError: SIPp could not work at all.
    """
    folder.mkdir(parents=True)
    numbers = folder / "numbers.csv"
    numbers.write_text("\n".join(["SEQUENTIAL", *site.dialled(piece.target)]) + "\n")
    command = _command(runtime, site, piece, numbers)
    with running(command, folder=folder, log=folder / "sipp.log") as process:
        process.wait()
    statistics, errors = folder / "statistics.csv", folder / "errors.log"
    if not statistics.is_file() or _last_row(statistics)["TotalCallCreated"] == "0":
        words = last_words(errors if errors.is_file() else folder / "sipp.log")
        raise SippError(
            f"SIPp placed no call and ended with {process.returncode}; it wrote:\n{words}"
        )
    return read_callers(folder, calls=piece.calls)


def _command(runtime: Runtime, site: Site, piece: Slice, numbers: Path) -> list[str | Path]:
    talk_s = piece.talk.total_seconds()
    longest_s = piece.calls / piece.rate + talk_s + 3 * ANSWER_LIMIT_S
    return [
        *(runtime.sipp, f"127.0.0.1:{site.ports.sip}", "-nostdin", "-f", "3600"),
        *("-sf", SCENARIOS / "caller.xml", "-inf", numbers),
        *_listening(CALLER_ADDRESS, site.ports.callers),
        *("-r", str(piece.rate), "-m", str(piece.calls), "-l", str(piece.calls)),
        *("-d", str(round(talk_s * 1000)), "-recv_timeout", str(ANSWER_LIMIT_S * 1000)),
        *("-timeout", f"{longest_s:.0f}s", "-timeout_error"),
        *("-trace_rtt", "-rtt_freq", "1", "-trace_stat", "-stf", "statistics.csv", "-fd", "1"),
        *("-trace_err", "-error_file", "errors.log"),
    ]


def _listening(address: str, ports: SippPorts) -> list[str | Path]:
    return [
        *("-i", address, "-bind_local", "-p", str(ports.sip)),
        *("-mi", address, "-mp", str(ports.media)),
        *("-ci", "127.0.0.1", "-cp", str(ports.control)),
    ]


def read_callers(folder: Path, *, calls: int) -> Callers:
    """
    Read SIPp's files.

    Args:
        folder: Where SIPp ran.
        calls: How many it was to place.
    """
    last = _last_row(folder / "statistics.csv")
    return Callers(
        connect_ms=tuple(_response_times(folder)),
        failed=calls - int(last["SuccessfulCall(C)"]),
        retransmitted=int(last["Retransmissions(C)"]),
    )


def _last_row(statistics: Path) -> dict[str, str]:
    with statistics.open(newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))[-1]


def _response_times(folder: Path) -> Iterator[float]:
    for path in sorted(folder.glob("*_rtt.csv")):
        with path.open(newline="") as file:
            for row in csv.DictReader(file, delimiter=";"):
                yield float(row["response_time_ms"])
