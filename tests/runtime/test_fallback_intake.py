"""The fallback's calls come to the store: once, none lost, whatever fails in between."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection, Coroutine, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ekc_telephony.adapters.memory.appeal_store import InMemoryAppealStore
from ekc_telephony.adapters.spool.folder import CALLS_AT_ONCE, SpoolFolder
from ekc_telephony.adapters.sql.appeal_store import SqlAppealStore
from ekc_telephony.adapters.sql.migrations import migrate
from ekc_telephony.adapters.sql.queries import AppealQueries, CallFilter
from ekc_telephony.core.appeals.numbering import appeal_number
from ekc_telephony.core.call.events import Ended, OpenCall, PresenceDeclared
from ekc_telephony.core.call.facts import (
    CallbackDue,
    CallbackReason,
    CallEnded,
    CallOutcome,
    CallRegistered,
    Fact,
    SegmentKind,
    SegmentOutcome,
    SegmentStarted,
)
from ekc_telephony.core.kernel.ids import CallId, Did, LegId
from ekc_telephony.runtime.fallback_intake import EVERY, FallbackIntake
from ekc_telephony.runtime.ports import FactsRefusedError, StoreUnavailableError, Witness
from tests.adapters.spool.notes import NOON, after, write_begun, write_json
from tests.virtual_time import run_virtual


class FixedClock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.moment = after(3600)

    def now(self) -> datetime:
        return self.moment


class MoodyStore:
    """Refuses some calls, and everything for as long as it is away."""

    def __init__(self, *, refuses: Collection[str] = ()) -> None:
        self.kept = InMemoryAppealStore()
        self.is_away = False
        self._refuses = refuses

    async def write(self, facts: Sequence[Fact]) -> None:
        if self.is_away:
            raise StoreUnavailableError("away")
        if any(isinstance(fact, CallRegistered) and fact.call in self._refuses for fact in facts):
            raise FactsRefusedError("no such did")
        await self.kept.write(facts)

    async def declared_presences(self) -> Sequence[PresenceDeclared]:
        return await self.kept.declared_presences()

    async def open_calls(self, node: str) -> Sequence[OpenCall]:
        return await self.kept.open_calls(node)


class Record:
    """Asterisk's record, as a table."""

    def __init__(self, **ends: datetime) -> None:
        self._ends = {LegId(leg.replace("_", "-")): at for leg, at in ends.items()}

    def ended(self, legs: Collection[LegId], *, since: datetime) -> Mapping[LegId, Ended]:
        return {
            leg: Ended(at=at, context="fallback")
            for leg, at in self._ends.items()
            if leg in legs and at >= since
        }


class Ear:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def record(self, fact: Fact) -> None:
        self.facts.append(fact)


class Desk:
    """A spool in a folder, a store, and the intake between them."""

    def __init__(
        self, spool: Path, *, refuses: Collection[str] = (), witness: Witness | None = None
    ) -> None:
        self.spool = SpoolFolder(spool)
        self.store = MoodyStore(refuses=refuses)
        self.clock = FixedClock()
        self.asterisk_started_at: datetime | None = None
        self.ear = Ear()
        self.intake = FallbackIntake(
            self.spool,
            self.store,
            self.clock,
            asterisk_started_at=lambda: self.asterisk_started_at,
            witness=witness,
            listeners=[self.ear],
        )

    def outcomes(self) -> dict[str, CallOutcome]:
        return {
            fact.call: fact.outcome for fact in self.store.kept.facts if isinstance(fact, CallEnded)
        }


