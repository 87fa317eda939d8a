"""
What the demo shows while it runs: the wallboard and the last events, or plain lines.

In a terminal the picture is repainted in place; where the output is no terminal, events and a line
of the wallboard are printed one below the other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
import msgspec
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ekc_telephony.cli.wallboard import in_one_line, picture
from ekc_telephony.core.engine.wallboard import Wallboard

EVERY_S: Final = 0.5
_LINE_EVERY: Final = 10
"""Plain lines of the wallboard come every tenth time: each five seconds."""
_EVENTS: Final = 14
_PATIENCE: Final = aiohttp.ClientTimeout(total=2)


class Screen:
    """
    Show what happens.

    Args:
        console: Where.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._events: deque[str] = deque(maxlen=_EVENTS)
        self._live: Live | None = None
        self._boards = 0
        self._last: Wallboard | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the picture until the block is left; it stays on a terminal as it was last."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            self._live = live
            try:
                yield
            finally:
                self._live = None

    def tell(self, event: str) -> None:
        """Show an event."""
        self._events.append(event)
        if self._live is None:
            self._console.print(event, highlight=False, markup=False)

    async def watch(self, url: str) -> None:
        """Show the wallboard, as long as the task lives."""
        async with aiohttp.ClientSession(timeout=_PATIENCE) as http:
            while True:
                self._show(await _board(http, url))
                await asyncio.sleep(EVERY_S)

    def _show(self, board: Wallboard | None) -> None:
        self._boards += 1
        self._last = board or self._last
        if board is None or self._last is None:
            return
        if self._live is not None:
            self._live.update(self._picture(board), refresh=True)
        elif self._boards % _LINE_EVERY == 1:
            self._console.print(in_one_line(board), highlight=False, markup=False)

    def _picture(self, board: Wallboard) -> Table:
        *left, calls = picture(board).renderables
        events = Text("\n".join(self._events), no_wrap=True, overflow="ellipsis")
        grid = Table.grid(padding=(0, 2))
        grid.add_row(Group(*left, events), calls)
        return grid


async def read_wallboard(url: str) -> Wallboard | None:
    """Return the engine's wallboard; None when it does not answer."""
    async with aiohttp.ClientSession(timeout=_PATIENCE) as http:
        return await _board(http, url)


async def _board(http: aiohttp.ClientSession, url: str) -> Wallboard | None:
    try:
        async with http.get(f"{url}/wallboard") as answer:
            return msgspec.json.decode(await answer.read(), type=Wallboard)
    except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError):
        return None
