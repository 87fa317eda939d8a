"""`ekc appeals`, as people and programs see it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ekc_telephony.adapters.sql.appeal_store import SqlAppealStore
from ekc_telephony.adapters.sql.models import AppealState, CallbackState, CallFault
from ekc_telephony.adapters.sql.queries import PAGE, AppealQueries, CallFilter, spellings
from ekc_telephony.cli import appeals_words as words
from ekc_telephony.cli.appeals import app
from ekc_telephony.cli.appeals_view import csv_line
from ekc_telephony.core.call.facts import (
    CallbackReason,
    CallNoted,
    CallOutcome,
    Disturbance,
    Fact,
    NoteKind,
    SegmentKind,
    SegmentOutcome,
)
from tests.adapters.sql.stories import (
    ABANDONED,
    IN_MENU,
    MORNING,
    call_story,
    cut_off_story,
    rated_story,
)


async def _write(url: str, facts: Sequence[Fact]) -> None:
    store = SqlAppealStore(url)
    await store.write(facts)
    await store.close()


async def _fill(url: str) -> None:
    await _write(
        url,
        [
            *call_story("ekc-1.1"),
            *call_story(
                "ekc-1.2",
                ABANDONED,
                outcome=CallOutcome.ABANDONED_IN_QUEUE,
                at=MORNING + timedelta(hours=1),
                number="89007654321",
            ),
            *call_story(
                "ekc-1.3",
                IN_MENU,
                outcome=CallOutcome.ABANDONED_IN_MENU,
                at=MORNING + timedelta(days=1),
                number=None,
            ),
            call_story("ekc-1.4", at=MORNING + timedelta(days=2))[0],
        ],
    )


@pytest.fixture
def store(database: str) -> str:
    asyncio.run(_fill(database))
    return database


def ask(store: str, *words: str) -> Result:
    command, *rest = words
    return CliRunner().invoke(app, [command, "--store", store, *rest])


def calls_in(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [row["call"] for row in json.loads(result.stdout)]


def test_the_newest_calls_come_first_in_russian_and_in_local_time(store: str) -> None:
    result = ask(store, "list", "--zone", "Asia/Barnaul")
    assert result.exit_code == 0, result.output
    heading, *rows, _ = result.stdout.splitlines()
    assert heading.split()[:3] == ["Поступил", "Обращение", "Номер"]
    assert [row.split()[2] for row in rows] == [f"E-ekc-1.{n}" for n in (4, 3, 2, 1)]
    assert rows[0].split()[-1] == "идёт"
    assert "скрыт" in rows[1]
    assert "потерян в очереди" in rows[2]
    assert rows[3].startswith("02.03.2026 16:00:00")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--outcome", "answered"], ["ekc-1.1"]),
        (["--number", "8 (900) 765-43-21"], ["ekc-1.2"]),
        (["--number", "+7 900 123-45-67", "--until", "2026-03-02"], ["ekc-1.1"]),
        (["--since", "2026-03-03"], ["ekc-1.4", "ekc-1.3"]),
        (["--since", "2026-03-02T09:30", "--until", "2026-03-03T09:00"], ["ekc-1.2"]),
        (["--limit", "1"], ["ekc-1.4"]),
    ],
)
def test_a_list_shows_what_was_asked_for(
    store: str, options: list[str], expected: list[str]
) -> None:
    assert calls_in(ask(store, "list", "--json", "--zone", "UTC", *options)) == expected


def test_json_keeps_the_words_of_the_store(store: str) -> None:
    newest, *_, oldest = json.loads(ask(store, "list", "--json").stdout)
    assert oldest["outcome"] == "answered"
    assert oldest["registered_at"] == "2026-03-02T09:00:00Z"
    assert newest["outcome"] is None


def test_an_appeal_is_shown_as_a_timeline(store: str) -> None:
    result = ask(store, "show", "E-ekc-1.1", "--zone", "Europe/Moscow")
    talk = (
        "  12:00:12   +0:12  разговор с оператором op1 (1:01): звонящий положил трубку, "
        "запись ekc-1.1-4"
    )
    assert result.stdout.splitlines() == [
        "Обращение E-ekc-1.1",
        "Зарегистрировано: 02.03.2026 12:00:00",
        "Номер звонящего: +79001234567",
        "",
        "Звонок ekc-1.1 на 88001000001, сценарий main: отвечен",
        "  12:00:00   +0:00  звонок зарегистрирован",
        "  12:00:00   +0:00  голосовое меню (0:07): завершено",
        "  12:00:00   +0:00  ! не прозвучали подсказки: hello",
        "  12:00:07   +0:07  ожидание в очереди first-line (0:05): завершено",
        "  12:00:12   +0:12  вызов оператору op1 (0:00): принял",
        talk,
        "  12:00:12   +0:12  ! запись потеряна: ekc-1.1-4: no space left",
        "  12:01:13   +1:13  поствызывная обработка op1 (0:30): закончена по времени",
        "  12:01:43   +1:43  звонок завершён: отвечен",
    ]


def test_an_appeal_says_what_of_ours_went_wrong_and_that_the_citizen_shall_be_called_back(
    database: str,
) -> None:
    asyncio.run(_write(database, cut_off_story("ekc-1.9")))
    told = ask(database, "show", "E-ekc-1.9", "--zone", "Europe/Moscow").stdout.splitlines()
    assert (
        "  12:01:13   +1:13  ! телефонная станция остановилась или была перезапущена: "
        "Asterisk was restarted"
    ) in told
    assert (
        "  12:01:13   +1:13  в списке обратных звонков: разговор прерван сбоем; ждёт звонка"
    ) in told
    (call,) = json.loads(ask(database, "show", "E-ekc-1.9", "--json").stdout)["calls"]
    assert (call["callback"]["reason"], call["callback"]["state"]) == ("cut_off", "waiting")


def test_an_appeal_says_what_the_caller_said_of_us(database: str) -> None:
    asyncio.run(_write(database, rated_story("ekc-1.9", "4", solved="yes")))
    told = ask(database, "show", "E-ekc-1.9", "--zone", "Europe/Moscow").stdout.splitlines()
    at = told.index("  12:01:13   +1:13  просим оценить обслуживание")
    assert told[at + 1 : at + 4] == [
        "  12:01:14   +1:14  оценил обслуживание: 4 из 5",
        "  12:01:15   +1:15  задаём вопрос «solved» опроса quality",
        "  12:01:16   +1:16  ответил на вопрос «solved» опроса quality: yes",
    ]


def test_an_appeal_says_by_what_the_caller_proved_who_he_is(database: str) -> None:
    facts = call_story("ekc-1.9")
    proof = CallNoted(
        call=facts[0].call, sequence=99, at=MORNING, kind=NoteKind.IDENTIFIED, reason="code_word"
    )
    asyncio.run(_write(database, [*facts, proof]))
    assert (
        "гражданин подтвердил, кто он: кодовое слово\n" in ask(database, "show", "E-ekc-1.9").stdout
    )


def test_lists_and_exports_have_the_last_mark_of_a_call(database: str) -> None:
    asyncio.run(_write(database, [*rated_story("ekc-1.8", None), *rated_story("ekc-1.9", "4")]))
    assert [row["rating"] for row in json.loads(ask(database, "list", "--json").stdout)] == [
        *("4", None),
    ]
    heading, first, *_ = ask(database, "list").stdout.splitlines()
    assert (heading.split()[-1], first.split()[-1]) == ("Оценка", "4")
    rows = list(csv.DictReader(io.StringIO(ask(database, "export").stdout)))
    assert [row["rating"] for row in rows] == ["", "4"]
    excel = ask(database, "export", "--excel").stdout.splitlines()
    assert excel[0].split(";")[-1] == "Оценка"


def test_an_appeal_is_shown_to_programs_with_its_segments(store: str) -> None:
    shown = json.loads(ask(store, "show", "E-ekc-1.2", "--json").stdout)
    assert shown["number"] == "89007654321"
    assert [segment["outcome"] for segment in shown["calls"][0]["segments"]] == [
        "completed",
        "abandoned",
    ]


def test_an_unknown_appeal_is_answered_with_similar_ones(store: str) -> None:
    result = ask(store, "show", "1.2")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "There is no appeal '1.2' in this store. Similar: E-ekc-1.2.\n"
    assert "`ekc appeals list`" in ask(store, "show", "%").stderr


def test_an_export_for_programs_is_plain_csv(store: str, tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    assert ask(store, "export", "-o", str(file)).exit_code == 0
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    assert [row["call"] for row in rows] == ["ekc-1.1", "ekc-1.2", "ekc-1.3", "ekc-1.4"]
    assert rows[0]["number"] == "+79001234567"
    assert (rows[0]["outcome"], rows[3]["outcome"]) == ("answered", "")
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_export_for_excel_has_a_mark_semicolons_and_russian_words(
    store: str, tmp_path: Path
) -> None:
    file = tmp_path / "calls.csv"
    ask(store, "export", "--excel", "--zone", "Europe/Moscow", "-o", str(file))
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig")), delimiter=";"))
    assert (rows[0]["Исход"], rows[0]["Поступил"]) == ("отвечен", "02.03.2026 12:00:00")


def test_an_export_as_json_is_one_list(store: str) -> None:
    exported = calls_in(ask(store, "export", "--format", "json"))
    assert exported == ["ekc-1.1", "ekc-1.2", "ekc-1.3", "ekc-1.4"]
    assert calls_in(ask(store, "export", "--format", "json", "--since", "2030-01-01")) == []


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+7900-1", "'+7900-1"),
        ("-1", "'-1"),
        ("+79001234567", "+79001234567"),
        ("op1", "op1"),
    ],
)
def test_no_cell_is_taken_for_a_formula(cell: str, written: str) -> None:
    assert csv_line([cell], delimiter=";") == f"{written}\r\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["list", "--since", "yesterday"], "--since: found 'yesterday', expected a day"),
        (["list", "--zone", "Mars/Base"], "--zone: found 'Mars/Base', expected a name"),
        (["export", "--excel", "--format", "json"], "leave one of them out"),
    ],
)
def test_a_wrong_option_says_what_is_expected(
    store: str, arguments: list[str], complaint: str
) -> None:
    result = ask(store, *arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    file = tmp_path / "ekc.sqlite"
    result = ask(f"sqlite:///{file}", "list")
    assert result.exit_code == 2
    assert "no such file" in result.stderr
    assert not file.exists()


def test_a_store_without_tables_says_so(empty_database: str, tmp_path: Path) -> None:
    (tmp_path / "ekc.sqlite").touch()
    result = ask(empty_database, "list")
    assert result.exit_code == 1
    assert "cannot be used" in result.stderr


def test_a_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["list", "--config", str(tmp_path / "ekc.yaml")])
    assert result.exit_code == 2
    assert "ekc.yaml" in result.stderr


def test_a_long_export_loses_and_repeats_nothing_between_pages(database: str) -> None:
    """More calls than two pages hold, many of them in one and the same moment."""
    count = PAGE * 2 + 7

    async def story() -> list[str]:
        store = SqlAppealStore(database, patience=timedelta(seconds=30))
        await store.write([call_story(f"ekc-{n:05}")[0] for n in range(count)])
        await store.close()
        queries = AppealQueries(database)
        found = [call.call async for call in queries.all_calls(CallFilter())]
        await queries.close()
        return [str(call) for call in found]

    assert asyncio.run(story()) == [f"ekc-{n:05}" for n in range(count)]


def test_a_short_number_is_searched_as_it_is() -> None:
    assert spellings(" 112 ") == ["112"]


def test_every_word_of_the_store_has_its_russian() -> None:
    assert set(words.OUTCOMES) == {None, *CallOutcome}
    assert set(words.SEGMENT_OUTCOMES) == {None, *SegmentOutcome}
    assert set(words.KINDS) == set(SegmentKind)
    assert set(words.FAULTS) == set(CallFault)
    assert set(words.STATES) == set(AppealState)
    assert set(words.CALLBACK_REASONS) == set(CallbackReason)
    assert set(words.CALLBACK_STATES) == set(CallbackState)


def test_every_disturbance_is_a_kind_of_fault() -> None:
    assert {each.value for each in Disturbance} <= {each.value for each in CallFault}
