"""An AMI server that says exactly what the test wants, byte by byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ekc_telephony.adapters.ami.client import AmiAccess

Answer = Callable[[str], bytes | None]
"""Takes the ActionID and returns what to send; None closes the connection."""


def success(identity: str) -> bytes:
    """Answer that all went well."""
    return f"Response: Success\r\nActionID: {identity}\r\nMessage: ok\r\n\r\n".encode()


def silence(_: str) -> bytes:
    """Answer nothing."""
    return b""


def error(message: str) -> Answer:
    """Answer with an error."""
    return lambda identity: (
        f"Response: Error\r\nActionID: {identity}\r\nMessage: {message}\r\n\r\n".encode()
    )


def logged_in(identity: str) -> bytes:
    """Answer a login as a booted Asterisk does."""
    return success(identity) + b"Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n"


def closed(_: str) -> None:
    """Close the connection."""


@dataclass(kw_only=True)
class ScriptedAmi:
    """Answers actions by their name."""

    answers: dict[str, Answer] = field(default_factory=dict)
    received: asyncio.Queue[dict[str, str]] = field(default_factory=asyncio.Queue)
    """Every action, by its headers."""
    connections: asyncio.Queue[asyncio.StreamWriter] = field(default_factory=asyncio.Queue)
    port: int = 0

    @property
    def access(self) -> AmiAccess:
        """How to reach it."""
        return AmiAccess(host="127.0.0.1", port=self.port, user="ekc", secret="s3cret")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections.put_nowait(writer)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                text = (await reader.readuntil(b"\r\n\r\n")).decode()
                headers = dict(line.split(": ", 1) for line in text.strip().split("\r\n"))
                self.received.put_nowait(headers)
                defaults = {"Login": logged_in, "PJSIPShowEndpoints": error("No endpoints found")}
                answer = self.answers.get(
                    headers["Action"], defaults.get(headers["Action"], success)
                )
                said = answer(headers["ActionID"])
                if said is None:
                    break
                writer.write(said)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()


@asynccontextmanager
async def scripted_ami(**answers: Answer) -> AsyncIterator[ScriptedAmi]:
    """Serve AMI for the time of the test."""
    ami = ScriptedAmi(answers=answers)
    server = await asyncio.start_server(ami.serve, "127.0.0.1", 0)
    ami.port = server.sockets[0].getsockname()[1]
    try:
        yield ami
    finally:
        server.close()
