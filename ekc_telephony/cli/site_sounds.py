"""
`ekc sounds prepare`, `texts` and `prune`: what the scripts of a site say, and where it is heard.

    ekc sounds prepare    render what the scripts say and is not there yet (`--check`: only tell)
    ekc sounds texts      list it: key, where it comes from, text; what a studio has to record
    ekc sounds prune      remove what was rendered and nobody needs (`--check`: only tell)

Exit codes: 0 all is well; 1 something is missing, or a text could not be rendered; 2 the
configuration, a script or the manifest is wrong.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from ekc_telephony.adapters.asterisk_conf.folder import FolderUnusableError
from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.published.folder import ScriptFolder
from ekc_telephony.adapters.speech.engine import SpeechError
from ekc_telephony.adapters.speech.manifest import ManifestError
from ekc_telephony.adapters.speech.paths import RUNTIME
from ekc_telephony.adapters.speech.site import Shelves, SitePrompts, WantedPrompt
from ekc_telephony.bootstrap.pruning import NothingPrunedError, prunable
from ekc_telephony.bootstrap.pruning import prune as remove_unneeded
from ekc_telephony.bootstrap.texts import render_missing
from ekc_telephony.cli.prompt_rendering import rendering_progress
from ekc_telephony.core.ivr.texts import is_text_key
from ekc_telephony.runtime.ports import ScriptStoreError
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.ivr.rendered import wanted_by
from ekc_telephony.settings.library import scripts_on_disk, shelves
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings

_NOT_WELL: Final = 1
_WRONG_INPUT: Final = 2

Config = Annotated[Path, typer.Option("--config", help="The configuration file.")]
Runtime = Annotated[Path, typer.Option(help="Where `make setup-speech` put the engines.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
CheckOnly = Annotated[bool, typer.Option("--check", help="Render nothing; tell what is missing.")]
Pieces = Annotated[bool, typer.Option("--pieces", help="Also what numbers are glued from.")]

_CONFIG: Final = Path("ekc.yaml")


def prepare(
    *, config: Config = _CONFIG, runtime: Runtime = RUNTIME, check_only: CheckOnly = False
) -> None:
    """Render what the scripts say: texts, numbers, dates; what is there is left alone."""
    settings, wanted = _wanted(config)
    try:
        if check_only:
            _tell_missing(settings, wanted)
            return
        with rendering_progress() as tell:
            count = render_missing(settings, wanted, runtime=runtime, tell=tell)
    except (SpeechError, FolderUnusableError, OSError) as error:
        _fail(str(error), code=_NOT_WELL)
    except ManifestError as error:
        _fail(str(error), code=_WRONG_INPUT)
    typer.echo(f"{count} rendered, {len(wanted) - count} were there: {settings.rendered_sounds}")


def texts(*, config: Config = _CONFIG, pieces: Pieces = False, as_json: AsJson = False) -> None:
    """List what the scripts say: a recording `<key>.wav` in the studio's folder wins."""
    settings, wanted = _wanted(config)
    places = shelves(settings)
    shown = [each for each in wanted if pieces or is_text_key(each.key)]
    rows = [_row(each, places) for each in shown]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table("language", "key", "heard from", "text", "place", box=None)
    for row in rows:
        table.add_row(*row.values())
    Console().print(table)
    typer.echo(f"the studio's folder: {settings.studio_sounds}")


def prune(
    *,
    config: Config = _CONFIG,
    check_only: Annotated[
        bool, typer.Option("--check", help="Remove nothing; tell what would be.")
    ] = False,
) -> None:
    """Remove rendered prompts that no version, script or overlay needs; calls go on meanwhile."""
    try:
        settings = load_settings(config)
        store, now = ScriptFolder(settings.published_folder), SystemClock().now()
        found = prunable(settings, store, config=config, now=now)
        for each in found.passed_over:
            typer.echo(f"not read: {each}")
        if check_only:
            for file in found.files:
                typer.echo(str(file))
            count, verb = len(found.files), "would be removed"
        else:
            count, verb = remove_unneeded(settings, found, now=now), "removed"
    except (SettingsError, ManifestError) as error:
        _fail(str(error), code=_WRONG_INPUT)
    except (NothingPrunedError, ScriptStoreError, OSError) as error:
        _fail(str(error), code=_NOT_WELL)
    size = found.size_bytes / 1_000_000
    typer.echo(f"{count} {verb} ({size:.1f} MB), {found.kept} kept: {settings.rendered_sounds}")


def _wanted(config: Path) -> tuple[Settings, tuple[WantedPrompt, ...]]:
    try:
        settings = load_settings(config)
        scripts = scripts_on_disk(settings)
    except SettingsError as error:
        _fail(str(error), code=_WRONG_INPUT)
    distinct = {(each.language, each.key): each for one in scripts for each in wanted_by(one)}
    return settings, tuple(distinct.values())


def _tell_missing(settings: Settings, wanted: tuple[WantedPrompt, ...]) -> None:
    orders = SitePrompts(shelves(settings)).missing(wanted)
    for each in (order.wanted for order in orders):
        typer.echo(f"{each.place}: {each.text!r} ({each.language}, {each.key}) is not rendered")
    typer.echo(f"{len(wanted)} prompts checked, {len(orders)} missing")
    if orders:
        raise typer.Exit(_NOT_WELL)


def _row(wanted: WantedPrompt, places: Shelves) -> dict[str, str]:
    shelf = places.shelf_of(wanted.key, wanted.language)
    return {
        "language": wanted.language,
        "key": wanted.key,
        "heard_from": "nowhere" if shelf is None else shelf.value,
        "text": wanted.text,
        "place": wanted.place,
    }


def _fail(message: str, *, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
