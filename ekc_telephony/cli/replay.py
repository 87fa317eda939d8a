"""
`ekc replay`: lets a recorded stretch of the engine's life happen again, and prints every decision.

Where the engine died in the middle of a step, it says so at the end. Of a call that it died of it
says what the engine was told: that call may have no step at all.

Exit status: 0 when every decision was the same as then, 1 when one differs, 2 for wrong input.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ekc_telephony.adapters.asterisk_conf.secrets import SecretsError, load_or_create_secrets
from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.journal.segments import JournalDamagedError, JournalKeyError
from ekc_telephony.adapters.published.folder import ScriptFolder
from ekc_telephony.cli.journal_reading import (
    NoJournalError,
    opening_of,
    records_of,
    segments_of,
    settings_of,
)
from ekc_telephony.core.call.commands import Command
from ekc_telephony.core.call.events import Event
from ekc_telephony.core.engine.effects import Effect
from ekc_telephony.core.engine.engine import Engine
from ekc_telephony.core.engine.plan import EnginePlan, Published
from ekc_telephony.core.engine.state import SessionState
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.kernel.ids import CallId
from ekc_telephony.runtime.journal_codec import RecordUnreadableError
from ekc_telephony.runtime.ports import ScriptStoreError
from ekc_telephony.runtime.published_texts import present_of, published_now
from ekc_telephony.runtime.replay import Death, ReplayedStep, death_in, replay
from ekc_telephony.runtime.supervisor import SupervisedEngine
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.library import ScriptLibrary, entry_names
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.plan import engine_plan
from ekc_telephony.settings.routing import acd_of

DIFFERS: Final = 1
WRONG_INPUT: Final = 2
_PERSONAL: Final = frozenset({"number", "key", "fields", "answer"})
_HIDDEN: Final = "…"
_MOMENT: Final = "%Y-%m-%d %H:%M:%S.%f"

Journal = Annotated[Path, typer.Argument(help="A file of the journal, or its whole folder.")]
OfCall = Annotated[str | None, typer.Option("--call", help="Print the decisions about this call.")]
Config = Annotated[Path, typer.Option(help="The configuration of the node: for keys and paths.")]
Present = Annotated[
    bool, typer.Option("--present", help="Decide by the present configuration and scripts.")
]
Personal = Annotated[
    bool, typer.Option("--personal", help="Show numbers and keys pressed; they are personal data.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@dataclasses.dataclass(slots=True, kw_only=True)
class _Replayed:
    """What happened again."""

    steps: list[ReplayedStep]
    deaths: dict[str, Death]
    """Which lives of the engine died in the middle of a step, and in which."""

    @property
    def differing(self) -> int:
        """How many steps were decided otherwise than then."""
        return sum(1 for each in self.steps if not each.is_same)

    def deaths_of(self, call: str) -> list[Death]:
        """Return the deaths in a step about this call."""
        return [each for each in self.deaths.values() if each.concerns(CallId(call))]


def replay_command(
    journal: Journal,
    call: OfCall = None,
    config: Config = Path("ekc.yaml"),
    *,
    present: Present = False,
    personal: Personal = False,
    as_json: AsJson = False,
) -> None:
    """
    Let recorded calls happen again in the core, and compare what it decides.

    The journal lies in the state folder. It says by which configuration and scripts the engine
    worked; with --present the same inputs meet the present ones.
    """
    try:
        replayed = _replay_all(journal, config, is_present=present)
    except (
        *(SettingsError, SecretsError, JournalKeyError, JournalDamagedError),
        *(RecordUnreadableError, OSError, ScriptStoreError, NoJournalError),
    ) as error:
        typer.echo(f"ekc replay: {error}", err=True)
        raise typer.Exit(WRONG_INPUT) from None
    wanted = [each for each in replayed.steps if call is None or each.concerns(CallId(call))]
    if call is not None and not wanted and not replayed.deaths_of(call):
        typer.echo(
            f"ekc replay: found no step about the call {call!r} in {journal}; expected the id of "
            "a call as `ekc appeals show` prints it. Of a call that ended while no engine ran, the "
            "journal knows nothing: `ekc appeals show` tells what the fallback did.",
            err=True,
        )
        raise typer.Exit(WRONG_INPUT)
    if as_json:
        _print_json(replayed, wanted, call=call, personal=personal)
    else:
        _print(replayed, wanted, call=call, personal=personal)
    if replayed.differing:
        raise typer.Exit(DIFFERS)


def _replay_all(journal: Path, config: Path, *, is_present: bool) -> _Replayed:
    settings = load_settings(config)
    key = load_or_create_secrets(settings.secrets_file, settings.accounts).journal
    replayed = _Replayed(steps=[], deaths={})
    for segment in segments_of(journal, key=key):
        records = list(records_of(segment, key=key))
        if not records:
            continue
        opening = opening_of(segment, records)
        as_then = settings if is_present else settings_of(opening, config)
        library = ScriptLibrary(as_then)
        plan = engine_plan(
            as_then,
            today=segment.began_at.date(),
            published=_published_now(settings) if is_present else present_of(opening.texts),
            library=library,
        )
        library.keep(opening.texts)
        if is_present:  # whatever was published then
            plan = dataclasses.replace(plan, library=None)
        engine = SupervisedEngine(Engine(plan, acd_of(as_then)))
        find = partial(_find, library, plan)
        replayed.steps += replay(engine, records, find, began_at=segment.began_at)
        # A life that begins another segment has not died in the one before.
        replayed.deaths.pop(opening.life, None)
        death = death_in(engine, records, partial(records_of, segment, key=key))
        if death is not None:
            replayed.deaths[opening.life] = death
    return replayed


def _published_now(settings: Settings) -> Published | None:
    """Return what is published; None before the first publication: the files on disk count."""
    store = ScriptFolder(settings.published_folder)
    present = store.present()
    if not present.number:
        return None
    return published_now(store, present, wanted=entry_names(settings), now=SystemClock().now())


def _find(library: ScriptLibrary, plan: EnginePlan, state: SessionState) -> Script | None:
    return library.find(state.script, state.version) or plan.scripts.get(state.did)


def _print(
    replayed: _Replayed, wanted: list[ReplayedStep], *, call: str | None, personal: bool
) -> None:
    for each in wanted:
        if call is None and each.is_same:
            continue
        event = _event(each.step.event, personal)
        typer.echo(f"{each.step.at:{_MOMENT}} #{each.position}  {event}")
        then, now = each.only(CallId(call)) if call else (each.step.effects, each.effects)
        for sign, effects in (("  ", now),) if then == now else (("- ", then), ("+ ", now)):
            for effect in effects:
                typer.echo(f"    {sign}{_mark(effect)} {_in_words(effect, personal)}")
    for death in replayed.deaths_of(call) if call else ():
        event = _event(death.told.event, personal)
        typer.echo(f"{death.told.at:{_MOMENT}} #{death.position}  {event}")
        typer.echo("    † the engine died here; what it decided is not written down")
    differing = replayed.differing
    verdict = "every decision is the same" if not differing else f"{differing} steps differ"
    typer.echo(f"{len(replayed.steps)} steps replayed: {verdict}")
    for death in replayed.deaths.values():
        typer.echo(_in_one_line(death))


def _in_one_line(death: Death) -> str:
    told = death.told
    when = "as time passed" if told.event is None else f"in {type(told.event).__name__}"
    again = " again" if told.is_again else ""
    return (
        f"the engine died{again} {when} at {told.at:{_MOMENT}} (#{death.position}), before it "
        "wrote down what came of it"
    )


def _print_json(
    replayed: _Replayed, wanted: list[ReplayedStep], *, call: str | None, personal: bool
) -> None:
    told = []
    for each in wanted:
        then, now = each.only(CallId(call)) if call else (each.step.effects, each.effects)
        told.append(
            {
                "position": each.position,
                "at": each.step.at.isoformat(),
                "event": _event(each.step.event, personal),
                "is_same": each.is_same,
                "then": [_in_words(effect, personal) for effect in then],
                "now": [_in_words(effect, personal) for effect in now],
            }
        )
    deaths = [
        {
            "position": each.position,
            "at": each.told.at.isoformat(),
            "event": None if each.told.event is None else type(each.told.event).__name__,
            "is_again": each.told.is_again,
            **({"is_of_the_call": each.concerns(CallId(call))} if call else {}),
        }
        for each in replayed.deaths.values()
    ]
    whole = {
        "steps": len(replayed.steps),
        "differing": replayed.differing,
        "told": told,
        "deaths": deaths,
    }
    typer.echo(json.dumps(whole, ensure_ascii=False))


def _event(event: Event | None, personal: bool) -> str:  # noqa: FBT001 - passed on
    return "time passed" if event is None else _in_words(event, personal)


def _mark(effect: Effect) -> str:
    """Tell commands (to the world) from facts (to the records)."""
    return "→" if isinstance(effect, Command) else "="


def _in_words(value: Any, personal: bool) -> str:  # noqa: FBT001 - passed on
    fields = " ".join(
        f"{field.name}={_shown(field.name, getattr(value, field.name), personal)}"
        for field in dataclasses.fields(value)
        if getattr(value, field.name) is not None
    )
    return f"{type(value).__name__} {fields}".rstrip()


def _shown(name: str, value: Any, personal: bool) -> str:  # noqa: FBT001, PLR0911 - a table
    if name in _PERSONAL and not personal:
        return _HIDDEN
    match value:
        case Enum():
            return str(value.value)
        case datetime():
            return f"{value:%H:%M:%S.%f}"
        case timedelta():
            return f"{value.total_seconds():g}s"
        case tuple() if value and dataclasses.is_dataclass(value[0]):
            return f"({len(value)})"
        case tuple() | frozenset():
            return ",".join(str(each) for each in value) or "-"
        case dict():
            return f"({len(value)})"
        case _ if dataclasses.is_dataclass(value):
            return f"[{_in_words(value, personal)}]"
        case _:
            return str(value)
