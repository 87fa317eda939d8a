"""
What the commands that ask the store have in common: options, moments, and how they ask.

Rule 1: a store that does not answer ends the command with 1, wrong input with 2, each with one
clear sentence on standard error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Annotated, Final, NoReturn, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.table import Table

from ekc_telephony.adapters.sql.connection import StoreUrlError
from ekc_telephony.adapters.sql.queries import AppealQueries
from ekc_telephony.core.stats.spans import DAY, next_cut
from ekc_telephony.runtime.ports import StoreUnavailableError
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.load import load_settings

ResultT = TypeVar("ResultT")

NOT_WELL: Final = 1
"""The exit code when the answer is bad, or there is none."""
WRONG_INPUT: Final = 2
"""The exit code when the command line or the configuration is wrong."""
DEFAULT_CONFIG: Final = Path("ekc.yaml")
_WIDE: Final = 200
"""Columns of a table that goes into a file or a pipe, where nothing may be cut off."""

Store = Annotated[str | None, typer.Option(help="The store's address, instead of --config.")]
Config = Annotated[Path, typer.Option(help="The configuration that names the store.")]
Zone = Annotated[str | None, typer.Option(help="Time zone: Europe/Moscow; the machine's own.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def ask(
    store: str | None, config: Path, question: Callable[[AppealQueries], Awaitable[ResultT]]
) -> ResultT:
    """
    Ask the store and return its answer.

    Args:
        store: Its address, instead of the configured one.
        config: The configuration, read only when `store` is None.
        question: What to ask.

    Raises:
        typer.Exit: There is no answer; the person has been told why.
    """

    async def answer() -> ResultT:
        queries = AppealQueries(store or load_settings(config).store_url)
        try:
            return await question(queries)
        finally:
            await queries.close()

    return answered(answer)


def answered(question: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """
    Run what asks a store and return its result.

    Raises:
        typer.Exit: The store does not answer or is not there; the person has been told why.
    """

    async def run() -> ResultT:
        return await question()

    try:
        return asyncio.run(run())
    except (StoreUrlError, SettingsError) as error:
        fail(str(error), code=WRONG_INPUT)
    except BrokenPipeError:
        raise  # whoever read what we print has read enough (`| head`); click ends us in silence
    except (StoreUnavailableError, OSError) as error:
        fail(str(error), code=NOT_WELL)


def time_zone(name: str | None) -> tzinfo | None:
    """
    Return the time zone of this name; None, which is the machine's own, without a name.

    Raises:
        typer.Exit: There is no such zone; the person has been told.
    """
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        fail(
            f"--zone: found {name!r}, expected a name such as Europe/Moscow or Asia/Barnaul",
            code=WRONG_INPUT,
        )


def begin_of(option: str, text: str, zone: tzinfo | None) -> datetime:
    """
    Return the moment from which a person means; a bare day is its beginning.

    Raises:
        typer.Exit: It is no moment; the person has been told, by the option's name.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        fail(
            f"{option}: found {text!r}, expected a day 2026-03-01 or a moment 2026-03-01T09:00",
            code=WRONG_INPUT,
        )
    if at.tzinfo is None:
        at = at.astimezone() if zone is None else at.replace(tzinfo=zone)
    return at.astimezone(UTC)


def end_of(option: str, text: str, zone: tzinfo | None) -> datetime:
    """
    Return the moment up to which a person means; a bare day is the beginning of the next.

    Raises:
        typer.Exit: It is no moment; the person has been told, by the option's name.
    """
    at = begin_of(option, text, zone)
    is_day = len(text) == len("2026-03-01")
    return next_cut(at, DAY, zone) if is_day else at


def print_table(table: Table) -> None:
    """Print a table; outside a terminal nothing of it is cut off."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    console.print(table)


def fail(message: str, *, code: int) -> NoReturn:
    """
    End the command with a sentence for the person.

    Raises:
        typer.Exit: Always.
    """
    typer.echo(message, err=True)
    raise typer.Exit(code)