def run(story: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(story)


def test_ended_calls_become_facts_and_their_notes_go(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    write_begun(tmp_path, "ekc-1.1")
    write_json(tmp_path, "ekc-1.1", choice="callback")
    write_json(tmp_path, "ekc-1.2", answered=20)
    write_begun(tmp_path, "ekc-1.3")
    assert run(desk.intake.take_in()) == 2
    assert desk.outcomes() == {
        "ekc-1.1": CallOutcome.CALLBACK_PROMISED,
        "ekc-1.2": CallOutcome.ANSWERED,
    }
    assert [file.name for file in tmp_path.iterdir()] == ["ekc-1.3.begun"]
    assert (desk.intake.taken, desk.intake.waiting, desk.intake.trouble) == (2, 1, None)
    assert desk.ear.facts == list(desk.store.kept.facts)


def test_a_store_that_is_away_keeps_the_notes_waiting(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    write_json(tmp_path, "ekc-1.1")
    desk.store.is_away = True
    assert run(desk.intake.take_in()) == 0
    assert desk.intake.trouble == "the spool of the fallback is not taken in: away"
    assert (desk.intake.waiting, len(desk.spool)) == (1, 1)
    desk.store.is_away = False
    assert run(desk.intake.take_in()) == 1
    assert desk.intake.waiting == 0
    assert not desk.intake.trouble


def test_a_call_that_the_store_refuses_is_put_aside_and_the_others_are_taken(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, refuses=["ekc-1.2"])
    for n in (1, 2, 3):
        write_json(tmp_path, f"ekc-1.{n}")
    assert run(desk.intake.take_in()) == 2
    assert desk.outcomes().keys() == {"ekc-1.1", "ekc-1.3"}
    assert [file.name for file in tmp_path.iterdir()] == ["ekc-1.2.json.broken"]
    assert (desk.spool.broken, run(desk.intake.take_in())) == (1, 0)


def test_a_note_that_cannot_be_removed_is_stored_once_and_told_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    write_json(tmp_path, "ekc-1.1")
    (tmp_path / "ekc-1.1.begun").mkdir()  # unlink refuses a folder

    async def story() -> None:
        await desk.intake.take_in()
        told = list(desk.ear.facts)
        assert "spool" in (desk.intake.trouble or "")
        await desk.intake.take_in()
        assert desk.ear.facts == told
        (tmp_path / "ekc-1.1.begun").rmdir()
        await desk.intake.take_in()

    run(story())
    assert (desk.intake.trouble, len(desk.spool)) == (None, 0)


@pytest.mark.parametrize(
    ("started_at", "outcomes"),
    [
        (None, {}),
        (after(0.5), {}),
        (after(90), {"ekc-1.1": CallOutcome.TECHNICAL_FAILURE}),
    ],
)
def test_a_call_without_an_end_was_cut_if_asterisk_has_been_started_since(
    tmp_path: Path, started_at: datetime | None, outcomes: dict[str, CallOutcome]
) -> None:
    desk = Desk(tmp_path)
    desk.asterisk_started_at = started_at
    write_begun(tmp_path, "ekc-1.1", entered=1)
    run(desk.intake.take_in())
    assert desk.outcomes() == outcomes
    assert len(desk.spool) == (0 if outcomes else 1)


def test_a_caller_whose_end_was_never_noted_is_taken_in_by_asterisks_own_record(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, witness=Record(**{"ekc_1.1": after(70)}))
    write_begun(tmp_path, "ekc-1.1")
    desk.clock.moment = after(75)
    run(desk.intake.take_in())
    assert desk.outcomes() == {}, "the note may still come"
    desk.clock.moment = after(81)
    run(desk.intake.take_in())
    assert desk.outcomes() == {"ekc-1.1": CallOutcome.SENT_TO_FALLBACK}
    (due,) = [fact for fact in desk.store.kept.facts if isinstance(fact, CallbackDue)]
    assert (due.at, due.reason) == (after(70), CallbackReason.NOT_SERVED)


def test_the_spool_is_looked_into_every_two_seconds(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    async def story() -> None:
        intake = asyncio.create_task(desk.intake.run())
        await asyncio.sleep(0)
        write_json(tmp_path, "ekc-1.1")
        await asyncio.sleep((EVERY * 1.5).total_seconds())
        assert desk.intake.taken == 1
        intake.cancel()
        await asyncio.gather(intake, return_exceptions=True)

    run_virtual(story())


def test_a_spool_of_a_long_absence_is_emptied_at_once_in_steps(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for n in range(CALLS_AT_ONCE * 2 + 3):
        write_json(tmp_path, f"ekc-1.{n}")

    async def story() -> None:
        intake = asyncio.create_task(desk.intake.run())
        await asyncio.sleep(EVERY.total_seconds() / 2)
        assert desk.intake.taken == CALLS_AT_ONCE * 2 + 3
        intake.cancel()
        await asyncio.gather(intake, return_exceptions=True)

    run_virtual(story())


def served_by_an_engine_that_died(call: CallId) -> list[Fact]:
    return [
        CallRegistered(
            call=call,
            sequence=1,
            at=NOON,
            appeal=appeal_number(call),
            did=Did("88001000001"),
            number="+79001234567",
            script=None,
        ),
        SegmentStarted(call=call, sequence=2, at=NOON, segment=1, kind=SegmentKind.IVR),
    ]


@pytest.mark.parametrize("times", [1, 3])
def test_a_call_begun_by_the_engine_and_ended_in_the_fallback_is_one_call(
    tmp_path: Path, times: int
) -> None:
    """On a real store, however often the same note is taken in."""
    spool = tmp_path / "spool"
    spool.mkdir()
    url = f"sqlite:///{tmp_path / 'ekc.sqlite'}"
    call = CallId("ekc-1795300000.17")

    async def story() -> None:
        await migrate(url)
        store = SqlAppealStore(url)
        await store.write(served_by_an_engine_that_died(call))
        intake = FallbackIntake(
            SpoolFolder(spool), store, FixedClock(), asterisk_started_at=lambda: None
        )
        for _ in range(times):
            write_json(spool, call, was_served=True, choice="callback")
            assert await intake.take_in() == 1
        await store.close()
        queries = AppealQueries(url)
        (summary,) = await queries.newest_calls(CallFilter(), limit=9)
        history = await queries.find(summary.appeal)
        await queries.close()
        assert history is not None
        assert summary.appeal == appeal_number(call)
        assert (summary.outcome, summary.ended_at) == (CallOutcome.SENT_TO_FALLBACK, after(60))
        (told,) = history.calls
        assert [(part.kind, part.outcome, part.ended_at) for part in told.segments] == [
            (SegmentKind.IVR, SegmentOutcome.BROKEN, after(60)),
            (SegmentKind.WAITING, SegmentOutcome.COMPLETED, after(60)),
        ]
        assert told.callback is not None
        assert told.callback.reason is CallbackReason.ASKED

    run(story())
    with closing(sqlite3.connect(tmp_path / "ekc.sqlite")) as database:
        assert database.execute("SELECT count(*) FROM appeals").fetchone() == (1,)


def test_the_engines_words_about_a_segment_of_its_own_stay(tmp_path: Path) -> None:
    """What it told before it went away is not told otherwise by the fallback."""
    desk = Desk(tmp_path)
    call = CallId("ekc-1.1")
    begun = served_by_an_engine_that_died(call)
    write_json(tmp_path, call, was_served=True)

    async def story() -> None:
        await desk.store.write(begun)
        await desk.intake.take_in()

    run(story())
    assert list(desk.store.kept.facts)[: len(begun)] == begun


def test_nothing_is_taken_in_before_the_store_is_ready(tmp_path: Path) -> None:
    desk = Desk(tmp_path, refuses=["ekc-1.1"])
    intake = FallbackIntake(
        desk.spool,
        desk.store,
        desk.clock,
        asterisk_started_at=lambda: None,
        is_ready=lambda: False,
    )
    write_json(tmp_path, "ekc-1.1")
    assert run(intake.take_in()) == 0
    assert (intake.waiting, intake.trouble, desk.spool.broken) == (1, None, 0)


def test_a_store_that_has_no_tables_yet_keeps_the_notes_waiting(tmp_path: Path) -> None:
    """The intake starts with the engine, and the store may be brought up to date later."""
    spool = tmp_path / "spool"
    spool.mkdir()
    url = f"sqlite:///{tmp_path / 'ekc.sqlite'}"
    write_json(spool, "ekc-1.1")

    async def story() -> None:
        store = SqlAppealStore(url)
        intake = FallbackIntake(
            SpoolFolder(spool), store, FixedClock(), asterisk_started_at=lambda: None
        )
        assert await intake.take_in() == 0
        assert intake.trouble
        await migrate(url)
        assert await intake.take_in() == 1
        await store.close()

    run(story())
