"""`ekc ivr publish`, `versions`, `rollback`, `diff` and `overlay` as a person meets them."""

from __future__ import annotations

import asyncio
import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner, Result

from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.published.folder import ScriptFolder
from ekc_telephony.bootstrap.full_gate import GATE
from ekc_telephony.bootstrap.gate import Check, Draft, GateRefusedError
from ekc_telephony.bootstrap.published import PublishedScripts
from ekc_telephony.bootstrap.publishing import Publisher
from ekc_telephony.cli.ivr.overlay import moment
from ekc_telephony.cli.root import app
from ekc_telephony.core.call.events import ScriptsPublished
from ekc_telephony.core.ivr.published import Deed, Person
from ekc_telephony.core.kernel.ids import ScriptId
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.library import ScriptLibrary
from ekc_telephony.settings.load import load_settings

PROJECT: Final = Path(__file__).parents[3]
PETROVA: Final = Person(name="petrova", login="ekc")
HOTLINE: Final = ScriptId("hotline")


class Site:
    """A node's folder; no engine runs."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "ekc.yaml"
        self.hotline = folder / "scripts" / "hotline.yaml"
        shutil.copytree(PROJECT / "ivr_scripts", folder / "scripts")
        text = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")
        text = text.replace("scripts: ivr_scripts", "scripts: scripts")
        text = text.replace("state: .runtime/state", "state: state")
        text = text.replace("sounds: sounds ", f"sounds: {PROJECT / 'sounds'} ")
        text = text.replace("root: .runtime/asterisk", f"root: {PROJECT / '.runtime/asterisk'}")
        text = text.replace("port: 18080}", "port: 18997}")
        self.config.write_text(text, encoding="utf-8")
        self.settings = load_settings(self.config)
        self.store = ScriptFolder(self.settings.published_folder)

    def edit(self, before: str, after: str) -> None:
        text = self.hotline.read_text(encoding="utf-8")
        assert before in text
        self.hotline.write_text(text.replace(before, after), encoding="utf-8")

    def ivr(self, *arguments: str, code: int = 0) -> Result:
        ended = CliRunner().invoke(app, ["ivr", *arguments, "--config", str(self.config)])
        assert ended.exit_code == code, ended.output
        return ended

    def told(self, *arguments: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.ivr(*arguments, "--json").stdout)
        return told

    def starts(self) -> PublishedScripts:
        """Let an engine start, as far as scripts are concerned."""
        scripts = PublishedScripts(self.settings, ScriptLibrary(self.settings), clock=SystemClock())
        scripts.at_start()
        return scripts

    @property
    def live(self) -> str:
        return self.store.present().scripts[HOTLINE]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


# --- publishing


def test_the_first_start_publishes_what_is_on_disk(site: Site) -> None:
    site.starts()
    (first,) = site.store.publications()
    assert (first.number, first.who.name, first.deed) == (1, "first start", Deed.PUBLISHED)
    assert [each.script for each in first.changes] == ["hotline"]
    site.starts()
    assert len(site.store.publications()) == 1


def test_editing_a_file_alone_changes_nothing_and_is_said(site: Site) -> None:
    site.starts()
    before = site.live
    site.edit("timeout: 5s", "timeout: 4s")
    site.starts()
    assert site.live == before
    ended = CliRunner().invoke(app, ["conf", "check", "--config", str(site.config)])
    assert ended.exit_code == 0
    said = "hotline differs from the published version; `ekc ivr publish hotline` makes it live"
    assert said in ended.stdout
    assert said in site.ivr("versions").stdout


def test_publishing_shows_what_differs_and_keeps_who_and_why(site: Site) -> None:
    site.starts()
    before = site.live
    site.edit("timeout: 5s", "timeout: 4s")
    ended = site.ivr("publish", "hotline", "--why", "три попытки", "--who", "petrova")
    assert "-    timeout: 5s" in ended.stdout
    assert "+    timeout: 4s" in ended.stdout
    assert "Publication 2 by petrova" in ended.stdout
    assert "The engine does not answer" in ended.stdout
    assert site.live != before
    last = site.told("versions", "hotline")["publications"][0]
    assert (last["number"], last["why"]) == (2, "три попытки")
    assert last["who"]["name"] == "petrova"
    assert last["who"]["login"]
    assert last["gate"] == [each.name for each in GATE]
    assert "+    timeout: 4s" in last["changes"][0]["diff"]
    assert last["changes"][0]["before"] == before


def test_a_script_with_a_mistake_is_refused_with_its_place_and_nothing_changes(site: Site) -> None:
    site.starts()
    before = site.store.present()
    site.edit("next: main_menu", "next: main_men")
    ended = site.ivr("publish", "hotline", "--why", "…", code=1)
    assert "refused, and nothing was changed" in ended.stderr
    assert f"{site.hotline}:" in ended.stderr
    assert "did you mean main_menu?" in ended.stderr
    assert site.store.present() == before
    assert len(site.store.publications()) == 1


def test_a_reason_is_asked_for(site: Site) -> None:
    site.ivr("publish", "hotline", code=2)
    assert "--why: found nothing" in site.ivr("publish", "hotline", "--why", " ", code=2).stderr
    assert site.store.present().number == 0


def test_what_is_published_already_is_not_published_again(site: Site) -> None:
    site.starts()
    ended = site.ivr("publish", "hotline", "--why", "…", code=2)
    assert "found the version that callers meet already" in ended.stderr


def test_a_script_that_is_not_there_is_named(site: Site) -> None:
    assert "no such file" in site.ivr("publish", "hotlin", "--why", "…", code=2).stderr


def test_a_check_of_the_gate_may_refuse(site: Site) -> None:
    site.starts()
    site.edit("timeout: 5s", "timeout: 4s")
    asked: list[Draft] = []

    def objections(draft: Draft) -> list[str]:
        asked.append(draft)
        return ["hotline.yaml:12:5: found a menu that ends in silence; expected a person"]

    publisher = Publisher(
        site.settings,
        site.store,
        clock=SystemClock(),
        gate=[Check(name="proofs", objections=objections)],
    )
    with pytest.raises(GateRefusedError, match="found a menu that ends in silence"):
        publisher.publish([HOTLINE], who=PETROVA, why="…")
    assert [each.script for each in asked[0].bundles] == ["hotline"]
    assert site.store.present().number == 1


def test_several_scripts_are_published_at_once(site: Site) -> None:
    ended = site.ivr("publish", "hotline", "overload", "--why", "…")
    assert "hotline: " in ended.stdout
    assert site.store.present().scripts.keys() == {"hotline", "overload"}
    assert len(site.store.publications()) == 1


# --- going back


def test_rolling_back_makes_the_version_before_live_again_and_leaves_the_file(site: Site) -> None:
    site.starts()
    first = site.live
    site.edit("timeout: 5s", "timeout: 4s")
    site.ivr("publish", "hotline", "--why", "…")
    second = site.live
    ended = site.ivr("rollback", "hotline", "--why", "жалобы")
    assert "+    timeout: 5s" in ended.stdout
    assert site.live == first
    assert "timeout: 4s" in site.hotline.read_text(encoding="utf-8")
    assert site.store.publications()[-1].deed is Deed.ROLLED_BACK
    site.ivr("rollback", "hotline", second[:6], "--why", "всё же")
    assert site.live == second


def test_whoever_goes_back_is_not_held_up_by_proofs_and_tests(site: Site) -> None:
    site.edit("      0: to_first_line", "      9: to_first_line")
    site.starts()
    first = site.live
    site.edit("      9: to_first_line", "      0: to_first_line")
    site.ivr("publish", "hotline", "--why", "…")
    site.ivr("rollback", "hotline", "--why", "жалобы")
    assert site.live == first
    assert site.store.publications()[-1].gate == ("loading", "speech")


def test_there_may_be_nothing_to_go_back_to(site: Site) -> None:
    site.starts()
    ended = site.ivr("rollback", "hotline", "--why", "…", code=2)
    assert "found one version only" in ended.stderr
    ended = site.ivr("rollback", "hotline", "ffff", "--why", "…", code=2)
    assert "found no versions that begin with ffff" in ended.stderr
    assert "found no version of it" in site.ivr("rollback", "x", "--why", "…", code=2).stderr


def test_a_version_whose_queue_is_gone_is_not_brought_back(site: Site) -> None:
    site.starts()
    site.edit("queue: pensions", "queue: first_line")
    (site.hotline.parent / "tests" / "hotline.yaml").unlink()  # they want the queue
    site.ivr("publish", "hotline", "--why", "…")
    text = site.config.read_text(encoding="utf-8")
    site.config.write_text(text.replace("id: pensions", "id: pension"), encoding="utf-8")
    ended = site.ivr("rollback", "hotline", "--why", "…", code=1)
    assert "found the queue pensions, which does not exist" in ended.stderr
    assert "published/bundles/hotline@" in ended.stderr


def test_versions_can_be_compared(site: Site) -> None:
    site.starts()
    first = site.live
    assert not site.ivr("diff", "hotline").stdout
    site.edit("timeout: 5s", "timeout: 4s")
    assert "+    timeout: 4s" in site.ivr("diff", "hotline", code=1).stdout
    site.ivr("publish", "hotline", "--why", "…")
    assert not site.ivr("diff", "hotline").stdout
    assert "-    timeout: 4s" in site.ivr("diff", "hotline", site.live, first, code=1).stdout
    assert "+    timeout: 4s" in site.ivr("diff", "hotline", first[:7], code=1).stdout


# --- what the engine meets


def test_an_engine_refuses_to_start_with_a_broken_script_as_ever(site: Site) -> None:
    site.edit("next: main_menu", "next: main_men")
    with pytest.raises(SettingsError, match="found the node main_men"):
        site.starts()
    assert site.store.present().number == 0


def test_a_broken_file_keeps_no_engine_from_what_is_published(site: Site) -> None:
    site.starts()
    site.edit("next: main_menu", "next: main_men")
    site.starts()


def test_an_overlay_that_cannot_be_used_any_more_keeps_no_engine_from_starting(site: Site) -> None:
    site.starts()
    put(site)
    site.ivr("overlay", "confirm", "o2", "--who", "olga")
    present = site.store.present()
    file = site.settings.published_folder / "present.json"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace('"after-hours"', '"gone"'), encoding="utf-8")
    told: list[ScriptsPublished] = []
    watch = site.starts().watch(told.append)
    assert watch.trouble is not None
    assert "found the prompt gone in the overlay o2" in watch.trouble
    # When it can be used again, it is.
    file.write_text(whole, encoding="utf-8")
    assert asyncio.run(watch.take()) is None
    assert [each.number for each in told] == [present.number]


# --- overlays


def put(site: Site, *options: str, code: int = 0) -> Result:
    return site.ivr(
        *("overlay", "put", "--prompt", "after-hours", "--until", "3h", "--why", "паводок"),
        *("--who", "petrova", *options),
        code=code,
    )


def test_an_overlay_lives_only_when_a_second_person_has_confirmed_it(site: Site) -> None:
    site.starts()
    assert "Nobody meets it before a second person" in put(site).stdout
    assert site.store.present().overlays == ()
    ended = site.ivr("overlay", "confirm", "o2", "--who", " Petrova", code=1)
    assert "expected a second person" in ended.stderr
    assert site.store.present().overlays == ()
    ended = site.ivr("overlay", "confirm", "o2", "--who", "olga")
    assert "Both persons came by the login" in ended.stdout
    (laid,) = site.store.present().overlays
    assert laid.prompts == ("after-hours",)
    confirmed = site.store.publications()[-1]
    assert (confirmed.deed, confirmed.who.name) == (Deed.OVERLAY_CONFIRMED, "olga")
    assert confirmed.why == "паводок"


def test_overlays_are_listed_and_removed_by_one_person(site: Site) -> None:
    site.starts()
    put(site)
    assert "proposed by petrova, not confirmed" in site.ivr("overlay", "list").stdout
    site.ivr("overlay", "confirm", "o2", "--who", "olga")
    assert "callers meet it" in site.ivr("overlay", "list").stdout
    assert len(site.told("overlay", "list")["overlays"]) == 1
    site.ivr("overlay", "remove", "o2", "--why", "вода ушла")
    assert site.store.present().overlays == ()
    ended = site.ivr("overlay", "remove", "o2", "--why", "…", code=1)
    assert "found no such overlay" in ended.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--prompt", "nope"], "found the prompt nope"),
        (["--until", "8d"], "expected at most 7 days"),
        (["--menu-key", "5", "--leads-to", "queue:nope"], "found the queue nope"),
        (["--menu-key", "5", "--leads-to", "prompt:nope"], "found the prompt nope"),
        (["--menu-key", "5", "--leads-to", "node:nope"], "which no published script has"),
        (["--menu-key", "X", "--leads-to", "queue:pensions"], "found the key X"),
        (["--until", "2020-01-01T00:00"], "expected a moment to come"),
    ],
)
def test_what_would_not_work_is_refused(site: Site, options: list[str], said: str) -> None:
    site.starts()
    assert said in put(site, *options, code=1).stderr
    assert site.store.present().number == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--until", "soon"], "--until: found 'soon'"),
        (["--menu-key", "5"], "expected both"),
        (["--menu-key", "5", "--leads-to", "pensions"], "expected queue:ID"),
        (["--text", "в 9:00"], "--text: found '9'"),
    ],
)
def test_wrong_input_is_told_apart(site: Site, options: list[str], said: str) -> None:
    site.starts()
    assert said in put(site, *options, code=2).stderr


def test_whoever_proposes_a_key_is_told_how_scripts_take_it(site: Site) -> None:
    site.starts()
    ended = put(site, "--menu-key", "1", "--leads-to", "queue:pensions")
    assert "hotline: key 1 of main_menu is taken" in ended.stdout
    assert "main_menu" not in put(site, "--menu-key", "5", "--leads-to", "queue:pensions").stdout


NOW: Final = datetime.fromisoformat("2026-11-23T09:00:00+00:00")


@pytest.mark.parametrize("written", ["3h", "180m"])
def test_the_end_may_be_a_length(written: str) -> None:
    assert moment(written, now=NOW) == NOW + timedelta(hours=3)


def test_the_end_may_be_a_time_of_day_or_a_moment() -> None:
    found = moment("18:00", now=NOW).astimezone()
    assert (found.hour, found.minute) == (18, 0)
    assert timedelta() < found - NOW <= timedelta(days=1)
    assert moment("2026-11-24T18:00+03:00", now=NOW) == datetime.fromisoformat(
        "2026-11-24T15:00:00+00:00"
    )
