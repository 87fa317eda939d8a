"""
`ekc calls`: the calls of this moment, and moving one that waits; `ekc supervise`: being in a talk.

They ask the running engine (`/wallboard`, `/api/…`), as `ekc agents` does; each use is logged with
a name, and the appeal says it.

Exit status: 0, or 1 when the engine does not answer or refuses.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.table import Table

from ekc_telephony.adapters.asterisk_conf.secrets import SecretsError
from ekc_telephony.cli.asking import print_table
from ekc_telephony.cli.asking_engine import RefusedError, address, ask_engine
from ekc_telephony.cli.wallboard import PHASES, EngineSilentError, read_page
from ekc_telephony.core.call.supervision import SupervisionMode
from ekc_telephony.core.engine.wallboard import CallLine, SupervisorLine, Wallboard
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.load import load_settings

app = typer.Typer(help="Calls of this moment; move a waiting one.", invoke_without_command=True)

Config = Annotated[Path, typer.Option("--config", help="The configuration file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Call = Annotated[str, typer.Argument(help="Its id or its appeal, as `ekc calls` shows them.")]
Queue = Annotated[str, typer.Argument(help="The id of the queue, as in ekc.yaml.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it; you, if absent.")]
Raise = Annotated[
    int, typer.Option("--raise-priority", min=0, help="By how much he comes before others.")
]
Account = Annotated[str, typer.Argument(help="The agent's account, as in ekc.yaml.")]
Supervisor = Annotated[
    str, typer.Option("--by", help="The supervisor's account, as in ekc.yaml: his phone rings.")
]
Mode = Annotated[
    SupervisionMode,
    typer.Option("--mode", help="Hear both; be heard by the agent, too; be heard by both."),
]
End = Annotated[bool, typer.Option("--end", help="Take part no more.")]

MODES: Final = {
    SupervisionMode.LISTEN: "слушает",
    SupervisionMode.WHISPER: "подсказывает",
    SupervisionMode.BARGE: "говорит",
}
_ERRORS: Final = (SettingsError, SecretsError, EngineSilentError, RefusedError)
_CONFIG: Final = Path("ekc.yaml")


@app.callback()
def calls(context: typer.Context, config: Config = _CONFIG, as_json: Json = False) -> None:
    """Show the calls of this moment, the oldest first."""
    if context.invoked_subcommand is not None:
        return
    try:
        page = read_page(address(load_settings(config), "wallboard"))
    except _ERRORS as error:
        raise _ended("calls", error) from None
    lines = sorted(msgspec.json.decode(page, type=Wallboard).calls, key=lambda line: -line.lasting)
    if as_json:
        typer.echo(msgspec.json.encode(lines).decode())
    else:
        print_table(_table(lines))


@app.command()
def move(
    call: Call,
    queue: Queue,
    *,
    config: Config = _CONFIG,
    by: By = None,
    raise_priority: Raise = 0,
    as_json: Json = False,
) -> None:
    """Let a waiting caller wait in another queue, or before others; he is as old as he was."""
    words = {"queue": queue, "by": by or getpass.getuser(), "raise_priority": raise_priority}
    try:
        told = ask_engine(load_settings(config), "POST", ("api", "calls", call, "move"), words)
    except _ERRORS as error:
        raise _ended("calls move", error) from None
    _tell(told, as_json=as_json)


def supervise(
    account: Account,
    *,
    by: Supervisor,
    mode: Mode = SupervisionMode.LISTEN,
    end: End = False,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Ring a supervisor's phone for an agent's talk, or change how he takes part in it."""
    page = ("api", "agents", account, "supervise")
    try:
        settings = load_settings(config)
        if end:
            told = ask_engine(settings, "DELETE", page, {"by": by})
        else:
            told = ask_engine(settings, "POST", page, {"by": by, "mode": mode.value})
    except _ERRORS as error:
        raise _ended("supervise", error) from None
    _tell(told, as_json=as_json)


def _tell(told: bytes, *, as_json: bool) -> None:
    if as_json:
        typer.echo(told.decode())
        return
    line = msgspec.json.decode(told, type=CallLine | None)
    if line is not None:
        print_table(_table([line]))


def _table(lines: Iterable[CallLine]) -> Table:
    table = Table(
        "звонок", "обращение", "где", "очередь", "ждёт", "оператор", "старший", "длится",
        title="Звонки",
    )  # fmt: skip
    for line in lines:
        table.add_row(
            line.call,
            line.appeal,
            PHASES.get(line.phase, line.phase.value),
            line.queue or "–",
            "–" if line.waiting is None else _clock(line.waiting),
            line.agent or "–",
            ", ".join(map(_supervisor, line.supervisors)) or "–",
            _clock(line.lasting),
        )
    return table


def _supervisor(line: SupervisorLine) -> str:
    return f"{line.supervisor} {'звонит телефон' if line.is_ringing else MODES[line.mode]}"


def _clock(duration: timedelta) -> str:
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    return f"{minutes}:{seconds:02}"


def _ended(command: str, error: Exception) -> typer.Exit:
    typer.echo(f"ekc {command}: {error}", err=True)
    return typer.Exit(1)
