"""
From the same figure of several replications to a mean and its confidence interval.

Replications are independent, so Student's t distribution says how far the mean may be off.

Rule 1: one replication has no interval; nothing is made up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Final

_HALVINGS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over replications."""

    mean: float
    margin: float | None
    """Half of the confidence interval; None when it cannot be told from one replication."""

    @property
    def low(self) -> float | None:
        """The lower end of the interval."""
        return None if self.margin is None else self.mean - self.margin

    @property
    def high(self) -> float | None:
        """The upper end of the interval."""
        return None if self.margin is None else self.mean + self.margin

    def covers(self, value: float) -> bool:
        """Tell whether the value lies in the interval."""
        return self.margin is not None and abs(value - self.mean) <= self.margin


def estimate(values: Iterable[float | None], *, confidence: float) -> Estimate | None:
    """
    Return the mean of what was measured; None when nothing was.

    Args:
        values: One of each replication; None where there was nothing to measure.
        confidence: How sure the interval shall be, 0 to 1.
    """
    measured = [each for each in values if each is not None]
    if not measured:
        return None
    if len(measured) == 1:
        return Estimate(mean=measured[0], margin=None)
    quantile = student_t(1 - (1 - confidence) / 2, degrees=len(measured) - 1)
    margin = quantile * stdev(measured) / math.sqrt(len(measured))
    return Estimate(mean=fmean(measured), margin=margin)


def student_t(probability: float, *, degrees: int) -> float:
    """
    Return the quantile of Student's t distribution.

    Args:
        probability: Between 0.5 and 1.
        degrees: Degrees of freedom, from 1.
    """
    wanted = 2 * probability - 1
    low, high = 0.0, math.pi / 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _within(middle, degrees) < wanted:
            low = middle
        else:
            high = middle
    return math.sqrt(degrees) * math.tan(low)


def _within(angle: float, degrees: int) -> float:
    """
    Return P(|T| ≤ √ν·tan θ).

    Abramowitz and Stegun, «Handbook of Mathematical Functions», 26.7.3 and 26.7.4.
    """
    sine, cosine = math.sin(angle), math.cos(angle)
    is_odd = degrees % 2 == 1
    term = cosine if is_odd else 1.0
    series = term if degrees > 1 else 0.0
    for number in range(3 if is_odd else 2, degrees - 1, 2):
        term *= cosine * cosine * (number - 1) / number
        series += term
    return 2 / math.pi * (angle + sine * series) if is_odd else sine * series
