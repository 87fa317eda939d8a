"""How the peak is told: a table and sentences for people, JSON for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from lab.bench.figures import percentile
from lab.bench.peak_run import Peak
from lab.bench.peak_watch import cores_at_the_top
from lab.bench.report import QUIET

_LEVELS: Final = {
    "engine_inbox": "ekc_engine_inbox",
    "engine_outbox": "ekc_engine_outbox",
    "store_backlog": "ekc_store_backlog",
    "store_oldest_s": "ekc_store_oldest_seconds",
    "commands_refused": "ekc_commands_refused",
    "engine_bugs": "ekc_engine_bugs",
}
"""The highest values of these metrics are told."""


def peak_json(peak: Peak, *, asterisk_version: str) -> dict[str, Any]:
    """Return what `peak.json` holds."""
    verdict = peak.verdict
    return {
        "arrivals": verdict.arrivals,
        "most_at_once": verdict.most_at_once,
        "refused": verdict.refused,
        "cut_off": verdict.cut_off,
        "appeals": verdict.appeals,
        "is_sound": verdict.is_sound,
        "served": verdict.served,
        "witnessed_by_operators": verdict.witnessed,
        "not_ended": verdict.not_ended,
        "out_of_order": verdict.out_of_order,
        "doubly_busy": verdict.doubly_busy,
        "with_faults": verdict.with_faults,
        "outcomes_of_others": dict(verdict.outcomes),
        "crowd_lasted_s": round(verdict.at_once_for_s, 1),
        "operators": peak.plan.operators,
        "rate": peak.plan.rate,
        "is_recorded": peak.plan.is_recorded,
        "lasted_s": round(peak.lasted.total_seconds(), 1),
        "figures": {name: _rounded(value) for name, _, value in _figures(peak)},
        "retransmitted": peak.callers.retransmitted,
        "asterisk_warnings": len(peak.warnings),
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "asterisk": asterisk_version,
            "used_by_others": round(peak.used_by_others, 3),
        },
    }


def tell_peak(peak: Peak, console: Console) -> None:
    """Print the table, the figures, and what went wrong."""
    verdict = peak.verdict
    recorded = "recorded" if peak.plan.is_recorded else "not recorded"
    table = Table(
        title=f"{peak.plan.rate} calls/s, {peak.plan.operators} operators, {recorded}, "
        f"{peak.lasted.total_seconds():.0f} s"
    )
    for name in ("calls", "most at once", "refused", "cut off", "out of order", "appeals"):
        table.add_column(name, justify="right")
    counts = (
        *(verdict.arrivals, verdict.most_at_once, verdict.refused, verdict.cut_off),
        *(verdict.out_of_order, verdict.appeals),
    )
    table.add_row(*map(str, counts))
    console.print(table)
    figures = Table(show_header=False)
    for _, sentence, value in _figures(peak):
        figures.add_row(sentence, "" if value is None else f"{value:.2f}")
    console.print(figures)
    if peak.used_by_others > QUIET:
        console.print(
            f"Other programs used {peak.used_by_others:.0%} of this machine meanwhile.",
            highlight=False,
        )
    for line in _troubles(peak):
        console.print(line, style="red", highlight=False, markup=False)


def _figures(peak: Peak) -> Iterator[tuple[str, str, float | None]]:
    """Yield each figure: its name in the report, in words, its value."""
    verdict = peak.verdict
    ms = peak.callers.connect_ms, tuple(each.answer_ms for each in peak.looks)
    for name, words, times in (
        ("ingress_ms", "INVITE to 200, ms", ms[0]),
        ("menu_s", "in the menu, s", verdict.menu_s),
        ("wait_s", "waiting for an operator, s", verdict.wait_s),
        ("metrics_ms", "the engine's answer to a look at it, ms", ms[1]),
    ):
        for label, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
            yield f"{name}_{label}", f"{words}: {label}", percentile(times, share)
    for name in ("asterisk", "engine"):
        cpu_ms = (peak.looks[-1].cpu[name] - peak.looks[0].cpu[name]) / timedelta(milliseconds=1)
        yield f"{name}_cpu_ms_per_call", f"{name} CPU per call, ms", cpu_ms / peak.plan.calls
        cores = cores_at_the_top(peak.looks, name)
        yield f"{name}_cores", f"{name}: cores used at the top", cores
    for name, metric in _LEVELS.items():
        most = max((each.level(metric) for each in peak.looks), default=None)
        yield f"most_{name}", f"{metric}: most", most


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _troubles(peak: Peak) -> Iterator[str]:
    verdict = peak.verdict
    if verdict.appeals != verdict.arrivals:
        yield f"The store holds {verdict.appeals} appeals of {verdict.arrivals} calls."
    if verdict.outcomes:
        yield f"Calls that were not served ended as: {dict(verdict.outcomes)}"
    if verdict.witnessed != verdict.served:
        yield (
            f"The store knows of {verdict.served} whole conversations, the operators' phones "
            f"of {verdict.witnessed}."
        )
    for name in ("not_ended", "doubly_busy", "with_faults"):
        if number := getattr(verdict, name):
            yield f"{number} calls: {name}"
    if peak.sipp_errors:
        yield f"SIPp: {peak.sipp_errors}"
    if peak.warnings:
        yield f"Asterisk warned {len(peak.warnings)} times, first: {peak.warnings[0]}"
