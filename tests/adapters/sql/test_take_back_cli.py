"""`ekc appeals take-back`: what the store refused is offered again, and nothing of it is lost."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ekc_telephony.adapters.sql.migrations import migrate
from ekc_telephony.cli.root import app
from ekc_telephony.core.call.facts import AgentChanged, CallEnded, Fact
from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.core.kernel.ids import AgentId, CallId
from ekc_telephony.runtime.set_aside import append_letters, letter
from tests.adapters.sql.stories import MORNING, cut_off_story

STORY = cut_off_story("ekc-1.1")
_LAST = next(each for each in STORY if isinstance(each, CallEnded))
OF_NO_CALL = replace(_LAST, call=CallId("ekc-9.9"))
"""The store has no call that it could end."""
READY = AgentChanged(
    agent=AgentId("ivanova"),
    at=MORNING,
    presence=Presence.READY,
    reason=None,
    activity=Activity.IDLE,
    is_reachable=True,
    call=None,
    cause=None,
)


class Site:
    """A store, and the file beside it."""

    def __init__(self, folder: Path) -> None:
        self.store = f"sqlite:///{folder / 'ekc.sqlite'}"
        self.file = folder / "facts-set-aside.jsonl"
        asyncio.run(migrate(self.store))

    def set_aside(self, *facts: Fact) -> None:
        append_letters(self.file, [letter(each, cause="no such column") for each in facts])

    def take_back(self, *words: str) -> Result:
        where = ["--store", self.store, "--file", str(self.file)]
        return CliRunner().invoke(app, ["appeals", "take-back", *where, *words])

    def appeals(self) -> list[str]:
        listed = CliRunner().invoke(app, ["appeals", "list", "--json", "--store", self.store])
        return [each["appeal"] for each in json.loads(listed.stdout)]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_call_that_was_set_aside_is_an_appeal_afterwards(site: Site) -> None:
    site.set_aside(*STORY)
    ended = site.take_back()
    assert (ended.exit_code, ended.stdout) == (0, f"Принято хранилищем: {len(STORY)}\n")
    assert site.appeals() == ["E-ekc-1.1"]
    assert list(site.file.parent.glob("facts-*")) == []


def test_what_is_refused_again_stays_with_the_new_reason(site: Site) -> None:
    site.set_aside(OF_NO_CALL, *STORY)
    ended = site.take_back()
    assert ended.exit_code == 1
    assert f"Принято хранилищем: {len(STORY)}\nСнова отклонено, остаётся в файле: " in ended.stdout
    (left,) = map(json.loads, site.file.read_text().splitlines())
    assert left["fields"]["call"] == "ekc-9.9"
    assert left["cause"] != "no such column"
    assert site.file.stat().st_mode & 0o777 == 0o600


def test_what_agents_declared_long_ago_does_not_come_back(site: Site) -> None:
    site.set_aside(READY)
    ended = site.take_back("--json")
    assert ended.exit_code == 0
    assert json.loads(ended.stdout) == {
        "taken": 0,
        "refused": [],
        "of_agents": 1,
        "unreadable": 0,
    }
    assert len(site.file.read_text().splitlines()) == 1


def test_lines_that_nobody_can_read_stay(site: Site) -> None:
    append_letters(site.file, [b"{\n", b'{"fact":"Unheard","cause":"","fields":{}}\n'])
    ended = site.take_back()
    assert ended.exit_code == 1
    assert "Не разобрано, остаются в файле (из более нового выпуска?): 2" in ended.stdout
    assert len(site.file.read_text().splitlines()) == 2


def test_a_store_that_does_not_answer_loses_nothing(site: Site) -> None:
    site.set_aside(*STORY)
    nowhere = "postgresql://nobody@127.0.0.1:9/nothing"
    ended = CliRunner().invoke(
        app, ["appeals", "take-back", "--store", nowhere, "--file", str(site.file)]
    )
    assert ended.exit_code == 1
    site.set_aside(OF_NO_CALL)  # the engine goes on writing
    again = site.take_back("--json")
    assert json.loads(again.stdout)["taken"] == len(STORY)
    assert len(json.loads(again.stdout)["refused"]) == 1


def test_without_a_file_there_is_nothing_to_do(site: Site) -> None:
    ended = site.take_back()
    assert (ended.exit_code, ended.stdout) == (0, "Принято хранилищем: 0\n")
