"""
One run of the peak: a whole node, operators, callers, and a look at the engine every second.

The run is over when every call is, those included that waited when the last new one came.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from lab.bench.machine import Reading
from lab.bench.peak_plan import PeakPlan
from lab.bench.peak_sipp import last_errors, peak_callers, peak_operators
from lab.bench.peak_verdict import Verdict, judge_peak
from lab.bench.peak_watch import Look, look
from lab.bench.sipp import Callers, SippError, read_callers
from lab.bench.site import Ports
from lab.child import last_words
from lab.faults.stored import count_open, read_store
from lab.node import running_node
from lab.runtime import Runtime

LOOK_EVERY_S: Final = 1.0
CALLS_FAILED: Final = 1
"""SIPp's exit status after a call that failed; what is above has to do with SIPp itself."""
LAST_FACTS_S: Final = 15.0
"""How long the last facts may take to be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """What was measured."""

    plan: PeakPlan
    verdict: Verdict
    callers: Callers
    looks: Sequence[Look]
    """The last one is after the end."""
    lasted: timedelta
    """From the first call to the end of the last."""
    used_by_others: float
    """The share of the machine, 0 to 1."""
    warnings: Sequence[str]
    """Asterisk's WARNING and ERROR lines."""
    sipp_errors: str
    """The end of what SIPp found wrong, on both sides."""


def run_peak(
    plan: PeakPlan,
    config: Path,
    *,
    ports: Ports,
    runtime: Runtime,
    on_look: Callable[[Look], None],
) -> Peak:
    """
    Run the plan and return what was measured.

    Args:
        plan: What to let happen.
        config: The installation that `write_peak_site` wrote.
        ports: Its ports.
        runtime: Where Asterisk and SIPp are.
        on_look: Told of every look while calls last.

    Raises:
        AsteriskFailedError: Asterisk did not start.
        NodeFailedError: The engine did not start.
        SippError: SIPp could not work.
    """
    folders = config.parent / "callers", config.parent / "operators"
    with ExitStack() as stack:
        node = stack.enter_context(running_node(config, runtime=runtime))
        phones = stack.enter_context(peak_operators(runtime, folders[1], plan, ports))
        served_by = {"asterisk": node.asterisk.pid, "engine": node.engine.pid}
        pids = [*served_by.values(), phones.pid]
        before, looks = Reading.take(pids), list[Look]()
        with peak_callers(runtime, folders[0], plan, ports) as callers:
            while callers.poll() is None:
                looks.append(look(node.url, served_by))
                on_look(looks[-1])
                time.sleep(max(0.0, looks[-1].at + LOOK_EVERY_S - time.monotonic()))
        _wait_until_written(node.settings.store_url)
        looks.append(look(node.url, served_by))
        later = Reading.take(pids)
        warnings = node.asterisk.warnings()
    seen = _what_callers_saw(folders[0], plan, ended_with=callers.returncode)
    return Peak(
        plan=plan,
        verdict=judge_peak(
            asyncio.run(read_store(node.settings.store_url)),
            arrivals=plan.calls,
            connected=len(seen.connect_ms),
            # It is told how many should have succeeded, and says how many did not.
            witnessed=-read_callers(folders[1], calls=0).failed,
            talk=plan.talk,
        ),
        callers=seen,
        looks=looks,
        lasted=timedelta(seconds=later.at - before.at),
        used_by_others=before.used_by_others(later),
        warnings=warnings,
        sipp_errors="\n".join(filter(None, map(last_errors, folders))),
    )


def _what_callers_saw(folder: Path, plan: PeakPlan, *, ended_with: int) -> Callers:
    seen = read_callers(folder, calls=plan.calls)
    if not seen.connect_ms and ended_with > CALLS_FAILED:
        words = last_errors(folder) or last_words(folder / "sipp.log")
        raise SippError(f"SIPp placed no call and ended with {ended_with}; it wrote:\n{words}")
    return seen


def _wait_until_written(store: str) -> None:
    give_up_at = time.monotonic() + LAST_FACTS_S
    while asyncio.run(count_open(store)) and time.monotonic() < give_up_at:
        time.sleep(LOOK_EVERY_S)
