"""Service level: every formula on one and the same hour, and the edges."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.acd.service_level import (
    ServiceLevelFormula,
    Wait,
    average_speed_of_answer,
    longest_wait,
    service_level,
)
from ekc_telephony.core.call.facts import CallOutcome

TARGET = timedelta(seconds=20)


def wait(outcome: CallOutcome, seconds: float) -> Wait:
    return Wait(outcome=outcome, waited=timedelta(seconds=seconds))


# 6 answered, 4 of them within 20 s; 4 abandoned: at 3, 10, 20 and 60 s; 2 never asked for a person.
AN_HOUR = [
    *(wait(CallOutcome.ANSWERED, seconds) for seconds in (0, 5, 19, 20, 21, 115)),
    *(wait(CallOutcome.ABANDONED_IN_QUEUE, seconds) for seconds in (3, 10, 20, 60)),
    wait(CallOutcome.SELF_SERVED, 0),
    wait(CallOutcome.ABANDONED_IN_MENU, 0),
]


@pytest.mark.parametrize(
    ("formula", "share"),
    [
        (ServiceLevelFormula.ABANDONS_COUNT, 4 / 10),
        (ServiceLevelFormula.EARLY_ABANDONS_EXCLUDED, 4 / 7),
        (ServiceLevelFormula.EARLY_ABANDONS_COUNT_AS_GOOD, 7 / 10),
        (ServiceLevelFormula.SHORT_ABANDONS_EXCLUDED, 4 / 9),
        (ServiceLevelFormula.ABANDONS_EXCLUDED, 4 / 6),
        (ServiceLevelFormula.ALL_RECEIVED, 4 / 12),
    ],
)
def test_each_formula_gives_its_own_share_of_the_same_hour(
    formula: ServiceLevelFormula, share: float
) -> None:
    assert service_level(AN_HOUR, target=TARGET, formula=formula) == pytest.approx(share)


def test_every_formula_can_be_printed() -> None:
    assert len({formula.in_words for formula in ServiceLevelFormula}) == len(ServiceLevelFormula)


@pytest.mark.parametrize("formula", list(ServiceLevelFormula))
def test_nobody_served_is_no_share_at_all(formula: ServiceLevelFormula) -> None:
    assert service_level([], target=TARGET, formula=formula) is None


def test_the_mean_counts_the_answered_only_and_the_longest_wait_counts_all() -> None:
    assert average_speed_of_answer(AN_HOUR) == timedelta(seconds=30)
    assert longest_wait(AN_HOUR) == timedelta(seconds=115)
    assert average_speed_of_answer([wait(CallOutcome.SHORT, 1)]) is None
    assert longest_wait([]) is None


@given(
    st.lists(st.builds(wait, st.sampled_from(CallOutcome), st.floats(0, 600))),
    st.sampled_from(ServiceLevelFormula),
)
def test_a_share_is_between_nothing_and_everything(
    waits: list[Wait], formula: ServiceLevelFormula
) -> None:
    share = service_level(waits, target=TARGET, formula=formula)
    assert share is None or 0 <= share <= 1
