"""How a run is told: a table and sentences for people, JSON for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from lab.bench.figures import Figures, Outcome, ratio
from lab.bench.goals import judge
from lab.bench.plan import Target

QUIET: Final = 0.05
"""Less than this share of the machine, used by others, is not worth a word."""


def as_json(outcome: Outcome, *, asterisk_version: str) -> dict[str, Any]:
    """Return what `bench.json` holds."""
    figures = outcome.figures()
    return {
        "rates": {
            str(rate): {target.value: _plain(each) for target, each in by_target.items()}
            for rate, by_target in figures.items()
        },
        "operators": outcome.operators,
        "ratios": {str(rate): _ratios(by_target) for rate, by_target in figures.items()},
        "goals": [asdict(goal) for goal in judge(figures, operators=outcome.operators)],
        "appeals": {
            "expected": asdict(outcome.expected_appeals),
            "found": asdict(outcome.found_appeals),
        },
        "asterisk_warnings": len(outcome.warnings),
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "asterisk": asterisk_version,
            "used_by_others": round(outcome.used_by_others, 3),
        },
    }


def tell(outcome: Outcome, console: Console) -> None:
    """Print the table, the goals, and what went wrong."""
    figures = outcome.figures()
    console.print(_table(figures, operators=outcome.operators))
    for goal in judge(figures, operators=outcome.operators):
        word = "[green]met[/]   " if goal.is_met else "[yellow]missed[/]"
        console.print(f"{word} {goal.sentence}", highlight=False)
    if outcome.used_by_others > QUIET:
        console.print(
            f"Other programs used {outcome.used_by_others:.0%} of this machine meanwhile: all "
            "times are longer than on a quiet one, the engine's most.",
            highlight=False,
        )
    for line in _troubles(outcome):
        console.print(line, style="red", highlight=False, markup=False)


def _plain(figures: Figures) -> dict[str, float | int | None]:
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in asdict(figures).items()
        if name != "engine_cpu_ms_per_call" or value is not None
    }


def _ratios(by_target: Mapping[Target, Figures]) -> dict[str, dict[str, float | None]]:
    engine = by_target.get(Target.ENGINE)
    others = {target: each for target, each in by_target.items() if target is not Target.ENGINE}
    if engine is None:
        return {}
    return {
        f"engine_to_{target.value}": {
            "p50": _rounded(ratio(engine.p50_ms, other.p50_ms)),
            "p99": _rounded(ratio(engine.p99_ms, other.p99_ms)),
        }
        for target, other in others.items()
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _table(figures: Mapping[int, Mapping[Target, Figures]], *, operators: int) -> Table:
    table = Table(title=f"INVITE → 200, {operators} operators")
    for name in ("calls/s", "target"):
        table.add_column(name)
    for name in (
        *("calls", "failed", "p50 ms", "p99 ms", "Asterisk CPU ms/call", "engine CPU ms/call"),
        *("p50 ÷ dial", "p99 ÷ dial", "p50 ÷ app_queue", "p99 ÷ app_queue"),
    ):
        table.add_column(name, justify="right")
    for rate, by_target in figures.items():
        for target, each in by_target.items():
            table.add_row(str(rate), target.value, *_cells(each, by_target))
        table.add_section()
    return table


def _cells(figures: Figures, by_target: Mapping[Target, Figures]) -> Iterator[str]:
    yield str(figures.calls)
    yield str(figures.failed)
    measured = (figures.p50_ms, figures.p99_ms, figures.cpu_ms_per_call)
    for value in (*measured, figures.engine_cpu_ms_per_call):
        yield "" if value is None else f"{value:.2f}"
    for target in (Target.DIAL, Target.APP_QUEUE):
        other = by_target.get(target)
        for share in (
            ratio(figures.p50_ms, other.p50_ms if other else None),
            ratio(figures.p99_ms, other.p99_ms if other else None),
        ):
            yield "" if share is None or other is figures else f"{share:.2f}"


def _troubles(outcome: Outcome) -> Iterator[str]:
    if outcome.failed:
        yield f"{outcome.failed} calls failed; SIPp's own words: .runtime/bench/slice-*/errors.log"
    if outcome.found_appeals != outcome.expected_appeals:
        found, expected = outcome.found_appeals, outcome.expected_appeals
        yield (
            f"The store holds {found.calls} calls, {found.answered} of them answered; "
            f"expected {expected.calls} and {expected.answered}."
        )
    if outcome.warnings:
        yield f"Asterisk warned {len(outcome.warnings)} times, first: {outcome.warnings[0]}"
