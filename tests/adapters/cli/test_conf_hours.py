"""`ekc conf hours` shows what an admin compares with the production calendar."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ekc_telephony.cli.root import app

PROJECT = Path(__file__).parents[3]
SAMPLE = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A sample whose schedule `federal` ends earlier before holidays and has a lunch break."""
    (tmp_path / "ivr_scripts").symlink_to(PROJECT / "ivr_scripts")
    (tmp_path / "sounds").symlink_to(PROJECT / "sounds")
    week = 'mon-fri: ["09:00-13:00", "14:00-18:00"]\n    short_days: 1h'
    file = tmp_path / "ekc.yaml"
    file.write_text(SAMPLE.replace('mon-fri: ["09:00-18:00"]', week, 1), encoding="utf-8")
    return file


def asked(*words: str, config: Path) -> Result:
    return CliRunner().invoke(app, ["conf", *words, "--config", str(config)])


def test_a_year_reads_like_a_production_calendar(config: Path) -> None:
    told = asked("hours", "federal", "--year", "2027", config=config)
    assert told.exit_code == 0
    assert told.output.startswith("federal: по времени Europe/Moscow; сейчас ")
    for line in (
        "  пн-пт  09:00-13:00, 14:00-18:00\n  сб-вс  закрыто\n",
        "2027 год: 247 рабочих дней, 1972 ч 0 мин\n",
        "  01.01 пт  закрыто                   Новогодние каникулы\n",
        "  20.02 сб  09:00-13:00, 14:00-17:00  Рабочий день (вместо 22.02.2027); короткий день ",
        "  05.11 пт  закрыто                   Выходной (перенесено с 02.01.2027)\n",
        "Переносы выходных дней известны по 20",
        "  откроется",
        "  закроется",
    ):
        assert line in told.output


def test_a_year_whose_decree_is_not_known_says_so(config: Path) -> None:
    told = asked("hours", "federal", "--year", "2099", config=config)
    assert "переносов 2099 года ещё нет" in told.output


def test_all_schedules_are_shown_when_none_is_named(config: Path) -> None:
    told = asked("hours", config=config)
    assert [block.partition(":")[0] for block in told.output.split("\n\n")] == [
        "federal",
        "regional",
        "around_the_clock",
    ]
    assert "  пн-вс  00:00-24:00\n" in told.output


def test_a_program_gets_json(config: Path) -> None:
    told = asked("hours", "federal", "--year", "2026", "--json", config=config)
    (federal,) = json.loads(told.output)
    assert federal["days_open"] == 247
    assert federal["open_minutes"] == 1972 * 60
    assert {"date": "2026-11-04", "kind": "holiday", "hours": []}.items() <= next(
        each for each in federal["days"] if each["date"] == "2026-11-04"
    ).items()
    changes = [each["opens"] for each in federal["next_changes"]]
    assert changes == [federal["is_open"] is bool(number % 2) for number in range(6)]


def test_the_callers_clock_is_named(config: Path) -> None:
    rule = "{of: caller, otherwise: Europe/Moscow}"
    text = config.read_text(encoding="utf-8").replace(
        "time_zone: Europe/Moscow", f"time_zone: {rule}", 1
    )
    config.write_text(text, encoding="utf-8")
    told = asked("hours", "federal", config=config)
    assert "по времени звонящего, а если оно неизвестно, Europe/Moscow" in told.output


def test_an_unknown_schedule_is_refused_with_those_that_exist(config: Path) -> None:
    told = asked("hours", "federl", config=config)
    assert told.exit_code == 1
    assert "did you mean federal?" in told.output


def test_check_warns_of_a_service_that_is_never_open(config: Path) -> None:
    text = config.read_text(encoding="utf-8")
    never = "schedules:\n  never: {time_zone: Europe/Moscow, weekly: {}, holidays: none}"
    config.write_text(text.replace("schedules:", never, 1), encoding="utf-8")
    told = asked("check", config=config)
    assert told.exit_code == 0
    assert "warning: schedules.never: found no weekday with an open minute" in told.output
