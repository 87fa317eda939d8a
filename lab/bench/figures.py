"""
From the slices of a run to its figures.

A percentile is the nearest-rank one: a time that a caller really had, never one between two.

Rule 1: percentiles and CPU are taken over all slices of a rate together, not averaged over them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from lab.bench.appeals import Appeals
from lab.bench.plan import Slice, Target
from lab.bench.sipp import Callers


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One slice that was run."""

    piece: Slice
    callers: Callers
    asterisk_cpu: timedelta
    engine_cpu: timedelta | None
    """None for the targets without the engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One target at one rate."""

    calls: int
    failed: int
    retransmitted: int
    p50_ms: float | None
    """INVITE to 200; None when nobody was answered."""
    p99_ms: float | None
    cpu_ms_per_call: float
    """Asterisk's CPU."""
    engine_cpu_ms_per_call: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A whole run."""

    operators: int
    slices: Sequence[Measured]
    expected_appeals: Appeals
    found_appeals: Appeals
    warnings: Sequence[str]
    """Asterisk's WARNING and ERROR lines."""
    used_by_others: float
    """The share of the machine, 0 to 1, that other programs used meanwhile."""

    @property
    def failed(self) -> int:
        """Calls that were not answered, or lost before their caller hung up."""
        return sum(each.callers.failed for each in self.slices)

    @property
    def is_sound(self) -> bool:
        """Tell whether every call went through and has its appeal."""
        return not self.failed and self.found_appeals == self.expected_appeals

    def figures(self) -> Mapping[int, Mapping[Target, Figures]]:
        """Return the figures by rate and target, in the order of the run."""
        rates = dict.fromkeys(each.piece.rate for each in self.slices)
        return {rate: dict(self._figures_at(rate)) for rate in rates}

    def _figures_at(self, rate: int) -> Iterator[tuple[Target, Figures]]:
        for target in Target:
            slices = [
                each
                for each in self.slices
                if each.piece.rate == rate and each.piece.target is target
            ]
            if slices:
                yield target, _combine(slices)


def percentile(values: Iterable[float], share: float) -> float | None:
    """Return the smallest value that at least `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def ratio(above: float | None, below: float | None) -> float | None:
    """Return the quotient; None when one of the two was not measured."""
    return above / below if above is not None and below else None


def _combine(slices: Sequence[Measured]) -> Figures:
    calls = sum(each.piece.calls for each in slices)
    times = [time for each in slices for time in each.callers.connect_ms]
    engine = [each.engine_cpu for each in slices if each.engine_cpu is not None]
    return Figures(
        calls=calls,
        failed=sum(each.callers.failed for each in slices),
        retransmitted=sum(each.callers.retransmitted for each in slices),
        p50_ms=percentile(times, 0.50),
        p99_ms=percentile(times, 0.99),
        cpu_ms_per_call=_ms_per_call([each.asterisk_cpu for each in slices], calls),
        engine_cpu_ms_per_call=_ms_per_call(engine, calls) if engine else None,
    )


def _ms_per_call(times: Iterable[timedelta], calls: int) -> float:
    return sum(times, timedelta()) / timedelta(milliseconds=1) / calls
