"""`ekc appeals reconcile` on a real store and a record as Asterisk writes it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.sql.appeal_store import SqlAppealStore
from ekc_telephony.adapters.sql.migrations import migrate
from ekc_telephony.adapters.sql.queries import AppealQueries, Reconciliation
from ekc_telephony.adapters.sql.reconciliations import ReconciledDay, ReconciliationStore
from ekc_telephony.cli import reconcile_words as words
from ekc_telephony.cli.root import app
from ekc_telephony.core.appeals.reconciliation import DifferenceKind
from ekc_telephony.core.call.facts import CallOutcome, Fact
from ekc_telephony.settings.load import load_settings
from lab.ports import PortBlock
from lab.story_site import write_story_site
from tests.adapters.cdr.rows import line
from tests.adapters.spool.notes import write_begun
from tests.adapters.sql.stories import ANSWERED, IN_MENU, MORNING, call_story, cut_off_story

DAY = "2026-03-02"
IVANOVA = "PJSIP/ivanova-00000002"


@dataclass
class Office:
    """A node's folder with a store and Asterisk's record."""

    config: Path
    url: str
    asterisk: Path

    def keep(self, *stories: Sequence[Fact]) -> None:
        """Write calls into the store."""

        async def write() -> None:
            store = SqlAppealStore(self.url)
            for story in stories:
                await store.write(story)
            await store.close()

        asyncio.run(write())

    def record(self, *lines: bytes, torn: bytes = b"") -> None:
        """Write Asterisk's record."""
        file = self.asterisk / "log/cdr-custom/ekc.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"".join(lines) + torn)

    def change(self, statement: str) -> None:
        """Change the store behind everybody's back."""
        with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as database, database:
            database.execute(statement)

    def reconcile(self, *options: str, day: str | None = DAY) -> Result:
        """Run the command."""
        arguments = ["appeals", "reconcile", "--config", str(self.config), *options]
        return CliRunner().invoke(app, arguments + (["--day", day] if day else []))

    def kinds(self) -> list[tuple[str, str | None]]:
        """Return the differences of the day and whose they are."""
        result = self.reconcile("--json")
        (day,) = json.loads(result.stdout)
        assert result.exit_code == (1 if day["differences"] else 0)
        return [(each["kind"], each["call"]) for each in day["differences"]]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    config = write_story_site(tmp_path, ports=PortBlock.find_free())
    settings = load_settings(config)
    settings.state.mkdir(parents=True, exist_ok=True)
    asyncio.run(migrate(settings.store_url))
    return Office(config, settings.store_url, settings.asterisk_folder)


def of_answered(call: str, *, at: datetime = MORNING) -> bytes:
    """Tell what Asterisk records of `call_story`: a talk from 12 s to 73.5 s."""
    own = line(call, at=at, answered=0.1, ends=73.5, peer=IVANOVA)
    operator = line(
        f"{call}-offer-1", at=at, call=call, channel=IVANOVA, answered=12, begins=12, ends=12
    )
    return own + operator


def answered(call: str, *, at: datetime = MORNING) -> Sequence[Fact]:
    return call_story(call, ANSWERED[:4], at=at)


def in_menu(call: str) -> Sequence[Fact]:
    return call_story(call, IN_MENU, outcome=CallOutcome.ABANDONED_IN_MENU)


def test_when_both_agree_it_says_so_and_remembers_how_many_it_compared(office: Office) -> None:
    office.keep(answered("ekc-1.1"), in_menu("ekc-1.2"))
    office.record(of_answered("ekc-1.1"), line("ekc-1.2", at=MORNING, ends=9))
    result = office.reconcile()
    assert result.exit_code == 0, result.output
    assert result.stdout == "02.03.2026 (UTC): сверено звонков: 2; расхождений нет\n"
    assert asyncio.run(last(office.url)) == (2, 0)


async def last(url: str) -> tuple[int, int] | None:
    queries = AppealQueries(url)
    found = await queries.last_reconciliation()
    await queries.close()
    return None if found is None else (found.calls, found.differences)


def test_before_the_first_run_nothing_was_found(office: Office) -> None:
    assert asyncio.run(last(office.url)) is None


def test_a_lost_appeal_is_found_and_counted_and_a_person_is_told_what_to_do(
    office: Office,
) -> None:
    office.keep(in_menu("ekc-1.2"))
    office.record(of_answered("ekc-1.1"), line("ekc-1.2", at=MORNING, ends=9))
    result = office.reconcile("--zone", "Europe/Moscow")
    assert result.exit_code == 1
    verdict, difference = result.stdout.splitlines()
    assert verdict.endswith("сверено звонков: 2; расхождений: 1")
    assert difference.startswith("  12:00:00  звонок ekc-1.1: звонок был, обращения нет; ищите")
    assert asyncio.run(last(office.url)) == (2, 1)


def test_moments_that_differ_are_shown_side_by_side(office: Office) -> None:
    office.keep(in_menu("ekc-1.2"))
    office.record(line("ekc-1.2", at=MORNING, ends=10.5))
    shown = office.reconcile("--zone", "Europe/Moscow").stdout
    assert "(станция 12:00:10.500000, ЕКЦ 12:00:09.000000, -1.500 с)" in shown


