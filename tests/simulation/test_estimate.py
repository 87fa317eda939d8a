"""Means and how far they may be off."""

from __future__ import annotations

import random
from statistics import NormalDist

import pytest

from ekc_telephony.simulation.estimate import Estimate, estimate, student_t


@pytest.mark.parametrize(
    ("degrees", "quantile"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (10, 2.228), (30, 2.042)],
)
def test_students_quantiles_are_those_of_the_printed_tables(degrees: int, quantile: float) -> None:
    assert student_t(0.975, degrees=degrees) == pytest.approx(quantile, abs=0.0006)


def test_students_quantile_comes_near_the_normal_one_with_many_degrees() -> None:
    assert student_t(0.995, degrees=5_000) == pytest.approx(NormalDist().inv_cdf(0.995), abs=0.001)


def test_half_of_the_distribution_lies_below_zero() -> None:
    assert student_t(0.5, degrees=7) == pytest.approx(0, abs=1e-9)


def test_one_replication_has_a_mean_and_no_interval() -> None:
    found = estimate([3.0], confidence=0.95)
    assert found == Estimate(mean=3.0, margin=None)
    assert found.low is None
    assert found.high is None
    assert not found.covers(3.0)


def test_nothing_measured_gives_nothing() -> None:
    assert estimate([None, None], confidence=0.95) is None


def test_what_was_not_measured_is_left_out() -> None:
    found = estimate([1.0, None, 3.0], confidence=0.95)
    assert found is not None
    assert found.mean == 2.0
    assert found.low == pytest.approx(2 - 12.706, abs=0.01)
    assert found.high == pytest.approx(2 + 12.706, abs=0.01)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    dice = random.Random(7)
    intervals = [
        estimate([dice.gauss(10, 4) for _ in range(5)], confidence=0.9) for _ in range(2_000)
    ]
    covered = sum(each is not None and each.covers(10) for each in intervals)
    assert covered / len(intervals) == pytest.approx(0.9, abs=0.02)
