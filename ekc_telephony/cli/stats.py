"""
`ekc stats`: figures of the contact centre, by queue, line, operator or stretch of time; the forms.

Every figure is counted from calls, segments and presences in the store when it is asked for, so it
can be checked by hand against `ekc appeals`. `--keep` counts half-hours and days for dashboards,
and `--kept` reads those.

Forms are in `stats_forms.py`. What people read is in Russian and in local time; `--json` keeps the
Enums' values, UTC and seconds.

Exit codes: 0 all is well; 1 the store does not answer; 2 the command line or the configuration is
wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer

from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.cli import stats_view as view
from ekc_telephony.cli import stats_words as words
from ekc_telephony.cli.appeals_view import as_json as json_of
from ekc_telephony.cli.asking import (
    DEFAULT_CONFIG,
    WRONG_INPUT,
    AsJson,
    Config,
    Store,
    Zone,
    fail,
    time_zone,
)
from ekc_telephony.cli.stats_forms import Looks, print_form
from ekc_telephony.cli.stats_question import Question, period_of, question_of
from ekc_telephony.cli.stats_source import keep_figures, tallies_for
from ekc_telephony.core.acd.service_level import ServiceLevelFormula
from ekc_telephony.core.stats.figures import Figures, figures_of
from ekc_telephony.core.stats.form_rows import (
    Form,
)
from ekc_telephony.core.stats.formulas import SERVICE_LEVELS
from ekc_telephony.core.stats.grouping import By, Key
from ekc_telephony.core.stats.norms import NORMS, Preset, judge
from ekc_telephony.core.stats.spans import next_cut
from ekc_telephony.core.stats.tally import Tally

ResultT = TypeVar("ResultT")

Day = Annotated[
    str | None, typer.Option("--day", help="2026-03-01, today or yesterday; today if absent.")
]
From = Annotated[
    str | None, typer.Option("--from", help="From this day or moment on, instead of --day.")
]
To = Annotated[str | None, typer.Option("--to", help="To the end of this day, or this moment.")]


def stats(
    *,
    by: Annotated[By, typer.Option(help="By what figures are told apart.")] = By.ALL,
    form: Annotated[Form | None, typer.Option(help="A report form instead of figures.")] = None,
    norm: Annotated[Preset | None, typer.Option(help="Judge by this norm.")] = None,
    day: Day = None,
    since: From = None,
    until: To = None,
    target: Annotated[
        float | None, typer.Option(min=0, help="T in seconds, instead of `service_level.target`.")
    ] = None,
    formula: Annotated[
        ServiceLevelFormula | None, typer.Option(help="Instead of `service_level.formula`.")
    ] = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep", help="Count half-hours and days for dashboards: what is due, or the period."
        ),
    ] = False,
    kept: Annotated[
        bool, typer.Option("--kept", help="From what --keep has counted: fast for long periods.")
    ] = False,
    zone: Zone = None,
    as_json: AsJson = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="A form as CSV for a Russian Excel: BOM, semicolons.")
    ] = False,
    store: Store = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Figures by queue, line, operator or interval; report forms; norms; ratings and surveys."""
    now, local = SystemClock().now(), time_zone(zone)
    period = period_of(day, since, until, zone=local, now=now)
    question = question_of(
        period, zone=local, target_s=target, formula=formula, store=store, config=config
    )
    question = replace(question, is_kept=kept)
    if keep:
        keep_figures(question, now, is_all=(day, since, until) == (None, None, None))
    elif form is not None and kept:
        fail("--kept is for figures; leave it out beside --form", code=WRONG_INPUT)
    elif form is not None:
        looks = Looks.JSON if as_json else Looks.CSV if as_csv else Looks.TABLE
        print_form(question, form, by=by, norm=norm, looks=looks)
    elif as_csv:
        fail(
            "--csv is for forms: expected --form F1 … F8, ratings or surveys beside it",
            code=WRONG_INPUT,
        )
    elif as_json:
        typer.echo(json_of(_plain(question, by, norm)))
    elif by is By.ALL:
        _print_all(question, norm)
    else:
        _print_groups(question, by, norm)


def _print_all(question: Question, norm: Preset | None) -> None:
    found = tallies_for(question, By.ALL)
    tally = found.get(None) or Tally(question.wait_edges)
    typer.echo(view.heading(question.since, question.until, question.zone))
    figures = _figures(question, tally)
    lines = view.all_lines(figures, target=question.target, formula=question.formula)
    typer.echo("\n".join(lines))
    typer.echo("\nНормы:")
    for preset in Preset if norm is None else (norm,):
        typer.echo(view.verdict_line(preset, judge(NORMS[preset], tally)))


def _print_groups(question: Question, by: By, norm: Preset | None) -> None:
    found = tallies_for(question, by)
    typer.echo(view.heading(question.since, question.until, question.zone))
    rows = [
        (_name(question, by, key), _figures(question, found[key], key, by)) for key in _order(found)
    ]
    view.print_wide(view.groups_table(words.GROUPS[by], rows))
    typer.echo("")
    typer.echo("\n".join(view.level_lines(question.target)))
    if norm is not None:
        typer.echo("\nНорма:")
        for key in _order(found):
            typer.echo(f"{_name(question, by, key)}:")
            typer.echo(view.verdict_line(norm, judge(NORMS[norm], found[key])))


def _plain(question: Question, by: By, norm: Preset | None) -> dict[str, Any]:
    found = tallies_for(question, by)
    groups = []
    for key in _order(found):
        verdicts = {
            preset.value: _plain_verdict(preset, found[key])
            for preset in (Preset if norm is None else (norm,))
        }
        shown = key.isoformat() if isinstance(key, datetime) else key
        figures = view.plain_figures(_figures(question, found[key], key, by))
        groups.append({"key": shown, **figures, "norms": verdicts})
    return {
        **view.plain_period(question.since, question.until),
        "by": by.value,
        "target_s": question.target.total_seconds(),
        "formulas": {name: formula.value for name, formula in SERVICE_LEVELS},
        "formula": None if question.formula is None else question.formula.value,
        "not_measured": [
            name
            for name in ("people", "transfer_share", "hold_share")
            if all(group[name] is None for group in groups)
        ],
        "groups": groups,
    }


def _plain_verdict(preset: Preset, tally: Tally) -> dict[str, Any]:
    verdict = judge(NORMS[preset], tally)
    return {
        **view.plain_norm(verdict.norm),
        "is_measured": verdict.norm.is_measured,
        "share": verdict.share,
        **view.plain_value("mean", verdict.mean),
        **view.plain_value("longest", verdict.longest),
        "is_kept": verdict.is_kept,
    }


def _figures(question: Question, tally: Tally, key: Key = None, by: By = By.ALL) -> Figures:
    begin, end = question.since, question.until
    if isinstance(key, datetime) and by.step is not None:
        begin, end = key, min(next_cut(key, by.step, question.zone), end)
    return figures_of(tally, target=question.target, period=end - begin, formula=question.formula)


def _order(found: Mapping[Key, Tally]) -> list[Key]:
    """Return the keys in order, the rest last; nobody is ranked (G12)."""
    return sorted(found, key=lambda key: (key is None, str(key)))


def _name(question: Question, by: By, key: Key) -> str:
    if isinstance(key, datetime):
        local = key.astimezone(question.zone)
        return f"{local:%d.%m.%Y}" if by is By.DAY else f"{local:%d.%m %H:%M}"
    if key is None:
        return words.OF_NONE.get(by, words.GROUPS[By.ALL])
    return words.LINES[key] if by is By.LINE else question.names.get(key, key)
