"""
What the engine should reach, and what it reached.

The goals are those that the project set itself from what bare `Dial()`, `app_queue` and a prototype
of 100 lines did on two cores. They are told, not asserted: a shared machine is no referee.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lab.bench.figures import Figures, ratio
from lab.bench.plan import Target

P50_TO_DIAL: Final = 1.25
P99_TO_DIAL: Final = 2.0
ENGINE_CPU_MS: Final = 3.0
COMPARED_RATES: Final = (50, 100)
"""Calls a second at which speed is compared."""
SAFE_RATE: Final = 150
"""Calls a second at which no call may fail."""
MANY_OPERATORS: Final = 2000
"""From here on the engine must also keep up with app_queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One goal that this run can judge."""

    sentence: str
    is_met: bool


def judge(figures: Mapping[int, Mapping[Target, Figures]], *, operators: int) -> Iterator[Goal]:
    """Yield every goal for which this run has both sides of the comparison."""
    for rate, by_target in figures.items():
        engine = by_target.get(Target.ENGINE)
        if engine is None:
            continue
        if rate in COMPARED_RATES:
            yield from _speed(rate, engine, by_target, operators=operators)
        if rate == SAFE_RATE:
            yield Goal(
                sentence=f"{rate}/s: {engine.failed} calls failed (goal: none)",
                is_met=not engine.failed,
            )
        if engine.engine_cpu_ms_per_call is not None:
            yield _at_most(
                f"{rate}/s: engine CPU per call, ms", engine.engine_cpu_ms_per_call, ENGINE_CPU_MS
            )


def _speed(
    rate: int, engine: Figures, by_target: Mapping[Target, Figures], *, operators: int
) -> Iterator[Goal]:
    compared = [(Target.DIAL, "bare Dial's", P50_TO_DIAL, P99_TO_DIAL)]
    if operators >= MANY_OPERATORS:
        compared.append((Target.APP_QUEUE, "app_queue's", 1.0, 1.0))
    for target, name, p50_limit, p99_limit in compared:
        other = by_target.get(target)
        if other is None:
            continue
        for label, mine, theirs, limit in (
            ("p50", engine.p50_ms, other.p50_ms, p50_limit),
            ("p99", engine.p99_ms, other.p99_ms, p99_limit),
        ):
            times = ratio(mine, theirs)
            if times is not None:
                yield _at_most(f"{rate}/s: engine's {label} ÷ {name}", times, limit)


def _at_most(what: str, found: float, limit: float) -> Goal:
    return Goal(sentence=f"{what}: {found:.2f} (goal: at most {limit:.2f})", is_met=found <= limit)
