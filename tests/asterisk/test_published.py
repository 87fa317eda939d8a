"""Scripts are published while citizens call: who is in the menu stays, who comes next hears."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.published.folder import ScriptFolder
from ekc_telephony.bootstrap.gate import Check, Draft
from ekc_telephony.bootstrap.publishing import Publisher
from ekc_telephony.core.ivr.published import Person
from ekc_telephony.core.kernel.ids import ScriptId
from lab.child import Starved
from lab.hearing import Sound
from lab.ports import PortBlock
from lab.runtime import PROJECT
from lab.stand import Citizen, Stand, running_stand
from lab.story_site import HOTLINE, without_the_fixed, write_story_site
from lab.waiting import PATIENCE, eventually, happens


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("published")
    config = write_story_site(folder, ports=PortBlock.find_free(), change=without_the_fixed)
    with running_stand(config) as stand:
        yield stand


async def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments, while the phones go on."""

    def run_it() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=PATIENCE.total_seconds(),
            check=False,
        )

    return await asyncio.to_thread(run_it)


async def ivr(stand: Stand, *arguments: str) -> str:
    """Run `ekc ivr` as an admin does; return what it said."""
    ended = await run("-m", "ekc_telephony", "ivr", *arguments, "--config", str(stand.config))
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return ended.stdout


def publish_in_silence(stand: Stand, *, then: Callable[[], object] = lambda: None) -> None:
    """Publish the script, and tell no engine; at the gate's end something may happen."""

    def objections(_draft: Draft) -> list[str]:
        then()
        return []

    store = ScriptFolder(stand.settings.published_folder)
    gate = [Check(name="none", objections=objections)]
    publisher = Publisher(stand.settings, store, clock=SystemClock(), gate=gate)
    somebody = Person(name="petrova", login="ekc")
    publisher.publish([ScriptId("hotline")], who=somebody, why="молча")


