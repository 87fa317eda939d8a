"""`ekc ivr replay` as a person meets it: calls of a journal, told again with another script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ekc_telephony.adapters.asterisk_conf.secrets import load_or_create_secrets
from ekc_telephony.cli.ivr.past import Past
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
    assert ended.stdout.count("≠") == 1
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


def test_one_announcement_more_is_the_only_row_that_differs_and_is_told_in_words(
    site: Site,
) -> None:
    notice = "nodes:\n  notice: {kind: say, text: Сегодня короткий день., next: greeting}\n"
    change(site, old="nodes:\n", new=notice)
    change(site, old="open: greeting", new="open: notice")
    ended = replayed(site, "--call", CALL)
    assert ended.exit_code == 0, ended.stderr
    (row,) = (each for each in ended.stdout.splitlines() if "≠" in each)
    assert "notice: «Сегодня короткий день.»" in row
    assert "later to a person" in ended.stdout


def past_of(site: Site) -> Past:
    key = load_or_create_secrets(site.settings.secrets_file, site.settings.accounts).journal
    return Past(site.settings.journal_folder, key=key, config=site.config)


def test_it_is_told_how_far_the_journal_is_read(site: Site) -> None:
    told: list[tuple[float, int]] = []
    (call,) = past_of(site).calls(lambda share, calls: told.append((share, calls)))
    assert call.call == CALL
    assert told == [(1.0, 1)]


def test_a_file_that_the_engine_takes_away_meanwhile_is_no_mistake(site: Site) -> None:
    past = past_of(site)
    for file in site.settings.journal_folder.iterdir():
        file.unlink()
    assert list(past.calls()) == []


def test_a_file_with_a_wrong_byte_is_refused_and_nothing_is_told_of_half_of_it(site: Site) -> None:
    (file,) = site.settings.journal_folder.iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    refused = replayed(site)
    assert refused.exit_code == 2
    assert file.name in refused.stderr
    assert refused.stdout == ""
