"""
`ekc ivr replay`: walk real calls of the past through a script that is not published yet.

Every call of the journal that met the script (in whatever version, or on the numbers `--did`) is
walked through the version it met and through the new one, in the same way; what differs is told
for all of them together, and one by one. docs/howto/replay-calls.md says how to read it.

Exit status: 0 the calls were walked, whatever changes; 2 wrong input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ekc_telephony.adapters.asterisk_conf.secrets import SecretsError, load_or_create_secrets
from ekc_telephony.adapters.journal.segments import JournalDamagedError, JournalKeyError
from ekc_telephony.cli.asking import WRONG_INPUT, fail
from ekc_telephony.cli.ivr.past import Calendars, Past, PromptLengths
from ekc_telephony.cli.ivr.replay_view import Json, OneCall, Report, Tables
from ekc_telephony.cli.journal_reading import NoJournalError
from ekc_telephony.core.ivr.retelling.comparison import Retold, retell
from ekc_telephony.core.ivr.retelling.recorded import RecordedCall
from ekc_telephony.core.kernel.ids import CallId
from ekc_telephony.runtime.journal_codec import RecordUnreadableError
from ekc_telephony.settings.document import read_document
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.ivr.load import LoadedScript, load
from ekc_telephony.settings.library import known_names, shelves
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings

File = Annotated[Path, typer.Argument(help="The script as you want it.")]
Journal = Annotated[
    Path | None,
    typer.Option(
        "--from-journal",
        help="A journal's folder, or one file of it; that of the state folder, if absent.",
        show_default=False,
    ),
]
Numbers = Annotated[
    list[str] | None,
    typer.Option("--did", help="Calls to this number, whatever script they met; repeatable."),
]
OfCall = Annotated[str | None, typer.Option("--call", help="Show one call in full.")]
Config = Annotated[Path, typer.Option("--config", help="The configuration file.")]
All = Annotated[bool, typer.Option("--all", help="Name every call for which anything changes.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def replay(
    file: File,
    journal: Journal = None,
    did: Numbers = None,
    call: OfCall = None,
    config: Config = Path("ekc.yaml"),
    *,
    every: All = False,
    json_wanted: AsJson = False,
) -> None:
    """Walk calls of the past through a new version of their script, and tell what changes."""
    wanted = _Wanted(
        script=file.stem, dids=frozenset(did or ()), call=None if call is None else CallId(call)
    )
    try:
        settings = load_settings(config)
        loaded = load(read_document(file), known=known_names(settings))
        past = _past(settings, journal or settings.journal_folder, config)
        lengths = PromptLengths(shelves(settings), loaded.texts)
        report = _report(loaded, is_json=json_wanted, is_each=every, is_one=call is not None)
        with _progress() as tell:
            for each in _retell(wanted.among(past.calls(tell)), loaded, settings, lengths):
                report.take(each)
    except (
        *(SettingsError, SecretsError, JournalKeyError, JournalDamagedError),
        *(RecordUnreadableError, NoJournalError, OSError),
    ) as error:
        fail(f"ekc ivr replay: {error}", code=WRONG_INPUT)
    if not report.tally.calls:
        fail(f"ekc ivr replay: {wanted.missed(past)}", code=WRONG_INPUT)
    report.tell(left_out=past.left_out, guessed=len(lengths.guessed))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which calls are asked for."""

    script: str
    dids: frozenset[str]
    """Empty: those that met the script."""
    call: CallId | None

    def among(self, calls: Iterable[RecordedCall]) -> Iterator[RecordedCall]:
        """Yield those that are wanted; read no further when one was wanted and is found."""
        for each in calls:
            is_met = each.did in self.dids if self.dids else each.script.script == self.script
            if is_met and self.call in {None, each.call}:
                yield each
                if self.call is not None:
                    return

    def missed(self, past: Past) -> str:
        """Say that there is none, and which there are."""
        met = ", ".join(sorted(past.met)) or "none"
        whom = f"the numbers {', '.join(sorted(self.dids))}" if self.dids else None
        return (
            f"found no call {'' if self.call is None else f'{self.call!r} '}that met "
            f"{whom or f'the script {self.script!r}'}; the journal has {past.met.total()} calls "
            f"that are over, to the scripts: {met}. A script is known by the name of its file; "
            "`--did` takes calls by the number dialled."
        )


def _report(loaded: LoadedScript, *, is_json: bool, is_each: bool, is_one: bool) -> Report:
    if is_json:
        return Json(is_each=is_each or is_one)
    if is_one:
        return OneCall(loaded.script, loaded.texts)
    return Tables(loaded.script, is_each=is_each)


@contextmanager
def _progress() -> Iterator[Callable[[float, int], None]]:
    """Show a person how far the journal is read; a file or a pipe gets nothing."""
    console = Console(stderr=True)
    columns = (
        TextColumn("journal"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %, {task.fields[calls]} calls"),
        TimeRemainingColumn(),
    )
    is_hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=is_hidden) as bar:
        task = bar.add_task("", total=1, calls=0)
        yield lambda share, calls: bar.update(task, completed=share, calls=calls)


def _past(settings: Settings, journal: Path, config: Path) -> Past:
    key = load_or_create_secrets(settings.secrets_file, settings.accounts).journal
    return Past(journal, key=key, config=config)


def _retell(
    calls: Iterable[RecordedCall],
    loaded: LoadedScript,
    settings: Settings,
    lengths: PromptLengths,
) -> Iterator[Retold]:
    calendars: dict[int, Calendars] = {}
    for each in calls:
        year = each.began_at.year  # holidays are worked out around it
        if year not in calendars:
            calendars[year] = Calendars(settings, today=each.began_at.date())
        clocks = calendars[year].clocks_for(each.did, each.number)
        yield retell(each, loaded.script, clocks=clocks, lengths=lengths)
