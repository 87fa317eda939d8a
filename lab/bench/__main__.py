"""
`python -m lab.bench`: run the benchmark, print it, write `bench.json`.

The environment may say RATES, SECONDS_PER_RATE, OPERATORS, TARGETS (see `plan.py`). The exit code
is 0 unless a call failed, an appeal is missing, or a part did not start; 130 after Ctrl-C.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from lab.bench.figures import Measured, Outcome, percentile
from lab.bench.plan import Plan
from lab.bench.program import asterisk_version, run_program, write_report
from lab.bench.report import as_json, tell
from lab.bench.run import run
from lab.bench.site import Ports, Site
from lab.runtime import Runtime

_PLAIN_WIDTH: Final = 150
"""Where there is no terminal whose width could be asked."""


def main() -> int:
    """Run the benchmark and return the exit code."""
    return run_program(_bench, width=_PLAIN_WIDTH)


def _bench(console: Console) -> bool:
    plan = Plan.from_environment(os.environ)
    runtime = Runtime.find()
    folder = runtime.folder / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    site = Site(folder=folder, operators=plan.operators, ports=Ports.find_free())
    outcome = _run(plan, site, runtime, console)
    tell(outcome, console)
    content = as_json(outcome, asterisk_version=asterisk_version(runtime))
    write_report("bench", content, runtime=runtime, console=console)
    return outcome.is_sound


def _run(plan: Plan, site: Site, runtime: Runtime, console: Console) -> Outcome:
    slices = [piece for rate in plan.rates for piece in plan.slices(rate)]
    console.print(
        f"{plan.operators} operators; {', '.join(map(str, plan.rates))} calls/s, "
        f"{plan.seconds_per_rate} s for each of {', '.join(each.value for each in plan.targets)}",
        highlight=False,
    )
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("starting", total=len(slices))

        def on_slice(done: Measured) -> None:
            progress.update(task, advance=1, description=_sentence(done))
            if not console.is_terminal:
                console.print(_sentence(done), highlight=False)

        return run(plan, site=site, runtime=runtime, on_slice=on_slice)


def _sentence(done: Measured) -> str:
    piece = done.piece
    p50 = percentile(done.callers.connect_ms, 0.5)
    speed = "nobody answered" if p50 is None else f"p50 {p50:.1f} ms"
    return f"{piece.rate:>4}/s {piece.target.value:<9} {speed}, {done.callers.failed} failed"


if __name__ == "__main__":
    sys.exit(main())
