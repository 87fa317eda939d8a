"""`ekc sounds prune`: drafts leave nothing behind, and nobody misses what is gone."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner, Result

from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.bootstrap.publishing import Publisher
from ekc_telephony.cli.root import app
from ekc_telephony.core.ivr.overlay import Overlay
from ekc_telephony.core.ivr.published import Deed, Person, Present, Publication
from ekc_telephony.core.ivr.texts import text_key
from ekc_telephony.core.kernel.ids import OverlayId, PromptKey
from ekc_telephony.runtime.ports import Decision
from tests.adapters.cli.publishing_site import HOTLINE, Site

FIRST, SECOND, DRAFT, LAST = "Первое.", "Второе.", "Черновик.", "Последнее."
FLOOD, STORM = "Паводок.", "Буря."
PETROVA: Final = Person(name="petrova", login="ekc")
NOW: Final = SystemClock().now()


def key(text: str) -> PromptKey:
    return text_key({"ru": text})


class Prompts(Site):
    """A site whose greeting is a text; what is said is put there by the test, not by an engine."""

    said = "[greeting]"

    def say(self, text: str) -> None:
        """Write a text into the script on disk, and let it have been rendered two days ago."""
        written = f'[{{text: "{text}"}}]'
        self.edit(
            f"prompts: {self.said}\n    next: main_menu", f"prompts: {written}\n    next: main_menu"
        )
        self.said = written
        self.render(key(text))

    def render(self, prompt: PromptKey, *, age: timedelta = timedelta(days=2)) -> None:
        folder = self.settings.rendered_sounds / "ru"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{prompt}.wav"
        file.write_bytes(b"RIFF")
        memory = folder / ".made-from.json"
        known = json.loads(memory.read_text(encoding="utf-8")) if memory.exists() else {}
        memory.write_text(json.dumps(known | {prompt: "somehow"}), encoding="utf-8")
        at = (NOW - age).timestamp()
        os.utime(file, (at, at))

    def publish_as_it_is(self) -> None:
        """Publish without a gate: nothing is to be rendered."""
        publisher = Publisher(self.settings, self.store, clock=SystemClock(), gate=())
        publisher.publish([HOTLINE], who=PETROVA, why="…")

    def lay(self, name: str, text: str, *, until: timedelta) -> None:
        overlay = Overlay(overlay=OverlayId(name), prompts=(key(text),), until=NOW + until)
        self.render(key(text))

        def decide(present: Present) -> Decision:
            return Decision(
                present=replace(present, overlays=(*present.overlays, overlay)),
                publication=Publication(
                    deed=Deed.OVERLAY_CONFIRMED, at=NOW, who=PETROVA, why="…", overlay=overlay
                ),
            )

        self.store.change(decide)

    def prune(self, *options: str, code: int = 0) -> Result:
        ended = CliRunner().invoke(app, ["sounds", "prune", *options, "--config", str(self.config)])
        assert ended.exit_code == code, ended.output
        return ended

    @property
    def there(self) -> set[str]:
        return {file.stem for file in (self.settings.rendered_sounds / "ru").glob("*.wav")}


@pytest.fixture
def site(tmp_path: Path) -> Prompts:
    return Prompts(tmp_path)


def test_a_draft_that_nobody_published_goes_and_all_else_stays(site: Prompts) -> None:
    for text in (FIRST, SECOND):
        site.say(text)
        site.publish_as_it_is()
    site.say(DRAFT)
    site.say(LAST)  # on disk, not published yet
    told = site.prune("--check")
    assert f"{key(DRAFT)}.wav" in told.stdout
    assert "1 would be removed" in told.stdout
    assert len(site.there) == 4
    assert "1 removed (0.0 MB), 3 kept" in site.prune().stdout
    assert site.there == {key(FIRST), key(SECOND), key(LAST)}
    memory = site.settings.rendered_sounds / "ru" / ".made-from.json"
    assert json.loads(memory.read_text(encoding="utf-8")).keys() == site.there
    assert "0 removed" in site.prune().stdout


def test_what_was_rendered_today_stays_whoever_it_is_for(site: Prompts) -> None:
    site.publish_as_it_is()
    site.render(key(DRAFT), age=timedelta(hours=23))
    assert "0 removed" in site.prune().stdout


def test_an_overlay_keeps_its_words_until_nobody_can_be_under_it(site: Prompts) -> None:
    site.publish_as_it_is()
    site.lay("o2", FLOOD, until=timedelta(hours=-23))
    site.lay("o3", STORM, until=timedelta(hours=-25))
    site.prune()
    assert site.there == {key(FLOOD)}


def test_what_the_configuration_names_stays(site: Prompts) -> None:
    site.publish_as_it_is()
    site.render(key(DRAFT))
    with site.config.open("a", encoding="utf-8") as file:
        file.write(f"\n# {key(DRAFT)} is what the operators hear\n")
    site.prune()
    assert site.there == {key(DRAFT)}


def test_without_knowing_what_calls_need_nothing_is_removed(site: Prompts) -> None:
    site.publish_as_it_is()
    site.render(key(DRAFT))
    text = site.config.read_text(encoding="utf-8")
    site.config.write_text(text.replace("id: pensions", "id: pension"), encoding="utf-8")
    told = site.prune(code=1)
    assert "a published version that calls may be in and that cannot be read" in told.stderr
    assert "found the queue pensions, which does not exist" in told.stderr
    assert site.there == {key(DRAFT)}


def test_an_unreadable_file_on_disk_is_told_and_keeps_nobody(site: Prompts) -> None:
    site.publish_as_it_is()
    site.render(key(DRAFT))
    site.edit("next: main_menu", "next: main_men")
    told = site.prune().stdout
    assert f"not read: {site.hotline}" in told
    assert site.there == set()
