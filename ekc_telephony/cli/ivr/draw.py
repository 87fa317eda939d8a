"""
`ekc ivr draw`: a picture of a script that a person can read, or the same as Mermaid text.

The way of a caller who is longest without a person is marked, as `ekc ivr check` proves it.

Exit status: 0 drawn, 1 it could not be written, 2 wrong input.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.speech.manifest import ManifestError, ManifestFile
from ekc_telephony.cli.asking import NOT_WELL, WRONG_INPUT, fail
from ekc_telephony.core.ivr.proofs.prove import Verdict, duration
from ekc_telephony.core.kernel.ids import NodeId, PromptKey
from ekc_telephony.drawing.cards import Picture, Written, picture_of
from ekc_telephony.drawing.mermaid import mermaid
from ekc_telephony.drawing.svg import svg
from ekc_telephony.settings.document import read_document
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.ivr.load import LoadedScript, load
from ekc_telephony.settings.ivr.proving import Court
from ekc_telephony.settings.library import known_names
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings

Script = Annotated[Path, typer.Argument(help="The script's file.", show_default=False)]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", help="FILE.svg or FILE.mmd; beside the script, if absent; - prints it."
    ),
]
AsMermaid = Annotated[bool, typer.Option("--mermaid", help="Mermaid text instead of a picture.")]
Language = Annotated[str, typer.Option(help="Whose texts stand in the picture.")]
Config = Annotated[Path, typer.Option("--config", help="The configuration file.")]

_MERMAID: Final = frozenset({".mmd", ".mermaid"})
_PRINTED: Final = Path("-")
_SHORT: Final = 8


def draw(
    file: Script,
    output: Output = None,
    config: Config = Path("ekc.yaml"),
    language: Language = "ru",
    *,
    as_mermaid: AsMermaid = False,
) -> None:
    """Draw a script: every node, every way, and the longest way to a person in red."""
    try:
        settings = load_settings(config)
        loaded = load(read_document(file), known=known_names(settings))
        picture = drawn(loaded, settings, language=language)
    except (SettingsError, ManifestError) as error:
        fail(str(error), code=WRONG_INPUT)
    is_text = as_mermaid or (output is not None and output.suffix in _MERMAID)
    subtitle = f"{file.name} · версия {loaded.script.version[:_SHORT]}"
    told = mermaid(picture) if is_text else svg(picture, subtitle=subtitle)
    if output == _PRINTED:
        typer.echo(told, nl=False)
        return
    target = output or file.with_suffix(".mmd" if is_text else ".svg")
    try:
        target.write_text(told, encoding="utf-8")
    except OSError as error:
        fail(f"{target}: cannot be written: {error.strerror}. Name another file.", code=NOT_WELL)
    typer.echo(f"{target}: {len(picture.cards)} nodes")


def drawn(loaded: LoadedScript, settings: Settings, *, language: str) -> Picture:
    """
    Return the picture of a script.

    Raises:
        ManifestError: The texts of the prompts cannot be read.
    """
    judgement = Court(settings, now=SystemClock().now()).judge(loaded)
    verdict = judgement.verdict
    written = Written(
        card_of={node: _card(loaded, node) for node in loaded.script.nodes},
        written_at={_card(loaded, node): _place(loaded, node) for node in loaded.script.nodes},
        texts=_texts(loaded, settings, language),
        worst=()
        if verdict is None or verdict.time is None
        else [each.node for each in verdict.time.way],
        note="" if verdict is None else _note(verdict, is_guessed=bool(judgement.guessed)),
    )
    return picture_of(loaded.script, written)


def _card(loaded: LoadedScript, node: NodeId) -> str:
    """Return the name of the node that an admin wrote, with that of the call it is built in at."""
    written = str(loaded.places[node].location[-1])
    site, _, last = node.rpartition(".")
    return node if written in {last, node} else site


def _place(loaded: LoadedScript, node: NodeId) -> str:
    place = loaded.places[node]
    at = place.document.mistake(place.location, found="", expected="", advice="", at_key=True)
    return f"{at.file.name}:{at.line}"


def _texts(loaded: LoadedScript, settings: Settings, language: str) -> Mapping[PromptKey, str]:
    manifest = ManifestFile(settings.sounds / "manifest.yaml").manifest
    texts = {PromptKey(key): prompt.text for key, prompt in manifest.prompts.items()}
    for key, by_language in loaded.texts.items():
        texts[key] = by_language.get(language) or next(iter(by_language.values()))
    return texts


def _note(verdict: Verdict, *, is_guessed: bool) -> str:
    if verdict.time is None or verdict.keys is None:
        return "Из какого-то места сценария до человека не дойти: `ekc ivr check` скажет, из какого"
    about = "около " if is_guessed else ""
    longest = math.ceil(duration(verdict.time).total_seconds())
    return (
        f"Дольше всего до человека: {about}{longest} с (красным); "
        f"клавиш не больше {verdict.keys.amount}"
    )
