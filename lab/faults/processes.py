"""
A program that is started again whenever it ends, as systemd would: Asterisk, engine, guard.

Rule 1: it has a session of its own, so that Ctrl-C reaches us alone; the kernel kills it when we
die (PDEATHSIG). Start it from the main thread: the kernel counts the death of the thread that
started it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

STOP_LIMIT: Final = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is run, and how it is kept."""

    name: str
    command: Sequence[str | Path]
    folder: Path
    log: Path
    """Every life writes at its end."""
    restart_after: timedelta
    environment: Mapping[str, str]
    """On top of ours."""
    before_start: Callable[[], None] = lambda: None


class Keeper:
    """
    Keep one program running.

    Args:
        program: Which.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.lives = 0
        self.started_at = 0.0
        """When it was last started, by the loop's clock."""
        self.healthy_after_s = 0.0
        """How long its last start took until it was fit for work; whoever looked says so."""
        self.exits: list[int] = []
        """How each life ended."""
        self.unplanned_ends = 0
        """How often it ended by itself."""
        self._is_end_planned = False
        self._may_run = asyncio.Event()
        self._may_run.set()
        self._process: Process | None = None
        self._running = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The process id; None while it is dead."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    async def run(self) -> None:
        """Start it again and again until cancelled; then it is gone."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._may_run.wait()
                self._process = await self._start()
                self.started_at = loop.time()
                self.lives += 1
                self._ended.clear()
                self._running.set()
                self.exits.append(await self._process.wait())
                if self._is_end_planned:
                    self._is_end_planned = False
                else:
                    self.unplanned_ends += 1
                self._running.clear()
                self._ended.set()
                await asyncio.sleep(self.program.restart_after.total_seconds())
        finally:
            await asyncio.shield(self._end())

    async def wait_running(self) -> int:
        """Wait until it runs, and return its process id."""
        await self._running.wait()
        assert self._process is not None
        return self._process.pid

    async def end(self, how: signal.Signals) -> None:
        """End it by a signal and wait until it is dead; it is started again as usual."""
        await self.wait_running()
        self._is_end_planned = True
        self.signal(how)
        await self._ended.wait()

    def hold(self) -> None:
        """Do not start it again until `release`."""
        self._may_run.clear()

    def release(self) -> None:
        """Start it again."""
        self._may_run.set()

    def signal(self, which: signal.Signals) -> None:
        """Send a signal; nothing happens when it is dead."""
        pid = self.pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, which)

    async def _start(self) -> Process:
        self.program.before_start()
        with self.program.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                "setpriv",
                "--pdeathsig=KILL",
                *map(str, self.program.command),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.program.folder,
                env={**os.environ, **self.program.environment},
                start_new_session=True,
            )

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.terminate()
        try:
            async with asyncio.timeout(STOP_LIMIT.total_seconds()):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def asterisk_command(rendered: Path, program: Path) -> list[str | Path]:
    """Return how Asterisk is started on a rendered folder."""
    # Every leg takes two sockets of sound and more; 1,024 open files are 150 calls.
    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    conf = rendered / "etc" / "asterisk.conf"
    return ["prlimit", f"--nofile={most_files}:{most_files}", program, "-C", conf, "-f"]


def remove_control_socket(rendered: Path) -> None:
    """Remove what a crash has left: it would make the console wait for nobody."""
    (rendered / "run" / "asterisk.ctl").unlink(missing_ok=True)


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of processes that name a folder: what was left behind."""
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in line:
                found.append(f"{entry.name}: {line.strip()}")
    return found
