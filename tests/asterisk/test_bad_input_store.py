"""A store that does not answer: calls go on, `/healthz` says so, and every call has its appeal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from ekc_telephony.core.call.facts import CallOutcome
from lab.phones.operator import Answer
from lab.stand import Stand
from lab.story_site import FIRST_LINE, NIGHT
from lab.waiting import PATIENCE, eventually, happens

AWAY = timedelta(seconds=30)


@contextmanager
def locked_store(stand: Stand) -> Iterator[None]:
    """Hold the store's write lock, as a backup gone wrong would."""
    connection = sqlite3.connect(stand.settings.state / "ekc.sqlite", isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()


async def test_calls_go_on_while_the_store_does_not_answer_for_thirty_seconds(
    stand: Stand,
) -> None:
    await stand.on_duty("ivanova", Answer(after=timedelta(), talk=timedelta(seconds=0.2)))
    numbers: list[str] = []
    with locked_store(stand):
        for did in (FIRST_LINE, NIGHT, FIRST_LINE):
            citizen = await stand.call(did)
            numbers.append(citizen.number)
            await happens(citizen.line.ended)
        talking = await stand.call(FIRST_LINE)
        await happens(talking.line.ended)
        numbers.append(talking.number)

        async def has_been_away() -> bool:
            health = await stand.health()
            age = await stand.metric("ekc_store_oldest_seconds")
            return not health.is_healthy and age >= AWAY.total_seconds()

        await eventually(has_been_away, within=AWAY + PATIENCE)
        trouble = (await stand.health()).troubles["store"]
        assert trouble.startswith("the store takes no facts: ")
        assert await stand.calls_of(numbers[0]) == []

    async def is_healthy() -> bool:
        return (await stand.health()).is_healthy

    await eventually(is_healthy)
    outcomes = [(await stand.history(number)).summary.outcome for number in numbers]
    assert outcomes == [
        CallOutcome.ANSWERED,
        CallOutcome.INFORMED_AFTER_HOURS,
        CallOutcome.ANSWERED,
        CallOutcome.ANSWERED,
    ]
    assert await stand.metric("ekc_store_set_aside") == 0
