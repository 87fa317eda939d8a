"""
Two ways to one Asterisk: its event WebSocket, over which we also ask, and a pool of HTTP.

REST over the WebSocket costs half the processor time of HTTP, but Asterisk serves one socket with
one thread, strictly in order. Whatever may wait long for a channel's thread (`addChannel`,
`removeChannel`) holds up everything behind it, seconds long when a prompt plays; so those few go
through the pool (`ask_and_wait`), and all others over the socket (`ask`).

Lists never go over the socket: Asterisk 22.10.1 copies a reply of more than 64 KiB to the stack of
the socket's thread, which has 496 KiB, and dies of it (`ast_websocket_write`; seen with about 1,000
channels, whose list is as long as that). They are asked for apart (`ask_apart`).

Rule 1: every request ends: with a reply, with its patience, or with the connection.
Rule 2: nothing is sent twice and nothing is sent later. What was under way when the connection
broke fails at once; the caller of `ask` decides.
Rule 3: credentials travel in headers, never in addresses, which end up in logs.
Rule 4: the event filter names exactly the messages of `models.Message`; it is set again after every
connect, since Asterisk forgets it with the application. It must name `RESTResponse`, or Asterisk
filters out the replies too.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Final, get_args

import aiohttp
import msgspec

from ekc_telephony.adapters.ari.models import (
    ApplicationReplaced,
    Message,
    RESTQueryStringParameter,
    RESTRequest,
    RESTResponse,
)

PATIENCE: Final = timedelta(seconds=5)
"""How long one request may take."""
HEARTBEAT: Final = timedelta(seconds=3)
"""
How long the socket may be silent before we ask whether Asterisk is alive; aiohttp waits half of it
for the answer, so that a frozen Asterisk is noticed within 4.5 s.
"""
POOL_SIZE: Final = 32
"""HTTP connections at most; Asterisk's own `sessionlimit` is 100 by default."""
KEEP_ALIVE_S: Final = 30.0
"""Below `session_keep_alive` of http.conf (60 s): we close an idle connection, not Asterisk."""

_decode_message: Final = msgspec.json.Decoder(Message).decode
_encode: Final = msgspec.json.Encoder().encode
_EVENT_FILTER: Final = {
    "allowed": [{"type": kind.__struct_config__.tag} for kind in get_args(Message)]
}


class AriDownError(Exception):
    """There is no connection to Asterisk, it broke, or no reply came in time."""


class AriRefusedError(Exception):
    """
    Asterisk answered with an error.

    Args:
        status: The HTTP status.
        reason: Asterisk's own words, e.g. «Channel not found».
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class AriFatalError(Exception):
    """The engine cannot go on with this Asterisk; the text says why and what to do."""


class ApplicationTakenError(AriFatalError):
    """Another program connected with our application's name; Asterisk talks to it now."""


