"""What the benchmark of a menu reads from the environment, and what it makes of its calls."""

from __future__ import annotations

import pytest

from lab.bench.ivr import IvrPlan, figures, plan_of
from lab.bench.ivr_callers import CallTimes
from lab.bench.ivr_site import Heard, IvrTarget, marks
from lab.bench.plan import PlanError


def test_the_environment_may_change_rate_time_and_targets() -> None:
    assert plan_of({}) == IvrPlan()
    told = {"RATE": "50", "SECONDS": "7", "TARGETS": "engine"}
    assert plan_of(told) == IvrPlan(rate=50, seconds=7, targets=(IvrTarget.ENGINE,))


@pytest.mark.parametrize("told", [{"RATE": "0"}, {"SECONDS": "ten"}, {"TARGETS": "freeswitch"}])
def test_what_cannot_be_measured_is_refused(told: dict[str, str]) -> None:
    with pytest.raises(PlanError, match=next(iter(told))):
        plan_of(told)


def test_failed_calls_are_told_by_why_they_failed() -> None:
    good = CallTimes(to_greeting=0.5, key_to_prompt=[0.002, 0.004])
    cut = CallTimes(failure="refused: 503")
    told = figures([good, good, cut])
    assert (told["calls"], told["failed"], told["keys"]) == (3, 1, 4)
    assert told["failures"] == {"refused: 503": 1}
    assert told["key_to_prompt_ms"]["p50"] == 2.0
    assert told["key_to_prompt_ms"]["max"] == 4.0
    assert figures([cut])["key_to_prompt_ms"]["p99"] is None


def test_every_prompt_can_be_told_by_one_byte() -> None:
    assert set(marks().values()) == set(Heard)
