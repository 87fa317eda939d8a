"""`ekc replay` as a person meets it: a recorded call happens again, decided the same or not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ekc_telephony.adapters.asterisk_conf.secrets import load_or_create_secrets
from ekc_telephony.adapters.journal.journal import Journal
from ekc_telephony.cli.root import app
from ekc_telephony.core.call.events import (
    CallArrived,
    ControlRegained,
    EndReason,
    Event,
    KeyPressed,
    LegEnded,
    PlaybackFinished,
    PresenceDeclared,
)
from ekc_telephony.core.call.presence import Presence
from ekc_telephony.core.engine.engine import Engine
from ekc_telephony.core.kernel.ids import AgentId, CallId, Did, LegId, PlaybackId
from ekc_telephony.runtime.journal_codec import Opening
from ekc_telephony.runtime.recorder import Recorder
from ekc_telephony.runtime.supervisor import SupervisedEngine
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.plan import ScriptShelf, engine_plan
from ekc_telephony.settings.routing import acd_of
from tests.core.office import NOON, seconds

PROJECT = Path(__file__).parents[3]
CALL = CallId("ekc-1795253112.1")
LEG = LegId(CALL)
STORY: tuple[Event, ...] = (
    ControlRegained(legs=(), bridges=frozenset()),
    PresenceDeclared(agent=AgentId("ivanova"), presence=Presence.READY),
    CallArrived(call=CALL, did=Did("88001000001"), number="+79161234567"),
    PlaybackFinished(playback=PlaybackId(f"{CALL}-play-1"), leg=LEG, was_played=True),
    KeyPressed(leg=LEG, key="1"),
    PlaybackFinished(playback=PlaybackId(f"{CALL}-play-3"), leg=LEG, was_played=True),
    LegEnded(leg=LEG, reason=EndReason.HUNG_UP),
)


class Site:
    """A node's folder with a journal of one call."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "ekc.yaml"
        self.scripts = folder / "scripts"
        shutil.copytree(PROJECT / "ivr_scripts", self.scripts)
        text = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")
        text = text.replace("scripts: ivr_scripts", "scripts: scripts")
        text = text.replace("state: .runtime/state", "state: state")
        text = text.replace("sounds: sounds ", f"sounds: {PROJECT / 'sounds'} ")
        text = text.replace("root: .runtime/asterisk", f"root: {PROJECT / '.runtime/asterisk'}")
        self.config.write_text(text, encoding="utf-8")
        self.settings = load_settings(self.config)
        _live(self.settings, text)

    @property
    def journal(self) -> str:
        return str(self.settings.journal_folder)

    def replay(self, *arguments: str) -> Result:
        command = ["replay", self.journal, "--config", str(self.config), *arguments]
        return CliRunner().invoke(app, command)

    def told(self, *arguments: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.replay("--json", *arguments).stdout)
        return told


def _live(settings: Settings, text: str) -> None:
    key = load_or_create_secrets(settings.secrets_file, settings.accounts).journal
    plan = engine_plan(settings, today=NOON.date())
    engine = SupervisedEngine(Engine(plan, acd_of(settings)))
    texts = {"ekc.yaml": text} | ScriptShelf(settings, plan.scripts).texts
    moment = NOON
    journal = Journal(settings.journal_folder, key=key, clock=lambda: moment)
    recorder = Recorder(
        engine,
        journal,
        opening=lambda state, through: Opening(
            release="1", life="a", texts=texts, state=state, stored_through=through
        ),
    )
    recorder.begin((), stored_through=0)
    for event in STORY:
        moment += seconds(3)
        recorder.on_time(moment)
        recorder.handle(event, moment)
        recorder.write_up()
    journal.close()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_the_same_release_decides_the_same(site: Site) -> None:
    ended = site.replay()
    assert ended.exit_code == 0
    assert ended.stdout == f"{len(STORY)} steps replayed: every decision is the same\n"


def test_every_decision_about_a_call_is_printed_without_personal_data(site: Site) -> None:
    ended = site.replay("--call", CALL)
    assert ended.exit_code == 0
    assert "CallArrived" in ended.stdout
    assert f"→ AnswerLeg call={CALL}" in ended.stdout
    assert "= CallRegistered" in ended.stdout
    assert "outcome=abandoned_in_queue" in ended.stdout
    assert "79161234567" not in ended.stdout
    assert "KeyPressed leg=ekc-1795253112.1 key=…" in ended.stdout
    assert "+79161234567" in site.replay("--call", CALL, "--personal").stdout


def test_one_file_of_the_journal_is_enough(site: Site) -> None:
    (file,) = Path(site.journal).iterdir()
    command = ["replay", str(file), "--config", str(site.config)]
    assert CliRunner().invoke(app, command).exit_code == 0


def test_programs_get_json(site: Site) -> None:
    told = site.told("--call", CALL)
    assert (told["steps"], told["differing"]) == (len(STORY), 0)
    assert [each["event"].split()[0] for each in told["told"]] == [
        "CallArrived",
        "PlaybackFinished",
        "KeyPressed",
        "PlaybackFinished",
        "LegEnded",
    ]


def test_a_script_that_was_changed_since_changes_nothing(site: Site) -> None:
    _change(site)
    assert site.replay().exit_code == 0


def test_with_the_present_scripts_the_difference_is_printed(site: Site) -> None:
    _change(site)
    ended = site.replay("--present", "--call", CALL)
    assert ended.exit_code == 1
    assert "- → PlayPrompts" in ended.stdout
    assert "+ → PlayPrompts" in ended.stdout
    assert "steps differ" in ended.stdout


def _change(site: Site) -> None:
    hotline = site.scripts / "hotline.yaml"
    text = hotline.read_text(encoding="utf-8")
    text = text.replace("prompts: [to-first-line]", "prompts: [to-second-line]")
    hotline.write_text(text, encoding="utf-8")


def test_a_call_that_is_not_in_the_journal_is_named(site: Site) -> None:
    ended = site.replay("--call", "ekc-1.99")
    assert ended.exit_code == 2
    assert "found no step about the call 'ekc-1.99'" in ended.stderr


def test_a_folder_without_a_journal_is_named(site: Site, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    command = ["replay", str(tmp_path / "empty"), "--config", str(site.config)]
    ended = CliRunner().invoke(app, command)
    assert ended.exit_code == 2
    assert "found no journal; expected the folder `journal`" in ended.stderr


def test_a_journal_of_another_installation_is_told_apart_from_a_damaged_one(site: Site) -> None:
    site.settings.secrets_file.unlink()
    ended = site.replay()
    assert ended.exit_code == 2
    assert "is not the one this journal was written with" in ended.stderr
