"""
`ekc ivr check`: prove what callers can meet in scripts, before they do.

Every finding is told by file, line, column and code, with what is expected, what to do, and the way
of a caller who meets it; docs/architecture/ivr-proofs.md explains the codes. Then a table: how far
a person is at worst from any point of each script, and on which way.

Exit status: 0 every script may be published, 1 there are errors, 2 wrong input.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.cli.asking import NOT_WELL, WRONG_INPUT, fail, print_table
from ekc_telephony.core.ivr.proofs.finding import Severity
from ekc_telephony.core.ivr.proofs.person import seconds
from ekc_telephony.core.ivr.proofs.prove import Figure, Verdict, duration
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.ivr.proving import (
    Complaint,
    Court,
    Judgement,
    as_text,
    way_as_text,
)
from ekc_telephony.settings.load import load_settings

Files = Annotated[
    list[Path] | None,
    typer.Argument(help="Scripts; all in the folder of scripts, if absent.", show_default=False),
]
Config = Annotated[Path, typer.Option("--config", help="The configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Strict = Annotated[bool, typer.Option("--strict", help="Take warnings for errors.")]

_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow"}
_NOBODY: Final = "—"


def check(
    files: Files = None,
    config: Config = Path("ekc.yaml"),
    *,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Prove what callers can meet in scripts; exit 1 when one may not be published."""
    try:
        settings = load_settings(config)
    except SettingsError as error:
        fail(str(error), code=WRONG_INPUT)
    court = Court(settings, now=SystemClock().now())
    judgements = (
        [court.judge_file(each) for each in files]
        if files
        else list(court.judge_folder(settings.scripts))
    )
    if as_json:
        typer.echo(json.dumps([_told(each) for each in judgements], ensure_ascii=False, indent=2))
    else:
        _show(judgements)
    if not all(each.is_sound and not (strict and each.complaints) for each in judgements):
        raise typer.Exit(NOT_WELL)


def _show(judgements: Sequence[Judgement]) -> None:
    complaints = [each for judgement in judgements for each in judgement.complaints]
    console = Console(highlight=False, soft_wrap=True)
    for each in dict.fromkeys(complaints):
        text = Text(as_text(each))
        text.highlight_words([f"{each.code} {each.severity.value}"], _COLOURS[each.severity])
        console.print(text)
    _show_figures(judgements)
    errors = sum(each.severity is Severity.ERROR for each in complaints)
    for alone in (each.script for each in judgements if not each.begins_here):
        console.print(
            f"{alone}: checked on its own, as if somebody called it; what it reads, and to whom it "
            "tells it, is checked wherever it is called"
        )
    console.print(
        f"{len(judgements)} scripts: {errors} errors, {len(complaints) - errors} warnings"
    )


def _show_figures(judgements: Iterable[Judgement]) -> None:
    table = Table(
        "script", "nodes", "ends", "keys to a person", "time to a person", "in silence", box=None
    )
    ways: list[str] = []
    guessed = 0
    for each in judgements:
        if each.verdict is None:
            continue
        table.add_row(each.script, *_row(each.verdict, is_guessed=bool(each.guessed)))
        guessed += each.guessed
        if each.verdict.time is not None:
            ways.append(f"{each.script}: longest to a person: {way_as_text(each.verdict.time.way)}")
    print_table(table)
    for way in ways:
        typer.echo(way)
    if guessed:
        typer.echo(f"~ is estimated: {guessed} texts are not spoken yet (`ekc ivr publish` does)")


def _row(verdict: Verdict, *, is_guessed: bool) -> tuple[str, ...]:
    mark = "~" if is_guessed else ""
    return (
        str(verdict.nodes),
        ", ".join(f"{count} {ending.value}" for ending, count in verdict.ends.items()),
        _NOBODY if verdict.keys is None else str(verdict.keys.amount),
        _NOBODY if verdict.time is None else mark + seconds(duration(verdict.time)),
        _NOBODY if verdict.silence is None else mark + seconds(duration(verdict.silence)),
    )


def _told(judgement: Judgement) -> dict[str, object]:
    verdict = judgement.verdict
    figures = {} if verdict is None else _figures(verdict)
    return {
        "script": judgement.script,
        "sound": judgement.is_sound,
        "begins_here": judgement.begins_here,
        "findings": [_finding(each) for each in judgement.complaints],
        "estimated_prompts": judgement.guessed,
    } | figures


def _figures(verdict: Verdict) -> dict[str, object]:
    return {
        "nodes": verdict.nodes,
        "ends": {ending.value: count for ending, count in verdict.ends.items()},
        "keys_to_human": None if verdict.keys is None else verdict.keys.amount,
        "seconds_to_human": _total(verdict.time),
        "seconds_in_silence": _total(verdict.silence),
        "longest_way": [] if verdict.time is None else [s.node for s in verdict.time.way],
    }


def _total(figure: Figure | None) -> float | None:
    return None if figure is None else duration(figure).total_seconds()


def _finding(complaint: Complaint) -> dict[str, object]:
    told = complaint.mistake
    return {
        "code": complaint.code,
        "severity": complaint.severity.value,
        "file": str(told.file),
        "line": told.line,
        "column": told.column,
        "found": told.found,
        "expected": told.expected,
        "advice": told.advice,
        "way": [{"node": each.node, "happens": each.happens} for each in complaint.way],
    }
