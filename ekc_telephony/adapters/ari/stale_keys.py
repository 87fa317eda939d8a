"""
Keeps a caller's sound alive when he presses a key after the machine's clock was set back.

Asterisk measures the gap between two keys of a call by the wall clock (`AST_MIN_DTMF_GAP` and
`should_skip_dtmf` in its `channel.c`). A key that seems to come before the last one is kept in the
channel's queue until its time has come, and until then Asterisk reads nothing else from that phone
and plays it nothing. Whatever is ordered afterwards, a playback too, heals nothing.

So it is prevented: from when the clock was set back, the keys of calls in which one was pressed
before are dropped where Asterisk reads them (`FRAME_DROP`). Such a caller can press no more in this
call, but he goes on hearing and being heard. Who presses his first key afterwards is not touched:
Asterisk measures nothing before a first key.

Rule 1: a clock that is slewed, or set back by less than `LEAST`, changes nothing: at worst a caller
hears nothing for so long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final
from urllib.parse import quote

import structlog

from ekc_telephony.adapters.ari.client import AriClient, AriDownError, AriRefusedError
from ekc_telephony.adapters.ari.models import ChannelDestroyed, ChannelDtmfReceived, Message

LEAST: Final = timedelta(seconds=2)
"""By how much the clock must be set back."""
LOOK_EVERY: Final = timedelta(seconds=0.1)
"""A key pressed before we have looked is not saved; two keys are seldom so close."""
_DROP: Final = {"variable": "FRAME_DROP(RX)", "value": "DTMF_BEGIN,DTMF_END"}

_log = structlog.get_logger(__name__)


class StaleKeys:
    """
    Watches keys and the machine's clock.

    Args:
        client: Asks Asterisk.
        ahead: By how much a clock that nobody sets is ahead of the machine's.
    """

    def __init__(self, client: AriClient, *, ahead: Callable[[], timedelta]) -> None:
        self._client = client
        self._ahead = ahead
        self._pressed: dict[str, timedelta] = {}
        """The channels in which a key was pressed, and by how much we were ahead then."""
        self.dropped = 0
        """Calls whose keys are dropped."""

    def hear(self, message: Message) -> None:
        """Take note of a message from Asterisk."""
        match message:
            case ChannelDtmfReceived(channel=channel):
                self._pressed[channel.id] = self._ahead()
            case ChannelDestroyed(channel=channel):
                self._pressed.pop(channel.id, None)
            case _:
                pass

    def forget_all_but(self, channels: Iterable[str]) -> None:
        """Forget channels that ended unseen: no others are there."""
        self._pressed = {leg: self._pressed[leg] for leg in channels if leg in self._pressed}

    async def run(self) -> None:
        """Look at the clock for ever; cancel to stop."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY.total_seconds())

    async def look(self) -> None:
        """Drop the keys of calls in which one was pressed before the clock was set back."""
        ahead = self._ahead()
        stale = [leg for leg, then in self._pressed.items() if ahead - then >= LEAST]
        for leg in stale:
            del self._pressed[leg]
        if not stale:
            return
        _log.warning(
            "The machine's clock was set back; callers who have pressed a key can press no more",
            callers=len(stale),
        )
        await asyncio.gather(*(self._drop(leg) for leg in stale))

    async def _drop(self, leg: str) -> None:
        try:
            await self._client.ask_apart("POST", f"channels/{quote(leg)}/variable", _DROP)
        except (AriRefusedError, AriDownError):
            return  # he has just left, or the connection is gone and with it what we could do
        self.dropped += 1
