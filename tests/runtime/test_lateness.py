"""Whatever keeps the event loop busy is seen, and forgotten after a minute."""

from __future__ import annotations

import asyncio
import time

import pytest

from ekc_telephony.runtime.lateness import LOOK_EVERY_S, Lateness
from tests.virtual_time import run_virtual


def test_an_idle_loop_is_not_late() -> None:
    lateness = Lateness()

    async def story() -> None:
        running = asyncio.create_task(lateness.run())
        await asyncio.sleep(10)
        running.cancel()

    run_virtual(story())
    assert lateness.worst_s == pytest.approx(0)


def test_what_holds_the_loop_up_is_seen() -> None:
    lateness = Lateness()

    async def story() -> None:
        running = asyncio.create_task(lateness.run())
        await asyncio.sleep(0)
        time.sleep(0.3)  # noqa: ASYNC251 (what is measured)
        await asyncio.sleep(LOOK_EVERY_S)  # a timer behind the one that is late by now
        running.cancel()

    asyncio.run(story())
    assert lateness.worst_s >= 0.15


def test_the_worst_of_the_last_minute_counts() -> None:
    lateness = Lateness()
    seen = []
    for second, late in enumerate([0.2, 0.9, 0.4, *[0.1] * 57, 0.1, 0.1, 0.1, 0.1]):
        lateness._note(float(second), late)
        seen.append(lateness.worst_s)
    assert seen[:3] == [0.2, 0.9, 0.9]
    assert seen[60:] == [0.9, 0.9, 0.4, 0.1]
