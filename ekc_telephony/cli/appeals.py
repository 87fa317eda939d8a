"""
`ekc appeals`: list calls, show an appeal, export; `reconcile` and `take-back` have own modules.

What people read is in Russian and in local time; `--json` and plain CSV keep the Enums' values and
UTC. Citizens' numbers are shown, since whoever types this asked for them; they are never logged.

Exit codes: 0 all is well; 1 no such appeal, or the store does not answer; 2 the command line or the
configuration is wrong.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import tzinfo
from enum import Enum
from pathlib import Path
from typing import IO, Annotated

import typer

from ekc_telephony.adapters.sql.queries import (
    AppealHistory,
    AppealQueries,
    CallFilter,
    CallSummary,
)
from ekc_telephony.cli import appeals_view as view
from ekc_telephony.cli import appeals_words as words
from ekc_telephony.cli.asking import (
    DEFAULT_CONFIG,
    NOT_WELL,
    WRONG_INPUT,
    AsJson,
    Config,
    Store,
    Zone,
    ask,
    begin_of,
    end_of,
    fail,
    print_table,
    time_zone,
)
from ekc_telephony.cli.reconcile import reconcile
from ekc_telephony.cli.take_back import take_back_command
from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.kernel.ids import AppealId

app = typer.Typer(help="Appeals: list, show, export.", no_args_is_help=True, add_completion=False)

app.command()(reconcile)
app.command("take-back")(take_back_command)


class ExportFormat(Enum):
    """What an export is written as."""

    CSV = "csv"
    JSON = "json"


Since = Annotated[
    str | None, typer.Option(help="From this day or moment on: 2026-03-01, 2026-03-01T09:00.")
]
Until = Annotated[str | None, typer.Option(help="To the end of this day, or before this moment.")]
Outcome = Annotated[CallOutcome | None, typer.Option(help="Only calls that ended so.")]
Number = Annotated[str | None, typer.Option(help="Only this caller's: +7…, 8… or without prefix.")]


@app.command("list")
def list_calls(
    *,
    since: Since = None,
    until: Until = None,
    outcome: Outcome = None,
    number: Number = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    zone: Zone = None,
    as_json: AsJson = False,
    store: Store = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """List calls and their appeals, newest first."""
    local = time_zone(zone)
    wanted = _filter(since, until, outcome, number, local)
    found = ask(store, config, lambda queries: queries.newest_calls(wanted, limit=limit))
    if as_json:
        typer.echo(view.as_json(found))
        return
    print_table(view.calls_table(found, zone=local))
    typer.echo(f"Показано: {len(found)}")


@app.command()
def show(
    appeal: Annotated[str, typer.Argument(help="The id, as `list` shows it.")],
    *,
    zone: Zone = None,
    as_json: AsJson = False,
    store: Store = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Show an appeal with everything that happened in its calls."""
    local = time_zone(zone)
    found, similar = ask(store, config, lambda queries: _find(queries, appeal))
    if found is None:
        advice = f" Similar: {', '.join(similar)}." if similar else " `ekc appeals list` has ids."
        fail(f"There is no appeal {appeal!r} in this store.{advice}", code=NOT_WELL)
    typer.echo(view.as_json(found) if as_json else "\n".join(view.history_lines(found, zone=local)))


@app.command()
def export(
    *,
    since: Since = None,
    until: Until = None,
    outcome: Outcome = None,
    number: Number = None,
    form: Annotated[ExportFormat, typer.Option("--format", help="csv or json.")] = ExportFormat.CSV,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; standard output if absent.")
    ] = None,
    excel: Annotated[
        bool,
        typer.Option(
            "--excel", help="CSV for a Russian Excel: BOM, semicolons, local time, words."
        ),
    ] = False,
    zone: Zone = None,
    store: Store = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Write all calls, oldest first; the file is readable by its owner only."""
    local = time_zone(zone)
    wanted = _filter(since, until, outcome, number, local)
    lines = _json_lines if form is ExportFormat.JSON else _excel_lines if excel else _csv_lines
    if excel and form is ExportFormat.JSON:
        fail("--excel is for --format csv; leave one of them out", code=WRONG_INPUT)

    async def write(queries: AppealQueries) -> int:
        count = 0
        with _opened(output) as file:
            async for line in lines(queries.all_calls(wanted), local):
                file.write(line)
                count += 1
        return count

    ask(store, config, write)


async def _find(queries: AppealQueries, appeal: str) -> tuple[AppealHistory | None, list[AppealId]]:
    found = await queries.find(AppealId(appeal))
    return found, [] if found else await queries.similar(appeal)


async def _csv_lines(calls: AsyncIterator[CallSummary], _zone: tzinfo | None) -> AsyncIterator[str]:
    yield view.csv_line(view.COLUMNS, delimiter=",")
    async for call in calls:
        yield view.csv_line(view.plain_cells(call), delimiter=",")


async def _excel_lines(
    calls: AsyncIterator[CallSummary], zone: tzinfo | None
) -> AsyncIterator[str]:
    headings = [words.COLUMNS[column] for column in view.COLUMNS]
    yield "\ufeff" + view.csv_line(headings, delimiter=";")
    async for call in calls:
        yield view.csv_line(view.spreadsheet_cells(call, zone=zone), delimiter=";")


async def _json_lines(
    calls: AsyncIterator[CallSummary], _zone: tzinfo | None
) -> AsyncIterator[str]:
    before = "[\n"
    async for call in calls:
        yield before + view.as_json(call)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _filter(
    since: str | None,
    until: str | None,
    outcome: CallOutcome | None,
    number: str | None,
    zone: tzinfo | None,
) -> CallFilter:
    return CallFilter(
        since=None if since is None else begin_of("--since", since, zone),
        until=None if until is None else end_of("--until", until, zone),
        outcome=outcome,
        number=number,
    )


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout
        return
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        yield file
