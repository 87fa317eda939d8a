"""The virtual clock that other tests rely on."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.virtual_time import EPOCH, NothingCanHappenError, VirtualClock, run_virtual


def test_an_hour_passes_in_no_time() -> None:
    async def story() -> timedelta:
        await asyncio.sleep(3600)
        return VirtualClock().now() - EPOCH

    # A real one would outlast what a test is allowed.
    assert run_virtual(story()) == timedelta(hours=1)


def test_timers_fire_in_the_order_of_their_moments() -> None:
    async def story() -> list[int]:
        order: list[int] = []

        async def note(seconds: int) -> None:
            await asyncio.sleep(seconds)
            order.append(seconds)

        await asyncio.gather(*(note(seconds) for seconds in (30, 10, 20)))
        return order

    assert run_virtual(story()) == [10, 20, 30]


def test_a_thread_is_waited_for_when_no_timer_is_set() -> None:
    async def story() -> int:
        return await asyncio.to_thread(lambda: 42)

    assert run_virtual(story()) == 42


def test_waiting_for_nothing_fails_instead_of_hanging() -> None:
    async def story() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingCanHappenError):
        run_virtual(story())
