"""
`ekc wallboard`: queues, agents and calls, live in the terminal.

It asks the engine's page `/wallboard` once a second. Where the output is no terminal it prints a
plain line each time instead of repainting.

Exit status: 0 after Ctrl-C or `--once`, 1 when the engine does not answer.
"""

from __future__ import annotations

import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final
from urllib.error import URLError

import msgspec
import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.core.engine.state import Phase
from ekc_telephony.core.engine.wallboard import AgentLine, Wallboard
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.load import load_settings

Config = Annotated[Path, typer.Option("--config", help="The configuration file.")]
Once = Annotated[bool, typer.Option("--once", help="Show it once and end.")]
Json = Annotated[bool, typer.Option("--json", help="Print it as JSON, once.")]

PRESENCES: Final = {
    Presence.READY: "готов",
    Presence.NOT_READY: "не готов",
    Presence.SIGNED_OUT: "не на смене",
}
ACTIVITIES: Final = {
    Activity.IDLE: "свободен",
    Activity.RESERVED: "звонит телефон",
    Activity.TALKING: "разговор",
    Activity.WRAP_UP: "обработка",
    Activity.RESTING: "пауза",
}
PHASES: Final = {
    Phase.MENU: "меню",
    Phase.WAITING: "в очереди",
    Phase.TALKING: "разговор",
    Phase.OUTSIDE: "внешний номер",
    Phase.MESSAGE: "сообщение",
    Phase.LEAVING: "прощание",
}
_PATIENCE_S: Final = 2
_EVERY_S: Final = 1.0


class EngineSilentError(Exception):
    """The engine's page does not answer; the text is for a person."""


def wallboard(config: Config = Path("ekc.yaml"), once: Once = False, as_json: Json = False) -> None:
    """Show queues, agents and calls, live."""
    try:
        settings = load_settings(config)
        address = f"http://{settings.http.bind}:{settings.http.port}/wallboard"
        if as_json:
            typer.echo(read_page(address))
        elif once or not sys.stdout.isatty():
            for board in _boards(address, once=once):
                typer.echo(in_one_line(board))
        else:
            _repaint(address)
    except (SettingsError, EngineSilentError) as error:
        typer.echo(f"ekc wallboard: {error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        return


def read_page(address: str) -> bytes:
    """
    Return a page of the engine.

    Raises:
        EngineSilentError: It does not answer.
    """
    try:
        with urllib.request.urlopen(address, timeout=_PATIENCE_S) as answer:  # noqa: S310 - our own page
            return bytes(answer.read())
    except (URLError, TimeoutError, OSError) as error:
        raise EngineSilentError(
            f"the engine does not answer at {address} ({error}); is `ekc serve` running?"
        ) from None


def _boards(address: str, *, once: bool) -> Iterator[Wallboard]:
    while True:
        yield msgspec.json.decode(read_page(address), type=Wallboard)
        if once:
            return
        time.sleep(_EVERY_S)


def _repaint(address: str) -> None:
    with Live(console=Console(), screen=True, auto_refresh=False) as live:
        for board in _boards(address, once=False):
            live.update(picture(board), refresh=True)


def in_one_line(board: Wallboard) -> str:
    """Return the wallboard as one plain line; queues with nobody in them are left out."""
    queues = "; ".join(
        f"{line.title}: ждут {line.waiting}, дольше всех {_seconds(line.longest_wait)}, "
        f"говорят {line.talking}"
        for line in board.queues
        if line.waiting or line.talking
    )
    ready = sum(each.presence is Presence.READY for each in board.agents)
    free = sum(
        each.presence is Presence.READY and each.activity is Activity.IDLE for each in board.agents
    )
    return (
        f"{_clock(board.at)}  звонков {len(board.calls)} | {queues or 'в очередях никого'} | "
        f"операторов готовы {ready} из {len(board.agents)}, свободны {free}"
    )


def picture(board: Wallboard) -> Group:
    """Return the wallboard as tables."""
    queues = Table(
        "очередь", "ждут", "дольше всех", "говорят", title=f"Очереди · {_clock(board.at)}"
    )
    for line in board.queues:
        queues.add_row(
            line.title, str(line.waiting), _seconds(line.longest_wait), str(line.talking)
        )
    agents = Table("оператор", "объявил", "занятие", "телефон", title="Операторы")
    for agent in board.agents:
        agents.add_row(
            agent.agent,
            PRESENCES[agent.presence],
            activity_of(agent),
            "на связи" if agent.is_reachable else "нет связи",
        )
    calls = Table("обращение", "где", "очередь", "оператор", "длится", title="Звонки")
    for call in board.calls:
        calls.add_row(
            call.appeal,
            PHASES.get(call.phase, call.phase.value),
            call.queue or "",
            call.agent or "",
            _seconds(call.lasting),
        )
    return Group(queues, agents, calls)


def activity_of(line: AgentLine) -> str:
    """Return in words what an agent does, with what is seen of his talk."""
    held = ", на удержании" if line.is_holding else ""
    silent = ", гражданин молчит" if line.is_caller_silent else ""
    unheard = ", его не слышно" if line.is_silent else ""
    return ACTIVITIES[line.activity] + held + silent + unheard


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():.0f} с"


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone():%H:%M:%S}"
