"""What the benchmark measures, and in which order."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.bench.plan import BUSY_SHARE, Plan, PlanError, Target


def test_an_empty_environment_gives_the_usual_run() -> None:
    assert Plan.from_environment({}) == Plan()
    assert Plan.from_environment({"RATES": "", "OPERATORS": " "}) == Plan()


def test_rates_may_be_parted_by_commas_or_spaces() -> None:
    asked = Plan.from_environment({"RATES": "20, 50 100", "SECONDS_PER_RATE": "3"})

    assert asked.rates == (20, 50, 100)
    assert asked.seconds_per_rate == 3


@pytest.mark.parametrize(
    "environment",
    [{"RATES": "fast"}, {"RATES": "0"}, {"OPERATORS": "-5"}, {"TARGETS": "freeswitch"}],
)
def test_what_cannot_be_measured_is_refused_by_name(environment: dict[str, str]) -> None:
    with pytest.raises(PlanError, match=next(iter(environment))):
        Plan.from_environment(environment)


def test_targets_take_turns_and_none_always_follows_the_same_one() -> None:
    order = [piece.target for piece in Plan(seconds_per_rate=8).slices(50)]

    assert Counter(order) == dict.fromkeys(Target, 3)
    assert order[0] is Target.DIAL
    assert order[3] is Target.APP_QUEUE
    assert order[6] is Target.ENGINE


@given(rate=st.integers(1, 400), operators=st.integers(10, 3000), seconds=st.integers(1, 60))
def test_every_target_gets_the_same_calls_and_operators_to_spare(
    rate: int, operators: int, seconds: int
) -> None:
    plan = Plan(seconds_per_rate=seconds, operators=operators)
    calls: Counter[Target] = Counter()
    for piece in plan.slices(rate):
        calls[piece.target] += piece.calls
        busy = rate * (piece.talk / timedelta(seconds=1))
        assert busy <= operators * BUSY_SHARE + 0.01
    assert len(set(calls.values())) == 1
    assert calls[Target.ENGINE] == pytest.approx(rate * seconds, rel=0.5, abs=1)
