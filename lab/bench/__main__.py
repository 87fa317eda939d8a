"""
`python -m lab.bench`: run the benchmark, print it, write `bench.json`.

The environment may say RATES, SECONDS_PER_RATE, OPERATORS, TARGETS (see `plan.py`). The exit code
is 0 unless a call failed, an appeal is missing, or a part did not start; 130 after Ctrl-C.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ekc_telephony.adapters.asterisk_conf.conf import InstallationIncompleteError
from ekc_telephony.settings.errors import SettingsError
from lab.asterisk import AsteriskFailedError
from lab.bench.figures import Measured, Outcome, percentile
from lab.bench.plan import Plan, PlanError
from lab.bench.report import as_json, tell
from lab.bench.run import WarmUpError, run
from lab.bench.sipp import SippError
from lab.bench.site import Site
from lab.node import NodeFailedError
from lab.runtime import Runtime, RuntimeMissingError

_PLAIN_WIDTH: Final = 150
"""Where there is no terminal whose width could be asked."""
_INTERRUPTED: Final = 130
_FAILURES: Final = (
    AsteriskFailedError,
    InstallationIncompleteError,
    NodeFailedError,
    PlanError,
    RuntimeMissingError,
    SettingsError,
    SippError,
    WarmUpError,
)


def main() -> int:
    """Run the benchmark and return the exit code."""
    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH)
    # `kill` ends us as Ctrl-C does: by leaving every `with` block. A shell that starts us in the
    # background lets us ignore SIGINT, so that is said as well.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.default_int_handler)
    try:
        return _bench(console)
    except _FAILURES as error:
        console.print(str(error), style="red", highlight=False, markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted; everything is stopped.")
        return _INTERRUPTED


def _bench(console: Console) -> int:
    plan = Plan.from_environment(os.environ)
    runtime = Runtime.find()
    folder = runtime.folder / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    site = Site(folder=folder, operators=plan.operators)
    outcome = _run(plan, site, runtime, console)
    tell(outcome, console)
    path = runtime.reports / "bench.json"
    version = runtime.versions.get("asterisk: asterisk", "unknown")
    content = json.dumps(as_json(outcome, asterisk_version=version), indent=1, ensure_ascii=False)
    path.write_text(content + "\n", encoding="utf-8")
    console.print(f"Report: {path}", highlight=False)
    return 0 if outcome.is_sound else 1


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
