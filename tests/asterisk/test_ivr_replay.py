"""
`ekc ivr replay` of calls that a real Asterisk carried, with the scripts they met and with others.

Citizens go through the hotline in every way there is, over a death of the engine too; then the
journal is asked what another version would have changed for them.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner, Result

from ekc_telephony.cli.root import app
from ekc_telephony.core.kernel.ids import CallId
from lab.phones.operator import Answer
from lab.stand import Citizen, Stand
from lab.story_site import HOTLINE, IMPATIENT, NIGHT
from lab.waiting import happens

pytestmark = pytest.mark.timeout(600)
BRIEFLY: Final = Answer(after=timedelta(), talk=timedelta(milliseconds=500))
MENU: Final = "menu-main"
Way = Callable[[Stand, Citizen], Awaitable[None]]


def hears(prompt: str, *, then: str = "") -> Way:
    async def way(stand: Stand, citizen: Citizen) -> None:
        await stand.hears(citizen.line, prompt)
        if then:
            await citizen.line.press(then)

    return way


async def hears_the_menu_again(stand: Stand, citizen: Citizen) -> None:
    before = citizen.line.heard_so_far.duration
    await citizen.line.press("*")
    await stand.hears(citizen.line, MENU, since=before)


def presses(key: str) -> Way:
    async def way(stand: Stand, citizen: Citizen) -> None:
        del stand
        await citizen.line.press(key)

    return way


async def is_served(stand: Stand, citizen: Citizen) -> None:
    del stand
    await happens(citizen.line.ended)


async def hangs_up(stand: Stand, citizen: Citizen) -> None:
    del stand
    await citizen.line.hang_up()


WAYS: Final[Mapping[str, tuple[Way, ...]]] = {
    "chooses": (hears("greeting"), hears(MENU, then="1"), hears("to-first-line"), is_served),
    "errs": (
        hears(MENU, then="7"),
        hears("menu-wrong-key", then="8"),
        hears("menu-goodbye"),
        is_served,
    ),
    "gives_up": (hears(MENU), hangs_up),
    "skips": (presses("9"), hears(MENU, then="2"), is_served),
    "listens_again": (hears(MENU), hears_the_menu_again, hangs_up),
}
SERVED: Final = ("chooses", "errs", "skips")
"""Who comes to a person."""
CHOSE_ONE: Final = ("chooses", "waits_on")
ADOPTED: Final = ("waits_on", "stays")
"""Whose calls the next engine has adopted; `stays` in the menu, `waits_on` in the queue."""
GONE: Final = "leaves_unseen"


@dataclass(slots=True, kw_only=True)
class Past:
    """What the journal must know."""

    stand: Stand
    calls: dict[str, CallId] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)

    async def go(self, name: str, *ways: Way, did: str = HOTLINE) -> None:
        """Let a citizen call and go his way, to the end of his call."""
        citizen = await self.come(*ways, did=did)
        await self.over(name, citizen)

    async def come(self, *ways: Way, did: str = HOTLINE) -> Citizen:
        citizen = await self.stand.call(did)
        await happens(citizen.line.established)
        for way in ways:
            await way(self.stand, citizen)
        return citizen

    async def over(self, name: str, citizen: Citizen) -> None:
        history = await self.stand.history(citizen.number)
        self.calls[name] = history.summary.call
        self.numbers.append(citizen.number)

    def replay(self, script: Path, *options: str) -> Result:
        """Run the command as an admin does; nobody's number is ever told."""
        command = ["ivr", "replay", str(script), *options, "--config", str(self.stand.config)]
        ended = CliRunner().invoke(app, command)
        assert not [each for each in self.numbers if each[1:] in ended.output]
        return ended

    def told(self, script: Path, *options: str) -> dict[str, Any]:
        """Return what it tells programs."""
        ended = self.replay(script, "--json", "--all", *options)
        assert ended.exit_code == 0, ended.stderr
        told: dict[str, Any] = json.loads(ended.stdout)
        return told

    def named(self, told: Mapping[str, Any], *changes: str) -> list[str]:
        """Return who meets a change, by name."""
        met = {each["call"] for each in told["each"] if {*changes} <= {*each["changes"]}}
        return sorted(name for name, call in self.calls.items() if call in met)


