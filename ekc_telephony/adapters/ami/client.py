"""
AMI over panoramisk 1.4: its protocol, actions and messages, with what is broken in them repaired.

panoramisk parses AMI and matches answers to questions well enough, but its `Manager` reconnects,
repeats and swallows on its own. So the life of the connection is ours (`link.py`), and the nine
defects found in it are repaired here, each with a test of its own in `tests/adapters/ami/`:

1. `Originate` without `Async` raised inside the parser and cut the connection: `_Action.multi`.
2. A callback that raised cut the connection: there are no callbacks, events go into a queue.
3. Actions sent before a loss were sent again after it, unasked: `_Protocol.close` fails them, and
   `ask` refuses while there is no connection.
4. UTF-8 split between two TCP segments lost letters: `_Protocol.data_received` decodes a stream.
5. A frozen Asterisk went unnoticed, since nobody looked for the answer to a ping: `AmiLink` does.
6. A wrong password looked like a lost connection, for ever: `connected` raises `AmiRefusedError`.
7. Closing while a reconnect was planned did not stop it: nothing here reconnects by itself.
8. CR and LF in a value smuggled in further actions: `ask` rejects them, and lines that Asterisk
   would discard for their length without a word that can be matched.
9. A plain function as an event route raised on Python 3.11: no routes.

Rule 1: every question ends: with an answer, with its patience, or with the connection.
"""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message
from typing_extensions import override

PATIENCE: Final = timedelta(seconds=5)
"""How long an answer may take, and the connection to open."""
BOOT_PATIENCE: Final = timedelta(seconds=60)
"""How long Asterisk may go on booting after it let us in."""
LONGEST_LINE: Final = 1000
"""Bytes of one header; Asterisk's buffer holds 1024 (manager.c) and drops the whole action then."""
_END: Final = "\r\n\r\n"

AmiMessage = Mapping[str, Any]
"""Headers of one answer or event; names in any case, repeated headers as a list."""


class AmiDownError(Exception):
    """There is no connection to AMI, it broke, or no answer came in time."""


class AmiRefusedError(Exception):
    """Asterisk refused our login or what we asked; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiAccess:
    """Where AMI is and who we are there."""

    host: str
    port: int
    user: str
    secret: str = field(repr=False)


class _Action(Action):  # type: ignore[misc]  # panoramisk has no types
    """An action whose answer may be judged even when it names no `Async`."""

    @property
    @override
    def multi(self) -> bool:
        self._store.setdefault("async", ("Async", "false"))
        return bool(super().multi)


class _Protocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """One connection; it ends when TCP does, and comes never back."""

    encoding = "utf-8"
    closed: bool

    def __init__(self) -> None:
        super().__init__()
        self.events: asyncio.Queue[AmiMessage | None] = asyncio.Queue()
        """What Asterisk told; None is the end of the connection."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._unread = ""

    @override
    def data_received(self, data: bytes) -> None:
        self._unread += self._decoder.decode(data)
        if self.version is None:
            self._take_greeting()
        *texts, self._unread = self._unread.split(_END)
        for text in texts:
            message = Message.from_line(text.strip())
            if message is not None:
                self.handle_message(message)

    def _take_greeting(self) -> None:
        greeting, line_end, rest = self._unread.partition("\r\n")
        if line_end:
            self.version, self._unread = greeting.rpartition("/")[2], rest

    @override
    def handle_message(self, message: Message) -> None:
        question = self.responses.get(message.action_id)
        if question is None:
            if "event" in message:
                self.events.put_nowait(message)
        elif question.add_message(message):
            self.responses.pop(question.action_id, None)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.close()

    @override
    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self.transport.abort()
        for question in self.responses.values():
            if not question.future.done():
                question.future.set_exception(AmiDownError("The AMI connection broke."))
                question.future.exception()  # Nobody may be waiting for it any more.
        self.responses.clear()
        self.events.put_nowait(None)


