"""`ekc ivr overlay` as a person meets it: two people, every script proved, or nothing at all."""

from __future__ import annotations

import asyncio
import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from pwd import getpwuid
from typing import Final

import pytest
from typer.testing import Result

from ekc_telephony.cli.ivr.overlay import moment
from ekc_telephony.cli.ivr.publishing_desk import login_of
from ekc_telephony.core.call.events import ScriptsPublished
from ekc_telephony.core.ivr.overlay import Leads, MenuItem, Overlay
from ekc_telephony.core.ivr.proofs.finding import Severity
from ekc_telephony.core.ivr.published import Deed
from ekc_telephony.core.kernel.ids import OverlayId, PromptKey, ScriptId
from ekc_telephony.settings.ivr.overlay_proving import OverlayCourt
from ekc_telephony.settings.ivr.proving import Court
from ekc_telephony.settings.library import bundle_on_disk
from tests.adapters.cli.publishing_site import Site

NOW: Final = datetime.fromisoformat("2026-11-23T09:00:00+00:00")
VARIABLE: Final = """variables:
  age: {kind: number}
entry: working_hours"""
READS: Final = """  asked:
    kind: collect
    prompts: [menu-main]
    into: age
    format: number
    timeout: 5s
    retries: 1
    invalid_prompts: [menu-wrong-key]
    timeout_prompts: [menu-silence]
    next: told
    exhausted: to_a_person

  told:
    kind: branch
    cases:
      - {when: age > 60, next: to_second_line}
    otherwise: first_line

"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_an_overlay_that_cannot_be_used_any_more_keeps_no_engine_from_starting(site: Site) -> None:
    site.starts()
    put(site)
    site.ivr("overlay", "confirm", "o2", "--who", "olga", "--shared-login")
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
    ended = site.ivr("overlay", "confirm", "o2", "--who", " Petrova", "--shared-login", code=1)
    assert "expected a second person" in ended.stderr
    assert site.store.present().overlays == ()
    site.ivr("overlay", "confirm", "o2", "--who", "olga", "--shared-login")
    (laid,) = site.store.present().overlays
    assert laid.prompts == ("after-hours",)
    confirmed = site.store.publications()[-1]
    assert (confirmed.deed, confirmed.who.name) == (Deed.OVERLAY_CONFIRMED, "olga")
    assert confirmed.why == "паводок"
    assert confirmed.gate == ("loading", "proofs")


def test_one_login_is_one_person_until_he_says_otherwise(site: Site) -> None:
    site.starts()
    put(site)
    ended = site.ivr("overlay", "confirm", "o2", "--who", "olga", code=1)
    assert "by which petrova proposed it" in ended.stderr
    assert "say so by `--shared-login`" in ended.stderr
    assert site.store.present().overlays == ()


@pytest.mark.parametrize(
    ("kernel", "sudo_user", "login"),
    [
        ("0", "petrova", "root"),  # who logged in as root cannot say he is another by a variable
        ("4294967295", "petrova", "petrova"),
        ("4294967295", None, getpwuid(os.getuid()).pw_name),
        (None, "petrova", "petrova"),
        ("3999999999", None, "3999999999"),
    ],
)
def test_a_login_is_what_the_kernel_remembers(
    tmp_path: Path, kernel: str | None, sudo_user: str | None, login: str
) -> None:
    file = tmp_path / "loginuid"
    if kernel is not None:
        file.write_text(kernel, encoding="ascii")
    assert login_of(file, sudo_user=sudo_user) == login


# --- proved


def test_whoever_proposes_and_whoever_confirms_learn_how_much_longer_it_takes(site: Site) -> None:
    site.starts()
    said = put(site).stdout
    found = re.search(r"hotline: to a person (\d+) s at most; (\d+) s without it", said)
    assert found is not None, said
    assert int(found[1]) > int(found[2])
    confirmed = site.ivr("overlay", "confirm", "o2", "--who", "olga", "--shared-login")
    assert found[0] in confirmed.stdout


def test_an_announcement_that_keeps_callers_too_long_is_laid_with_a_warning(site: Site) -> None:
    site.starts()
    said = put(site, *["--prompt", "after-hours"] * 20).stdout
    assert "IVR163 warning" in said
    assert "expected: at most 2 min 00 s (max_time_to_human)" in said
    assert "shorten the announcement if that is too long" in said
    assert len(site.store.present().proposals) == 1


def test_a_key_to_a_node_that_needs_more_than_the_caller_has_said_is_refused(site: Site) -> None:
    site.edit("entry: working_hours", VARIABLE)
    site.edit("  first_line:\n", READS + "  first_line:\n")
    site.edit("      1: to_first_line", "      1: asked")
    site.starts()
    ended = put(site, "--menu-key", "5", "--leads-to", "node:told", code=1)
    assert "refused, and nothing was changed" in ended.stderr
    assert "hotline, told: IVR141 error: found" in ended.stderr
    assert "lead the key elsewhere than to node:told" in ended.stderr
    assert "the way: working_hours" in ended.stderr
    assert "presses 5" in ended.stderr
    assert site.store.present().number == 1
    put(site, "--menu-key", "5", "--leads-to", "node:asked")


def test_an_announcement_must_be_there_in_every_language_of_a_script(site: Site) -> None:
    site.edit("entry: working_hours", "languages: [ru, en]\nentry: working_hours")
    site.starts()
    ended = put(site, code=1)
    said = (
        "hotline, o2:said: IVR131 error: found the prompt after-hours, which does not exist in en"
    )
    assert said in ended.stderr
    assert "--text-in en=" in ended.stderr
    # That all of its own prompts lack English, too, is not the overlay's doing.
    assert ended.stderr.count("IVR131") == 1
    assert site.store.present().number == 1


def test_whoever_proposes_may_let_them_hear_russian_and_whoever_confirms_is_told(
    site: Site,
) -> None:
    site.edit("entry: working_hours", "languages: [ru, en]\nentry: working_hours")
    site.starts()
    assert "IVR131 warning" in put(site, "--russian-is-enough").stdout
    ended = site.ivr("overlay", "confirm", "o2", "--who", "olga", "--shared-login")
    assert "callers of that language hear it in Russian" in ended.stdout
    assert len(site.store.present().overlays) == 1


def test_what_is_wrong_without_it_too_keeps_no_announcement_from_callers(site: Site) -> None:
    site.edit("      0: to_first_line", "      9: to_first_line")
    site.starts()
    said = put(site).stdout
    assert "IVR" not in said
    assert "IVR" not in put(site, "--menu-key", "5", "--leads-to", "queue:pensions").stdout


@pytest.mark.parametrize(
    ("leads", "to"), [(Leads.QUEUE, "pensions"), (Leads.PROMPT, "after-hours")]
)
def test_a_key_over_every_script_that_ships_brings_no_error(
    site: Site, leads: Leads, to: str
) -> None:
    court = OverlayCourt(site.settings, court=Court(site.settings, now=NOW))
    item = MenuItem(key="7", leads=leads, to=to)
    overlay = Overlay(
        overlay=OverlayId("o1"),
        prompts=(PromptKey("after-hours"),),
        until=NOW + timedelta(hours=3),
        item=item,
    )
    for script in ("hotline", "federal", "regional_122", "overload"):
        bundle = bundle_on_disk(site.settings, ScriptId(script))
        judged = court.judge(bundle, overlay, over=())
        assert judged.plain is not None
        assert not [*judged.told(Severity.ERROR)]


def test_a_zero_that_leads_to_nobody_is_refused(site: Site) -> None:
    site.starts()
    ended = put(site, "--menu-key", "0", "--leads-to", "prompt:after-hours", code=1)
    assert "hotline, o2:menu: IVR164 error" in ended.stderr
    assert "give it another key than 0" in ended.stderr
    put(site, "--menu-key", "0", "--leads-to", "queue:first_line")


def test_two_overlays_do_not_share_a_key(site: Site) -> None:
    site.starts()
    put(site, "--menu-key", "5", "--leads-to", "queue:pensions")
    site.ivr("overlay", "confirm", "o2", "--who", "olga", "--shared-login")
    ended = put(site, "--menu-key", "5", "--leads-to", "queue:first_line", code=1)
    assert "which the overlay o2 leads to queue:pensions" in ended.stderr
    assert "ekc ivr overlay remove o2" in ended.stderr
    put(site, "--menu-key", "6", "--leads-to", "queue:first_line")


def test_a_second_key_is_proved_over_the_first(site: Site) -> None:
    site.starts()
    for key, name in (("5", "o2"), ("6", "o4")):
        put(site, "--menu-key", key, "--leads-to", "queue:pensions")
        site.ivr("overlay", "confirm", name, "--who", "olga", "--shared-login")
    assert len(site.store.present().overlays) == 2
    # The key is one of both menus now; the note names the script's own.
    said = put(site, "--menu-key", "1", "--leads-to", "queue:pensions").stdout
    assert "hotline: key 1 of main_menu is taken" in said


def test_it_is_proved_again_when_it_is_confirmed(site: Site) -> None:
    site.edit("to_second_line", "to_pensions")
    site.starts()
    put(site, "--menu-key", "5", "--leads-to", "node:to_pensions")
    site.edit("to_pensions", "to_second_line")
    site.ivr("publish", "hotline", "--why", "…")
    before = site.store.present()
    ended = site.ivr("overlay", "confirm", "o2", "--who", "olga", "--shared-login", code=1)
    assert "found the node to_pensions, which no published script has" in ended.stderr
    assert site.store.present() == before


def test_an_overlay_over_a_script_that_cannot_be_read_is_refused(site: Site) -> None:
    site.starts()
    text = site.config.read_text(encoding="utf-8")
    site.config.write_text(text.replace("id: pensions", "id: pension"), encoding="utf-8")
    ended = put(site, code=1)
    assert "hotline: IVR001 error: found a published version that cannot be read" in ended.stderr
    assert "found the queue pensions, which does not exist" in ended.stderr
    assert "ekc ivr rollback hotline" in ended.stderr


# --- lists, limits


def test_overlays_are_listed_and_removed_by_one_person(site: Site) -> None:
    site.starts()
    put(site)
    assert "proposed by petrova, not confirmed" in site.ivr("overlay", "list").stdout
    site.ivr("overlay", "confirm", "o2", "--who", "olga", "--shared-login")
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
        (["--text-in", "en=flood"], "--text-in: found it without --text"),
        (["--text", "паводок", "--text-in", "flood"], "expected a language and words"),
        (["--text", "паводок", "--text-in", "en=at 9"], "--text-in en: found '9'"),
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
