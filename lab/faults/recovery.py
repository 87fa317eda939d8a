"""
How fast a killed engine adopts the calls that are up.

Two clocks: the engine's own, from the start of its process to «adopted» in its log, and ours, from
the start of its process until `/healthz` says that calls are served again.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

from lab.faults.run import Order, make_world, proving
from lab.faults.schedule import FaultKind
from lab.faults.world import running_world
from lab.runtime import Runtime

LIMIT_S: Final = 2.0
"""From process start to adopted."""
ROUNDS: Final = 5
_FILL_LIMIT: Final = timedelta(seconds=120)
_BETWEEN_S: Final = 8.0
_TALKING: Final = 8
_ADOPTED: Final = "adopted"


async def measure_recovery(order: Order, runtime: Runtime, *, calls: int) -> int:
    """
    Kill the engine a few times with so many calls up; print, and write `recovery.json`.

    Returns:
        The exit status: 0 when each adoption was within `LIMIT_S`.

    Raises:
        WorldFailedError: The node did not start.
    """
    order = replace(order, population=calls, kinds=frozenset())
    world = make_world(order, runtime)
    rounds: list[dict[str, Any]] = []
    async with running_world(world), proving(order, world) as proof:
        calling = proof.open()
        await proof.until_under_load(_FILL_LIMIT, callers=calls, talking=_TALKING)
        for _ in range(ROUNDS):
            up = proof.citizens.present, proof.citizens.talking
            fault = await proof.injector.inject(FaultKind.ENGINE_KILL)
            outside = world.engine.healthy_after_s
            adopted = _adopted(world.engine_log, fault.log_position)
            rounds.append(
                {
                    "calls": up[0],
                    "talking": up[1],
                    "healthy_after_s": outside,
                    "adopted_after_s": adopted.get("seconds_since_start"),
                    "sessions": adopted.get("sessions"),
                }
            )
            order.console.print(rounds[-1], highlight=False)
            await asyncio.sleep(_BETWEEN_S)
            await proof.until_under_load(_FILL_LIMIT, callers=calls, talking=_TALKING)
        proof.citizens.close()
        proof.citizens.hang_up_all()
        await calling
    return _conclude(order, rounds, runtime.reports / "recovery.json")


def _conclude(order: Order, rounds: list[dict[str, Any]], path: Path) -> int:
    healthy = [float(each["healthy_after_s"]) for each in rounds]
    # An engine that does not say when it has adopted is judged by what is seen from outside.
    judged = [float(each["adopted_after_s"] or each["healthy_after_s"]) for each in rounds]
    is_good = max(judged) <= LIMIT_S
    content = {"limit_s": LIMIT_S, "worst_s": max(judged), "is_good": is_good, "rounds": rounds}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    order.console.print(
        f"adopted within {max(judged):.2f} s (median {median(judged):.2f}), healthy from outside "
        f"within {max(healthy):.2f} s; limit {LIMIT_S:.0f} s. Report: {path}",
        style="green" if is_good else "red",
        highlight=False,
    )
    return 0 if is_good else 1


def _adopted(log: Path, position: int) -> dict[str, Any]:
    """Return what the engine said of its adoption, empty when it said nothing."""
    with log.open("rb") as file:
        file.seek(position)
        for line in file:
            try:
                entry: dict[str, Any] = json.loads(line)
            except ValueError:
                continue
            if entry.get("event") == _ADOPTED:
                return entry
    return {}
