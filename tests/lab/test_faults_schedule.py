"""The schedule of faults and the plans of citizens: seeded, complete, repeatable."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.faults.plan import citizens, poisoned
from lab.faults.schedule import LONGEST_PAUSE_S, SHORTEST_PAUSE_S, FaultKind, schedule

KINDS = st.sets(st.sampled_from(FaultKind), min_size=1)


@given(st.integers(0, 1_000_000), KINDS)
def test_the_same_seed_gives_the_same_faults(seed: int, kinds: set[FaultKind]) -> None:
    assert list(islice(schedule(seed, kinds), 30)) == list(islice(schedule(seed, kinds), 30))


@given(st.integers(0, 1_000_000), KINDS)
def test_no_kind_comes_again_before_all_have_come(seed: int, kinds: set[FaultKind]) -> None:
    planned = list(islice(schedule(seed, kinds), 3 * len(kinds)))
    for begin in range(0, len(planned), len(kinds)):
        assert {each.kind for each in planned[begin : begin + len(kinds)]} == kinds


@given(st.integers(0, 1_000_000), KINDS)
def test_pauses_are_neither_short_nor_long(seed: int, kinds: set[FaultKind]) -> None:
    for each in islice(schedule(seed, kinds), 30):
        assert SHORTEST_PAUSE_S <= each.after / timedelta(seconds=1) <= LONGEST_PAUSE_S


def test_without_a_kind_there_is_no_schedule() -> None:
    with pytest.raises(ValueError, match="at least one"):
        next(schedule(1, ()))


@given(st.integers(0, 1_000_000))
def test_every_citizen_has_a_number_of_his_own(seed: int) -> None:
    numbers = [each.number for each in islice(citizens(seed), 200)]
    assert len(set(numbers)) == len(numbers)


@given(st.integers(0, 1_000_000))
def test_the_same_seed_gives_the_same_citizens(seed: int) -> None:
    assert list(islice(citizens(seed), 50)) == list(islice(citizens(seed), 50))


@given(st.integers(0, 1_000_000))
def test_there_is_somebody_of_every_kind(seed: int) -> None:
    crowd = list(islice(citizens(seed), 400))
    in_menu = [each for each in crowd if each.leaves_after < each.presses_after]
    in_queue = [
        each for each in crowd if each.presses_after < each.leaves_after < timedelta(seconds=60)
    ]
    assert in_menu
    assert in_queue
    assert {each.key for each in crowd} == {None, "1", "2"}
    assert {each.agent_ends for each in crowd} == {True, False}


def test_a_poisoned_citizen_presses_the_key_and_stays() -> None:
    citizen = poisoned(next(citizens(1)))
    assert citizen.is_poison
    assert citizen.leaves_after > timedelta(minutes=1)
