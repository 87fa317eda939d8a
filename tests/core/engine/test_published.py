"""Other scripts are published while callers are in the former ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ekc_telephony.core.call.commands import PlayPrompts
from ekc_telephony.core.call.events import (
    CallArrived,
    ControlRegained,
    KeyPressed,
    ScriptsPublished,
)
from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.engine.engine import Effect, Engine, EnginePlan
from ekc_telephony.core.engine.plan import Admission, EntryScripts, Published
from ekc_telephony.core.ivr.script import Goodbye, Play, Script
from ekc_telephony.core.kernel.ids import CallId, Did, LegId, NodeId, PromptKey
from tests.core.office import ANNA, CODES, MAIN_SCRIPT, NOON, OFFICE_HOURS, SCRIPTS, acd, seconds

HELLO: Final = NodeId("hello")
NEW: Final = replace(
    MAIN_SCRIPT,
    version="new",
    entry=HELLO,
    nodes={HELLO: Play(prompts=(PromptKey("new"),), next=MAIN_SCRIPT.entry), **MAIN_SCRIPT.nodes},
)
MAIN: Final = Did("100")


class Shelf:
    """A library of scripts by name."""

    def __init__(self) -> None:
        self.opened: list[Mapping[str, str]] = []

    def open(self, texts: Mapping[str, str]) -> EntryScripts | None:
        self.opened.append(texts)
        if "main@broken" in texts:
            return None
        return EntryScripts(by_number={**SCRIPTS, MAIN: NEW}, beyond=NEW)


def hotline(*, library: Shelf | None, admission: Script | None = None) -> Engine:
    plan = EnginePlan(
        scripts=SCRIPTS,
        schedules={"office": OFFICE_HOURS},
        feature_codes=CODES,
        library=library,
        published=Published(number=1),
        admission=None if admission is None else Admission(most_calls=1, script=admission),
    )
    engine = Engine(plan, acd(ready=[ANNA]))
    engine.handle(ControlRegained(legs=(), bridges=frozenset()), NOON)
    return engine


def calls(engine: Engine, number: int) -> list[Effect]:
    call = CallId(f"ekc1-1.{number}")
    return engine.handle(CallArrived(call=call, did=MAIN, number=None), NOON)


def hears(effects: list[Effect]) -> tuple[str, ...]:
    return next(each.prompts for each in effects if isinstance(each, PlayPrompts))


def published(number: int, version: str = "new") -> ScriptsPublished:
    return ScriptsPublished(number=number, texts={f"main@{version}": "…"})


def test_new_calls_begin_in_what_is_published_and_others_stay() -> None:
    engine = hotline(library=Shelf())
    former = hears(calls(engine, 1))
    assert engine.handle(published(2), NOON) == []
    assert hears(calls(engine, 2)) == ("new",)
    assert former != ("new",)
    sessions = engine.state().sessions
    assert [each.version for each in sessions] == ["", "new"]
    # The first one goes on in his menu, of which the new version knows nothing otherwise.
    pressed = engine.handle(KeyPressed(leg=LegId(CallId("ekc1-1.1")), key="1"), NOON + seconds(1))
    assert pressed


def test_what_is_published_is_told_to_whoever_writes_the_journal() -> None:
    engine = hotline(library=Shelf())
    engine.handle(published(2), NOON)
    assert engine.plan.published == Published(number=2, texts={"main@new": "…"})


def test_what_cannot_be_read_changes_nothing() -> None:
    engine = hotline(library=Shelf())
    engine.handle(published(2, "broken"), NOON)
    assert engine.plan.published.number == 1
    assert hears(calls(engine, 1)) != ("new",)


def test_what_is_older_or_known_changes_nothing() -> None:
    shelf = Shelf()
    engine = hotline(library=shelf)
    engine.handle(published(1), NOON)
    assert shelf.opened == []
    assert engine.plan.published.number == 1


def test_an_engine_without_a_library_keeps_its_scripts() -> None:
    engine = hotline(library=None)
    engine.handle(published(2), NOON)
    assert hears(calls(engine, 1)) != ("new",)


def test_the_script_of_whoever_comes_beyond_is_published_as_well() -> None:
    said = Goodbye(prompts=(PromptKey("sorry"),), outcome=CallOutcome.INFORMED_NO_AGENTS)
    sorry = NodeId("sorry")
    beyond = replace(NEW, version="old", entry=sorry, nodes={sorry: said})
    engine = hotline(library=Shelf(), admission=beyond)
    calls(engine, 1)
    engine.handle(published(2), NOON)
    assert engine.plan.admission is not None
    assert engine.plan.admission.script == NEW
    assert engine.plan.admission.most_calls == 1
