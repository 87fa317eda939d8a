"""
`ekc appeals reconcile`: what Asterisk wrote down against what the store holds.

Without a day it compares yesterday and today so far, so the same command serves the nightly timer
and a person who has just tested something. A day is one of `--zone`, UTC if absent.

Exit codes: 0 the two agree; 1 they do not, or the store or the record cannot be read; 2 the command
line or the configuration is wrong. What the store itself explains is shown and does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress

from ekc_telephony.adapters.cdr.calls import witnessed_calls
from ekc_telephony.adapters.cdr.hangups import hangups
from ekc_telephony.adapters.cdr.rows import CdrFiles
from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.spool.folder import SpoolFolder
from ekc_telephony.adapters.sql.reconciliations import ReconciledDay, ReconciliationStore
from ekc_telephony.cli import appeals_view as view
from ekc_telephony.cli import reconcile_words as words
from ekc_telephony.cli.asking import (
    DEFAULT_CONFIG,
    NOT_WELL,
    WRONG_INPUT,
    AsJson,
    Config,
    Store,
    answered,
    fail,
    time_zone,
)
from ekc_telephony.core.appeals.reconciliation import (
    Difference,
    Witnessed,
    differences,
    strays,
)
from ekc_telephony.core.kernel.ids import CallId
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings

MARGIN: Final = timedelta(minutes=1)
"""How far beyond the days the store is read: the two may put a call's begin on either side."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day compared."""

    day: date
    zone: str
    checked_at: datetime
    calls: int
    """How many were compared."""
    differences: tuple[Difference, ...]
    explained: tuple[Difference, ...]


def reconcile(
    *,
    day: Annotated[
        str | None,
        typer.Option(help="2026-03-01, today or yesterday; yesterday and today if absent."),
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="Time zone of the day: Europe/Moscow; UTC if absent.")
    ] = None,
    cdr: Annotated[
        Path | None, typer.Option(help="Asterisk's record, instead of the one of --config.")
    ] = None,
    as_json: AsJson = False,
    store: Store = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Compare calls and appeals with what Asterisk itself wrote down."""
    local = time_zone(zone) or UTC
    now = SystemClock().now()
    days = _days(day, now.astimezone(local).date())
    try:
        settings = load_settings(config)
    except SettingsError as error:
        fail(str(error), code=WRONG_INPUT)
    found = _compare(settings, days, local=local, now=now, cdr=cdr, url=store or settings.store_url)
    if as_json:
        typer.echo(view.as_json(found))
    else:
        typer.echo("\n".join(line for each in found for line in _lines(each, local)))
    if any(each.differences for each in found):
        raise typer.Exit(NOT_WELL)


def _compare(
    settings: Settings,
    days: Sequence[date],
    *,
    local: tzinfo,
    now: datetime,
    cdr: Path | None,
    url: str,
) -> list[Day]:
    since, _ = _span(days[0], local)
    _, until = _span(days[-1], local)
    witnessed = _witnessed(cdr or settings.cdr_file, settings, since=since - MARGIN)
    spooled = SpoolFolder(settings.fallback_spool).calls()

    async def compare() -> list[Day]:
        records = ReconciliationStore(url)
        try:
            kept = await records.kept(settings.node, since=since - MARGIN, until=until + MARGIN)
            by_call = {call.call: call for call in kept}
            found = []
            for day in days:
                between = _span(day, local)
                unclaimed = await records.strays(since=between[0], until=between[1])
                calls, unlike = differences(
                    witnessed, by_call, between=between, now=now, spooled=spooled
                )
                unlike += strays(unclaimed)
                found.append(_day(day, local, now=now, calls=calls, unlike=unlike))
            await records.record(list(map(_row, found)))
        finally:
            await records.close()
        return found

    return answered(compare)


def _witnessed(path: Path, settings: Settings, *, since: datetime) -> dict[CallId, Witnessed]:
    record = CdrFiles(path)
    trunks = {trunk.name for trunk in settings.trunks}
    try:
        size = sum(file.stat().st_size for file in record.files(since=since))
        with _progress("Запись станции", size) as advance:
            rows = record.read(since=since, on_bytes=advance)
            ends = hangups(settings.hangups_file, since=since)
            witnessed = witnessed_calls(
                rows, trunks=trunks, hung_up={each.leg: each.at for each in ends}
            )
    except (OSError, EOFError) as error:
        fail(
            f"Asterisk's record {path} cannot be read: {error}. Expected the file that Asterisk "
            "writes; run this as the user of ekc-asterisk.service, on Asterisk's machine",
            code=NOT_WELL,
        )
    if not path.exists():
        typer.echo(f"{path}: Asterisk has not written down any call yet.", err=True)
    if record.unreadable:
        typer.echo(f"{path}: {record.unreadable} unreadable lines were skipped.", err=True)
    return witnessed


@contextmanager
def _progress(title: str, size: int) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=size or None)
        yield lambda count: progress.advance(task, count)


def _days(wanted: str | None, today: date) -> list[date]:
    if wanted is None:
        return [today - _DAY, today]
    named = {"today": today, "yesterday": today - _DAY}
    try:
        return [named[wanted] if wanted in named else date.fromisoformat(wanted)]
    except ValueError:
        fail(
            f"--day: found {wanted!r}, expected a day such as 2026-03-01, today or yesterday",
            code=WRONG_INPUT,
        )


def _span(day: date, local: tzinfo) -> tuple[datetime, datetime]:
    begin, end = (datetime.combine(each, time(), tzinfo=local) for each in (day, day + _DAY))
    return begin.astimezone(UTC), end.astimezone(UTC)


def _day(
    day: date, local: tzinfo, *, now: datetime, calls: int, unlike: Sequence[Difference]
) -> Day:
    return Day(
        day=day,
        zone=str(local),
        checked_at=now,
        calls=calls,
        differences=tuple(each for each in unlike if not each.is_explained),
        explained=tuple(each for each in unlike if each.is_explained),
    )


def _row(day: Day) -> ReconciledDay:
    return ReconciledDay(
        day=day.day,
        checked_at=day.checked_at,
        calls=day.calls,
        differences=len(day.differences),
    )


def _lines(day: Day, local: tzinfo) -> Iterator[str]:
    count = len(day.differences)
    verdict = f"расхождений: {count}" if count else "расхождений нет"
    yield f"{day.day:%d.%m.%Y} ({day.zone}): сверено звонков: {day.calls}; {verdict}"
    for difference in (*day.differences, *day.explained):
        yield f"  {_tell(difference, local)}"


def _tell(difference: Difference, local: tzinfo) -> str:
    meaning = words.EXPLAINED if difference.is_explained else words.DIFFERENCES[difference.kind]
    whose = [f"звонок {difference.call}"] if difference.call else []
    whose += [f"обращение {difference.appeal}"] if difference.appeal else []
    moments = ""
    if difference.witnessed is not None and difference.kept is not None:
        apart = (difference.kept - difference.witnessed).total_seconds()
        moments = (
            f" (станция {difference.witnessed.astimezone(local):%H:%M:%S.%f}, "
            f"ЕКЦ {difference.kept.astimezone(local):%H:%M:%S.%f}, {apart:+.3f} с)"
        )
    at = f"{difference.at.astimezone(local):%H:%M:%S}"
    return f"{at}  {', '.join(whose)}: {meaning.what}{moments}; {meaning.advice}"
