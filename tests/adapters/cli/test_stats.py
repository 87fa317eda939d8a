"""`ekc stats`, as people and programs see it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from ekc_telephony.adapters.sql.appeal_store import SqlAppealStore
from ekc_telephony.adapters.sql.migrations import migrate
from ekc_telephony.cli import stats_words as words
from ekc_telephony.cli.stats import stats
from ekc_telephony.cli.stats_forms import PAGE, ROWS
from ekc_telephony.cli.stats_view import bars, cell, span
from ekc_telephony.core.acd.service_level import ServiceLevelFormula
from ekc_telephony.core.acd.specs import Line
from ekc_telephony.core.call.facts import CallOutcome, Fact
from ekc_telephony.core.call.presence import Presence
from ekc_telephony.core.kernel.ids import AgentId
from ekc_telephony.core.stats.form_rows import NOT_MEASURED, Form
from ekc_telephony.core.stats.formulas import SERVICE_LEVELS
from ekc_telephony.core.stats.grouping import By
from ekc_telephony.core.stats.norms import ClockStart, Preset
from ekc_telephony.core.stats.passport import HungUpBy, PassportStatus
from ekc_telephony.core.stats.visits import VisitEnding
from tests.adapters.sql.stories import (
    ABANDONED,
    IN_MENU,
    MORNING,
    call_story,
    declaration,
    rated_story,
)

SAMPLE = Path(__file__).parents[3] / "ekc.yaml"


@pytest.fixture
def store(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'ekc.sqlite'}"
    facts: list[Fact] = [
        declaration("op1", Presence.READY),
        *call_story("ekc-1.1"),
        *call_story(
            "ekc-1.2",
            ABANDONED,
            outcome=CallOutcome.ABANDONED_IN_QUEUE,
            at=MORNING + timedelta(minutes=40),
            number="+79007654321",
        ),
        *call_story("ekc-1.3", IN_MENU, outcome=CallOutcome.ABANDONED_IN_MENU, number=None),
        declaration("op1", Presence.SIGNED_OUT, at=MORNING + timedelta(hours=1)),
    ]
    asyncio.run(_fill(url, facts))
    return url


async def _fill(url: str, facts: Sequence[Fact]) -> None:
    await migrate(url)
    filled = SqlAppealStore(url)
    await filled.write(facts)
    await filled.close()


def ask(store: str, *options: str, config: str = "no-such-file.yaml") -> Result:
    app = typer.Typer()
    app.command()(stats)
    given = ["--store", store, "--config", config, "--zone", "UTC", *options]
    return CliRunner().invoke(app, given)


def of_the_day(store: str, *options: str) -> str:
    result = ask(store, "--day", "2026-03-02", *options)
    assert result.exit_code == 0, result.output
    return result.stdout


def plain(store: str, *options: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(of_the_day(store, "--json", *options))
    return told


def test_a_day_is_told_in_russian_with_every_formula(store: str) -> None:
    told = of_the_day(store)
    assert "Поступило вызовов: 3" in told
    assert "Поставлено в очередь: 2 = отвечено 1 + потеряно 1" in told
    assert "SL-4   50.0%  отвечено ≤ T ÷ (отвечено + потеряно) (Vonage)" in told
    assert "SL-1  100.0%  отвечено ≤ T ÷ отвечено" in told
    assert "Ожидание отвеченных (ASA): среднее 0:05, наибольшее 0:05" in told
    assert "Поступило вызовов: 3, завершено 3; людей (номеров): 2" in told
    assert "разговор 1:01, удержание 0:00, обработка 0:30" in told
    assert "Доля переводов: 0.0% (переведено ÷ обработано)" in told
    assert "Доля удержания: 0.0% (удержание ÷ время обработки)" in told
    assert "Занятость: 2.5%" in told
    assert "где гражданин молчал дольше silence_after: 0, раз: 0; где не было слышно" in told


def test_calls_are_counted_by_their_outcome(store: str) -> None:
    told = of_the_day(store)
    assert "Поступило вызовов: 3, завершено 3" in told
    assert "  потерян в очереди: 1" in told
    assert "обещан обратный звонок" not in told
    (group,) = plain(store)["groups"]
    assert {name: count for name, count in group["outcomes"].items() if count} == {
        "answered": 1,
        "abandoned_in_queue": 1,
        "abandoned_in_menu": 1,
    }


@pytest.mark.parametrize(
    ("formula", "share"), [("abandons_excluded", 1), ("early_abandons_excluded", 0.5)]
)
def test_the_service_level_that_was_agreed_on_has_its_formula_beside_it(
    store: str, formula: str, share: float
) -> None:
    told = of_the_day(store, "--formula", formula, "--target", "20")
    assert f"Принятый: {share:.1%}  {words.FORMULAS[ServiceLevelFormula(formula)]}" in told
    found = plain(store, "--formula", formula)
    assert found["formula"] == formula
    assert found["groups"][0]["service_level"] == pytest.approx(share)


def test_the_configuration_says_which_service_level_was_agreed_on(store: str) -> None:
    assert plain(store)["formula"] is None
    assert "Принятый" not in of_the_day(store)
    told = json.loads(ask(store, "--day", "2026-03-02", "--json", config=str(SAMPLE)).stdout)
    assert told["formula"] == ServiceLevelFormula.ABANDONS_COUNT.value


@pytest.fixture
def rated(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'rated.sqlite'}"
    asyncio.run(
        _fill(
            url,
            [
                *rated_story("ekc-1.1", "5", solved="yes"),
                *rated_story("ekc-1.2", "2", agent=AgentId("op2")),
                *rated_story("ekc-1.3", None, solved="yes"),
            ],
        )
    )
    return url


def test_a_day_tells_what_callers_said_of_us(rated: str) -> None:
    told = of_the_day(rated)
    assert "Просили оценить: 3, оценили 2 (66.7%); средняя оценка 3.50" in told
    assert "CSAT: 50.0% (оценки 4 и 5 ÷ все оценки)" in told
    assert "Опрос quality, вопрос solved: спросили 3, ответили 2 (66.7%)" in told
    assert "yes      2 100.0%" in told
    (group,) = plain(rated)["groups"]
    assert (group["mean_rating"], group["marks"]["5"], group["satisfied_share"]) == (3.5, 1, 0.5)
    assert group["questions"][0]["answers"] == {"yes": 2}


def test_a_passport_tells_in_words_by_what_the_caller_proved_who_he_is() -> None:
    assert cell("identification", ("snils", "code_word"), zone=None) == "СНИЛС, кодовое слово"
    assert cell("identification", (), zone=None) == words.NOTHING


def test_ratings_are_told_by_operator_as_a_table_and_for_programs(rated: str) -> None:
    lines = of_the_day(rated, "--by", "operator").splitlines()
    (row,) = [line for line in lines if line.startswith("op1")]
    assert row.split()[-3:] == ["5.00", "1/2", "100.0%"]
    assert of_the_day(rated, "--form", "ratings", "--by", "operator", "--csv").splitlines()[1:] == [
        "op1;2;1;50.0%;5.00;100.0%;0;0;0;0;1",
        "op2;1;1;100.0%;2.00;0.0%;0;1;0;0;0",
    ]
    rows = plain(rated, "--form", "surveys", "--by", "queue")["rows"]
    assert [(row["whose"], row["survey"], row["answer"], row["times"]) for row in rows] == [
        ("first-line", "quality", "yes", 2)
    ]
    told = of_the_day(rated, "--form", "ratings", "--by", "hour")
    assert "02.03.2026 09:00:00" in told


def test_every_norm_is_judged_with_its_clock_and_formula(store: str) -> None:
    told = of_the_day(store)
    assert "122: среднее ≤ 60 с: соблюдена; часы – с поступления вызова" in told
    assert "80/20: 80 % ≤ 20 с: НЕ соблюдена; часы – с постановки в очередь; 50.0%" in told
    assert "442н §73: отложенные обращения ≤ 8 рабочих часов: не измеряется" in told
    only = of_the_day(store, "--norm", "122")
    assert "80/20" not in only


def test_figures_by_half_hour_and_by_operator_are_tables(store: str) -> None:
    told = of_the_day(store, "--by", "half-hour")
    (row,) = [line for line in told.splitlines() if line.startswith("02.03 09:30")]
    assert row.split()[2:7] == ["1", "1", "1", "0", "1"]
    assert "не изм." in row  # nothing was handled, so nobody knows of hold
    told = of_the_day(store, "--by", "operator", "--norm", "122")
    assert "op1" in told
    assert "без оператора" in told


def test_programs_get_seconds_counts_and_formulas_by_name(store: str) -> None:
    told = plain(store, "--by", "queue")
    assert told["formulas"]["SL-5"] == ServiceLevelFormula.ALL_RECEIVED.value
    assert told["not_measured"] == []
    assert told["groups"][0]["people"] == 2
    assert told["groups"][0]["hold_share"] == 0
    queue, rest = told["groups"]
    assert (queue["key"], queue["offered"], rest["key"]) == ("first-line", 2, None)
    assert queue["service_levels"]["SL-4"] == pytest.approx(0.5)
    assert queue["wait"]["mean_s"] == pytest.approx(5)
    assert sum(queue["wait"]["counts"]) == 1
    assert queue["norms"]["122"]["is_kept"] is True


def test_a_target_of_ones_own_is_counted_exactly(store: str) -> None:
    assert plain(store, "--target", "4")["groups"][0]["service_levels"]["SL-1"] == 0
    assert plain(store, "--target", "5")["groups"][0]["service_levels"]["SL-1"] == 1


def test_intervals_have_their_own_length(store: str) -> None:
    half_hours = plain(store, "--by", "half-hour")["groups"]
    nine = next(each for each in half_hours if each["key"] == MORNING.isoformat())
    assert nine["agents"] == pytest.approx(1)


@pytest.mark.parametrize("form", Form)
def test_every_form_has_a_table_a_csv_and_json(store: str, form: Form) -> None:
    told = of_the_day(store, "--form", form.value)
    assert told.startswith(words.TITLES[form])
    names = [field.name for field in fields(ROWS[form])]
    heading, *rows = csv.reader(
        io.StringIO(of_the_day(store, "--form", form.value, "--csv")), delimiter=";"
    )
    assert heading[0] == "\ufeff" + words.COLUMNS[names[0]]
    assert all(len(row) == len(names) for row in rows)
    found = plain(store, "--form", form.value)
    assert found["form"] == form.value
    assert len(found["rows"]) == len(rows)
    assert found["not_measured"] == list(NOT_MEASURED[form])


def test_a_form_of_more_rows_than_a_page_has_them_all(store: str) -> None:
    """A month of half-hours: 1,488 rows."""
    month = ("--from", "2026-03-01", "--to", "2026-03-31", "--form", "F2")
    rows = json.loads(ask(store, *month, "--json").stdout)["rows"]
    assert len(rows) == 31 * 48 > PAGE
    assert sorted({row["begins_at"] for row in rows}) == [row["begins_at"] for row in rows]
    lines = ask(store, *month, "--csv").stdout.splitlines()
    assert len(lines) == 1 + len(rows)
    told = ask(store, *month).stdout.splitlines()
    assert f"Строк: {len(rows)}" in told
    assert sum(line.startswith(words.COLUMNS["begins_at"]) for line in told) == 2


def test_what_is_not_measured_is_said_and_is_no_zero(store: str) -> None:
    told = of_the_day(store, "--form", "F6")
    assert "не измеряется: Перезвонов\n" in told
    assert "не изм." in told


def test_f5_names_the_lost_and_f8_the_service_time(store: str) -> None:
    (lost,) = plain(store, "--form", "F5")["rows"]
    assert (lost["number"], lost["is_left"]) == ("+79007654321", True)
    (service,) = plain(store, "--form", "F8")["rows"]
    assert service["total_s"] == pytest.approx(5 + 61.5 + 30)


def test_the_sample_configuration_gives_lines_and_names(store: str) -> None:
    result = ask(store, "--day", "2026-03-02", "--by", "line", config=str(SAMPLE))
    assert result.exit_code == 0, result.output
    assert "вне линий" in result.stdout


def test_lines_need_a_configuration(store: str) -> None:
    result = ask(store, "--day", "2026-03-02", "--by", "line")
    assert result.exit_code == 2
    assert "--config" in result.stderr


def test_half_hours_are_kept_for_dashboards(store: str) -> None:
    result = ask(store, "--keep")
    assert result.exit_code == 0, result.output
    assert "Посчитано: получасов" in result.stdout


def test_a_day_can_be_counted_again_for_dashboards(store: str) -> None:
    told = of_the_day(store, "--keep")
    assert told == "Посчитано: получасов 48, дней 1\n"


@pytest.mark.parametrize("by", By)
def test_kept_figures_are_those_counted_now(store: str, by: By) -> None:
    config = str(SAMPLE)
    options = ["--day", "2026-03-02", "--by", by.value, "--json", "--target", "20"]
    assert ask(store, "--day", "2026-03-02", "--keep", config=config).exit_code == 0
    told = [ask(store, *options, *more, config=config) for more in ((), ("--kept",))]
    now, kept = (json.loads(each.stdout)["groups"] for each in told)
    if by is By.HOUR:  # half-hours do not know whether it was the same people
        assert [group.pop("people") for group in kept if group["people"]] == []
        assert [group.pop("people") for group in now if group["people"]] == [2]
        for group in (*kept, *now):
            group.pop("people", None)
    assert kept == now


def test_people_of_several_kept_days_are_not_known(store: str) -> None:
    options = ("--from", "2026-03-01", "--to", "2026-03-02", "--kept", "--json", "--by")
    assert ask(store, "--from", "2026-03-01", "--to", "2026-03-02", "--keep").exit_code == 0
    (all_of_it,) = json.loads(ask(store, *options, "all").stdout)["groups"]
    assert (all_of_it["received"], all_of_it["people"]) == (3, None)
    days = json.loads(ask(store, *options, "day").stdout)["groups"]
    assert [day["people"] for day in days] == [0, 2]
    assert "людей (номеров): не измеряется" in ask(store, *options[:5]).stdout


def test_kept_figures_have_their_own_targets(store: str) -> None:
    result = ask(store, "--kept", "--target", "17")
    assert result.exit_code == 2
    assert "expected one of 5, 10, 20" in result.stderr


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--kept", "--form", "F3"), "--kept is for figures"),
        (("--day", "yesteryear"), "--day: found 'yesteryear'"),
        (("--from", "soon"), "--from: found 'soon'"),
        (("--day", "today", "--from", "2026-03-01"), "leave one of them out"),
        (("--from", "2026-03-03", "--to", "2026-03-01"), "The period begins at"),
        (("--csv",), "--csv is for forms"),
    ],
)
def test_what_cannot_be_understood_is_said_to_be_so(
    store: str, options: tuple[str, ...], expected: str
) -> None:
    result = ask(store, *options)
    assert result.exit_code == 2
    assert expected in result.stderr


def test_a_store_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    result = ask(f"sqlite:///{tmp_path / 'none.sqlite'}")
    assert result.exit_code == 2
    assert "no such file" in result.stderr


def test_a_configuration_that_is_wrong_is_said_to_be_so(store: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("node: [", encoding="utf-8")
    assert ask(store, config=str(tmp_path / "wrong.yaml")).exit_code == 2


@pytest.mark.parametrize("options", [(), ("--day", "yesterday"), ("--from", "2026-03-02")])
def test_a_period_ends_now_at_the_latest(store: str, options: tuple[str, ...]) -> None:
    assert ask(store, *options).exit_code == 0


def test_a_moment_may_be_given_instead_of_a_day(store: str) -> None:
    result = ask(store, "--from", "2026-03-02T09:30", "--to", "2026-03-02T10:00", "--json")
    assert json.loads(result.stdout)["groups"][0]["received"] == 1


def test_every_word_of_the_core_has_its_russian() -> None:
    assert set(words.FORMULAS) == set(ServiceLevelFormula)
    assert set(words.LEVEL_ORIGINS) == {name for name, _ in SERVICE_LEVELS}
    assert set(words.PRESETS) == set(Preset)
    assert set(words.CLOCKS) == set(ClockStart)
    assert set(words.ENDINGS) == set(VisitEnding)
    assert set(words.STATUSES) == set(PassportStatus)
    assert set(words.HUNG_UP_BY) == set(HungUpBy)
    assert set(words.GROUPS) == set(By)
    assert set(words.TITLES) == set(Form)
    assert set(words.LINES) == {line.value for line in Line}
    columns = {field.name for row in ROWS.values() for field in fields(row)}
    assert set(words.COLUMNS) == columns


def test_lengths_and_values_read_as_people_write_them() -> None:
    assert span(timedelta(seconds=65)) == "1:05"
    assert span(timedelta(hours=2, seconds=65)) == "2:01:05"
    assert cell("x", timedelta(), zone=None) == "0:00"
    assert cell("x", value=True, zone=None) == "да"
    assert cell("x_share", 0.125, zone=None) == "12.5%"
    assert cell("x", 1.25, zone=None) == "1.2"
    assert cell("x", ("a", "b"), zone=None) == "a, b"
    assert cell("x", Line.FIRST, zone=None) == "первая линия"


def test_a_histogram_is_a_word() -> None:
    assert bars((0, 1, 4, 8)) == "·▁▄█"
    assert bars((0, 0)) == "··"
