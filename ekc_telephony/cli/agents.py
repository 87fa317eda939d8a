"""
`ekc agents`: who works now, and declaring somebody's presence for him.

It asks the running engine (`/wallboard`, `/api/agents/…`) with the key of this installation's
`secrets.json`, so whoever may read that file may do it; each use is logged with a name.

Exit status: 0, or 1 when the engine does not answer or refuses.
"""

from __future__ import annotations

import getpass
import json
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.error import HTTPError

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from ekc_telephony.adapters.asterisk_conf.secrets import SecretsError, load_or_create_secrets
from ekc_telephony.cli.wallboard import ACTIVITIES, PRESENCES, EngineSilentError, read_page
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.engine.wallboard import AgentLine, Wallboard
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings

app = typer.Typer(help="Agents: who works now; declare a presence.", no_args_is_help=True)

Config = Annotated[Path, typer.Option("--config", help="The configuration file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Accounts = Annotated[list[str], typer.Argument(help="Their accounts, as in ekc.yaml.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it; you, if absent.")]
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
_PATIENCE_S: Final = 5


class RefusedError(Exception):
    """The engine refused; the text is for a person."""


@app.command("list")
def list_agents(config: Config = Path("ekc.yaml"), as_json: Json = False) -> None:
    """Show who works now and what he does."""
    try:
        settings = load_settings(config)
        page = read_page(f"{_address(settings)}/wallboard")
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


def _declare(
    accounts: Iterable[str],
    presence: Presence,
    *,
    config: Path,
    by: str | None,
    reason: NotReadyReason | None = None,
) -> None:
    try:
        settings = load_settings(config)
        known = [operator.account for operator in settings.operators]
        key = load_or_create_secrets(settings.secrets_file, known).api
        words = {"presence": presence.value, "by": by or getpass.getuser()}
        if reason is not None:
            words["reason"] = reason.value
        for account in accounts:
            line = _put(f"{_address(settings)}/api/agents/{account}/presence", words, key=key)
            typer.echo(f"{account}: {_state(line)}")
    except (SettingsError, SecretsError, EngineSilentError, RefusedError) as error:
        raise _ended(error) from None


def _put(address: str, words: dict[str, str], *, key: str) -> AgentLine:
    request = urllib.request.Request(  # noqa: S310 - our own engine's address
        address,
        data=json.dumps(words).encode(),
        method="PUT",
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310 - as above
            return msgspec.json.decode(answer.read(), type=AgentLine)
    except HTTPError as refusal:
        raise RefusedError(_told(refusal)) from None
    except OSError as error:
        raise EngineSilentError(
            f"the engine does not answer at {address} ({error}); is `ekc serve` running?"
        ) from None


def _told(refusal: HTTPError) -> str:
    with refusal:
        try:
            said: dict[str, Any] = json.loads(refusal.read())
            return f"the engine refused: found {said['found']}; expected {said['expected']}"
        except (ValueError, KeyError, TypeError):
            return f"the engine refused with {refusal.code}; see its log"


def _address(settings: Settings) -> str:
    return f"http://{settings.http.bind}:{settings.http.port}"


def _table(lines: Iterable[AgentLine], names: dict[str, str]) -> Table:
    table = Table("оператор", "имя", "готовность", "занятие", "телефон", title="Операторы")
    for line in lines:
        phone = "есть" if line.is_reachable else "нет связи"
        presence = PRESENCES[line.presence] + _because(line.reason)
        table.add_row(
            line.agent, names.get(line.agent, "–"), presence, ACTIVITIES[line.activity], phone
        )
    return table


def _state(line: AgentLine) -> str:
    return f"{PRESENCES[line.presence]}{_because(line.reason)}, {ACTIVITIES[line.activity]}"


def _because(reason: NotReadyReason | None) -> str:
    return "" if reason is None else f" ({REASONS[reason]})"


def _ended(error: Exception) -> typer.Exit:
    typer.echo(f"ekc agents: {error}", err=True)
    return typer.Exit(1)
