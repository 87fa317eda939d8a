"""
Ends what Asterisk dials of its own accord when a phone says that its owner is elsewhere (302).

Nobody is called in an operator's place. Where the 302 names an extension, pjsip.conf sees to that
(`FORWARD_CONTEXT`). Where it names a technology, as in `sip:PJSIP/city/sip:89…@host`, Asterisk
22.10.1 dials whatever it names and asks nobody (`handle_call_forward` in its `main/dial.c`): a
registered phone could ring any number through the trunk. No setting prevents it, and Asterisk tells
of it in a message that we do not let it send (docs/adr/0017). But it tells why the leg of ours
ended, and what it dialled then stands in its list of channels, under a name that is not ours.

Rule 1: only channels that Asterisk dials are ended, and only if it gave them their names itself and
made them after the leg that was forwarded. Callers, our legs and the fallback's are none of these.
Rule 2: who was called there may forward too; so it is looked until `LOOKS` looks find nothing.
Rule 3: one that is answered before we look is not here but in our application, where no session
knows it: the core hangs it up.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

import structlog

from ekc_telephony.adapters.ari.client import AriClient, AriDownError, AriRefusedError
from ekc_telephony.adapters.ari.models import Channel, ChannelDestroyed, Message
from ekc_telephony.adapters.ari.reconcile import DIALLED_BY_US, account_of, decode_channels, moment

LOOKS: Final = 2
"""That find nothing, one after another; the list of channels is no picture of one moment."""
LOOK_EVERY: Final = timedelta(seconds=0.1)
"""A list of 600 channels costs Asterisk 20 ms; telephone networks ring after a second or more."""
_REDIRECTION: Final = range(300, 400)
"""SIP's answers that name another place (RFC 3261, 21.3)."""
_REDIRECTED: Final = 23
"""Q.850: «redirected to new destination»; chan_pjsip gives it to a leg that was answered so."""
_UNSAID: Final = 0
"""No cause: what a forwarded leg has when Asterisk's dialling is quicker to end it than its SIP."""
_NAMED_BY_ASTERISK: Final = re.compile(r"(?:.+-)?\d+\.\d+")
"""System name, second of the start, number; the ids that the core gives end in words."""

_log = structlog.get_logger(__name__)


def is_forwarded(message: ChannelDestroyed) -> bool:
    """Tell whether Asterisk may have dialled elsewhere when this leg ended."""
    if message.tech_cause is None:
        return message.cause in {_UNSAID, _REDIRECTED}
    return message.tech_cause in _REDIRECTION


def strays(channels: Iterable[Channel], *, since: datetime) -> list[Channel]:
    """Return what Asterisk dials of its own accord, if it was made since then."""
    return [
        each
        for each in channels
        if each.dialplan.app_name == DIALLED_BY_US
        and _NAMED_BY_ASTERISK.fullmatch(each.id)
        and moment(each.creationtime) >= since
    ]


class Forwards:
    """
    Looks for calls that nobody ordered whenever a leg of ours was forwarded.

    Args:
        client: Asks Asterisk.
    """

    def __init__(self, client: AriClient) -> None:
        self._client = client
        self._is_wanted = asyncio.Event()
        self._since: datetime | None = None
        """When the earliest forwarded leg was made that is still looked after."""
        self._quiet_looks = 0
        self._phones: set[str] = set()
        """Whose phones forwarded."""
        self._seen: set[str] = set()
        """Channels that we have hung up on already."""
        self.ended = 0
        """Calls that nobody ordered, and that we have hung up on."""

    def hear(self, message: Message) -> None:
        """Take note of a message from Asterisk."""
        if not isinstance(message, ChannelDestroyed) or not is_forwarded(message):
            return
        made_at = moment(message.channel.creationtime)
        self._since = made_at if self._since is None else min(self._since, made_at)
        self._phones.add(account_of(message.channel) or message.channel.name)
        self._quiet_looks = 0
        self._is_wanted.set()

    async def run(self) -> None:
        """Look whenever it is needed, for ever; cancel to stop."""
        while True:
            await self._is_wanted.wait()
            await self.look()
            await asyncio.sleep(LOOK_EVERY.total_seconds())

    async def look(self) -> None:
        """Hang up on what nobody ordered; nothing is done while no leg was forwarded."""
        since, self._quiet_looks = self._since, self._quiet_looks + 1
        if since is None:
            return
        try:
            channels = decode_channels(await self._client.ask_apart("GET", "channels") or "[]")
        except (AriDownError, AriRefusedError):
            self._quiet_looks = 0
            return
        if found := strays(channels, since=since):
            self._quiet_looks = 0
            await asyncio.gather(*(self._end(each) for each in found))
        elif self._quiet_looks >= LOOKS:
            self._rest()

    def _rest(self) -> None:
        self._is_wanted.clear()
        self._since = None
        self._phones.clear()
        self._seen.clear()

    async def _end(self, stray: Channel) -> None:
        try:
            await self._client.ask_apart("DELETE", f"channels/{quote(stray.id)}")
        except (AriDownError, AriRefusedError):
            return  # it is gone or was forwarded too: the next look tells
        if stray.id not in self._seen:
            self._seen.add(stray.id)
            self.ended += 1
            _log.warning(
                "A phone told Asterisk to call elsewhere (302); that call was hung up on",
                by=sorted(self._phones),
                **{"pii.channel": stray.name},
            )
