"""`ekc replay` as a person meets it: a recorded call happens again, decided the same or not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from typer.testing import CliRunner, Result

from ekc_telephony.adapters.asterisk_conf.secrets import load_or_create_secrets
from ekc_telephony.adapters.journal.journal import Journal
from ekc_telephony.cli.replay import _in_words
from ekc_telephony.cli.root import app
from ekc_telephony.core.call.commands import AskService
from ekc_telephony.core.call.events import (
    CallArrived,
    ControlRegained,
    EndReason,
    Event,
    KeyPressed,
    LegEnded,
    PlaybackFinished,
    PresenceDeclared,
    ScriptsPublished,
    ServiceAnswered,
)
from ekc_telephony.core.call.lookup import Answer, LookupResult
from ekc_telephony.core.call.presence import Presence
from ekc_telephony.core.engine.engine import Engine
from ekc_telephony.core.ivr.published import Bundle
from ekc_telephony.core.kernel.ids import (
    AgentId,
    CallId,
    Did,
    LegId,
    PlaybackId,
    RequestId,
    ScriptId,
    ServiceId,
)
from ekc_telephony.runtime.journal_codec import Opening, encode_input
from ekc_telephony.runtime.published_texts import pack
from ekc_telephony.runtime.recorder import Recorder
from ekc_telephony.runtime.supervisor import SupervisedEngine
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.plan import engine_plan
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
LATER = NOON + seconds(3 * len(STORY) + 3)
"""When the engine dies, if it does."""
ANOTHER = CallArrived(call=CallId("ekc-1.2"), did=Did("88001000001"), number="+79161234567")
THIRD = CallArrived(call=CallId("ekc-1.3"), did=Did("88001000001"), number="+79161234568")
Dies: TypeAlias = Callable[[Recorder, datetime], object]


class Site:
    """
    A node's folder with a journal of one call.

    Args:
        folder: Where.
        dies: Takes a last step that is not written up; nothing when the engine ended well.
    """

    def __init__(self, folder: Path, *, dies: Dies | None = None) -> None:
        self.config = folder / "ekc.yaml"
        self.scripts = folder / "scripts"
        shutil.copytree(PROJECT / "ivr_scripts", self.scripts)
        text = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")
        text = text.replace("scripts: ivr_scripts", "scripts: scripts")
        text = text.replace("state: .runtime/state", "state: state")
        text = text.replace("sounds: sounds ", f"sounds: {PROJECT / 'sounds'} ")
        text = text.replace("root: .runtime/asterisk", f"root: {PROJECT / '.runtime/asterisk'}")
        self.text = text
        self.config.write_text(text, encoding="utf-8")
        self.settings = load_settings(self.config)
        _live(self.settings, text, dies)

    @property
    def journal(self) -> str:
        return str(self.settings.journal_folder)

    def replay(self, *arguments: str) -> Result:
        command = ["replay", self.journal, "--config", str(self.config), *arguments]
        return CliRunner().invoke(app, command)

    def told(self, *arguments: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.replay("--json", *arguments).stdout)
        return told


@contextmanager
def life(settings: Settings, text: str, *, name: str = "a") -> Iterator[tuple[Recorder, Journal]]:
    """Begin a life of the engine that has its journal in the node's folder."""
    key = load_or_create_secrets(settings.secrets_file, settings.accounts).journal
    plan = engine_plan(settings, today=NOON.date())
    engine = SupervisedEngine(Engine(plan, acd_of(settings)))
    texts = {"ekc.yaml": text} | dict(plan.published.texts)
    journal = Journal(settings.journal_folder, key=key, clock=lambda: NOON)
    recorder = Recorder(
        engine,
        journal,
        opening=lambda state, through: Opening(
            release="1", life=name, texts=texts, state=state, stored_through=through
        ),
    )
    recorder.begin((), stored_through=0)
    yield recorder, journal
    journal.close()


def _live(settings: Settings, text: str, dies: Dies | None) -> None:
    moment = NOON
    with life(settings, text) as (recorder, _):
        for event in STORY:
            moment += seconds(3)
            recorder.on_time(moment)
            recorder.handle(event, moment)
            recorder.write_up()
        if dies is not None:
            dies(recorder, LATER)


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


def dies_in_a_call(recorder: Recorder, moment: datetime) -> None:
    recorder.handle(ANOTHER, moment)


def test_it_is_told_what_the_engine_was_at_when_it_died_and_not_whose_call(tmp_path: Path) -> None:
    site = Site(tmp_path, dies=dies_in_a_call)
    ended = site.replay()
    assert ended.exit_code == 0
    verdict, last = ended.stdout.splitlines()
    assert verdict == f"{len(STORY)} steps replayed: every decision is the same"
    assert last == (
        f"the engine died in CallArrived at {LATER:%Y-%m-%d %H:%M:%S.%f} (#23), before it wrote "
        "down what came of it"
    )
    died = {"position": 23, "at": LATER.isoformat(), "event": "CallArrived", "is_again": False}
    assert site.told()["deaths"] == [died]


