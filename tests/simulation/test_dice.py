"""Laws of lengths, as they are written and as they are thrown."""

from __future__ import annotations

import math
from datetime import timedelta
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.simulation.dice import LAW_EXPECTED, Dice, Law, Lengths, read_lengths


@pytest.mark.parametrize(
    ("written", "mean_s", "deviation_s"),
    [
        ("fixed 4m", 240, 0),
        ("exponential 4m", 240, 240),
        ("lognormal 4m sd 3m", 240, 180),
        ("weibull 4m shape 1", 240, 240),
        ("weibull 4m shape 2", 240, 240 * math.sqrt(4 / math.pi - 1)),
        ("empirical 10s 20s 30s", 20, math.sqrt(200 / 3)),
    ],
)
def test_thrown_lengths_have_the_mean_and_the_spread_that_are_written(
    written: str, mean_s: float, deviation_s: float
) -> None:
    throw = read_lengths(written).thrower(Dice(1, 0).of("test"))
    thrown = [throw() for _ in range(40_000)]
    assert fmean(thrown) == pytest.approx(mean_s, rel=0.02)
    assert stdev(thrown) == pytest.approx(deviation_s, rel=0.04, abs=1e-9)


def test_a_patience_of_none_never_ends() -> None:
    assert read_lengths("none").thrower(Dice(1, 0).of("test"))() == math.inf


@pytest.mark.parametrize(
    "written",
    [
        *("", "4m", "exponential", "exponential 4", "exponential 0s", "exponential 4m 5m"),
        *("lognormal 4m", "lognormal 4m sd", "lognormal 4m var 3m", "lognormal 4m sd 0s"),
        *("weibull 4m shape 0", "weibull 4m shape -1", "weibull 4m shape x", "empirical"),
        *("none 4m", "normal 4m", 240, None, ["fixed", "4m"]),
    ],
)
def test_anything_else_is_refused_with_what_is_expected(written: object) -> None:
    with pytest.raises(ValueError, match=LAW_EXPECTED.split(",")[0]):
        read_lengths(written)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(written: str) -> None:
    told = ""
    try:
        read_lengths(written)
    except ValueError as error:
        told = str(error)
    assert told in {"", LAW_EXPECTED}


def test_read_lengths_are_read_once() -> None:
    lengths = Lengths(law=Law.FIXED, mean=timedelta(seconds=4))
    assert read_lengths(lengths) is lengths


def test_each_purpose_seed_and_replication_has_a_stream_of_its_own() -> None:
    streams = [(1, 0, "talk/a"), (1, 0, "talk/b"), (1, 1, "talk/a"), (2, 0, "talk/a")]
    first = [Dice(seed, day).of(purpose).random() for seed, day, purpose in streams]
    assert len(set(first)) == len(first)
    assert Dice(1, 0).of("talk/a").random() == first[0]
