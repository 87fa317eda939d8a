"""
`make bench-peak`: the busiest ten minutes of a hotline on the real Asterisk.

Ten calls a second, more than 600 citizens in the menu and the queue at once, 130 operators; every
prompt, announcement, music, easing and offer of a callback that the installation has. Nobody may
be refused or cut off, and everybody has an appeal. Begin with `peak_plan.py`.

The environment may say MINUTES, OPERATORS, RATES, RECORD. The exit code is 0 when all of that
holds; 130 after Ctrl-C. Everything lies in `.runtime/peak/`, the report in
`.runtime/reports/peak.json`.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console

from lab.bench.peak_plan import PeakPlan
from lab.bench.peak_report import peak_json, tell_peak
from lab.bench.peak_run import run_peak
from lab.bench.peak_site import write_peak_site
from lab.bench.peak_watch import Look
from lab.bench.program import asterisk_version, run_program, write_report
from lab.bench.site import Ports
from lab.runtime import Runtime

_PLAIN_WIDTH: Final = 120
"""Where there is no terminal whose width could be asked."""
_TOLD_EVERY_S: Final = 10.0


def main() -> int:
    """Run the peak and return the exit code."""
    return run_program(_peak, width=_PLAIN_WIDTH)


@dataclass(slots=True, kw_only=True)
class _Progress:
    """Says every ten seconds how it goes."""

    console: Console
    began: float | None = field(default=None)
    told: float = field(default=float("-inf"))

    def on_look(self, seen: Look) -> None:
        self.began = seen.at if self.began is None else self.began
        if seen.at < self.told + _TOLD_EVERY_S:
            return
        self.told = seen.at
        self.console.print(
            f"{seen.at - self.began:4.0f} s: {seen.level('menu'):.0f} in the menu, "
            f"{seen.level('waiting'):.0f} waiting, {seen.level('talking'):.0f} talking; "
            f"{seen.level('ekc_calls_registered_total'):.0f} calls so far; "
            f"the engine answers in {seen.answer_ms:.0f} ms",
            highlight=False,
        )


def _peak(console: Console) -> bool:
    plan = PeakPlan.from_environment(os.environ)
    runtime = Runtime.find()
    folder = runtime.folder / "peak"
    shutil.rmtree(folder, ignore_errors=True)
    ports = Ports.find_free()
    config = write_peak_site(folder, plan, ports=ports)
    console.print(
        f"{plan.rate} calls a second for {plan.lasting.total_seconds():.0f} s, "
        f"{plan.operators} operators",
        highlight=False,
    )
    progress = _Progress(console=console)
    peak = run_peak(plan, config, ports=ports, runtime=runtime, on_look=progress.on_look)
    # A gigabyte of silence; whether one was lost is told by the store.
    shutil.rmtree(folder / "asterisk" / "spool" / "recording", ignore_errors=True)
    tell_peak(peak, console)
    content = peak_json(peak, asterisk_version=asterisk_version(runtime))
    write_report("peak", content, runtime=runtime, console=console)
    return peak.verdict.is_sound


if __name__ == "__main__":
    sys.exit(main())
