"""`ekc simulate` as a person and a program meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from ekc_telephony.cli.simulate import simulate
from ekc_telephony.cli.simulate_progress import Lines
from tests.simulation.centre import one_queue

ekc = typer.Typer()
ekc.command()(simulate)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(ekc, [str(each) for each in arguments])


@pytest.fixture(name="scenario")
def _scenario(tmp_path: Path) -> Path:
    one_queue(
        tmp_path, agents=5, calls=200, talk="exponential 4m", hours="08:00-12:00", level="routing"
    )
    return tmp_path / "scenario.yaml"


@pytest.fixture(name="other")
def _other(tmp_path: Path) -> Path:
    one_queue(
        tmp_path,
        agents=7,
        calls=1,
        talk="fixed 1s",
        hours="08:00-12:00",
        level="routing",
        name="other.yaml",
    )
    return tmp_path / "other.yaml"


def test_a_person_reads_figures_with_their_intervals(scenario: Path) -> None:
    shown = run(scenario, "--replications", 3, "--jobs", 1, "--by-time")
    assert shown.exit_code == 0, shown.output
    assert "Поступило звонков" in shown.output
    assert "±" in shown.output
    assert "answered ≤ T / (answered + abandoned)" in shown.output
    assert "line" in shown.output
    assert "11:30" in shown.output
    assert "Оборвано нами" not in shown.output


def test_one_replication_has_no_interval(scenario: Path) -> None:
    shown = run(scenario, "-r", 1)
    figures = shown.output.partition("Поступило звонков")[2]
    assert "±" not in figures


def test_a_program_reads_the_same_numbers(scenario: Path) -> None:
    shown = run(scenario, "--replications", 3, "--jobs", 1, "--json", "--seed", 9)
    told = json.loads(shown.stdout)
    assert told["seed"] == 9
    assert told["replications"] == 3
    [only] = told["scenarios"]
    calls = only["total"]["calls"]
    assert calls["low"] < calls["mean"] < calls["high"]
    assert only["queues"]["line"]["calls"] == calls
    assert sum(each["calls"]["mean"] for each in only["half_hours"].values()) == pytest.approx(
        calls["mean"]
    )
    assert (
        run(scenario, "-r", 3, "-j", 1, "--json", "--seed", 9).stdout.split('"cpu_s"')[0]
        == (shown.stdout.split('"cpu_s"')[0])
    )


def test_two_policies_stand_side_by_side_with_their_difference(scenario: Path, other: Path) -> None:
    shown = run(scenario, "--compare", other, "-r", 3, "-j", 1)
    assert shown.exit_code == 0, shown.output
    assert "Разница" in shown.output
    told = json.loads(run(scenario, "--compare", other, "-r", 3, "-j", 1, "--json").stdout)
    one, two = told["scenarios"]
    assert one["total"]["calls"] == two["total"]["calls"]
    assert told["difference"]["asa_s"]["mean"] < 0
    assert told["difference"]["calls"] == {"mean": 0, "low": 0, "high": 0}


def test_it_says_beforehand_how_many_days_in_how_many_processes(scenario: Path) -> None:
    shown = run(scenario, "-r", 3, "-j", 1)
    assert shown.stderr.startswith("Моделирование: 3 дня в 1 процессе\n")
    assert "Моделирование" not in shown.stdout


def test_a_log_gets_a_line_for_each_tenth_but_not_every_second() -> None:
    lines: list[str] = []
    moments = iter([0.0, 4.0, 12.0, 14.0, 30.0, 31.0])
    progress = Lines(2, write=lines.append, clock=lambda: next(moments))
    for over in (0.3, 0.5, 0.8, 1.5, 2.0):
        progress.tell(over)
    assert lines == [
        "Моделирование: 25%, осталось около 36 с",
        "Моделирование: 75%, осталось около 10 с",
    ]


def test_a_mistake_ends_with_2_and_its_place(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("title: Нет\n", encoding="utf-8")
    shown = run(tmp_path / "wrong.yaml")
    assert shown.exit_code == 2
    assert "wrong.yaml:1:1: found no `calls:` here" in shown.output


def test_a_comparison_without_the_queue_of_the_callers_is_refused(
    scenario: Path, other: Path
) -> None:
    text = other.read_text(encoding="utf-8").replace("line,", "row,").replace("id: line", "id: row")
    other.write_text(text, encoding="utf-8")
    shown = run(scenario, "--compare", other)
    assert shown.exit_code == 2
    assert "found no queue line" in shown.output
