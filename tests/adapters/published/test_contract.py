"""What holds for every store of published scripts: the one on disk and the one in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from ekc_telephony.adapters.memory.published_scripts import InMemoryScripts
from ekc_telephony.adapters.published.folder import ScriptFolder
from ekc_telephony.core.ivr.overlay import Leads, MenuItem, Overlay
from ekc_telephony.core.ivr.published import (
    Bundle,
    Change,
    Deed,
    Person,
    Present,
    Proposal,
    Publication,
)
from ekc_telephony.core.kernel.ids import OverlayId, PromptKey, ScriptId
from ekc_telephony.runtime.ports import Decision, ScriptStore, ScriptStoreError

NOW: Final = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOTLINE: Final = ScriptId("hotline")
PETROVA: Final = Person(name="petrova", login="petrova")


def bundle(text: str, script: ScriptId = HOTLINE) -> Bundle:
    return Bundle(script=script, texts={script: text})


def publishing(published: Bundle) -> Callable[[Present], Decision]:
    """Return who publishes a version."""

    def decide(present: Present) -> Decision:
        before = present.scripts.get(published.script)
        return Decision(
            present=replace(
                present, scripts={**present.scripts, published.script: published.version}
            ),
            publication=Publication(
                deed=Deed.PUBLISHED,
                at=NOW,
                who=PETROVA,
                why="праздники",
                changes=(
                    Change(
                        script=published.script, version=published.version, before=before, diff=""
                    ),
                ),
            ),
            bundles=[published],
        )

    return decide


@pytest.fixture(params=["memory", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ScriptStore:
    return InMemoryScripts() if request.param == "memory" else ScriptFolder(tmp_path / "published")


def test_before_the_first_publication_there_is_nothing(store: ScriptStore) -> None:
    assert store.present() == Present()
    assert not store.publications()


def test_what_is_published_is_the_present_version_and_can_be_read_back(store: ScriptStore) -> None:
    first = bundle("entry: a\n")
    present = store.change(publishing(first))
    assert present.scripts == {HOTLINE: first.version}
    assert present.number == 1
    assert store.present() == present
    assert store.bundle(HOTLINE, first.version) == first


def test_former_versions_stay(store: ScriptStore) -> None:
    first, second = bundle("entry: a\n"), bundle("entry: b\n")
    store.change(publishing(first))
    store.change(publishing(second))
    assert store.bundle(HOTLINE, first.version) == first
    assert store.present().scripts == {HOTLINE: second.version}


def test_a_version_of_several_texts_is_one_thing(store: ScriptStore) -> None:
    whole = Bundle(script=HOTLINE, texts={"hotline": "entry: a\n", "rate": "entry: r\n"})
    other = Bundle(script=HOTLINE, texts={"hotline": "entry: a\n", "rate": "entry: s\n"})
    assert whole.version != other.version
    store.change(publishing(whole))
    assert store.bundle(HOTLINE, whole.version) == whole


def test_the_register_says_who_did_what_and_why_in_order(store: ScriptStore) -> None:
    store.change(publishing(bundle("entry: a\n")))
    store.change(publishing(bundle("entry: b\n")))
    first, second = store.publications()
    assert (first.number, first.after, second.number, second.after) == (1, 0, 2, 1)
    assert (first.who, first.why, first.at) == (PETROVA, "праздники", NOW)
    assert second.changes[0].before == first.changes[0].version


def test_the_mark_changes_with_every_publication_and_never_without(store: ScriptStore) -> None:
    marks = [store.mark()]
    for text in ("a", "b", "a"):
        store.change(publishing(bundle(text)))
        assert store.mark() == store.mark()
        marks.append(store.mark())
    assert len(set(marks)) == 4


def test_who_refuses_changes_nothing(store: ScriptStore) -> None:
    store.change(publishing(bundle("entry: a\n")))
    before, mark = store.present(), store.mark()

    def refuse(_present: Present) -> Decision:
        raise LookupError("no")

    with pytest.raises(LookupError):
        store.change(refuse)
    assert (store.present(), store.mark()) == (before, mark)
    assert len(store.publications()) == 1


def test_a_version_that_was_never_published_is_named(store: ScriptStore) -> None:
    with pytest.raises(ScriptStoreError, match="expected"):
        store.bundle(HOTLINE, "0" * 16)


def test_overlays_and_proposals_are_kept_whole(store: ScriptStore) -> None:
    overlay = Overlay(
        overlay=OverlayId("o1"),
        prompts=(PromptKey("flood"),),
        until=NOW + timedelta(hours=3),
        item=MenuItem(key="5", leads=Leads.QUEUE, to="flood"),
    )
    proposal = Proposal(
        overlay=replace(overlay, overlay=OverlayId("o2"), item=None),
        who=PETROVA,
        at=NOW,
        why="паводок",
    )

    def decide(present: Present) -> Decision:
        return Decision(
            present=replace(present, overlays=(overlay,), proposals=(proposal,)),
            publication=Publication(
                deed=Deed.OVERLAY_CONFIRMED, at=NOW, who=PETROVA, why="", overlay=overlay
            ),
        )

    store.change(decide)
    assert store.present().overlays == (overlay,)
    assert store.present().proposals == (proposal,)
    assert store.publications()[0].overlay == overlay
    assert store.present().overlay(OverlayId("o2")) == proposal.overlay
