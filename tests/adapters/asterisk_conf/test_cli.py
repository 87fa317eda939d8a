"""`ekc conf` as a person meets it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ekc_telephony.cli.conf import app
from ekc_telephony.settings.load import load_settings

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def config() -> Iterator[Path]:
    """
    Return a copy of the sample whose Asterisk is an empty shell.

    Its folder has a short name: a socket of Asterisk lies in it, and those allow 107 bytes.
    """
    with tempfile.TemporaryDirectory(prefix="ekc-") as folder:
        yield sample_in(Path(folder))


def sample_in(folder: Path) -> Path:
    """Write the sample, whose Asterisk is an empty shell, into a folder; return its file."""
    root = folder / "root"
    modules = root / "usr/lib/asterisk/modules"
    modules.mkdir(parents=True)
    (modules / "res_ari.so").touch()
    (root / "usr/share/asterisk/rest-api").mkdir(parents=True)
    text = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")
    text = text.replace(" ivr_scripts", f" {PROJECT / 'ivr_scripts'}").replace(
        ".runtime/asterisk", str(root)
    )
    file = folder / "ekc.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_check_says_that_the_sample_is_in_order() -> None:
    status, said = run("check", "--config", str(PROJECT / "ekc.yaml"))
    assert status == 0
    assert "in order" in said


def test_a_mistake_ends_with_status_1_and_its_place(config: Path) -> None:
    config.write_text(config.read_text().replace("wrap_up: 30s", "wrap_up: 30"))
    status, said = run("render", "--config", str(config))
    assert status == 1
    assert 'found "30" for `queues.1.wrap_up`' in said
    assert not (config.parent / ".runtime").exists()


def test_render_tells_what_changed_and_diff_what_would(config: Path) -> None:
    status, said = run("render", "--config", str(config))
    assert status == 0, said
    assert "created" in said
    assert run("render", "--config", str(config))[1].endswith("as it was\n")
    assert run("diff", "--config", str(config)) == (0, "")
    config.write_text(config.read_text().replace("account: orlov", "account: volkov"))
    status, said = run("diff", "--config", str(config))
    assert status == 1
    assert "+[volkov](operator-endpoint)" in said
    assert "+password = (not shown)" in said


def test_diff_tells_links_and_programs_that_render_would_renew(config: Path) -> None:
    run("render", "--config", str(config))
    folder = load_settings(config).asterisk_folder
    link = folder / "data" / "sounds" / "ru_site_studio" / "ekc"
    link.unlink()
    status, said = run("diff", "--config", str(config))
    assert (status, said) == (1, f"{link}: would be created\n")


def test_render_into_another_folder_leaves_the_configured_one_alone(
    config: Path, tmp_path: Path
) -> None:
    assert run("render", "--config", str(config), "--into", str(tmp_path / "other"))[0] == 0
    assert (tmp_path / "other/etc/asterisk.conf").is_file()
    assert not (tmp_path / ".runtime/state/asterisk").exists()


def test_the_golden_files_in_git_are_current() -> None:
    assert run("golden") == (0, "")


def test_a_change_of_the_sample_is_shown_against_the_golden_files(config: Path) -> None:
    config.write_text(config.read_text().replace("last: 18999", "last: 19999"))
    status, said = run("golden", "--config", str(config))
    assert status == 1
    assert "-rtpend = 18999\n+rtpend = 19999" in said
    assert "ekc conf golden --write" in said


def test_a_missing_asterisk_is_told_with_what_to_do(config: Path) -> None:
    config.write_text(config.read_text().replace("root: ", "root: /nowhere"))
    status, said = run("render", "--config", str(config))
    assert status == 1
    assert "make setup" in said