@pytest.fixture(scope="module")
def past(module_stand: Stand) -> Past:
    """Let them all call, once for all tests."""
    past = Past(stand=module_stand)
    module_stand.run(_live(past))
    return past


async def _live(past: Past) -> None:
    for account in ("ivanova", "smirnova"):
        await past.stand.on_duty(account, BRIEFLY)
    names = list(WAYS)
    for some in (names[:3], names[3:]):
        async with asyncio.TaskGroup() as group:
            for name in some:
                group.create_task(past.go(name, *WAYS[name]))
    await past.go("comes_late", hears("after-hours"), is_served, did=NIGHT)
    silent = (hears("menu-silence"), hears("menu-goodbye"), is_served)
    await past.go("is_silent", *silent, did=IMPATIENT)
    await past.stand.clear()
    await _die(past)


async def _die(past: Past) -> None:
    """The engine dies while one waits and two are in the menu; one hangs up meanwhile."""
    stand = past.stand
    waits = await past.come(hears(MENU, then="1"), hears("to-first-line"))
    await stand.until_waiting(1, queue="first_line")
    stays, leaves = await past.come(hears("greeting")), await past.come(hears("greeting"))
    await asyncio.to_thread(stand.kill_engine)
    await leaves.line.hang_up()
    before = stays.line.heard_so_far.duration
    stand.start_engine()
    await stand.hears(stays.line, MENU, since=before)
    await stays.line.press("2")
    await is_served(stand, stays)
    await hangs_up(stand, waits)
    for name, citizen in (("waits_on", waits), ("stays", stays), (GONE, leaves)):
        await past.over(name, citizen)


def hotline(past: Past) -> Path:
    return past.stand.settings.scripts / "hotline.yaml"


