"""`ekc sounds prepare` and `texts`: the prompts of a site's scripts, rendered and listed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from ekc_telephony.cli.sounds import app
from ekc_telephony.core.ivr.texts import text_key

ROOT = Path(__file__).parents[3]
RUNTIME = str(ROOT / ".runtime")
KEY = text_key({"ru": "Ваше дело номер"})
SCRIPT = """\
entry: status
variables:
  case: {kind: text, initial: "0715"}
nodes:
  status: {kind: say, text: "Ваше дело номер {{ case | digits }}.", next: bye}
  bye: {kind: goodbye, prompts: [goodbye], outcome: self_served}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A site with one script, and nothing rendered yet."""
    yaml = YAML()
    document = yaml.load(ROOT / "ekc.yaml")
    document |= {"state": "state", "scripts": "scripts", "sounds": str(ROOT / "sounds")}
    document["asterisk"]["root"] = str(ROOT / document["asterisk"]["root"])
    document["numbers"] = [{"did": "88001000001", "script": "status"}]
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "status.yaml").write_text(SCRIPT, encoding="utf-8")
    yaml.dump(document, tmp_path / "ekc.yaml")
    return tmp_path / "ekc.yaml"


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(config)])


def test_what_is_missing_is_told_with_its_place_then_rendered_then_heard(config: Path) -> None:
    before = run(config, "prepare", "--check")
    rendered = run(config, "prepare", "--runtime", RUNTIME)
    again = run(config, "prepare", "--runtime", "/nowhere")

    assert before.exit_code == 1
    assert f"status.yaml:5:11: 'Ваше дело номер' (ru, {KEY}) is not rendered" in before.output
    assert "12 prompts checked, 2 missing" in before.output
    assert (rendered.exit_code, again.exit_code) == (0, 0)
    assert "2 rendered, 10 were there" in rendered.output
    assert "0 rendered, 12 were there" in again.output
    # Asterisk finds it without a restart: its own folder leads there.
    linked = config.parent / "state/asterisk/data/sounds/ru_site/ekc" / f"{KEY}.wav"
    assert linked.read_bytes().startswith(b"RIFF")


def test_a_recording_of_the_studio_is_shown_and_nothing_is_rendered_for_it(config: Path) -> None:
    studio = config.parent / "state" / "studio" / "ru"
    studio.mkdir(parents=True)
    (studio / f"{KEY}.wav").write_bytes(b"RIFF")
    (studio / "pause.wav").write_bytes(b"RIFF")

    assert "0 missing" in run(config, "prepare", "--check").output
    rows = json.loads(run(config, "texts", "--json").output)
    assert [(row["key"], row["heard_from"], row["text"]) for row in rows] == [
        (KEY, "studio", "Ваше дело номер")
    ]


def test_the_table_shows_pieces_only_when_they_are_asked_for(config: Path) -> None:
    assert "pause" not in run(config, "texts").output
    assert "pause" in run(config, "texts", "--pieces").output


def test_without_an_engine_it_is_said_what_to_run_and_for_which_text(
    config: Path, tmp_path: Path
) -> None:
    outcome = run(config, "prepare", "--runtime", str(tmp_path / "nothing"))

    assert outcome.exit_code == 1
    assert "status.yaml:5:11: 'Ваше дело номер'" in outcome.output
    assert "make setup-speech" in outcome.output


def test_a_wrong_script_ends_with_two(config: Path) -> None:
    (config.parent / "scripts" / "status.yaml").write_text("entry: nowhere\nnodes: {}\n")

    assert run(config, "prepare").exit_code == 2