class AriAccessRefusedError(AriFatalError):
    """Asterisk does not accept our user name or password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AriAccess:
    """Where ARI is and who we are there."""

    url: str
    """E.g. `http://127.0.0.1:8088/ari`."""
    user: str
    password: str = field(repr=False)
    application: str = "ekc"


@dataclass(kw_only=True, slots=True)
class _Connection:
    """One event socket and the requests under way on it."""

    socket: aiohttp.ClientWebSocketResponse[bool]
    awaited: dict[str, asyncio.Future[RESTResponse]] = field(default_factory=dict)


class AriClient:
    """
    Asks Asterisk, and reads what it says.

    Args:
        access: Where ARI is and who we are there.
        patience: How long one request may take.
        heartbeat: How long the socket may be silent before we ask whether Asterisk is alive.
    """

    def __init__(
        self,
        access: AriAccess,
        *,
        patience: timedelta = PATIENCE,
        heartbeat: timedelta = HEARTBEAT,
    ) -> None:
        self._access = access
        self._patience_s = patience.total_seconds()
        self._heartbeat_s = heartbeat.total_seconds()
        self._numbers = itertools.count(1)
        self._pool: aiohttp.ClientSession | None = None
        self._connection: _Connection | None = None
        self.dialplan_has_callers = asyncio.Event()
        """Set when a caller was given to the dialplan: his call goes on without us."""
        self.commands_sent = 0
        self.commands_failed = 0
        self.unknown_messages = 0
        """Messages that were no `models.Message`: from a newer Asterisk, or before the filter."""

    @property
    def application(self) -> str:
        """The name of our Stasis application."""
        return self._access.application

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep the pool of HTTP connections open."""
        connector = aiohttp.TCPConnector(limit=POOL_SIZE, keepalive_timeout=KEEP_ALIVE_S)
        timeout = aiohttp.ClientTimeout(total=self._patience_s)
        async with aiohttp.ClientSession(
            headers=self._headers(), connector=connector, timeout=timeout
        ) as pool:
            self._pool = pool
            try:
                yield
            finally:
                self._pool = None

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """
        Hold the event WebSocket open.

        Raises:
            AriDownError: Asterisk cannot be reached, or is not ready for ARI yet.
            AriAccessRefusedError: It refuses our name or password.
        """
        # A session of its own: in the pool, the socket would take a connection for good.
        async with aiohttp.ClientSession(headers=self._headers()) as session:
            socket = await self._open_socket(session)
            self._connection = _Connection(socket=socket)
            try:
                yield
            finally:
                self._disconnect()
                await socket.close()

    async def _open_socket(
        self, session: aiohttp.ClientSession
    ) -> aiohttp.ClientWebSocketResponse[bool]:
        where = self._access.url
        try:
            async with asyncio.timeout(self._patience_s):
                return await session.ws_connect(
                    f"{where}/events",
                    params={"app": self._access.application},
                    heartbeat=self._heartbeat_s,
                    timeout=aiohttp.ClientWSTimeout(ws_close=0.5),
                    max_msg_size=0,
                    decode_text=False,
                )
        except aiohttp.WSServerHandshakeError as refusal:
            raise self._explained(refusal.status) from refusal
        except TimeoutError as late:
            raise AriDownError(f"Asterisk does not answer at {where}.") from late
        except (aiohttp.ClientError, OSError) as trouble:
            raise AriDownError(f"Asterisk cannot be reached at {where}: {trouble}.") from trouble

    def _explained(self, status: int) -> Exception:
        where, user = self._access.url, self._access.user
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return AriAccessRefusedError(
                f"Asterisk at {where} refuses the ARI user {user!r} ({status}). Its ari.conf must "
                "hold this user with the password that the engine was given; render the "
                "configuration again and reload Asterisk."
            )
        if status == HTTPStatus.NOT_FOUND:
            return AriDownError(
                f"There is no ARI at {where} (404). Expected: the address ends in /ari, ari.conf "
                "says `enabled = yes`, and res_ari is loaded."
            )
        return AriDownError(f"Asterisk at {where} is not ready for ARI ({status}).")

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": aiohttp.encode_basic_auth(self._access.user, self._access.password)
        }

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        for future in connection.awaited.values():
            if not future.done():
                future.set_exception(AriDownError("The connection to Asterisk broke."))
                future.exception()  # Nobody may be waiting for it any more.

    async def receive(self) -> Message | None:
        """
        Wait for the next message; None when it was a reply, or nothing that we know.

        Raises:
            AriDownError: The connection broke.
            ApplicationTakenError: Another program took our application.
        """
        connection = self._live_connection()
        frame = await connection.socket.receive()
        if frame.type is not aiohttp.WSMsgType.TEXT:
            raise AriDownError("Asterisk closed the connection, or stopped answering.")
        try:
            message: Message = _decode_message(frame.data)
        except msgspec.DecodeError:
            self.unknown_messages += 1
            return None
        if isinstance(message, RESTResponse):
            future = connection.awaited.pop(message.request_id, None)
            if future is not None and not future.done():
                future.set_result(message)
            return None
        if isinstance(message, ApplicationReplaced):
            raise ApplicationTakenError(
                f"Another program connected to Asterisk as the application "
                f"{self._access.application!r}; calls go to it now. One engine owns one "
                "application: stop the other one, then start this engine again."
            )
        return message

    async def set_event_filter(self) -> asyncio.Future[RESTResponse]:
        """Ask Asterisk to send only what we translate; return the reply to come."""
        path = f"applications/{self._access.application}/eventFilter"
        return await self.send("PUT", path, content=_EVENT_FILTER)

    async def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        content: Mapping[str, object] | None = None,
    ) -> asyncio.Future[RESTResponse]:
        """
        Send a request over the socket and return its reply to come.

        Raises:
            AriDownError: There is no connection.
        """
        connection = self._live_connection()
        number = str(next(self._numbers))
        request = RESTRequest(
            transaction_id="",
            request_id=number,
            method=method,
            uri=path,
            query_strings=[RESTQueryStringParameter(name=n, value=v) for n, v in query.items()]
            if query
            else None,
            content_type="application/json" if content else None,
            message_body=_encode(content).decode() if content else None,
        )
        future = asyncio.get_running_loop().create_future()
        connection.awaited[number] = future
        try:
            await connection.socket.send_frame(_encode(request), aiohttp.WSMsgType.TEXT)
        except (aiohttp.ClientError, OSError) as trouble:
            connection.awaited.pop(number, None)
            raise AriDownError("The connection to Asterisk broke.") from trouble
        return future

    async def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        content: Mapping[str, object] | None = None,
    ) -> str | None:
        """
        Ask over the socket, for what Asterisk answers at once and shortly: never for a list.

        Args:
            method: The HTTP method.
            path: Below `/ari/`, e.g. `channels/x/play`.
            query: The parameters.
            content: A JSON object to send along.

        Raises:
            AriRefusedError: Asterisk answered with an error.
            AriDownError: No answer came, or there is no connection.
        """
        future = await self.send(method, path, query, content)
        try:
            async with asyncio.timeout(self._patience_s):
                reply = await future
        except TimeoutError as late:
            raise AriDownError(f"No reply within {self._patience_s:g} s.") from late
        return taken(reply.status_code, reply.message_body)

    async def ask_and_wait(self, method: str, path: str, query: Mapping[str, str]) -> str | None:
        """
        Ask over HTTP, for what waits for a channel's thread.

        Raises:
            AriRefusedError: Asterisk answered with an error.
            AriDownError: No answer came, or there is no connection.
        """
        self._live_connection()
        return await self.ask_apart(method, path, query)

    async def ask_apart(
        self, method: str, path: str, query: Mapping[str, str] | None = None
    ) -> str | None:
        """
        Ask over HTTP, whether or not there is an event socket; the reply may be long.

        Raises:
            AriRefusedError: Asterisk answered with an error.
            AriDownError: No answer came.
        """
        if self._pool is None:
            raise AriDownError("There is no connection to Asterisk.")
        address = f"{self._access.url}/{path}"
        try:
            async with self._pool.request(method, address, params=query or None) as reply:
                return taken(reply.status, await reply.text())
        except TimeoutError as late:
            raise AriDownError(f"No reply within {self._patience_s:g} s.") from late
        except (aiohttp.ClientError, OSError) as trouble:
            raise AriDownError("The connection to Asterisk broke.") from trouble

    def _live_connection(self) -> _Connection:
        if self._connection is None:
            raise AriDownError("There is no connection to Asterisk.")
        return self._connection


def taken(status: int, text: str | None) -> str | None:
    """
    Return the reply's text.

    Raises:
        AriRefusedError: The status says that Asterisk refused.
    """
    if status < HTTPStatus.BAD_REQUEST:
        return text
    raise AriRefusedError(status, _reason(text or ""))


def _reason(text: str) -> str:
    try:
        answer = msgspec.json.decode(text, type=dict[str, str])
    except msgspec.DecodeError:
        return "without a reason"
    return answer.get("message") or answer.get("error") or "without a reason"
