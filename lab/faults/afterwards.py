"""What is looked at when a run is over: Asterisk's own records, processes, the engine's log."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from lab.faults.evidence import Rule, Violation
from lab.faults.processes import processes_of
from lab.faults.world import World

_POISON_LOGGED: Final = frozenset(
    {"the engine raised; the session is ended", "a session was ended by a bug of ours"}
)
"""What the engine says of the bug that `poisoned_engine.py` has put in: once for each poison."""


async def reconcile(world: World) -> list[Violation]:
    """Compare with Asterisk's own records, where the command exists."""
    command = [sys.executable, "-m", "ekc_telephony", "appeals", "reconcile"]
    asking = await asyncio.create_subprocess_exec(
        *command, "--help", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    if await asking.wait() != 0:
        return []
    running = await asyncio.create_subprocess_exec(
        *command,
        "--config",
        str(world.config),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=world.engine.program.folder,
    )
    said, _ = await running.communicate()
    text = said.decode(errors="replace")
    (world.folder / "reconcile.txt").write_text(text, encoding="utf-8")
    if running.returncode == 0:
        return []
    return [
        Violation(
            rule=Rule.HOUSEKEEPING,
            what=f"`ekc appeals reconcile` found differences (reconcile.txt): {text[-600:]}",
            at=world.now(),
        )
    ]


def left_behind(folder: Path) -> Iterator[str]:
    """Yield the processes that are still there."""
    for each in processes_of(folder):
        yield f"left behind: {each}"


def unexpected(log: Path, *, poisons: int) -> Iterator[str]:
    """Yield each kind of error in the engine's log that nobody meant to be there, once."""
    seen: dict[str, tuple[int, int]] = {}
    position = 0
    for line in log.read_bytes().splitlines(keepends=True):
        text = _complaint_in(line)
        if text is not None:
            count, first = seen.get(text, (0, position))
            seen[text] = (count + 1, first)
        position += len(line)
    for text, (count, first) in seen.items():
        if text in _POISON_LOGGED and count <= poisons:
            continue
        yield f"engine.log, {count} times, first at byte {first}: {text}"


def _complaint_in(line: bytes) -> str | None:
    """Return what is wrong by a line of the log: an error, or no JSON at all (a traceback)."""
    try:
        entry: dict[str, Any] = json.loads(line)
    except ValueError:
        stripped = line.decode(errors="replace").strip()
        return stripped[:200] or None
    if entry.get("level") in {"error", "critical", "exception"}:
        return str(entry.get("event"))
    return None
