"""
`ekc ivr replay`: walk real calls of the past through a script that is not published yet.

Every call of the journal that met the script (in whatever version, or on the numbers `--did`) is
walked through the version it met and through the new one, in the same way; what differs is told
for all of them together, and one by one. docs/howto/replay-calls.md says how to read it.

Exit status: 0 the calls were walked, whatever changes; 2 wrong input.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ekc_telephony.adapters.asterisk_conf.secrets import SecretsError, load_or_create_secrets
from ekc_telephony.adapters.journal.segments import JournalDamagedError, JournalKeyError
from ekc_telephony.cli.asking import WRONG_INPUT, fail
from ekc_telephony.cli.ivr.past import Calendars, PromptLengths, read_past
from ekc_telephony.cli.ivr.replay_view import as_json, show, show_call, show_calls
from ekc_telephony.cli.journal_reading import NoJournalError
from ekc_telephony.core.ivr.retelling.comparison import Retold, retell, summarize
from ekc_telephony.core.ivr.retelling.recorded import RecordedCall
from ekc_telephony.core.kernel.ids import CallId
from ekc_telephony.runtime.journal_codec import RecordUnreadableError
from ekc_telephony.runtime.recorded_calls import CallReader
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
    try:
        settings = load_settings(config)
        loaded = load(read_document(file), known=known_names(settings))
        past = _past(settings, journal or settings.journal_folder, config)
    except (
        *(SettingsError, SecretsError, JournalKeyError, JournalDamagedError),
        *(RecordUnreadableError, NoJournalError, OSError),
    ) as error:
        fail(f"ekc ivr replay: {error}", code=WRONG_INPUT)
    calls = _wanted(past, loaded, did, call)
    lengths = PromptLengths(shelves(settings), loaded.texts)
    retold = _retell(calls, loaded, settings, lengths)
    if json_wanted:
        told = as_json(retold, summarize(retold), is_each=every or call is not None)
        told |= {"left_out": past.left_out, "estimated_prompts": len(lengths.guessed)}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    elif call is not None:
        show_call(retold[0], loaded.script)
    else:
        show(loaded.script.script, retold, summarize(retold))
        if every:
            show_calls(retold)
        _tell_doubts(past, lengths)


def _past(settings: Settings, journal: Path, config: Path) -> CallReader:
    key = load_or_create_secrets(settings.secrets_file, settings.accounts).journal
    return read_past(journal, key=key, config=config)


def _wanted(
    past: CallReader, loaded: LoadedScript, dids: Sequence[str] | None, call: str | None
) -> list[RecordedCall]:
    script = loaded.script.script
    wanted = [
        each
        for each in past.calls
        if (each.did in dids if dids else each.script.script == script)
        and (call is None or each.call == CallId(call))
    ]
    if not wanted:
        met = ", ".join(sorted({each.script.script for each in past.calls})) or "none"
        whom = f"the numbers {', '.join(dids)}" if dids else f"the script {script!r}"
        fail(
            f"ekc ivr replay: found no call {'' if call is None else f'{call!r} '}that met {whom}; "
            f"the journal has {len(past.calls)} calls that are over, to the scripts: {met}. A "
            "script is known by the name of its file; `--did` takes calls by the number dialled.",
            code=WRONG_INPUT,
        )
    return wanted


def _retell(
    calls: Sequence[RecordedCall],
    loaded: LoadedScript,
    settings: Settings,
    lengths: PromptLengths,
) -> list[Retold]:
    calendars: dict[int, Calendars] = {}
    retold = []
    for each in calls:
        year = each.began_at.year  # holidays are worked out around it
        if year not in calendars:
            calendars[year] = Calendars(settings, today=each.began_at.date())
        clocks = calendars[year].clocks_for(each.did, each.number)
        retold.append(retell(each, loaded.script, clocks=clocks, lengths=lengths))
    return retold


def _tell_doubts(past: CallReader, lengths: PromptLengths) -> None:
    if past.left_out:
        typer.echo(
            f"{past.left_out} calls are left out: they began before the journal, or their version "
            "cannot be read any more"
        )
    if lengths.guessed:
        typer.echo(f"times are estimated: {len(lengths.guessed)} prompts are not spoken yet")