class AmiClient:
    """
    Asks Asterisk over AMI, and reads what it says.

    Args:
        access: Where AMI is and who we are there.
    """

    def __init__(self, access: AmiAccess) -> None:
        self._access = access
        self._protocol: _Protocol | None = None

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """
        Connect, log in, wait until Asterisk has booted, and hold the connection.

        Raises:
            AmiDownError: AMI cannot be reached, or broke off.
            AmiRefusedError: It refuses our user name or secret.
        """
        async with self._opened():
            await self._log_in(events="on")
            await self._hear_that_it_has_booted()
            yield

    @asynccontextmanager
    async def connected_to_ask(self) -> AsyncIterator[None]:
        """
        Connect, log in and hold the connection for questions alone: no events come.

        For a user without the right to read anything. Asterisk may still be booting.

        Raises:
            AmiDownError: AMI cannot be reached, or broke off.
            AmiRefusedError: It refuses our user name or secret.
        """
        async with self._opened():
            await self._log_in(events="off")
            yield

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[None]:
        protocol = await self._open()
        self._protocol = protocol
        try:
            yield
        finally:
            self._protocol = None
            protocol.close()

    async def _open(self) -> _Protocol:
        host, port = self._access.host, self._access.port
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                _, protocol = await loop.create_connection(_Protocol, host, port)
        except (OSError, TimeoutError) as trouble:
            raise AmiDownError(f"AMI cannot be reached at {host}:{port}: {trouble}.") from trouble
        return protocol

    async def _log_in(self, *, events: str) -> None:
        user, secret = self._access.user, self._access.secret
        try:
            await self.ask("Login", Username=user, Secret=secret, Events=events)
        except AmiRefusedError as refusal:
            raise AmiRefusedError(
                f"Asterisk refuses the AMI user {user!r} at {self._access.host}:"
                f"{self._access.port} ({refusal}). Its manager.conf must hold this user with the "
                "secret that we were given; render the configuration again and reload it."
            ) from refusal

    async def _hear_that_it_has_booted(self) -> None:
        try:
            async with asyncio.timeout(BOOT_PATIENCE.total_seconds()):
                while (await self.receive()).get("Event") != "FullyBooted":
                    pass
        except TimeoutError as late:
            raise AmiDownError(
                "Asterisk does not say that it has booted. Its manager.conf must give the AMI "
                f"user {self._access.user!r} `read = system`."
            ) from late

    async def receive(self) -> AmiMessage:
        """
        Wait for the next event.

        Raises:
            AmiDownError: The connection broke.
        """
        message = await self._live_protocol().events.get()
        if message is None:
            raise AmiDownError("Asterisk closed the AMI connection.")
        return message

    async def ask(
        self, action: str, /, *, patience: timedelta = PATIENCE, **headers: str
    ) -> list[AmiMessage]:
        """
        Ask, and return the answer with all events that belong to it.

        Args:
            action: AMI's name of the action.
            patience: How long the answer may take.
            headers: The headers of the action.

        Raises:
            AmiRefusedError: Asterisk answered with an error.
            AmiDownError: No answer came, or there is no connection.
            ValueError: A header holds a line break, or is longer than Asterisk reads.
        """
        for name, value in headers.items():
            _check_header(name, value)
        protocol = self._live_protocol()
        question = _Action({"Action": action, **headers})
        future = protocol.send(question, as_list=None)
        try:
            async with asyncio.timeout(patience.total_seconds()):
                answer = await future
        except TimeoutError as late:
            raise AmiDownError(f"AMI did not answer {action} in time.") from late
        finally:
            protocol.responses.pop(question.action_id, None)
        messages: list[AmiMessage] = answer if isinstance(answer, list) else [answer]
        if messages[0].get("Response") == "Error":
            raise AmiRefusedError(f"{action}: {messages[0].get('Message', 'without a reason')}")
        return messages

    def _live_protocol(self) -> _Protocol:
        if self._protocol is None or self._protocol.closed:
            raise AmiDownError("There is no AMI connection.")
        return self._protocol


def _check_header(name: str, value: str) -> None:
    if "\r" in value or "\n" in value:
        raise ValueError(f"AMI header {name} holds a line break; expected one line of text.")
    length = len(f"{name}: {value}".encode())
    if length > LONGEST_LINE:
        raise ValueError(
            f"AMI header {name} is {length} bytes long; Asterisk reads at most {LONGEST_LINE}."
        )
