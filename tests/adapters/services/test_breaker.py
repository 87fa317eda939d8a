"""A service that fails again and again is left alone, and never longer than it must be."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ekc_telephony.adapters.services.breaker import Breaker, Permit
from tests.adapters.services.asking import PAUSE, RULE
from tests.virtual_time import EPOCH

SECOND: Final = timedelta(seconds=1)


def permitted(breaker: Breaker, now: datetime) -> Permit:
    permit = breaker.permit(now)
    assert permit is not None
    return permit


def opened() -> Breaker:
    breaker = Breaker(RULE)
    for _ in range(RULE.failures):
        breaker.failed(permitted(breaker, EPOCH), EPOCH)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(RULE)
    for outcome in "ffwffwfff":
        assert not breaker.is_open
        permit = permitted(breaker, EPOCH)
        if outcome == "w":
            breaker.worked(permit)
        else:
            breaker.failed(permit, EPOCH)
    assert breaker.is_open
    assert breaker.permit(EPOCH + PAUSE - SECOND) is None
    assert not breaker.lets_through(EPOCH + PAUSE - SECOND)


def test_after_the_pause_one_probe_is_let_through_and_closes_it() -> None:
    breaker = opened()
    probe = permitted(breaker, EPOCH + PAUSE)
    assert probe.is_probe
    assert breaker.permit(EPOCH + PAUSE) is None
    assert breaker.is_open
    breaker.worked(probe)
    assert not breaker.is_open
    assert not permitted(breaker, EPOCH + PAUSE).is_probe


def test_a_probe_that_fails_opens_it_for_another_pause() -> None:
    breaker = opened()
    breaker.failed(permitted(breaker, EPOCH + PAUSE), EPOCH + PAUSE + SECOND)
    assert breaker.permit(EPOCH + 2 * PAUSE) is None
    assert permitted(breaker, EPOCH + 2 * PAUSE + SECOND).is_probe


def test_a_probe_of_which_nothing_is_heard_is_followed_by_another() -> None:
    breaker = opened()
    lost = permitted(breaker, EPOCH + PAUSE)
    assert permitted(breaker, EPOCH + 2 * PAUSE).is_probe
    breaker.worked(lost)
    assert breaker.is_open


def test_what_was_asked_before_it_opened_does_not_count_any_more() -> None:
    breaker = Breaker(RULE)
    early = [permitted(breaker, EPOCH) for _ in range(RULE.failures + 2)]
    for permit in early[: RULE.failures]:
        breaker.failed(permit, EPOCH)
    breaker.failed(early[-1], EPOCH + PAUSE - SECOND)
    breaker.worked(early[-2])
    assert breaker.is_open
    assert breaker.lets_through(EPOCH + PAUSE)


class BreakerMachine(RuleBasedStateMachine):
    """Questions are asked at any time, and answered in any order or never."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(RULE)
        self.now = EPOCH
        self.under_way: list[Permit] = []
        self.since_closed: list[Permit] = []
        """Permits that can open it: those given since it closed last."""
        self.row = 0
        """Failures in a row of those."""
        self.opened_at: datetime | None = None
        self.probe: Permit | None = None

    @rule(seconds=st.sampled_from([0.1, 1, 29, 30, 100]))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def somebody_asks(self) -> None:
        permit = self.breaker.permit(self.now)
        if self.opened_at is None:
            assert permit is not None
            assert not permit.is_probe
            self.since_closed.append(permit)
        elif self.now < self.opened_at + PAUSE:
            assert permit is None, "let through during the pause"
            return
        else:
            assert permit is not None
            assert permit.is_probe
            self.probe, self.opened_at = permit, self.now
        self.under_way.append(permit)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 99), works=st.booleans())
    def something_is_heard(self, which: int, *, works: bool) -> None:
        permit = self.under_way.pop(which % len(self.under_way))
        if works:
            self.breaker.worked(permit)
        else:
            self.breaker.failed(permit, self.now)
        if permit is self.probe:
            self.probe = None
            self.opened_at = None if works else self.now
            self.row, self.since_closed = 0, []
        elif self.opened_at is None and any(permit is each for each in self.since_closed):
            self.row = 0 if works else self.row + 1
            if self.row == RULE.failures:
                self.opened_at, self.since_closed = self.now, []

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 99))
    def nothing_is_ever_heard(self, which: int) -> None:
        self.under_way.pop(which % len(self.under_way))

    @invariant()
    def it_is_open_when_it_should_be(self) -> None:
        assert self.breaker.is_open == (self.opened_at is not None)

    @invariant()
    def it_never_stays_open_for_longer_than_a_pause(self) -> None:
        assert self.breaker.lets_through(self.now + PAUSE)


TestBreakerMachine = BreakerMachine.TestCase
