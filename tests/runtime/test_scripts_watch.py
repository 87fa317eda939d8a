"""What is published is taken within a second, read before, and refused without harm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.adapters.memory.published_scripts import InMemoryScripts
from ekc_telephony.core.call.events import ScriptsPublished
from ekc_telephony.core.engine.plan import Published
from ekc_telephony.core.ivr.overlay import Overlay
from ekc_telephony.core.ivr.published import Bundle, Deed, Person, Present, Publication
from ekc_telephony.core.kernel.ids import OverlayId, PromptKey, ScriptId
from ekc_telephony.runtime.ports import Decision, ScriptsUnreadableError
from ekc_telephony.runtime.published_texts import (
    PUBLISHED,
    encode_present,
    pack,
    present_of,
    published_now,
    unpack,
)
from ekc_telephony.runtime.scripts_watch import ScriptsWatch
from tests.virtual_time import run_virtual

NOW: Final = datetime.fromisoformat("2026-11-23T09:00:00+00:00")
HOTLINE: Final = ScriptId("hotline")
FLOOD: Final = Overlay(
    overlay=OverlayId("o1"), prompts=(PromptKey("flood"),), until=NOW + timedelta(hours=1)
)


class StandingClock:
    def now(self) -> datetime:
        return NOW


class Site:
    """A store, and an engine that takes note of what it is told."""

    def __init__(self) -> None:
        self.store = InMemoryScripts()
        self.told: list[ScriptsPublished] = []
        self.heard = asyncio.Event()
        self.is_without_prompts = False
        self.publish("entry: a\n")
        self.watch = ScriptsWatch(
            self.store,
            wanted=frozenset({HOTLINE}),
            read=self.read,
            deliver=self.hear,
            clock=StandingClock(),
            seen=self.store.mark(),
            number=1,
        )

    def hear(self, event: ScriptsPublished) -> None:
        self.told.append(event)
        self.heard.set()

    def read(self, published: Published) -> None:
        is_broken = any("broken" in text for text in published.texts.values())
        if is_broken or self.is_without_prompts:
            raise ScriptsUnreadableError("found no prompt of this name")

    def publish(self, text: str, *, script: ScriptId = HOTLINE) -> None:
        bundle = Bundle(script=script, texts={script: text})
        self.change(
            lambda present: replace(present, scripts={**present.scripts, script: bundle.version}),
            bundle,
        )

    def change(self, change: Callable[[Present], Present], *bundles: Bundle) -> None:
        publication = Publication(
            deed=Deed.PUBLISHED, at=NOW, who=Person(name="petrova", login="petrova"), why="…"
        )
        self.store.change(
            lambda present: Decision(
                present=change(present), publication=publication, bundles=bundles
            )
        )


@asynccontextmanager
async def watching(site: Site) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        watch = tasks.create_task(site.watch.run())
        yield
        watch.cancel()


def test_what_is_published_is_taken_within_a_second() -> None:
    site = Site()

    async def story() -> float:
        loop = asyncio.get_running_loop()
        async with watching(site):
            await asyncio.sleep(10)
            assert site.told == []
            site.publish("entry: b\n")
            published_at = loop.time()
            await site.heard.wait()  # a thread reads it: no timer may run beside it
            return loop.time() - published_at

    assert run_virtual(story()) <= 1
    (told,) = site.told
    assert told.number == 2
    assert list(told.texts.values()) == ["entry: b\n"]
    assert site.watch.number == 2


def test_whoever_publishes_need_not_wait() -> None:
    site = Site()

    async def story() -> None:
        site.publish("entry: b\n")
        assert set(await asyncio.gather(site.watch.take(), site.watch.take())) == {None}

    asyncio.run(story())
    assert [each.number for each in site.told] == [2]


def test_what_cannot_be_used_changes_nothing_and_is_told_until_something_else_is_published() -> (
    None
):
    site = Site()

    async def story() -> None:
        site.publish("broken\n")
        trouble = await site.watch.take()
        assert trouble is not None
        assert "new calls go on in publication 1" in trouble
        assert "found no prompt of this name" in trouble
        assert await site.watch.take() == trouble
        assert site.watch.number == 1
        site.publish("entry: c\n")
        assert await site.watch.take() is None

    asyncio.run(story())
    assert [each.number for each in site.told] == [3]


def test_what_could_not_be_used_is_tried_again_by_itself() -> None:
    """Its prompt was rendered meanwhile."""
    site = Site()
    site.is_without_prompts = True

    async def story() -> float:
        loop = asyncio.get_running_loop()
        site.publish("entry: b\n")
        assert await site.watch.take() is not None
        site.is_without_prompts = False
        began_at = loop.time()
        async with watching(site):
            await site.heard.wait()
        return loop.time() - began_at

    assert 59 <= run_virtual(story()) <= 61
    assert site.watch.trouble is None
    assert [each.number for each in site.told] == [2]


def test_a_version_that_is_not_there_is_told() -> None:
    site = Site()

    async def story() -> None:
        site.change(lambda present: replace(present, scripts={HOTLINE: "0" * 16}))
        trouble = await site.watch.take()
        assert trouble is not None
        assert "found no version" in trouble

    asyncio.run(story())
    assert site.told == []


def test_only_scripts_that_numbers_begin_with_are_told() -> None:
    site = Site()
    site.publish("entry: x\n", script=ScriptId("draft"))
    asyncio.run(site.watch.take())
    assert [name.partition("@")[0] for name in site.told[0].texts] == ["hotline"]


def test_a_store_that_went_back_in_time_is_told() -> None:
    site = Site()
    site.watch.number = 7

    async def story() -> None:
        site.publish("entry: b\n")
        assert "Was the folder restored from a copy?" in str(await site.watch.take())

    asyncio.run(story())
    assert site.told == []


def test_an_overlay_makes_another_version_of_every_script_until_it_is_over() -> None:
    site = Site()
    site.change(lambda present: replace(present, overlays=(FLOOD,)))
    present = site.store.present()

    def at(moment: datetime, *, bare: bool = False) -> Published:
        return published_now(
            site.store, present, wanted={HOTLINE}, now=moment, without_overlays=bare
        )

    ((name, text),) = at(NOW).texts.items()
    assert name.endswith("+o1")
    unpacked = unpack(name, text)
    assert unpacked.overlays == (FLOOD,)
    assert unpacked.bundle.texts == {"hotline": "entry: a\n"}
    assert at(FLOOD.until).texts == at(NOW, bare=True).texts
    assert list(at(FLOOD.until).texts.values()) == ["entry: a\n"]


def test_a_script_that_calls_others_is_packed_with_them() -> None:
    whole = Bundle(script=HOTLINE, texts={"hotline": "entry: a", "rate": "entry: r\n", "z": "q\n"})
    name, text = pack(whole)
    assert unpack(name, text).bundle.texts == {**whole.texts, "hotline": "entry: a\n"}
    assert unpack(name, text).bundle.version == whole.version


def test_the_journal_says_which_texts_are_the_present_ones() -> None:
    texts = {"hotline@a": "old", "hotline@b": "new", "night@c": "…", "ekc.yaml": "node: ekc"}
    published = Published(number=4, texts={"hotline@b": "new", "night@c": "…"})
    assert present_of({**texts, PUBLISHED: encode_present(published)}) == published
    # A release that published nothing wrote the present version last.
    assert present_of(texts) == replace(published, number=0)
