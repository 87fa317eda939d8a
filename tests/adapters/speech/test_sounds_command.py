"""`ekc sounds`: what a telephony admin types, reads and scripts against."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from ekc_telephony.cli.sounds import app

ROOT = Path(__file__).parents[3]
SHIPPED = str(ROOT / "sounds")


def test_check_is_content_with_the_shipped_sounds() -> None:
    outcome = CliRunner().invoke(app, ["check", "--folder", SHIPPED])

    assert outcome.exit_code == 0
    assert "0 findings" in outcome.output


def test_check_lists_file_problem_and_advice(folder: Path) -> None:
    outcome = CliRunner().invoke(app, ["render", "--check", "--folder", str(folder)])

    assert outcome.exit_code == 1
    line = outcome.output.splitlines()[0]
    assert line.startswith(str(folder / "ru" / "hello.wav"))
    assert "was never rendered; run `ekc sounds render`" in line


def test_check_as_json_is_for_programs(folder: Path) -> None:
    outcome = CliRunner().invoke(app, ["check", "--json", "--folder", str(folder)])

    assert outcome.exit_code == 1
    assert [row["problem"] for row in json.loads(outcome.output)] == ["never_rendered"] * 3


def test_list_shows_every_key_with_its_length() -> None:
    outcome = CliRunner().invoke(app, ["list", "--json", "--folder", SHIPPED])

    rows = {row["key"]: row for row in json.loads(outcome.output)}
    assert rows["greeting"]["seconds"] > 3
    assert rows["greeting"]["state"] == "fresh"
    assert rows["calm"]["voice"] is None


def test_list_is_a_table_even_before_anything_is_rendered(folder: Path) -> None:
    outcome = CliRunner().invoke(app, ["list", "--folder", str(folder)])

    assert outcome.exit_code == 0
    assert "never_rendered" in outcome.output


def test_render_tells_progress_then_does_nothing_the_second_time(folder: Path) -> None:
    arguments = ["render", "--folder", str(folder), "--runtime", str(ROOT / ".runtime")]

    first = CliRunner().invoke(app, arguments)
    second = CliRunner().invoke(app, [*arguments, "--json"])

    assert "3 of 3  calm" in first.output
    assert "3 rendered, 0 were fresh" in first.output
    assert json.loads(second.output)["rendered"] == []


def test_render_without_an_engine_says_what_to_run(folder: Path, tmp_path: Path) -> None:
    outcome = CliRunner().invoke(
        app, ["render", "--folder", str(folder), "--runtime", str(tmp_path / "nothing")]
    )

    assert outcome.exit_code == 1
    assert "make setup-speech" in outcome.output


def test_a_wrong_manifest_ends_with_two(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(app, ["list", "--folder", str(tmp_path)])

    assert outcome.exit_code == 2
    assert "manifest.yaml" in outcome.output
