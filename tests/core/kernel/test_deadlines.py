"""`Deadlines` against the simplest thing that could be right: a dictionary searched each time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from ekc_telephony.core.kernel.deadlines import Deadlines

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = st.sampled_from(["anna", "boris", "vera"])
SECONDS = st.integers(0, 6)


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


class DeadlinesMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.deadlines: Deadlines[str] = Deadlines()
        self.naive: dict[str, datetime] = {}

    @rule(name=NAMES, seconds=SECONDS)
    def is_set(self, name: str, seconds: int) -> None:
        self.deadlines.set(name, at(seconds))
        self.naive[name] = at(seconds)

    @rule(name=NAMES)
    def is_cleared(self, name: str) -> None:
        self.deadlines.set(name, None)
        self.naive.pop(name, None)

    @rule(seconds=SECONDS)
    def a_due_one_is_taken(self, seconds: int) -> None:
        name = self.deadlines.take_due(at(seconds))
        due = {each: moment for each, moment in self.naive.items() if moment <= at(seconds)}
        if name is None:
            assert not due
        else:
            assert due[name] == min(due.values())
            del self.naive[name]

    @invariant()
    def the_next_is_the_earliest(self) -> None:
        assert self.deadlines.next() == min(self.naive.values(), default=None)


def test_deadlines_and_a_dictionary_agree() -> None:
    run_state_machine_as_test(DeadlinesMachine)


def test_names_due_at_the_same_moment_come_in_the_order_in_which_they_were_set() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for name in ("boris", "anna", "vera"):
        deadlines.set(name, at(1))
    taken = [deadlines.take_due(at(1)) for _ in range(4)]
    assert taken == ["boris", "anna", "vera", None]


def test_nothing_is_due_before_its_moment() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("anna", at(2))
    assert deadlines.take_due(at(1)) is None
    assert deadlines.next() == at(2)


def test_a_postponed_name_is_due_once_and_later() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("anna", at(1))
    deadlines.set("anna", at(3))
    assert deadlines.take_due(at(2)) is None
    assert deadlines.take_due(at(3)) == "anna"
    assert deadlines.take_due(at(3)) is None
