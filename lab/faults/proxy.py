"""
The network between engine and Asterisk, in our hands: it can be cut, and it can go deaf.

The engine's `ekc.yaml` names this proxy's port; Asterisk listens at its own. Deaf means what a lost
route means: what is sent arrives nowhere, and nobody hears that a connection has ended.

    python -m lab.faults.proxy 28090 28088      # listens at the first, passes on to the second

It is a process of its own, because the lab's phones keep theirs busy, and a network that is slow by
our own doing would be a fault nobody asked for. Words come in by its standard input (`Order`);
it says `events` whenever somebody has asked for Asterisk's events.

Rule 1: a connection that was deaf once stays so; only new ones find the way again.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from enum import Enum
from typing import Final

import uvloop

_HOST: Final = "127.0.0.1"
_CHUNK: Final = 65536
_EVENTS: Final = b"/events"
"""In the first line of the request that asks for Asterisk's events."""
_SAID: Final = b"events\n"


class Order(Enum):
    """What the proxy is told."""

    CUT = "cut"
    """Reset every connection."""
    DEAF = "deaf"
    """Swallow everything, and tell nobody."""
    HEAR = "hear"
    """Let new connections through again."""


class _Pipe:
    """One connection through the proxy."""

    def __init__(self, writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter]) -> None:
        self.writers = writers
        self.is_deaf = False

    def cut(self) -> None:
        """Reset both ends."""
        for writer in self.writers:
            with contextlib.suppress(RuntimeError):
                writer.transport.abort()


class _Network:
    """
    Pass connections on.

    Args:
        port: Where Asterisk listens.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._pipes: set[_Pipe] = set()
        self._is_deaf = False

    def obey(self, order: Order) -> None:
        """Do what is asked."""
        self._is_deaf = order is Order.DEAF
        for pipe in list(self._pipes):
            if order is Order.CUT:
                pipe.cut()
            elif order is Order.DEAF:
                pipe.is_deaf = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on until it ends."""
        try:
            other_reader, other_writer = await asyncio.open_connection(_HOST, self._port)
        except OSError:
            writer.transport.abort()
            return
        pipe = _Pipe((writer, other_writer))
        pipe.is_deaf = self._is_deaf
        self._pipes.add(pipe)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pass_on(reader, other_writer, pipe, is_request=True))
                tasks.create_task(_pass_on(other_reader, writer, pipe, is_request=False))
        finally:
            self._pipes.discard(pipe)
            pipe.cut()


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pipe: _Pipe, *, is_request: bool
) -> None:
    is_first = is_request
    with contextlib.suppress(OSError, RuntimeError):
        while piece := await reader.read(_CHUNK):
            if pipe.is_deaf:
                continue
            if is_first and _EVENTS in piece.split(b"\r\n", 1)[0]:
                sys.stdout.buffer.write(_SAID)
                sys.stdout.buffer.flush()
            is_first = False
            writer.write(piece)
            await writer.drain()
    if not pipe.is_deaf:
        with contextlib.suppress(RuntimeError):
            writer.close()


async def _main(here: int, there: int) -> None:
    network = _Network(there)
    server = await asyncio.start_server(network.serve, _HOST, here)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    async with server:
        while line := await orders.readline():
            network.obey(Order(line.decode().strip()))


class Proxy:
    """
    The other process, as the lab sees it.

    Args:
        here: The port it listens at.
        there: The port Asterisk listens at.
    """

    def __init__(self, here: int, there: int) -> None:
        self._ports = here, there
        self._process: Process | None = None
        self.event_connections = 0
        """How often Asterisk's events have been asked for so far."""

    async def run(self) -> None:
        """Run it until cancelled."""
        process = self._process = await asyncio.create_subprocess_exec(
            *("setpriv", "--pdeathsig=KILL", sys.executable, "-m", __name__),
            *map(str, self._ports),
            stdin=PIPE,
            stdout=PIPE,
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            while await process.stdout.readline():
                self.event_connections += 1
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())

    def tell(self, order: Order) -> None:
        """Tell it what to do."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order.value}\n".encode())


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(int(sys.argv[1]), int(sys.argv[2])))
