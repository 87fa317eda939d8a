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
from ekc_telephony.core.call.events import OpenCall, PresenceDeclared
from ekc_telephony.core.call.facts import CallFact, Fact
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId, CallId
from ekc_telephony.runtime.ports import AppealStore
from tests.adapters.sql.stories import (
    MORNING,
    a_working_hour,
    call_story,
    declaration,
    taken_over_story,
)

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


@pytest.mark.parametrize("open_after", [2, 9, 13])
def test_a_call_taken_over_is_the_same_however_often_a_fact_of_it_is_offered(
    kept_after: KeptAfter, open_after: int
) -> None:
    story = taken_over_story("ekc-1.1", open_after=open_after)
    expected = kept_after(written_at_once(story))
    assert kept_after(written_in([[fact] for fact in story])) == expected
    assert [fact for fact in story if kept_after(written_in([story, [fact]])) != expected] == []


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


def left_open(kept_after: KeptAfter, facts: Sequence[Fact], *, node: str = "ekc") -> list[OpenCall]:
    """Write the facts and return what the store then tells of the node's calls."""
    told: list[OpenCall] = []

    async def story(store: AppealStore) -> None:
        await store.write(facts)
        told.extend(await store.open_calls(node))

    kept_after(story)
    return told


def begun(name: str, *, facts: int = 2, minute: int = 0) -> list[CallFact]:
    """Tell the first facts of a call: two are its ring and its menu."""
    return call_story(name, at=MORNING.replace(minute=minute))[:facts]


def test_calls_that_nobody_has_ended_are_told_in_order_of_beginning(kept_after: KeptAfter) -> None:
    talking = begun("ekc-1.9", facts=9, minute=1)
    hidden = call_story("ekc-1.4", at=MORNING.replace(minute=2), number=None)[:2]
    facts = [*hidden, *talking, *call_story("ekc-1.5")]
    assert left_open(kept_after, facts) == [
        OpenCall(
            call=CallId("ekc-1.9"),
            registered_at=MORNING.replace(minute=1),
            was_answered=True,
            number="+79001234567",
        ),
        OpenCall(
            call=CallId("ekc-1.4"),
            registered_at=MORNING.replace(minute=2),
            was_answered=False,
            number=None,
        ),
    ]


def test_when_all_calls_have_ended_none_is_left_open(kept_after: KeptAfter) -> None:
    assert left_open(kept_after, HOUR) == []


@pytest.mark.parametrize(
    ("node", "own", "others"),
    [
        ("ekc", "ekc-1.1", "ekc-2-1.1"),
        ("ekc", "ekc-1.1", "EKC-1.1"),
        ("ekc", "ekc-1.1", "my-ekc-1.1"),
        ("ekc", "ekc-1.1", "ekc2-1.1"),
        ("ekc-2", "ekc-2-1.1", "ekc-1.1"),
        ("ekc_2", "ekc_2-1.1", "ekc-2-1.1"),
        ("%", "%-1.1", "ekc-1.1"),
    ],
)
def test_a_node_is_told_of_its_own_calls_only(
    kept_after: KeptAfter, node: str, own: str, others: str
) -> None:
    told = left_open(kept_after, [*begun(own), *begun(others)], node=node)
    assert [each.call for each in told] == [own]
