"""Time never goes back, and outlives the engine, whoever sets the machine's clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

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


def test_a_clock_that_nobody_set_is_where_the_machine_s_is() -> None:
    clock = SystemClock()
    clock.resume(SystemClock().reading())
    assert abs(clock.ahead_of_the_machine()) < A_MOMENT


def test_a_process_knows_how_long_it_has_lived() -> None:
    first = seconds_since_start()
    assert 0 < first <= seconds_since_start()
