"""Time never goes back, and outlives the engine, whoever sets the machine's clock."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ekc_telephony.adapters.clock import SystemClock, seconds_since_start

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
A_MOMENT = timedelta(seconds=5)


def test_moments_never_decrease() -> None:
    clock = SystemClock()
    moments = [clock.now() for _ in range(1_000)]
    assert moments == sorted(moments)


def test_a_clock_goes_on_where_the_one_before_was_though_the_machine_s_clock_was_set() -> None:
    before = SystemClock().reading()
    shifted = replace(before, at=before.at - timedelta(hours=1))  # set forward by an hour since
    clock = SystemClock()
    clock.resume(shifted)
    assert timedelta() <= clock.now() - shifted.at < A_MOMENT
    assert abs(clock.ahead_of_the_machine() + timedelta(hours=1)) < A_MOMENT


def test_after_a_boot_the_machine_s_clock_counts() -> None:
    earlier = replace(SystemClock().reading(), at=LONG_AGO, boot="another")
    clock = SystemClock()
    clock.resume(earlier)
    assert abs(clock.ahead_of_the_machine()) < A_MOMENT


def tick(*, seconds_ago: float = 0, boot: str | None = None) -> str:
    now_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    return f"{int((now_s - seconds_ago) * 100)} {boot or SystemClock().reading().boot}"


def test_a_tick_is_a_moment_of_this_clock_wherever_the_machine_s_was_set() -> None:
    clock = SystemClock()
    clock.resume(replace(clock.reading(), at=LONG_AGO))
    at = clock.at_tick(tick(seconds_ago=60))
    assert at is not None
    assert abs(LONG_AGO - timedelta(seconds=60) - at) < A_MOMENT


@pytest.mark.parametrize("late_s", [0, 2])
def test_a_tick_that_was_told_late_does_not_move_a_moment(late_s: float) -> None:
    clock = SystemClock()
    noted_at = clock.now() - timedelta(seconds=60)
    told = clock.true_moment(noted_at, tick(seconds_ago=60 - late_s))
    assert abs(told - noted_at) < timedelta(milliseconds=1)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_tick_tells_what_the_machine_s_clock_did_before_it_was_set(hours: int) -> None:
    clock = SystemClock()
    true = clock.now() - timedelta(seconds=60)
    told = clock.true_moment(true + timedelta(hours=hours), tick(seconds_ago=60))
    assert abs(told - true) < A_MOMENT


def test_a_moment_of_the_machine_s_clock_is_told_by_this_one() -> None:
    clock = SystemClock()
    noted_at = clock.now() - timedelta(seconds=60)
    clock.resume(replace(clock.reading(), at=LONG_AGO))
    told = clock.true_moment(noted_at, tick(seconds_ago=60))
    assert abs(told - (LONG_AGO - timedelta(seconds=60))) < A_MOMENT


def test_without_a_tick_the_machine_s_clock_is_believed() -> None:
    clock = SystemClock()
    assert clock.true_moment(LONG_AGO, None) == LONG_AGO
    assert clock.true_moment(LONG_AGO, tick(boot="another")) == LONG_AGO


@pytest.mark.parametrize("told", ["", "100", "noon noon", "٣ noon", "9" * 400])
def test_a_tick_that_tells_nothing_is_no_moment(told: str) -> None:
    boot = SystemClock().reading().boot
    assert SystemClock().at_tick(told) is None
    assert SystemClock().at_tick(told.replace("noon", boot)) is None


def test_a_tick_of_another_boot_or_of_the_future_is_no_moment() -> None:
    assert SystemClock().at_tick(tick(boot="another")) is None
    assert SystemClock().at_tick(tick(seconds_ago=-60)) is None


def test_a_clock_that_nobody_set_is_where_the_machine_s_is() -> None:
    clock = SystemClock()
    clock.resume(SystemClock().reading())
    assert abs(clock.ahead_of_the_machine()) < A_MOMENT


def test_a_process_knows_how_long_it_has_lived() -> None:
    first = seconds_since_start()
    assert 0 < first <= seconds_since_start()