def test_of_a_call_whose_arrival_was_deadly_it_is_told_what_is_known(tmp_path: Path) -> None:
    site = Site(tmp_path, dies=dies_in_a_call)
    with life(site.settings, site.text, name="b") as (_, journal):
        journal.append(encode_input(LATER, ANOTHER, is_again=True))
    ended = site.replay("--call", ANOTHER.call)
    assert ended.exit_code == 0
    arrived, died, *rest = ended.stdout.splitlines()
    assert arrived.startswith(f"{LATER:%Y-%m-%d %H:%M:%S.%f} #23  CallArrived call={ANOTHER.call}")
    assert died == "    † the engine died here; what it decided is not written down"
    assert rest[0].endswith(f"CallArrived call={ANOTHER.call} did=88001000001 number=…")
    assert "79161234567" not in ended.stdout
    told = site.told("--call", ANOTHER.call)
    assert told["told"] == []
    assert [each["is_of_the_call"] for each in told["deaths"]] == [True, True]


def test_a_death_in_another_call_is_told_apart_from_one_in_the_call(tmp_path: Path) -> None:
    site = Site(tmp_path, dies=dies_in_a_call)
    assert "†" not in site.replay("--call", CALL).stdout
    assert [each["is_of_the_call"] for each in site.told("--call", CALL)["deaths"]] == [False]


def test_a_life_that_died_of_it_once_more_is_told_beside_the_first_one(tmp_path: Path) -> None:
    site = Site(tmp_path, dies=dies_in_a_call)
    with life(site.settings, site.text, name="b") as (_, journal):
        journal.append(encode_input(LATER, ANOTHER, is_again=True))
    first, second = site.replay().stdout.splitlines()[1:]
    assert first.startswith("the engine died in CallArrived at ")
    assert second.startswith("the engine died again in CallArrived at ")


def test_a_life_that_went_on_in_another_file_has_not_died(tmp_path: Path) -> None:
    """It could not write: a full disk costs it records, and never a call."""
    site = Site(tmp_path, dies=dies_in_a_call)
    with life(site.settings, site.text):
        pass
    assert site.told()["deaths"] == []


def test_time_that_passed_is_a_death_only_if_something_was_due(tmp_path: Path) -> None:
    def dies_at_rest(recorder: Recorder, moment: datetime) -> None:
        recorder.on_time(moment)

    def dies_at_work(recorder: Recorder, moment: datetime) -> None:
        recorder.handle(ANOTHER, moment)
        recorder.on_time(moment + seconds(3_600))

    assert Site(tmp_path / "rest", dies=dies_at_rest).told()["deaths"] == []
    site = Site(tmp_path / "work", dies=dies_at_work)
    assert [each["event"] for each in site.told()["deaths"]] == [None]
    assert "the engine died as time passed at" in site.replay().stdout


def test_a_script_that_was_changed_since_changes_nothing(site: Site) -> None:
    _change(site)
    assert site.replay().exit_code == 0


def test_scripts_that_were_published_meanwhile_are_the_same_again(tmp_path: Path) -> None:
    """The call before goes on in its version, the one after begins in the new one."""

    def publishes(recorder: Recorder, moment: datetime) -> None:
        script = (PROJECT / "ivr_scripts" / "hotline.yaml").read_text(encoding="utf-8")
        text = script.replace("prompts: [greeting]", "prompts: [overload-sorry]")
        name, text = pack(Bundle(script=ScriptId("hotline"), texts={"hotline": text}))
        for event in (ANOTHER, ScriptsPublished(number=1, texts={name: text}), THIRD):
            recorder.handle(event, moment)
            recorder.write_up()

    site = Site(tmp_path, dies=publishes)
    told = site.told("--call", THIRD.call)
    assert (told["steps"], told["differing"]) == (len(STORY) + 3, 0)
    assert "overload-sorry" in json.dumps(told)
    assert "overload-sorry" not in json.dumps(site.told("--call", ANOTHER.call)["told"])
    # With the present scripts, which nobody published, the greeting is the shipped one.
    assert site.replay("--present").exit_code == 1


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


@pytest.mark.parametrize("is_personal", [True, False])
def test_what_was_asked_and_answered_is_shown_only_to_who_asks_for_it(*, is_personal: bool) -> None:
    call, request = CallId("ekc-1.1"), RequestId("ekc-1.1-ask-1")
    asked = AskService(
        call=call, request=request, service=ServiceId("status"), fields={"snils": "11223344595"}
    )
    result = LookupResult.found(Answer.of({"name": "Анна"}))
    told = ServiceAnswered(call=call, request=request, result=result)
    shown = _in_words(asked, is_personal) + _in_words(told, is_personal)
    assert "status" in shown
    assert "found" in shown
    assert ("Анна" in shown) == is_personal
    assert ("fields=…" in shown) != is_personal
    assert "11223344595" not in shown
