"""The figures of `make bench-listening` are taken round by round, and its sound is A-law."""

from __future__ import annotations

import numpy as np
import pytest

from lab.bench.listening import Cost, Mode, plan_of, summary
from lab.bench.listening_site import a_law
from lab.bench.plan import PlanError


def measured(nobody: float, citizens: float, both: float) -> dict[Mode, Cost]:
    return {
        mode: Cost(asterisk_ms=cost, engine_ms=cost / 10)
        for mode, cost in zip(Mode, (nobody, citizens, both), strict=True)
    }


def test_a_share_is_the_median_of_the_shares_of_all_rounds() -> None:
    found = summary([measured(10, 10, 11), measured(20, 21, 22), measured(5, 5.5, 50)])
    assert found["both"]["asterisk_share"] == pytest.approx(0.1)
    assert found["citizens"]["asterisk_share"] == pytest.approx(0.05)
    assert found["nobody"]["asterisk_share"] == 0
    assert found["nobody"]["asterisk_ms"] == 10


def test_sound_is_coded_as_the_recommendation_says() -> None:
    samples = np.array([0, 32767, -1, -32768, 8, 1000, -1000], dtype=np.float32)
    assert a_law(samples) == bytes([0xD5, 0xAA, 0x55, 0x2A, 0xD5, 0xFA, 0x7A])


def test_what_is_measured_can_be_chosen_and_nonsense_is_refused() -> None:
    plan = plan_of({"TALKS": "6", "RECORD": "0"})
    assert (plan.talks, plan.rounds, plan.is_recorded) == (6, 24, False)
    with pytest.raises(PlanError, match="ROUNDS: found 'many'"):
        plan_of({"ROUNDS": "many"})
