"""
The link to Asterisk: connects, tells the core what is there, then what happens, and for ever again.

One connection goes so: open the event socket, set the event filter, ask for channels and bridges,
keep back the events that come meanwhile; then tell `ControlRegained`, what was kept back, and what
follows, as it comes. One task does all of it, so nothing can overtake.

A connection can be deaf: Asterisk answers requests and sends no events, because it tore down the
socket before this one, and with it the application, after this one had opened (seen when they were
milliseconds apart). So we ask Asterisk for an event to ourselves, at first and then all the time.

Rule 1: `ControlLost` is told once for every `ControlRegained`, as soon as the connection is gone.
Rule 2: nothing here works on an event: a socket that is not read for long is closed by Asterisk,
with everything in it. `deliver` only puts the event into an inbox.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from ekc_telephony.adapters.ari.client import (
    ApplicationTakenError,
    AriClient,
    AriDownError,
    AriFatalError,
    AriRefusedError,
    taken,
)
from ekc_telephony.adapters.ari.forwards import Forwards
from ekc_telephony.adapters.ari.heartbeat import BLIND_LIMIT, Heartbeat
from ekc_telephony.adapters.ari.models import ChannelUserevent, Message, RESTResponse
from ekc_telephony.adapters.ari.reconcile import (
    Held,
    decode_bridges,
    decode_channels,
    decode_loaded,
    decode_start,
)
from ekc_telephony.adapters.ari.translate import translate
from ekc_telephony.core.call.events import ControlLost, Event, PhonesElsewhere
from ekc_telephony.runtime.ports import Clock

SHORTEST_PAUSE: Final = timedelta(seconds=0.1)
LONGEST_PAUSE: Final = timedelta(seconds=2)
"""Between two attempts to connect; the pause doubles from the one to the other."""
ECHO: Final = "ekc-hears-itself"
"""The name of the event that we send to ourselves."""
ECHO_EVERY: Final = timedelta(seconds=2)
ECHO_PATIENCE: Final = timedelta(seconds=2)
"""How long there may be no event at all; a deaf connection is noticed after 4 s at most. While
others come, ours is late because Asterisk has much to do, and connecting anew would add to it."""
ALONE_PATIENCE: Final = timedelta(seconds=1.5)
"""How long another engine's heartbeat is watched; it changes twice a second."""
REPLACED_PATIENCE: Final = timedelta(seconds=0.8)
"""How long it is looked for the heartbeat of whoever took our place; it comes twice a second."""
_LOOK_EVERY_S: Final = 0.1
WATCH_EVERY: Final = timedelta(seconds=1)
"""How often it is looked who is in a call of the dialplan, while there is one."""
PATIENCE: Final = timedelta(seconds=4)
"""How long Asterisk may take to list its channels and bridges, and to send the first event."""

Deliver = Callable[[Event], None]

_log = structlog.get_logger(__name__)


