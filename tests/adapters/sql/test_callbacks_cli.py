"""`ekc callbacks`, as people and programs see it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ekc_telephony.adapters.sql.appeal_store import SqlAppealStore
from ekc_telephony.adapters.sql.migrations import migrate
from ekc_telephony.cli.root import app
from tests.adapters.sql.stories import MORNING, cut_off_story


@pytest.fixture
def store(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'ekc.sqlite'}"

    async def fill() -> None:
        await migrate(url)
        store = SqlAppealStore(url)
        await store.write(cut_off_story("ekc-1.2", at=MORNING + timedelta(hours=1)))
        await store.write(cut_off_story("ekc-1.1", number="+79007654321"))
        await store.close()

    asyncio.run(fill())
    return url


def ask(store: str, *words: str) -> Result:
    result = CliRunner().invoke(app, ["callbacks", "list", "--store", store, *words])
    assert result.exit_code == 0, result.output
    return result


def test_who_waits_longest_is_called_back_first(store: str) -> None:
    heading, first, second, count = ask(store, "--zone", "Europe/Moscow").stdout.splitlines()
    assert heading.split() == ["Внесён", "Номер", "Причина", "Состояние", "Обращение"]
    assert first.split() == [
        *("02.03.2026", "12:01:13", "+79007654321"),
        *("разговор", "прерван", "сбоем", "ждёт", "звонка", "E-ekc-1.1"),
    ]
    assert "+79001234567" in second
    assert count == "Показано: 2"


def test_json_keeps_the_words_of_the_store(store: str) -> None:
    first, _ = json.loads(ask(store, "--json").stdout)
    assert first == {
        "appeal": "E-ekc-1.1",
        "call": "ekc-1.1",
        "number": "+79007654321",
        "reason": "cut_off",
        "due_at": "2026-03-02T09:01:13.500000Z",
        "state": "waiting",
    }


def test_those_called_back_are_listed_only_when_all_are_wanted(store: str) -> None:
    with closing(sqlite3.connect(store.removeprefix("sqlite:///"))) as database, database:
        database.execute("UPDATE callbacks SET state = 'done' WHERE call = 'ekc-1.1'")
    assert [each["call"] for each in json.loads(ask(store, "--json").stdout)] == ["ekc-1.2"]
    shown = ask(store, "--all").stdout
    assert "перезвонили" in shown
    assert "Показано: 2" in shown
