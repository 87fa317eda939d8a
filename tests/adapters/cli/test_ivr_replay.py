"""`ekc ivr replay` as a person meets it: calls of a journal, told again with another script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ekc_telephony.cli.root import app
from tests.adapters.cli.test_replay import CALL, Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def replayed(site: Site, *arguments: str, file: Path | None = None) -> Result:
    command = ["ivr", "replay", str(file or site.scripts / "hotline.yaml")]
    command += ["--config", str(site.config), *arguments]
    return CliRunner().invoke(app, command)


def change(site: Site, *, old: str, new: str) -> None:
    file = site.scripts / "hotline.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_the_same_script_changes_nothing(site: Site) -> None:
    told = json.loads(replayed(site, "--json").stdout)
    assert (told["calls"], told["same"], told["changes"]) == (1, 1, {})
    assert told["before"]["keys"]["median"] == 1


def test_a_key_that_leads_elsewhere_is_told_with_its_calls(site: Site) -> None:
    change(site, old="1: to_first_line", new="1: to_second_line")
    ended = replayed(site, "--all", "--from-journal", site.journal)
    assert ended.exit_code == 0, ended.stderr
    assert "queue first_line → queue pensions" in ended.stdout
    assert CALL in ended.stdout
    assert "79161234567" not in ended.stdout
    assert "…67" in ended.stdout


def test_one_call_is_shown_in_full(site: Site) -> None:
    change(site, old="prompts: [to-first-line]", new="prompts: [greeting, to-first-line]")
    ended = replayed(site, "--call", CALL)
    assert ended.exit_code == 0, ended.stderr
    assert "to_first_line: greeting to-first-line" in ended.stdout
    assert "hears something else" in ended.stdout


def test_a_script_that_nobody_has_met_is_taken_by_number(site: Site) -> None:
    other = site.scripts / "new_hotline.yaml"
    (site.scripts / "hotline.yaml").rename(other)
    other_text = other.read_text(encoding="utf-8")
    (site.scripts / "hotline.yaml").write_text(other_text, encoding="utf-8")
    refused = replayed(site, file=other)
    assert refused.exit_code == 2
    assert "to the scripts: hotline" in refused.stderr
    assert replayed(site, "--did", "88001000001", file=other).exit_code == 0


def test_a_script_that_cannot_be_used_is_refused_with_its_line(site: Site) -> None:
    change(site, old="next: main_menu", new="next: nowhere")
    refused = replayed(site)
    assert refused.exit_code == 2
    assert "hotline.yaml:" in refused.stderr
