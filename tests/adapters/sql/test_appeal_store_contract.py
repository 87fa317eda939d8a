"""What every appeal store promises: in memory, in a SQLite file, in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekc_telephony.adapters.memory.appeal_store import InMemoryAppealStore
from ekc_telephony.adapters.sql.appeal_store import SqlAppealStore
from ekc_telephony.adapters.sql.connection import open_for_writing
from ekc_telephony.adapters.sql.migrations import migrate
from ekc_telephony.adapters.sql.models import metadata
from ekc_telephony.core.call.events import PresenceDeclared
from ekc_telephony.core.call.facts import Fact
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId
from ekc_telephony.runtime.ports import AppealStore
from tests.adapters.sql.stories import MORNING, a_working_hour, call_story, declaration

Contents: TypeAlias = object
Story: TypeAlias = Callable[[AppealStore], Awaitable[None]]
KeptAfter: TypeAlias = Callable[[Story], Contents]
"""Play a story to an empty store and return all that it holds afterwards."""

HOUR = a_working_hour()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kept_after(request: pytest.FixtureRequest) -> KeptAfter:
    if request.param == "memory":
        return lambda story: asyncio.run(_play_in_memory(story))
    tmp_path, start_postgresql = map(request.getfixturevalue, ("tmp_path", "start_postgresql"))
    is_file = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'ekc.sqlite'}" if is_file else start_postgresql()
    asyncio.run(migrate(url))
    return lambda story: asyncio.run(_play_in_database(url, story))


async def _play_in_memory(story: Story) -> Contents:
    store = InMemoryAppealStore()
    await story(store)
    facts = sorted(store.facts, key=lambda fact: (fact.call, fact.sequence))
    return facts, await store.declared_presences()


async def _play_in_database(url: str, story: Story) -> Contents:
    database = open_for_writing(url)
    await database.run(_empty)
    store = SqlAppealStore(url)
    await story(store)
    await store.close()
    contents = await database.run(_contents)
    await database.close()
    return contents


def _empty(connection: sa.Connection) -> None:
    for table in reversed(metadata.sorted_tables):
        connection.execute(sa.delete(table))


def _contents(connection: sa.Connection) -> dict[str, list[Any]]:
    return {
        table.name: sorted(connection.execute(sa.select(table)).all(), key=str)
        for table in metadata.sorted_tables
    }


def written_at_once(facts: Sequence[Fact]) -> Story:
    return written_in([facts])


def written_in(batches: Sequence[Sequence[Fact]]) -> Story:
    async def story(store: AppealStore) -> None:
        for batch in batches:
            await store.write(batch)

    return story


@st.composite
def cuts_and_repeats(draw: st.DrawFn) -> list[Sequence[Fact]]:
    """Cut the hour anywhere; begin each batch with some facts that are already written."""
    batches: list[Sequence[Fact]] = []
    done = 0
    while done < len(HOUR):
        first = draw(st.integers(0, done))
        last = draw(st.integers(done + 1, len(HOUR)))
        batches.append(HOUR[first:last])
        if draw(st.booleans()):  # and sometimes offers one old fact alone
            batches.append([HOUR[draw(st.integers(0, last - 1))]])
        done = last
    return batches


def test_any_cutting_and_repeating_leaves_the_same_behind(kept_after: KeptAfter) -> None:
    expected = kept_after(written_at_once(HOUR))

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(cuts_and_repeats())
    def try_one(batches: list[Sequence[Fact]]) -> None:
        assert kept_after(written_in(batches)) == expected

    try_one()


def test_one_fact_at_a_time_leaves_the_same_behind(kept_after: KeptAfter) -> None:
    one_by_one = written_in([[fact] for fact in HOUR])
    assert kept_after(one_by_one) == kept_after(written_at_once(HOUR))


def test_any_single_fact_offered_again_changes_nothing(kept_after: KeptAfter) -> None:
    expected = kept_after(written_at_once(HOUR))
    assert [fact for fact in HOUR if kept_after(written_in([HOUR, [fact]])) != expected] == []


def test_another_call_makes_a_difference(kept_after: KeptAfter) -> None:
    more = [*HOUR, *call_story("ekc-2.1")]
    assert kept_after(written_at_once(more)) != kept_after(written_at_once(HOUR))


def test_nothing_to_write_is_no_trouble(kept_after: KeptAfter) -> None:
    kept_after(written_at_once([]))


def test_what_agents_declared_last_is_told_after_a_restart(kept_after: KeptAfter) -> None:
    told: list[PresenceDeclared] = []

    async def story(store: AppealStore) -> None:
        await store.write(HOUR)
        told.extend(await store.declared_presences())

    kept_after(story)
    assert told == [
        PresenceDeclared(agent=AgentId("op1"), presence=Presence.READY),
        PresenceDeclared(
            agent=AgentId("op2"), presence=Presence.NOT_READY, reason=NotReadyReason.NO_ANSWER
        ),
    ]


def test_of_two_declarations_in_one_moment_the_later_one_counts(kept_after: KeptAfter) -> None:
    told: list[PresenceDeclared] = []

    async def story(store: AppealStore) -> None:
        await store.write([declaration("op1", Presence.READY)])
        await store.write([declaration("op1", Presence.SIGNED_OUT)])
        told.extend(await store.declared_presences())

    kept_after(story)
    assert [declared.presence for declared in told] == [Presence.SIGNED_OUT]


def test_what_an_agent_does_is_not_what_he_declares(kept_after: KeptAfter) -> None:
    declared = declaration("op1", Presence.READY)
    busy = declaration(
        "op1", Presence.READY, at=MORNING.replace(hour=10), activity=Activity.TALKING
    )
    assert kept_after(written_in([[declared], [busy]])) == kept_after(written_at_once([declared]))
