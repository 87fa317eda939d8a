"""
`ekc agents`: who works now; speaking for somebody (presence, wrap-up), and sending his caller on.

It asks the running engine (`/wallboard`, `/api/agents/…`) with the key of this installation's
`secrets.json`, so whoever may read that file may do it; each use is logged with a name.

Exit status: 0, or 1 when the engine does not answer or refuses.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from ekc_telephony.adapters.asterisk_conf.secrets import SecretsError
from ekc_telephony.cli.asking_engine import RefusedError, address, ask_engine
from ekc_telephony.cli.wallboard import PRESENCES, EngineSilentError, activity_of, read_page
from ekc_telephony.core.call.events import TransferMode, WrapUpWish
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.engine.wallboard import AgentLine, Wallboard
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.load import load_settings

app = typer.Typer(
    help="Agents: who works now; declare presences and wrap-ups.", no_args_is_help=True
)

Config = Annotated[Path, typer.Option("--config", help="The configuration file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Accounts = Annotated[list[str], typer.Argument(help="Their accounts, as in ekc.yaml.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it; you, if absent.")]
Why = Annotated[str | None, typer.Option("--reason", help="Why; goes on the appeal's card.")]
Mode = Annotated[
    TransferMode,
    typer.Option("--mode", help="`consult` asks TO first; then `hand_over` or `conference`."),
]
Reason = Annotated[
    NotReadyReason, typer.Option("--reason", help="Why; `no_answer` is the engine's own.")
]

REASONS: Final = {
    NotReadyReason.BREAK: "перерыв",
    NotReadyReason.LUNCH: "обед",
    NotReadyReason.TRAINING: "обучение",
    NotReadyReason.OTHER: "другое",
    NotReadyReason.NO_ANSWER: "не ответил на вызов",
}


@app.command("list")
def list_agents(config: Config = Path("ekc.yaml"), as_json: Json = False) -> None:
    """Show who works now and what he does."""
    try:
        settings = load_settings(config)
        page = read_page(address(settings, "wallboard"))
    except (SettingsError, EngineSilentError) as error:
        raise _ended(error) from None
    lines = msgspec.json.decode(page, type=Wallboard).agents
    if as_json:
        typer.echo(msgspec.json.encode(lines).decode())
        return
    names = {operator.account: operator.name for operator in settings.operators}
    Console().print(_table(lines, names))


@app.command()
def ready(accounts: Accounts, config: Config = Path("ekc.yaml"), by: By = None) -> None:
    """Declare agents ready; a wrap-up that is going on ends by it."""
    _declare(accounts, Presence.READY, config=config, by=by)


@app.command()
def not_ready(
    accounts: Accounts,
    reason: Reason = NotReadyReason.OTHER,
    config: Config = Path("ekc.yaml"),
    by: By = None,
) -> None:
    """Declare agents not ready; a talk that is going on goes on."""
    _declare(accounts, Presence.NOT_READY, reason=reason, config=config, by=by)


@app.command()
def sign_out(accounts: Accounts, config: Config = Path("ekc.yaml"), by: By = None) -> None:
    """Declare agents signed out; a talk that is going on goes on."""
    _declare(accounts, Presence.SIGNED_OUT, config=config, by=by)


@app.command()
def transfer(  # noqa: PLR0917 (one per option of the command)
    account: Annotated[str, typer.Argument(help="Who talks to the caller.")],
    to: Annotated[str, typer.Argument(help="An account, a queue, a number outside.")] = "",
    mode: Mode = TransferMode.BLIND,
    reason: Why = None,
    config: Config = Path("ekc.yaml"),
    by: By = None,
) -> None:
    """Send the caller of an agent on, as he could by his phone."""
    words = {"mode": mode.value, "to": to, "by": by or getpass.getuser()}
    if reason is not None:
        words["reason"] = reason
    try:
        settings = load_settings(config)
        told = ask_engine(settings, "POST", ("api", "agents", account, "transfer"), words)
        typer.echo(f"{account}: {_state(msgspec.json.decode(told, type=AgentLine))}")
    except (SettingsError, SecretsError, EngineSilentError, RefusedError) as error:
        raise _ended(error) from None


@app.command()
def wrap_up(
    wish: Annotated[WrapUpWish, typer.Argument(help="What shall become of it.")],
    accounts: Accounts,
    config: Config = Path("ekc.yaml"),
    by: By = None,
) -> None:
    """Extend or end the wrap-ups that go on."""
    _tell(accounts, "wrap-up", {"wish": wish.value}, config=config, by=by)


def _declare(
    accounts: Iterable[str],
    presence: Presence,
    *,
    config: Path,
    by: str | None,
    reason: NotReadyReason | None = None,
) -> None:
    words = {"presence": presence.value}
    if reason is not None:
        words["reason"] = reason.value
    _tell(accounts, "presence", words, config=config, by=by)


def _tell(
    accounts: Iterable[str], what: str, words: dict[str, str], *, config: Path, by: str | None
) -> None:
    """Tell the engine the same about each of them, and print how they are then."""
    try:
        settings = load_settings(config)
        said = words | {"by": by or getpass.getuser()}
        for account in accounts:
            told = ask_engine(settings, "PUT", ("api", "agents", account, what), said)
            line = msgspec.json.decode(told, type=AgentLine)
            typer.echo(f"{account}: {_state(line)}")
    except (SettingsError, SecretsError, EngineSilentError, RefusedError) as error:
        raise _ended(error) from None


def _table(lines: Iterable[AgentLine], names: dict[str, str]) -> Table:
    table = Table("оператор", "имя", "готовность", "занятие", "до", "телефон", title="Операторы")
    for line in lines:
        phone = "есть" if line.is_reachable else "нет связи"
        presence = PRESENCES[line.presence] + _because(line.reason)
        table.add_row(
            line.agent,
            names.get(line.agent, "–"),
            presence,
            activity_of(line),
            _until(line),
            phone,
        )
    return table


def _until(line: AgentLine) -> str:
    """Return when what he does, or his not being ready, ends by itself, by the local clock."""
    ends = line.activity_ends or line.presence_ends
    return "" if ends is None else f"{ends.astimezone():%H:%M:%S}"


def _state(line: AgentLine) -> str:
    return f"{PRESENCES[line.presence]}{_because(line.reason)}, {activity_of(line)}"


def _because(reason: NotReadyReason | None) -> str:
    return "" if reason is None else f" ({REASONS[reason]})"


def _ended(error: Exception) -> typer.Exit:
    typer.echo(f"ekc agents: {error}", err=True)
    return typer.Exit(1)
