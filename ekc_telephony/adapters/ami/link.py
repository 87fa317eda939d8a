"""
The AMI link: connects, lists the phones, follows their changes, and for ever again.

`PJSIPShowContacts` lists only contacts that registered; `PJSIPShowEndpoints` also those written in
pjsip.conf, together with the state of the phone, so that is what we ask.

Rule 1: while AMI is away nothing is told: a phone is not lost because we cannot see it. After the
reconnect the new list tells what changed.
Rule 2: silence is questioned: after `WATCH` without an event Asterisk is pinged, and dropped when
it does not answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Final

import structlog

from ekc_telephony.adapters.ami.client import AmiAccess, AmiClient, AmiDownError, AmiRefusedError
from ekc_telephony.adapters.ami.translate import Phones
from ekc_telephony.core.call.events import Event
from ekc_telephony.core.kernel.ids import AgentId

SHORTEST_PAUSE: Final = timedelta(seconds=0.1)
LONGEST_PAUSE: Final = timedelta(seconds=2)
"""Between two attempts to connect; the pause doubles from the one to the other."""
WATCH: Final = timedelta(seconds=2)
"""How long Asterisk may be silent before it is pinged."""
PING_PATIENCE: Final = timedelta(seconds=2)
"""How long the answer to a ping may take."""
RELOAD_PATIENCE: Final = timedelta(seconds=30)
"""How long a module may take to read its configuration again; thousands of accounts take long."""

Deliver = Callable[[Event], None]

_log = structlog.get_logger(__name__)


class AmiLink:
    """
    Keeps the AMI connection and tells which agents' phones can be reached.

    Args:
        access: Where AMI is and who we are there; the user needs read and write of `system`.
        accounts: The agents to tell about; one that never registered is told as lost at once.
    """

    def __init__(self, access: AmiAccess, *, accounts: Collection[AgentId]) -> None:
        self._client = AmiClient(access)
        self._phones = Phones(accounts)
        self._wants_list = asyncio.Event()
        self.is_up = False
        """The phones' states are known and their changes flow."""
        self.trouble: str | None = "The engine has not connected to AMI yet."
        """Why it is not up, in one sentence for a person."""
        self.connections = 0
        """How often the connection came up; 1 when it never broke."""

    async def run(self, deliver: Callable[[Event], None]) -> None:
        """
        Connect and deliver for ever; cancel to stop.

        Args:
            deliver: Takes one event; must neither wait nor raise.

        Raises:
            AmiRefusedError: Asterisk refuses our user name, secret, or to list the phones.
        """
        pause = SHORTEST_PAUSE
        while True:
            try:
                async with self._client.connected():
                    await self._follow(deliver)
            except AmiDownError as trouble:
                pause = SHORTEST_PAUSE if self.is_up else min(pause * 2, LONGEST_PAUSE)
                self._go_down(str(trouble))
            await asyncio.sleep(pause.total_seconds())

    async def reload(self, module: str) -> None:
        """
        Let a module read its configuration again.

        Args:
            module: As Asterisk names it, e.g. `res_pjsip.so`, `pbx_config.so`, `manager`.

        Raises:
            AmiRefusedError: There is no such module, or it could not be reloaded.
            AmiDownError: There is no connection, or no answer came in time.
        """
        await self._client.ask("Reload", patience=RELOAD_PATIENCE, Module=module)
        self._wants_list.set()

    def _go_down(self, trouble: str) -> None:
        if trouble != self.trouble:
            _log.warning("no AMI connection", trouble=trouble)
        self.is_up = False
        self.trouble = trouble

    async def _follow(self, deliver: Deliver) -> None:
        await self._list(deliver)
        self.connections += 1
        self.is_up, self.trouble = True, None
        _log.info("connected to AMI", connections=self.connections)
        while True:
            if self._wants_list.is_set():
                self._wants_list.clear()
                await self._list(deliver)
            await self._next(deliver)

    async def _next(self, deliver: Deliver) -> None:
        try:
            async with asyncio.timeout(WATCH.total_seconds()):
                message = await self._client.receive()
        except TimeoutError:
            await self._client.ask("Ping", patience=PING_PATIENCE)
            return
        if message.get("Event") == "ContactStatus":
            _tell(self._phones.changed(message), deliver)

    async def _list(self, deliver: Deliver) -> None:
        try:
            answer = await self._client.ask("PJSIPShowEndpoints")
        except AmiRefusedError as refusal:
            # Asterisk's way of saying that the list is empty.
            if not str(refusal).endswith("No endpoints found"):
                raise
            answer = []
        endpoints = [message for message in answer if message.get("Event") == "EndpointList"]
        _tell(self._phones.listed(endpoints), deliver)


def _tell(news: Sequence[Event], deliver: Deliver) -> None:
    for event in news:
        deliver(event)