def changed(past: Past, tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """Return the hotline with other words, as a file of its name elsewhere."""
    text = hotline(past).read_text(encoding="utf-8")
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    file = tmp_path / "hotline.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_scripts_they_met_would_change_nothing(past: Past) -> None:
    told = past.told(hotline(past))
    assert (told["calls"], told["left_out"]) == (len(WAYS) + 3, 0)
    assert told["changes"] == {"untold": 1}
    assert past.named(told, "untold") == [GONE]
    assert told["same"] == len(WAYS) + 2
    (group,) = told["groups"]
    assert group["detail"] == "it was gone when the engine could see Asterisk again"
    ends = {each["call"]: each["now"]["end"] for each in told["each"]}
    assert {name: ends[past.calls[name]] for name in (*SERVED, *ADOPTED)} == {
        **dict.fromkeys(("chooses", "errs", "waits_on"), "queue first_line"),
        **dict.fromkeys(("skips", "stays"), "queue pensions"),
    }
    for script, end in (
        ("night", "goodbye informed_after_hours"),
        ("impatient", "queue first_line"),
    ):
        other = past.told(past.stand.settings.scripts / f"{script}.yaml")
        assert (other["calls"], other["same"]) == (1, 1)
        assert other["each"][0]["now"]["end"] == end


def test_who_said_nothing_is_unknown_to_a_version_that_waits_longer(
    past: Past, tmp_path: Path
) -> None:
    file = tmp_path / "impatient.yaml"
    shutil.copy(hotline(past), file)
    told = past.told(file)
    assert past.named(told, "unknown") == ["is_silent"]
    (group,) = told["groups"]
    assert group["detail"] == "at main_menu: he was silent, but is waited for longer"


def test_a_key_that_leads_elsewhere_is_told_for_those_who_pressed_it(
    past: Past, tmp_path: Path
) -> None:
    version = changed(past, tmp_path, ("1: to_first_line", "1: to_second_line"))
    told = past.told(version)
    assert past.named(told, "end") == sorted(CHOSE_ONE)
    (group,) = (each for each in told["groups"] if each["change"] == "end")
    assert (group["detail"], group["calls"]) == ("queue first_line → queue pensions", 2)
    ended = past.replay(version, "--all")
    assert "queue first_line → queue pensions" in ended.stdout
    assert past.calls["chooses"] in ended.stdout
    assert past.calls["gives_up"] not in ended.stdout
    one = past.replay(version, "--call", past.calls["waits_on"])
    assert "to_second_line: to-second-line" in one.stdout
    assert "other end, hears something else" in one.stdout


def test_an_announcement_more_makes_all_of_them_wait_longer(past: Past, tmp_path: Path) -> None:
    notice = "\n  notice: {kind: play, prompts: [no-agents], next: greeting}\n"
    version = changed(
        past, tmp_path, ("open: greeting", "open: notice"), ("nodes:\n", f"nodes:{notice}")
    )
    told = past.told(version)
    asked = [*WAYS, *ADOPTED]
    assert past.named(told, "prompts") == sorted(asked)
    assert past.named(told, "later") == sorted([*SERVED, *ADOPTED])
    seconds = told["now"]["seconds"]["median"] - told["before"]["seconds"]["median"]
    assert seconds == pytest.approx(1.2, abs=0.01)
    assert not past.named(told, "end") + past.named(told, "unknown")


def test_a_greeting_that_is_gone_brings_them_sooner_to_a_person(past: Past, tmp_path: Path) -> None:
    version = changed(past, tmp_path, ("open: greeting", "open: main_menu"))
    told = past.told(version)
    # Who skips it has heard little of it, or nothing.
    assert {*past.named(told, "sooner")} - {"skips"} == {*SERVED, *ADOPTED} - {"skips"}
    assert {*past.named(told, "prompts")} >= {*WAYS} - {"skips"}
    assert not past.named(told, "end") + past.named(told, "unknown")


def test_what_nobody_was_asked_is_unknown_and_says_where(past: Past, tmp_path: Path) -> None:
    question = (
        "\n  topic: {kind: menu, prompts: [no-agents], keys: {1: to_second_line}, timeout: 5s,"
        "\n    retries: 0, invalid_prompts: [], timeout_prompts: [], exhausted: to_a_person}\n"
    )
    version = changed(
        past, tmp_path, ("1: to_first_line", "1: topic"), ("nodes:\n", f"nodes:{question}")
    )
    told = past.told(version)
    assert past.named(told, "unknown") == sorted(CHOSE_ONE)
    details = [each["detail"] for each in told["groups"] if each["change"] == "unknown"]
    assert details == ["at topic: he was never asked this"]


def test_a_journal_is_read_elsewhere_and_only_with_its_key(past: Past, tmp_path: Path) -> None:
    journal = past.stand.settings.journal_folder
    files = sorted(journal.glob("*.journal"))
    assert len(files) > 1
    assert not [each for each in files if b"main_menu" in each.read_bytes()]
    copy = shutil.copytree(journal, tmp_path / "journal")
    whole = past.told(hotline(past), "--from-journal", str(copy))
    assert whole["calls"] == len(WAYS) + 3
    # Alone, the last file says how those ended who were adopted, and not how they began.
    last = past.told(hotline(past), "--from-journal", str(files[0]))
    assert last["calls"] == len(WAYS)
    ended = past.replay(hotline(past), "--from-journal", str(files[-1]))
    assert ended.exit_code == 2
    assert "found no call that met the script 'hotline'" in ended.stderr
    secret = past.stand.settings.secrets_file
    kept = secret.read_text(encoding="utf-8")
    other = json.loads(kept) | {"journal": base64.b64encode(secrets.token_bytes(32)).decode()}
    secret.write_text(json.dumps(other), encoding="utf-8")
    try:
        refused = past.replay(hotline(past))
    finally:
        secret.write_text(kept, encoding="utf-8")
    assert refused.exit_code == 2
    assert "is not the one this journal was written with" in refused.stderr
