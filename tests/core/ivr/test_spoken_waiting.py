"""Numbers are spoken as num2words and CLDR say they should be, and never ask for a missing key."""

from __future__ import annotations

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.ivr.spoken import (
    LARGEST_SPOKEN,
    WaitRange,
    every_waiting_key,
    plural,
    spoken_minutes,
    spoken_position,
    spoken_wait,
)

NUMBERS = st.integers(min_value=0, max_value=LARGEST_SPOKEN)


@given(st.integers(min_value=0, max_value=10**9))
def test_the_plural_rule_is_the_one_of_cldr(count: int) -> None:
    assert plural(count, "one", "few", "many") == Locale("ru").plural_form(count)


@pytest.mark.parametrize(
    ("count", "noun"),
    [(1, "минута"), (2, "минуты"), (5, "минут"), (11, "минут"), (21, "минута"), (101, "минута")],
)
def test_minutes_agree_with_their_number(count: int, noun: str) -> None:
    assert plural(count, "минута", "минуты", "минут") == noun


@pytest.mark.parametrize(
    ("count", "keys"),
    [
        (0, ("minutes-0",)),
        (5, ("minutes-5",)),
        (30, ("minutes-30",)),
        (31, ("number-30", "minutes-more-1")),
        (40, ("minutes-40",)),
        (100, ("minutes-100",)),
        (121, ("number-100", "minutes-21")),
        (347, ("number-300", "number-40", "minutes-7")),
        (1000, ("minutes-over-999",)),
    ],
)
def test_minutes_are_split_into_as_few_prompts_as_possible(
    count: int, keys: tuple[str, ...]
) -> None:
    assert spoken_minutes(count) == keys


@given(NUMBERS)
def test_a_position_is_split_like_minutes(number: int) -> None:
    minutes = (key.replace("-more", "") for key in spoken_minutes(number))
    as_position = tuple(key.replace("minutes", "position") for key in minutes)

    assert spoken_position(number) == as_position


@given(NUMBERS)
def test_a_number_takes_at_most_three_prompts_and_the_parts_add_up(number: int) -> None:
    keys = spoken_minutes(number)

    assert len(keys) <= 3
    assert sum(int(key.rpartition("-")[2]) for key in keys) == number


@given(st.integers(max_value=-1))
def test_a_negative_number_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        spoken_minutes(number)
    with pytest.raises(ValueError, match="0 or more"):
        spoken_position(number)


def test_every_range_of_waiting_is_one_phrase_of_its_own() -> None:
    phrases = [spoken_wait(each) for each in WaitRange]

    assert len(set(phrases)) == len(WaitRange)
    assert {len(phrase) for phrase in phrases} == {1}


def test_the_list_of_keys_is_short_enough_to_record_in_a_studio() -> None:
    assert len(every_waiting_key()) == 2 * 47 + 1 + 16 + 8 + 10
