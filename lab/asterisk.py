"""
One Asterisk, started from a rendered folder and stopped again.

    with running_asterisk(folder, Runtime.find()) as asterisk:
        asterisk.command("core show channels")

It is a child in a process group of its own: Ctrl-C reaches us alone, and we stop it in order. The
kernel kills it when we die without doing so (PDEATHSIG).

Rule 1: start it from the main thread. The kernel counts the death of the thread that started it.
Rule 2: when the `with` block is left, the process is gone.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

from lab.child import Starved, stop
from lab.runtime import Runtime
from lab.waiting import PATIENCE

BOOT_LIMIT: Final = PATIENCE
"""0.3 s is usual, 1 s with 2,000 operators; the rest is for a machine that is busy otherwise."""
STOP_LIMIT: Final = timedelta(seconds=15)

_POLL_S: Final = 0.02
_TROUBLE: Final = re.compile(r"\b(?:WARNING|ERROR)\[")


class AsteriskFailedError(Exception):
    """Asterisk did not start or did not obey; the message holds what it said last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskProcess:
    """A running Asterisk."""

    folder: Path
    process: subprocess.Popen[bytes]
    program: Path
    boot_time: timedelta
    """
    From the start of the program until everything was loaded, without the time in which the machine
    had no CPU for it.
    """
    log_start: int
    """Bytes of the log that are older than this process."""

    @property
    def pid(self) -> int:
        """The process id of Asterisk itself, for counting its CPU time."""
        return self.process.pid

    @property
    def is_running(self) -> bool:
        """Tell whether it has not ended."""
        return self.process.poll() is None

    def command(self, text: str, *, patience: timedelta = PATIENCE) -> str:
        """
        Return what the console answers.

        Raises:
            AsteriskFailedError: It does not answer.
        """
        answer = _ask(self.program, self.folder, text, patience=patience)
        if answer is None:
            raise AsteriskFailedError(f"no answer to `{text}`:\n{_last_words(self.folder)}")
        return answer

    def cpu_time(self) -> timedelta:
        """Return the CPU time used so far, user and system, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        # Fields 14 and 15 of proc(5); the text after the name begins with field 3.
        ticks = sum(map(int, fields.split()[11:13]))
        return timedelta(seconds=ticks / os.sysconf("SC_CLK_TCK"))

    def warnings(self) -> list[str]:
        """Return the WARNING and ERROR lines logged since it started."""
        with (self.folder / "log" / "messages").open("rb") as log:
            log.seek(self.log_start)
            text = log.read().decode("utf-8", errors="replace")
        return [line for line in text.splitlines() if _TROUBLE.search(line)]

    def kill(self) -> None:
        """End it at once, as a crash would; returns when it is gone."""
        self.process.kill()
        self.process.wait()


@contextmanager
def running_asterisk(
    rendered: Path, runtime: Runtime, *, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[AsteriskProcess]:
    """
    Run Asterisk on the folder that `ekc conf render` wrote, until the block is left.

    Args:
        rendered: The folder.
        runtime: Where Asterisk is.
        environment: Variables that it gets beside our own.

    Raises:
        AsteriskFailedError: It ended by itself, or was not ready within `BOOT_LIMIT`.
    """
    log = rendered / "log" / "messages"
    log_start = log.stat().st_size if log.exists() else 0
    started = time.monotonic()
    process = _start(rendered, runtime.asterisk, environment)
    try:
        _wait_until_booted(process, rendered, runtime.asterisk, started=started)
        yield AsteriskProcess(
            folder=rendered,
            process=process,
            program=runtime.asterisk,
            boot_time=timedelta(seconds=time.monotonic() - started)
            - Starved.since_start(process.pid).so_long,
            log_start=log_start,
        )
    finally:
        stop(process, within=STOP_LIMIT)


def _start(
    rendered: Path, program: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    # A socket left by a crash would make the console wait for nobody.
    (rendered / "run" / "asterisk.ctl").unlink(missing_ok=True)
    # Every leg takes two sockets of sound and more; 1,024 open files are 150 calls.
    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with (rendered / "log" / "console").open("wb") as console:
        return subprocess.Popen(
            [
                "prlimit",
                f"--nofile={most_files}:{most_files}",
                "setpriv",
                "--pdeathsig=KILL",
                str(program),
                "-C",
                str(rendered / "etc" / "asterisk.conf"),
                "-f",
            ],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            process_group=0,
            env={**os.environ, "EKC_CLOCK": str(rendered / "run" / "clock"), **environment},
        )


def _wait_until_booted(
    process: subprocess.Popen[bytes], rendered: Path, program: Path, *, started: float
) -> None:
    socket = rendered / "run" / "asterisk.ctl"
    while process.poll() is None:
        left = timedelta(seconds=started - time.monotonic()) + BOOT_LIMIT
        if left <= timedelta():
            raise AsteriskFailedError(f"not ready in time:\n{_last_words(rendered)}")
        is_booted = socket.exists() and _ask(
            program, rendered, "core waitfullybooted", patience=left
        )
        if is_booted:
            return
        time.sleep(_POLL_S)
    raise AsteriskFailedError(f"it ended by itself:\n{_last_words(rendered)}")


def _ask(program: Path, rendered: Path, text: str, *, patience: timedelta) -> str | None:
    conf = str(rendered / "etc" / "asterisk.conf")
    try:
        answer = subprocess.run(
            [str(program), "-C", conf, "-rx", text],
            capture_output=True,
            timeout=patience.total_seconds(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return None if answer.returncode else answer.stdout.decode("utf-8", errors="replace")


def _last_words(rendered: Path) -> str:
    lines: list[str] = []
    for name in ("console", "messages"):
        log = rendered / "log" / name
        if log.exists():
            lines += log.read_text(encoding="utf-8", errors="replace").splitlines()[-10:]
    return "\n".join(lines)