@contextmanager
def edited(stand: Stand, change: Callable[[str], str]) -> Iterator[None]:
    """Change the script on disk, until the block is left."""
    file = stand.settings.scripts / "hotline.yaml"
    before = file.read_text(encoding="utf-8")
    changed = change(before)
    assert changed != before
    file.write_text(changed, encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")


def another_greeting(script: str) -> str:
    return script.replace("prompts: [greeting]", "prompts: [no-agents]")


async def in_the_menu(stand: Stand) -> Citizen:
    citizen = await stand.call(HOTLINE)
    await stand.hears(citizen.line, "greeting")
    await stand.hears(citizen.line, "menu-main")
    return citizen


def put_up(said: str) -> str:
    """Return what an overlay is called that has just been put; before that it is told what for."""
    (name,) = re.findall(r"^(\S+): proposed by ", said, re.MULTILINE)
    return str(name)


async def number_in_use(stand: Stand) -> int:
    status, told = await stand.ask_engine("GET", "api/scripts", {})
    assert status == 200, told
    assert told["trouble"] is None
    return int(told["number"])


async def back_to(stand: Stand, wanted: str) -> None:
    """Call, and hear what the script says first."""
    citizen = await stand.call(HOTLINE)
    await stand.hears(citizen.line, wanted)
    await citizen.line.hang_up()


async def test_who_is_in_the_menu_stays_and_who_comes_next_hears_the_new_version(
    stand: Stand,
) -> None:
    number = await number_in_use(stand)
    citizen = await in_the_menu(stand)
    with edited(stand, another_greeting):
        # The file alone changes nothing.
        await back_to(stand, "greeting")
        said = await ivr(stand, "publish", "hotline", "--why", "другое приветствие")
    assert f"Live: new calls meet publication {number + 1}" in said
    await back_to(stand, "no-agents")
    # He goes on in the version he began with: its star repeats its menu.
    before = citizen.line.heard_so_far.duration
    await citizen.line.press("*")
    await stand.hears(citizen.line, "menu-main", since=before)
    assert not stand.was_heard(citizen.line, "no-agents").is_heard
    await citizen.line.hang_up()
    said = await ivr(stand, "rollback", "hotline", "--why", "жалобы")
    assert f"Live: new calls meet publication {number + 2}" in said
    await back_to(stand, "greeting")


async def test_the_engine_sees_it_by_itself_within_a_second(stand: Stand) -> None:
    """Whoever published has not told it: he could not reach it."""
    before = await number_in_use(stand)
    with edited(stand, another_greeting):
        publish_in_silence(stand)
    starved, published_at = Starved(stand.engine.pid, os.getpid()), time.monotonic()

    async def look() -> bool:
        return await number_in_use(stand) == before + 1

    await eventually(look, what="that the engine takes it")
    # Twice as long as it may take: we see it a moment later.
    assert time.monotonic() - published_at - starved.so_long_s < 2
    await back_to(stand, "no-agents")
    await ivr(stand, "rollback", "hotline", "--why", "конец")


async def test_an_overlay_is_heard_over_every_script_and_ends(stand: Stand) -> None:
    put = ("overlay", "put", "--prompt", "no-agents", "--until", "1h", "--why", "паводок")
    said = await ivr(stand, *put, "--who", "petrova")
    name = put_up(said)
    await back_to(stand, "greeting")
    citizen = await in_the_menu(stand)
    said = await ivr(stand, "overlay", "confirm", name, "--who", "olga", "--shared-login")
    assert "Live: new calls meet" in said
    other = await stand.call(HOTLINE)
    await stand.hears(other.line, "no-agents")
    await stand.hears(other.line, "greeting")
    assert not stand.was_heard(citizen.line, "no-agents").is_heard
    await citizen.line.hang_up()
    await other.line.hang_up()
    await ivr(stand, "overlay", "remove", name, "--why", "вода ушла")
    later = await stand.call(HOTLINE)
    await stand.hears(later.line, "greeting")
    assert not stand.was_heard(later.line, "no-agents").is_heard
    await later.line.hang_up()


async def test_a_text_is_spoken_before_the_second_person_confirms_it(stand: Stand) -> None:
    text = "Внимание. В Орске паводок. Звоните в штаб."
    put = ("overlay", "put", "--text", text, "--until", "1h", "--why", "паводок")
    said = await ivr(stand, *put, "--who", "petrova")
    name = put_up(said)
    (file,) = (stand.settings.rendered_sounds / "ru").glob("text-*.wav")
    await ivr(stand, "overlay", "confirm", name, "--who", "olga", "--shared-login")
    citizen = await stand.call(HOTLINE)
    await stand.hears(citizen.line, Sound.read(file))
    await stand.hears(citizen.line, "greeting")
    await citizen.line.hang_up()
    await ivr(stand, "overlay", "remove", name, "--why", "вода ушла")


@contextmanager
def put_back(prompt: Path, kept: Path) -> Iterator[None]:
    """Let a prompt be where it was, whatever happens."""
    try:
        yield
    finally:
        kept.rename(prompt)


async def refused(stand: Stand, before: int) -> None:
    """Wait until the engine says that it cannot use what was published, and goes on as before."""

    async def look() -> str | None:
        return (await stand.health()).warnings.get("scripts")

    warning = await eventually(look, what="a warning of /healthz")
    assert "found the prompt no-agents, which does not exist" in warning
    assert f"new calls go on in publication {before}" in warning
    assert (await stand.health()).is_healthy
    assert await stand.metric("ekc_scripts_refused") == 1
    await back_to(stand, "greeting")


async def test_a_version_the_engine_cannot_use_changes_nothing_and_is_told(stand: Stand) -> None:
    """The prompt is gone between the gate and the engine."""
    before = await number_in_use(stand)
    prompt = stand.settings.sounds / "ru" / "no-agents.wav"
    kept = prompt.with_suffix(".kept")
    with edited(stand, another_greeting), put_back(prompt, kept):
        publish_in_silence(stand, then=lambda: prompt.rename(kept))
        await refused(stand, before)

    said = await ivr(stand, "rollback", "hotline", "--why", "нет записи")
    assert "Live: new calls meet publication" in said
    assert "scripts" not in (await stand.health()).warnings
    assert await stand.metric("ekc_scripts_refused") == 0


async def test_calls_go_on_in_their_version_over_a_death_of_the_engine(stand: Stand) -> None:
    citizen = await in_the_menu(stand)
    with edited(stand, another_greeting):
        await ivr(stand, "publish", "hotline", "--why", "перед падением")
    await asyncio.to_thread(stand.kill_engine)
    stand.start_engine()
    await back_to(stand, "no-agents")
    before = citizen.line.heard_so_far.duration
    await citizen.line.press("*")
    await stand.hears(citizen.line, "menu-main", since=before)
    await citizen.line.hang_up()
    await ivr(stand, "rollback", "hotline", "--why", "конец")


async def test_everything_that_was_published_is_in_the_replay(stand: Stand) -> None:
    citizen = await in_the_menu(stand)
    await citizen.line.hang_up()
    await happens(citizen.line.ended)
    journal = str(stand.settings.journal_folder)
    ended = await run("-m", "ekc_telephony", "replay", journal, "--config", str(stand.config))
    assert "every decision is the same" in ended.stdout, ended.stdout + ended.stderr