class AriLink:
    """
    Keeps the connection to Asterisk and delivers its events.

    Args:
        client: The client to connect; nobody else connects it.
        life: What tells this life of the engine from all others: `<installation>/<start>`.
        clock: Ours, which Asterisk shares.
    """

    def __init__(self, client: AriClient, *, clock: Clock, life: str = "") -> None:
        self._client = client
        self._life = life
        self.heartbeat = Heartbeat(client, life=life, is_fit=self._is_fit, clock=clock)
        self.forwards = Forwards(client)
        self._lost_at: float | None = None
        self.asterisk_started_at: datetime | None = None
        """None before the first connection."""
        self._held = Held(client.application)
        self._echo = asyncio.Event()
        self._messages = 0
        """Events of any kind that Asterisk has sent."""
        self.is_up = False
        """Asterisk's state is known and its events flow."""
        self.trouble: str | None = "The engine has not connected to Asterisk yet."
        """Why it is not up, in one sentence for a person."""
        self.connections = 0
        """How often the connection came up; 1 when it never broke."""
        self.events = 0
        """Messages that told the core something."""

    async def run(self, deliver: Callable[[Event], None]) -> None:
        """
        Connect and deliver for ever; cancel to stop.

        Args:
            deliver: Takes one event; must neither wait nor raise.

        Raises:
            AriFatalError: Asterisk refuses our password, or another program took our application.
        """
        fatal: list[BaseException] = []
        async with self._client.opened():
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self.heartbeat.run())
                    tasks.create_task(self.forwards.run())
                    tasks.create_task(self._stay_connected(deliver))
            except* AriFatalError as group:
                fatal += group.exceptions
        raise fatal[0]

    async def asterisk_loaded_at(self) -> datetime | None:
        """Return when Asterisk loaded its configuration last; None when it does not say."""
        with contextlib.suppress(AriDownError, AriRefusedError):
            info = await self._client.ask_apart("GET", "asterisk/info", {"only": "status"})
            return decode_loaded(info or "{}")
        return None

    async def _stay_connected(self, deliver: Deliver) -> None:
        pause = SHORTEST_PAUSE
        await self._make_sure_we_are_alone()
        while True:
            before = self.connections
            try:
                await self._follow(deliver)
            except (AriDownError, AriRefusedError) as trouble:
                self._go_down(str(trouble), deliver)
            except ApplicationTakenError as taken_over:
                await self._make_sure_it_was_ourselves(taken_over)
            came_up = self.connections > before
            pause = SHORTEST_PAUSE if came_up else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause.total_seconds())

    async def _make_sure_it_was_ourselves(self, taken_over: ApplicationTakenError) -> None:
        """
        Look who took our place at Asterisk.

        A connection that we gave up while Asterisk was frozen is still opened when it thaws, and
        may take the place of the one after it.

        Raises:
            ApplicationTakenError: Another engine's heart beats.
        """
        give_up_at = time.monotonic() + REPLACED_PATIENCE.total_seconds()
        while time.monotonic() < give_up_at:
            with contextlib.suppress(AriDownError, AriRefusedError):
                whose, _ = await self.heartbeat.engine_alive()
                if whose not in {"", self._life}:
                    raise taken_over
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _make_sure_we_are_alone(self) -> None:
        """
        Look whether another engine lives on this Asterisk, before we take its place by connecting.

        Raises:
            ApplicationTakenError: Its heart beats.
        """
        try:
            whose, last_beat = await self.heartbeat.engine_alive()
            if not last_beat or whose.rpartition("/")[0] == self._life.rpartition("/")[0]:
                return  # nobody, or an earlier life of ours: our lock says that it is over
            await asyncio.sleep(ALONE_PATIENCE.total_seconds())
            _, beat_since = await self.heartbeat.engine_alive()
        except (AriDownError, AriRefusedError):
            return  # Asterisk is away, and with it whatever was connected to it
        if beat_since != last_beat:
            raise ApplicationTakenError(
                f"Another engine ({whose}) serves this Asterisk; it was left undisturbed. One "
                "engine serves one Asterisk: stop the other one first, or give this one an "
                "Asterisk of its own in ekc.yaml."
            )

    def _is_fit(self) -> bool:
        """Tell whether calls may come; time in which Asterisk is frozen does not count."""
        if self.is_up:
            return True
        if self._lost_at is None:
            return False
        now = time.monotonic()
        blind_since = max(self._lost_at, self.heartbeat.answers_since or now)
        return now - blind_since < BLIND_LIMIT.total_seconds()

    def _go_down(self, trouble: str, deliver: Deliver) -> None:
        if trouble != self.trouble:
            _log.warning("no connection to Asterisk", trouble=trouble)
        self.trouble = trouble
        if self.is_up:
            self.is_up = False
            self._lost_at = time.monotonic()
            deliver(ControlLost())

    async def _follow(self, deliver: Deliver) -> None:
        ended: list[BaseException] = []
        async with self._client.connected():
            for early in await self._regain(deliver):
                self._pass_on(early, deliver)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._stay_alert())
                    tasks.create_task(self._listen(deliver))
                    tasks.create_task(self._watch_the_dialplan(deliver))
            except* (AriDownError, AriRefusedError, AriFatalError) as group:
                ended += group.exceptions
            # Told before the requests under way fail, which is no word about what they asked for.
            self._go_down(str(ended[0]), deliver)
        raise ended[0]

    async def _listen(self, deliver: Deliver) -> None:
        while True:
            if (message := await self._client.receive()) is not None:
                self._pass_on(message, deliver)

    async def _watch_the_dialplan(self, deliver: Deliver) -> None:
        """Tell whose phones are in calls of the dialplan, for as long as it has callers."""
        has_callers = self._client.dialplan_has_callers
        while True:
            await has_callers.wait()
            try:
                channels = decode_channels(await self._client.ask_apart("GET", "channels") or "[]")
            except (AriDownError, AriRefusedError):
                pass  # whether the connection is alive is found out elsewhere
            else:
                elsewhere = self._held.phones_elsewhere(channels)
                if elsewhere is None:
                    has_callers.clear()
                deliver(elsewhere or PhonesElsewhere(agents=frozenset()))
            await asyncio.sleep(WATCH_EVERY.total_seconds())

    async def _stay_alert(self) -> None:
        """
        Send events to ourselves and hear them.

        Raises:
            AriDownError: One did not come: we are deaf.
        """
        while True:
            await asyncio.sleep(ECHO_EVERY.total_seconds())
            await self._call_ourselves()
            while not self._echo.is_set():
                before = self._messages
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ECHO_PATIENCE.total_seconds()):
                        await self._echo.wait()
                if not self._echo.is_set() and self._messages == before:
                    raise AriDownError("Asterisk answers, but sends no events.")

    async def _call_ourselves(self) -> asyncio.Future[RESTResponse]:
        self._echo.clear()
        to_us = {"application": self._client.application}
        return await self._client.send("POST", f"events/user/{ECHO}", to_us)

    async def _regain(self, deliver: Deliver) -> list[Message]:
        """Tell the core what Asterisk holds, and return the events kept back meanwhile."""
        kept_back: list[Message] = []
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                channels, bridges, info = await self._look(kept_back)
        except TimeoutError as late:
            raise AriDownError("Asterisk does not list its channels, or sends no events.") from late
        self.asterisk_started_at = decode_start(info or "{}")
        live = decode_channels(channels or "[]")
        regained = self._held.regained(
            live,
            decode_bridges(bridges or "[]"),
            kept_back,
            asterisk_started_at=self.asterisk_started_at,
        )
        await self.heartbeat.beat()
        if regained.elsewhere:
            self._client.dialplan_has_callers.set()
        self._come_up()
        deliver(regained)
        return kept_back

    async def _look(self, kept_back: list[Message]) -> list[str | None]:
        """Return channels, bridges and status; events that come meanwhile are kept back."""
        held: list[str | None] = []
        ended: list[BaseException] = []
        self._echo.clear()
        filtered = await self._client.set_event_filter()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._ask_what_is_held(held))
                # The echo is asked for last; but one that an earlier connection asked for, of a
                # frozen Asterisk, may come before everything else.
                while not (held and filtered.done() and self._echo.is_set()):
                    if (message := await self._client.receive()) is not None:
                        kept_back.append(message)
                        self._hear_ourselves(message)
        except* (AriDownError, AriRefusedError, AriFatalError) as group:
            ended += group.exceptions
        if ended:
            raise ended[0]
        reply = filtered.result()
        taken(reply.status_code, reply.message_body)
        return held

    async def _ask_what_is_held(self, held: list[str | None]) -> None:
        # Apart from the socket, whose thread in Asterisk dies of a long list: see `client.py`.
        held += await asyncio.gather(
            self._client.ask_apart("GET", "channels"),
            self._client.ask_apart("GET", "bridges"),
            self._client.ask_apart("GET", "asterisk/info", {"only": "status"}),
        )
        await self._call_ourselves()

    def _come_up(self) -> None:
        self.connections += 1
        self.is_up = True
        self.trouble = None
        _log.info("connected to Asterisk", connections=self.connections)

    def _hear_ourselves(self, message: Message) -> None:
        self._messages += 1
        if isinstance(message, ChannelUserevent) and message.eventname == ECHO:
            self._echo.set()

    def _pass_on(self, message: Message, deliver: Deliver) -> None:
        self._hear_ourselves(message)
        self.forwards.hear(message)
        if self._held.is_news(message) and (event := translate(message)) is not None:
            self.events += 1
            deliver(event)
