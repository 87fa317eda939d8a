"""
`ekc sounds`: render the prompts, list them, check that files and manifest agree.

Here is what comes with us; what the scripts of a site say besides is in `site_sounds`.

Exit codes: 0 all is well; 1 something is stale, missing or unlisted, or a text could not be
rendered; 2 the command line or the manifest is wrong.

Rule 1: numpy and the engines are loaded only by the commands that need them, so that `ekc` starts
without the extra `speech`.
"""

from __future__ import annotations

import asyncio
import json
import wave
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from ekc_telephony.adapters.speech.engine import SpeechError, TtsEngine
from ekc_telephony.adapters.speech.library import Sound, SoundLibrary, Spoken
from ekc_telephony.adapters.speech.manifest import EngineName, ManifestError, Tone, Tune
from ekc_telephony.adapters.speech.paths import RUNTIME
from ekc_telephony.cli import site_sounds

app = typer.Typer(
    help="Prompts and music: render, list, check.", no_args_is_help=True, add_completion=False
)
app.command()(site_sounds.prepare)
app.command()(site_sounds.texts)
app.command()(site_sounds.prune)

_NOT_WELL: Final = 1
_WRONG_INPUT: Final = 2

Folder = Annotated[Path, typer.Option(help="The folder with manifest.yaml.")]
Runtime = Annotated[Path, typer.Option(help="Where `make setup-speech` put the engines.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
CheckOnly = Annotated[bool, typer.Option("--check", help="Render nothing; same as `check`.")]

_SOUNDS: Final = Path("sounds")


@app.command()
def render(
    *,
    folder: Folder = _SOUNDS,
    runtime: Runtime = RUNTIME,
    check_only: CheckOnly = False,
    as_json: AsJson = False,
) -> None:
    """Render what is not fresh; what did not change is left alone."""
    library = _open(folder)
    if check_only:
        _report_findings(library, as_json=as_json)
        return
    try:
        rendered = asyncio.run(_render(library, runtime=runtime, is_quiet=as_json))
    except (SpeechError, OSError) as error:
        _fail(str(error), code=_NOT_WELL)
    _report_rendered(library, rendered, as_json=as_json)


@app.command()
def check(*, folder: Folder = _SOUNDS, as_json: AsJson = False) -> None:
    """Tell which sounds are stale, missing or unlisted; exits with 1 if any is."""
    _report_findings(_open(folder), as_json=as_json)


@app.command(name="list")
def list_sounds(*, folder: Folder = _SOUNDS, as_json: AsJson = False) -> None:
    """List every sound: key, duration, size, state, text."""
    rows = [_describe(sound) for sound in _open(folder).sounds()]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table("key", "seconds", "bytes", "state", "text", box=None)
    for row in rows:
        table.add_row(*(str(row[name]) for name in ("key", "seconds", "bytes", "state", "text")))
    Console().print(table)


def _open(folder: Path) -> SoundLibrary:
    try:
        return SoundLibrary(folder)
    except ManifestError as error:
        _fail(str(error), code=_WRONG_INPUT)


async def _render(library: SoundLibrary, *, runtime: Path, is_quiet: bool) -> list[Sound]:
    try:
        # numpy and soxr come with an optional extra (rule 1 above).
        from ekc_telephony.adapters.speech import rendering  # noqa: PLC0415 optional dependency
    except ImportError as error:
        message = f"Rendering needs {error.name}, which is not installed. Run `make setup-speech`."
        raise SpeechError(message) from error

    def open_engine(name: EngineName) -> TtsEngine:
        return rendering.installed_engine(name, runtime=runtime)

    due = sum(sound.problem is not None for sound in library.sounds())
    rendered: list[Sound] = []
    console = Console(quiet=is_quiet)
    with console.status("") as status:
        async for sound in rendering.render_what_is_not_fresh(library, open_engine):
            rendered.append(sound)
            status.update(f"{len(rendered)} of {due} rendered")
            console.print(f"{len(rendered):4} of {due}  {sound.key}", highlight=False)
    return rendered


def _report_rendered(library: SoundLibrary, rendered: list[Sound], *, as_json: bool) -> None:
    sounds = library.sounds()
    total_bytes = sum(sound.file.stat().st_size for sound in sounds)
    if as_json:
        outcome = {
            "rendered": [sound.key for sound in rendered],
            "fresh_already": len(sounds) - len(rendered),
            "total_bytes": total_bytes,
        }
        typer.echo(json.dumps(outcome, indent=2))
        return
    typer.echo(
        f"{len(rendered)} rendered, {len(sounds) - len(rendered)} were fresh;"
        f" {len(sounds)} sounds, {total_bytes / 2**20:.1f} MiB"
    )


def _report_findings(library: SoundLibrary, *, as_json: bool) -> None:
    findings = library.findings()
    if as_json:
        rows = [
            {
                "key": finding.key,
                "file": str(finding.file),
                "problem": finding.problem.name.lower(),
                "advice": finding.advice,
            }
            for finding in findings
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            where = f"{finding.file}: {finding.key!r}"
            typer.echo(f"{where} {finding.problem.value}; {finding.advice}")
        count = len(library.sounds())
        typer.echo(f"{count} sounds checked, {len(findings)} findings")
    if findings:
        raise typer.Exit(_NOT_WELL)


def _describe(sound: Sound) -> dict[str, object]:
    problem = sound.problem
    return {
        "key": sound.key,
        "file": str(sound.file),
        "seconds": _seconds(sound.file),
        "bytes": sound.file.stat().st_size if sound.file.is_file() else 0,
        "state": "fresh" if problem is None else problem.name.lower(),
    } | _tell_recipe(sound.recipe)


def _tell_recipe(recipe: Spoken | Tone | Tune) -> dict[str, object]:
    match recipe:
        case Spoken(prompt=prompt, voice=voice):
            return {"voice": voice.speaker, "text": prompt.text}
        case Tone(pitch_hz=pitch_hz):
            return {"voice": None, "text": f"tone of {pitch_hz} Hz"}
        case Tune(tune=tune):
            return {"voice": None, "text": tune.value}


def _seconds(file: Path) -> float | None:
    try:
        with wave.open(str(file), "rb") as reader:
            return round(reader.getnframes() / reader.getframerate(), 2)
    except (OSError, EOFError, wave.Error):
        return None


def _fail(message: str, *, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
