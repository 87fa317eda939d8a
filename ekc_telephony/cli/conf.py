"""
`ekc conf`: check the configuration and write Asterisk's files from it.

    ekc conf check     read ekc.yaml and the scripts it names, and tell every mistake
    ekc conf hours     show schedules as a production calendar does: the week, holidays, moved days
    ekc conf render    write the complete Asterisk folder
    ekc conf diff      show what `render` would change, passwords left out
    ekc conf golden    compare the rendered sample with asterisk_conf/golden/ (`--write` renews it)

Exit status: 0 all is well, 1 a mistake or a difference.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from ekc_telephony.adapters.asterisk_conf.conf import (
    Installation,
    InstallationIncompleteError,
    NodeConf,
)
from ekc_telephony.adapters.asterisk_conf.folder import (
    FolderUnusableError,
    differences,
    pending_changes,
    write_folder,
)
from ekc_telephony.adapters.asterisk_conf.render import PROJECT, render
from ekc_telephony.adapters.asterisk_conf.secrets import SecretsError, load_or_create_secrets
from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.published.folder import ScriptFolder
from ekc_telephony.bootstrap.publishing import differing
from ekc_telephony.cli.appeals_view import as_json as json_of
from ekc_telephony.cli.hours_view import hours_lines, schedule_view
from ekc_telephony.core.kernel.ids import ScriptId
from ekc_telephony.runtime.ports import ScriptStoreError
from ekc_telephony.runtime.published_texts import published_now, unpack
from ekc_telephony.settings.asterisk import golden_conf, node_conf
from ekc_telephony.settings.errors import SettingsError, suggest
from ekc_telephony.settings.hours_doubts import hours_doubts
from ekc_telephony.settings.library import entry_names, mistakes_in
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.plan import engine_plan

app = typer.Typer(help="The configuration: check it, write Asterisk's files from it.")

GOLDEN: Final = PROJECT / "asterisk_conf" / "golden"
SAMPLE: Final = PROJECT / "ekc.yaml"

_PASSWORD_LINE: Final = re.compile(r"^([-+ ]?(?:password|secret) = ).*$", re.MULTILINE)

Config = Annotated[Path, typer.Option("--config", help="The configuration file.")]
Into = Annotated[
    Path | None, typer.Option("--into", help="Asterisk's folder, instead of the configured one.")
]

Schedule = Annotated[str | None, typer.Argument(help="Its name in ekc.yaml; all, if absent.")]
Year = Annotated[
    int | None, typer.Option("--year", min=2013, max=2100, help="The year; this one, if absent.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.command()
def check(config: Config = Path("ekc.yaml")) -> None:
    """Read the configuration and its scripts, on disk and published, and tell every mistake."""
    settings = _settings(config)
    try:
        today = SystemClock().now().date()
        engine_plan(settings, today=today)
        edited = _edited(settings)
    except (SettingsError, ScriptStoreError) as error:
        raise _refusal(str(error)) from error
    for doubt in hours_doubts(settings, today=today):
        typer.echo(f"warning: {doubt}", err=True)
    typer.echo(
        f"{config}: in order ({len(settings.numbers)} numbers, {len(settings.queues)} queues, "
        f"{len(settings.operators)} operators)"
    )
    for each in edited:
        typer.echo(
            f"{each} differs from the published version; `ekc ivr publish {each}` makes it live"
        )


@app.command()
def hours(
    schedule: Schedule = None,
    *,
    config: Config = Path("ekc.yaml"),
    year: Year = None,
    as_json: AsJson = False,
) -> None:
    """Show when services are open: the week, every date that differs from it, and what is next."""
    settings = _settings(config)
    if schedule is not None and schedule not in settings.schedules:
        advice = suggest(schedule, settings.schedules, "add it under `schedules:`")
        raise _refusal(f"{config} has no schedule {schedule}: {advice}")
    now = SystemClock().now()
    views = [
        schedule_view(settings, name, each, year=year or now.year, now=now)
        for name, each in settings.schedules.items()
        if schedule in {None, name}
    ]
    if as_json:
        typer.echo(json_of(views))
        return
    typer.echo("\n\n".join("\n".join(hours_lines(view)) for view in views))


@app.command(name="render")
def render_folder(config: Config = Path("ekc.yaml"), into: Into = None) -> None:
    """Write the complete Asterisk folder and tell what changed."""
    conf = _node_conf(config, into)
    try:
        changes = write_folder(conf, render(conf))
    except (FolderUnusableError, OSError) as error:
        raise _refusal(str(error)) from error
    for change in changes:
        typer.echo(f"{change.kind.value} {change.path}")
    typer.echo(f"{conf.folder}: {len(changes)} changed" if changes else f"{conf.folder}: as it was")


@app.command()
def diff(config: Config = Path("ekc.yaml"), into: Into = None) -> None:
    """Show what `render` would change, passwords left out; exit 1 when something would."""
    conf = _node_conf(config, into)
    files = render(conf)
    etc = conf.folder / "etc"
    text = differences(etc, files)
    others = [each for each in pending_changes(conf, files) if each.path.parent != etc]
    typer.echo(_PASSWORD_LINE.sub(r"\1(not shown)", text), nl=False)
    for change in others:
        typer.echo(f"{change.path}: would be {change.kind.value}")
    if text or others:
        raise typer.Exit(1)


@app.command()
def golden(
    *,
    config: Config = SAMPLE,
    write: Annotated[
        bool, typer.Option("--write", help="Renew the golden files instead of comparing.")
    ] = False,
) -> None:
    """Compare the rendered sample with the golden files in git; exit 1 when they differ."""
    files = render(golden_conf(_settings(config)))
    text = differences(GOLDEN, files)
    if not text:
        return
    typer.echo(text, nl=False)
    if not write:
        raise _refusal("The golden files differ. If that is meant: ekc conf golden --write")
    for stale in GOLDEN.glob("*.conf"):
        stale.unlink()
    for name, content in files.items():
        (GOLDEN / name).write_text(content, encoding="utf-8")


def _edited(settings: Settings) -> list[ScriptId]:
    """Return which scripts differ from what is published, which must fit this configuration."""
    store = ScriptFolder(settings.published_folder)
    present, wanted = store.present(), entry_names(settings)
    published = published_now(
        store, present, wanted=wanted, now=SystemClock().now(), without_overlays=True
    )
    bundles = [unpack(name, text).bundle for name, text in published.texts.items()]
    if mistakes := mistakes_in(bundles, settings=settings):
        raise SettingsError(mistakes)
    return differing(settings, present, of=wanted)


def _node_conf(config: Path, into: Path | None) -> NodeConf:
    settings = _settings(config)
    try:
        installation = Installation.find(settings.asterisk.root)
        secrets = load_or_create_secrets(settings.secrets_file, settings.accounts)
    except (InstallationIncompleteError, SecretsError, OSError) as error:
        raise _refusal(str(error)) from error
    conf = node_conf(settings, secrets, installation=installation)
    return conf if into is None else replace(conf, folder=into.absolute())


def _settings(config: Path) -> Settings:
    try:
        return load_settings(config)
    except SettingsError as error:
        raise _refusal(str(error)) from error


def _refusal(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(1)
