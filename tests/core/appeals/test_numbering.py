"""The number of an appeal, grown from Asterisk's unique id."""

from __future__ import annotations

import pytest

from ekc_telephony.core.appeals.numbering import appeal_number
from ekc_telephony.core.kernel.ids import CallId


@pytest.mark.parametrize(
    ("unique_id", "number"),
    [
        ("ekc1-1795253112.17", "ekc1-261121-092512-17"),
        ("1795253112.17", "261121-092512-17"),
        ("north-east-1795253112.17", "north-east-261121-092512-17"),
        ("something else", "something else"),
    ],
)
def test_a_number_names_node_day_second_and_count(unique_id: str, number: str) -> None:
    assert appeal_number(CallId(unique_id)) == number


def test_two_calls_of_the_same_second_have_different_numbers() -> None:
    first, second = CallId("ekc1-1795253112.17"), CallId("ekc1-1795253112.18")
    assert appeal_number(first) != appeal_number(second)
