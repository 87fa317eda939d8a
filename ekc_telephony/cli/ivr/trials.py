"""
`ekc ivr test`: let the callers of all test cases call, and tell what went otherwise.

The cases of a script lie in `tests/<script>.yaml` in the folder of scripts; ivr_scripts/README.md
explains them. Then: how much of each script they walk, and which of its branches nobody walks.

Exit status: 0 all went well, 1 a case did not or too little is walked, 2 wrong input.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated
from xml.etree import ElementTree as ET

import typer

from ekc_telephony.adapters.speech.manifest import ManifestError
from ekc_telephony.cli.asking import NOT_WELL, WRONG_INPUT, fail
from ekc_telephony.cli.ivr.transcript import Transcript
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.ivr.load import LoadedScript, load
from ekc_telephony.settings.ivr.proving import scripts_of_folder
from ekc_telephony.settings.library import known_names
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.rehearsing.trials import (
    Report,
    ScriptReport,
    Trial,
    place_of_difference,
    run_tests,
    stray_cases,
    tell_nobody,
)

Folder = Annotated[
    Path | None,
    typer.Argument(
        metavar="[DIR]",
        help="The folder of scripts; that of the configuration, if absent.",
        show_default=False,
    ),
]
Only = Annotated[
    list[str] | None, typer.Option("--script", help="Only these scripts, by their names.")
]
Config = Annotated[Path, typer.Option("--config", help="The configuration file.")]
LeastCoverage = Annotated[
    float,
    typer.Option("--coverage-min", min=0, max=100, help="Percent of nodes and of ways to walk."),
]
Junit = Annotated[
    Path | None, typer.Option("--junit", help="Write a JUnit report here.", dir_okay=False)
]
Personal = Annotated[
    bool, typer.Option("--personal", help="Show what is personal in what went otherwise.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def try_scripts(
    folder: Folder = None,
    only: Only = None,
    config: Config = Path("ekc.yaml"),
    coverage_min: LeastCoverage = 0,
    junit: Junit = None,
    *,
    personal: Personal = False,
    as_json: AsJson = False,
) -> None:
    """Rehearse the test cases of scripts; exit 1 when one goes otherwise than it says."""
    try:
        settings = load_settings(config)
        if folder is not None:
            settings = settings.model_copy(update={"scripts": folder})
        scripts = list(_scripts(settings, only))

        def say(trial: Trial) -> None:
            _say(trial, personal=personal)

        report = run_tests(settings, scripts, tell=tell_nobody if as_json else say)
    except (SettingsError, ManifestError) as error:
        fail(str(error), code=WRONG_INPUT)
    uncovered = [each for each in report.scripts if each.coverage.percent < coverage_min]
    if as_json:
        typer.echo(json.dumps(_told(report), ensure_ascii=False, indent=2))
    else:
        _summarize(report, uncovered, coverage_min)
    if junit is not None:
        _write_junit(junit, report)
    if report.failed or uncovered:
        raise typer.Exit(NOT_WELL)


def _scripts(settings: Settings, only: Iterable[str] | None) -> Iterable[LoadedScript]:
    """
    Return the scripts to be tried.

    Raises:
        SettingsError: One of them cannot be used, or cases are there for one that is not.
    """
    documents = {each.file.stem: each for each in scripts_of_folder(settings.scripts)}
    if mistakes := list(stray_cases(settings.scripts, documents)):
        raise SettingsError(mistakes)
    names = documents if only is None else list(only)
    unknown = [each for each in names if each not in documents]
    if unknown:
        fail(
            f"--script: found {', '.join(unknown)}; expected scripts that calls may begin with: "
            + ", ".join(documents),
            code=WRONG_INPUT,
        )
    known = known_names(settings)
    return [load(documents[each], known=known) for each in names]


def _say(trial: Trial, *, personal: bool) -> None:
    """Print one case, and what went otherwise."""
    if trial.has_passed:
        typer.echo(f"ok    {trial.script}: {trial.case.name}")
        return
    typer.secho(f"FAIL  {trial.script}: {trial.case.name}", fg=typer.colors.RED)
    for line in _what_went_otherwise(trial, personal=personal):
        typer.echo(f"      {line}")


def _what_went_otherwise(trial: Trial, *, personal: bool) -> Iterable[str]:
    for each in trial.differences:
        where = ".".join(str(s + 1) if isinstance(s, int) else s for s in each.where)
        yield f"{place_of_difference(trial, each)}: {where}"
        yield f"    - {each.expected}"
        yield f"    + {each.found}"
    yield "what happened:"
    zone = trial.call.script.zone
    lines = Transcript(trial.phrasebook, zone=zone, personal=personal).lines(trial.call)
    yield from (f"    {line}" for line in lines)


def _summarize(report: Report, uncovered: list[ScriptReport], least: float) -> None:
    for each in report.scripts:
        covered = each.coverage
        cases = f"{len(each.trials)} cases" if each.has_cases else "no test cases"
        typer.echo(
            f"{each.script}: {cases}; walked {covered.nodes_tried} of {covered.nodes} nodes, "
            f"{covered.ways_tried} of {covered.ways} ways: {covered.percent:.0f} %"
        )
        for untried in covered.untried:
            what = "nobody comes here" if untried.way is None else untried.label
            typer.echo(f"    {untried.place}: {untried.node}: {what}")
    total = len(report.trials)
    typer.echo(f"{total} cases of {len(report.scripts)} scripts: {len(report.failed)} failed")
    for each in uncovered:
        typer.secho(
            f"{each.script}: {each.coverage.percent:.1f} % walked, expected {least:g} % at least",
            fg=typer.colors.RED,
        )


def _told(report: Report) -> dict[str, object]:
    return {
        "cases": len(report.trials),
        "failed": len(report.failed),
        "scripts": [_script_told(each) for each in report.scripts],
    }


def _script_told(script: ScriptReport) -> dict[str, object]:
    covered = script.coverage
    return {
        "script": script.script,
        "coverage": round(covered.percent, 2),
        "nodes": covered.nodes,
        "nodes_walked": covered.nodes_tried,
        "ways": covered.ways,
        "ways_walked": covered.ways_tried,
        "not_walked": [
            {"place": each.place, "node": each.node, "way": each.label or None}
            for each in covered.untried
        ],
        "cases": [
            {
                "name": trial.case.name,
                "place": trial.case.place,
                "passed": trial.has_passed,
                "differences": [
                    {
                        "place": place_of_difference(trial, each),
                        "expected": each.expected,
                        "found": each.found,
                    }
                    for each in trial.differences
                ],
            }
            for trial in script.trials
        ],
    }


def _write_junit(file: Path, report: Report) -> None:
    """Write what a CI shows; the form is that of Ant's JUnit task, which all of them read."""
    root = ET.Element("testsuites")
    for script in report.scripts:
        suite = ET.SubElement(
            root,
            "testsuite",
            name=script.script,
            tests=str(len(script.trials)),
            failures=str(sum(not each.has_passed for each in script.trials)),
        )
        for trial in script.trials:
            case = ET.SubElement(
                suite, "testcase", classname=f"ivr.{script.script}", name=trial.case.name
            )
            if not trial.has_passed:
                text = "\n".join(_what_went_otherwise(trial, personal=False))
                first = trial.differences[0]
                failure = ET.SubElement(case, "failure", message=first.found)
                failure.text = text
    try:
        ET.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        fail(f"--junit {file}: {error.strerror}", code=WRONG_INPUT)