def test_whatever_somebody_does_to_the_store_is_found(office: Office) -> None:
    office.keep(*(answered(f"ekc-1.{n}") for n in range(1, 6)))
    office.record(*(of_answered(f"ekc-1.{n}") for n in range(1, 7)))
    office.change("DELETE FROM appeals WHERE id = 'E-ekc-1.1'")
    office.change("DELETE FROM segments WHERE call = 'ekc-1.2'")
    office.change("UPDATE calls SET ended_at = NULL, outcome = NULL WHERE id = 'ekc-1.3'")
    office.change("DELETE FROM calls WHERE id = 'ekc-1.4'")
    assert sorted(office.kinds(), key=str) == [
        ("appeal_missing", "ekc-1.1"),
        ("call_without_appeal", "ekc-1.4"),
        ("call_without_appeal", "ekc-1.6"),
        ("second_appeal", None),
        ("still_open", "ekc-1.3"),
        ("talk_not_kept", "ekc-1.2"),
    ]


def test_a_call_cut_by_asterisks_death_is_shown_as_explained_and_is_no_difference(
    office: Office,
) -> None:
    office.keep(cut_off_story("ekc-1.1"))
    office.record()
    result = office.reconcile()
    assert result.exit_code == 0
    assert "станция остановилась во время звонка" in result.stdout


def test_a_call_whose_note_the_engine_has_not_taken_in_is_said_to_wait(office: Office) -> None:
    office.record(line("ekc-1.1", at=MORNING, context="fallback"))
    spool = office.asterisk / "spool/ekc"
    spool.mkdir(parents=True)
    write_begun(spool, "ekc-1.1")
    assert office.kinds() == [("call_in_spool", "ekc-1.1")]
    assert "systemctl start ekc-engine" in office.reconcile().stdout


def test_calls_of_another_node_in_the_same_store_are_not_missed_here(office: Office) -> None:
    office.keep(in_menu("other-1.1"))
    office.record()
    assert office.kinds() == []


def test_a_day_is_one_of_the_zone(office: Office) -> None:
    late = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    office.record(of_answered("ekc-1.1", at=late))
    assert office.kinds() == [("call_without_appeal", "ekc-1.1")]
    assert office.reconcile("--zone", "Europe/Moscow").exit_code == 0
    assert office.reconcile("--zone", "Europe/Moscow", day="2026-03-03").exit_code == 1


def test_without_a_day_yesterday_and_today_are_compared_as_one_run(office: Office) -> None:
    now = SystemClock().now()
    office.record(
        of_answered("ekc-1.1", at=now - timedelta(minutes=5)),
        of_answered("ekc-1.2", at=now - timedelta(days=1)),
    )
    result = office.reconcile("--json", day=None)
    days = json.loads(result.stdout)
    assert (len(days), sum(day["calls"] for day in days), result.exit_code) == (2, 2, 1)
    assert asyncio.run(last(office.url)) == (2, 2)


def test_unreadable_lines_are_counted_and_hide_nothing(office: Office) -> None:
    office.keep(in_menu("ekc-1.2"))
    office.record(line("ekc-1.2", at=MORNING, ends=9), torn=b'"ekc-1.3","torn')
    result = office.reconcile()
    assert result.exit_code == 0
    assert "1 unreadable lines were skipped" in result.stderr


def test_a_record_that_is_not_there_is_told(office: Office) -> None:
    result = office.reconcile()
    assert result.exit_code == 0
    assert "has not written down any call yet" in result.stderr


@pytest.mark.parametrize("day", ["noon", "2026-13-01"])
def test_a_day_that_is_none_is_wrong_input(office: Office, day: str) -> None:
    result = office.reconcile(day=day)
    assert result.exit_code == 2
    assert f"--day: found '{day}', expected a day such as 2026-03-01" in result.stderr


def test_a_store_that_is_not_there_is_named(office: Office) -> None:
    Path(office.url.removeprefix("sqlite:///")).unlink()
    result = office.reconcile()
    assert result.exit_code == 2
    assert "no such file" in result.stderr


def test_every_difference_has_its_words() -> None:
    assert set(words.DIFFERENCES) == set(DifferenceKind)


def test_the_last_run_is_told_by_any_database(database: str) -> None:
    """On PostgreSQL, too, a sum of integers comes back as one."""

    async def story() -> Reconciliation | None:
        records = ReconciliationStore(database)
        for hour in (3, 9):
            at = MORNING + timedelta(hours=hour)
            await records.record(
                [
                    ReconciledDay(day=each, checked_at=at, calls=hour, differences=1)
                    for each in (MORNING.date(), MORNING.date() - timedelta(days=1))
                ]
            )
        await records.close()
        queries = AppealQueries(database)
        found = await queries.last_reconciliation()
        await queries.close()
        return found

    assert asyncio.run(story()) == Reconciliation(
        checked_at=MORNING + timedelta(hours=9), calls=18, differences=2
    )


def test_what_is_compared_is_the_same_in_any_database(database: str) -> None:
    async def story() -> None:
        store = SqlAppealStore(database)
        await store.write([*answered("ekc-1.1"), *cut_off_story("ekc-1.2"), *in_menu("ekc-1.3")])
        await store.close()
        records = ReconciliationStore(database)
        span = {"since": MORNING, "until": MORNING + timedelta(days=1)}
        kept = {call.call: call for call in await records.kept("ekc", **span)}
        strays = await records.strays(**span)
        await records.close()
        talk = timedelta(seconds=61.5)
        assert {call: each.longest_talk for call, each in kept.items()} == {
            "ekc-1.1": talk,
            "ekc-1.2": talk,
            "ekc-1.3": None,
        }
        assert [call for call, each in kept.items() if each.saw_asterisk_die] == ["ekc-1.2"]
        assert all(each.has_appeal for each in kept.values())
        assert strays == []

    asyncio.run(story())
