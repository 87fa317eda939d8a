"""`ekc ivr draw` draws the shipped scripts, as pictures and as text."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from ekc_telephony.cli.root import app

PROJECT = Path(__file__).parents[3]
HOTLINE = PROJECT / "ivr_scripts" / "hotline.yaml"


def draw(*words: object) -> Result:
    arguments = ["ivr", "draw", *map(str, words), "--config", str(PROJECT / "ekc.yaml")]
    return CliRunner().invoke(app, arguments)


def test_a_picture_tells_what_callers_hear_and_the_longest_way_to_a_person(tmp_path: Path) -> None:
    result = draw(HOTLINE, "-o", tmp_path / "hotline.svg")
    assert result.exit_code == 0, result.output
    root = ET.parse(tmp_path / "hotline.svg").getroot()
    told = "\n".join(root.itertext())
    for words in ("«Здравствуйте! Вы позвонили", "main_menu", "молчит или ошибается", "1, 0"):
        assert words in told
    assert "Дольше всего до человека: 28 с" in told
    assert "hotline.yaml:19" in told, "where main_menu is written"


def test_mermaid_is_printed(tmp_path: Path) -> None:
    result = draw(HOTLINE, "--mermaid", "-o", "-")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("flowchart LR\n")
    assert "main_menu: Меню" in result.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("missing", None, "no such file"),
        ("broken", "entry: a\nnodes: {a: {kind: fly}}\n", "broken.yaml:2:"),
    ],
)
def test_a_script_that_cannot_be_read_is_told_with_its_place(
    tmp_path: Path, name: str, text: str | None, told: str
) -> None:
    file = tmp_path / f"{name}.yaml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    result = draw(file)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_picture_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    result = draw(HOTLINE, "-o", tmp_path / "missing" / "hotline.svg")
    assert result.exit_code == 1
    assert "Name another file" in result.stderr
