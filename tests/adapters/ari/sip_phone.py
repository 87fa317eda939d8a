"""
A phone that answers every INVITE as scripted: the smallest SIP that Asterisk believes.

Real phones are used in `tests/asterisk/`; here one datagram socket shows the exact text of the
INVITE and gives the exact status code we ask about.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast
from uuid import uuid4

from typing_extensions import override

_SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)


@dataclass(kw_only=True)
class ScriptedPhone(asyncio.DatagramProtocol):
    """Rings, and then answers every INVITE with one status; 180 means «ring for ever»."""

    port: int
    status: str = "200 OK"
    headers: tuple[str, ...] = ()
    """Further headers of the final answer, e.g. a Reason."""
    contact: str | None = None
    """Where to find it: what a 302 names is somewhere else. None is its own address."""
    invites: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """What was sent to be shown."""
    requests: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    """Every request that arrived, by its method."""
    is_closed: asyncio.Event = field(default_factory=asyncio.Event)
    _transport: asyncio.DatagramTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own datagram transport does not inherit from the class that its type promises.
        self._transport = cast(asyncio.DatagramTransport, transport)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.is_closed.set()

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        method = text.partition(" ")[0]
        if method == "SIP/2.0":
            return
        self.requests.put_nowait(method)
        if method == "MESSAGE":
            self.texts.append(text.partition("\r\n\r\n")[2])
        if method == "INVITE":
            self._take_invite(text, addr)
        elif method != "ACK":
            self._send(text, "200 OK", addr)

    def _take_invite(self, text: str, addr: tuple[str, int]) -> None:
        self.invites.append(text)
        self._send(text, "180 Ringing", addr)
        if self.status.startswith("200"):
            self._send(text, self.status, addr, _SDP.format(port=self.port + 200))
        elif not self.status.startswith("180"):
            self._send(text, self.status, addr)

    def _send(self, request: str, status: str, addr: tuple[str, int], content: str = "") -> None:
        kept = [
            line + (";tag=phone" if line.startswith("To:") and ";tag=" not in line else "")
            for line in request.split("\r\n")
            if line.startswith(("Via:", "From:", "To:", "Call-ID:", "CSeq:"))
        ]
        contact = self.contact or f"sip:phone@127.0.0.1:{self.port}"
        kept += [f"Contact: <{contact}>", *self.headers]
        if content:
            kept.append("Content-Type: application/sdp")
        head = "\r\n".join([f"SIP/2.0 {status}", *kept, f"Content-Length: {len(content)}"])
        assert self._transport is not None
        self._transport.sendto(f"{head}\r\n\r\n{content}".encode(), addr)


@asynccontextmanager
async def scripted_phone(
    port: int, status: str = "200 OK", *, contact: str | None = None
) -> AsyncIterator[ScriptedPhone]:
    """Open the phone's socket for the time of the test."""
    loop = asyncio.get_running_loop()
    transport, phone = await loop.create_datagram_endpoint(
        lambda: ScriptedPhone(port=port, status=status, contact=contact),
        local_addr=("127.0.0.1", port),
    )
    try:
        yield phone
    finally:
        transport.close()
        await phone.is_closed.wait()


@dataclass(kw_only=True)
class RegisteringPhone(ScriptedPhone):
    """A phone that tells the registrar where it is."""

    account: str
    registrar: int
    """The UDP port of Asterisk."""
    accepted: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    """Answers to REGISTER."""
    _sequence: int = 0

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data.startswith(b"SIP/2.0"):
            self.accepted.put_nowait(data.decode().partition("\r\n")[0])
        else:
            super().datagram_received(data, addr)

    async def register(self, *, expires_s: int = 120) -> None:
        """Register, or with 0 seconds unregister, and wait until Asterisk has agreed."""
        self._sequence += 1
        here, identity = f"127.0.0.1:{self.port}", f"sip:{self.account}@127.0.0.1"
        text = "\r\n".join(
            [
                "REGISTER sip:127.0.0.1 SIP/2.0",
                f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{uuid4().hex};rport",
                "Max-Forwards: 70",
                f"From: <{identity}>;tag=phone",
                f"To: <{identity}>",
                f"Call-ID: {uuid4().hex}",
                f"CSeq: {self._sequence} REGISTER",
                f"Contact: <sip:{self.account}@{here}>;expires={expires_s}",
                "Content-Length: 0\r\n\r\n",
            ]
        )
        assert self._transport is not None
        self._transport.sendto(text.encode(), ("127.0.0.1", self.registrar))
        assert await self.accepted.get() == "SIP/2.0 200 OK"


@asynccontextmanager
async def registering_phone(
    port: int, account: str, registrar: int
) -> AsyncIterator[RegisteringPhone]:
    """Open the phone's socket for the time of the test."""
    loop = asyncio.get_running_loop()
    transport, phone = await loop.create_datagram_endpoint(
        lambda: RegisteringPhone(port=port, account=account, registrar=registrar),
        local_addr=("127.0.0.1", port),
    )
    try:
        yield phone
    finally:
        transport.close()
        await phone.is_closed.wait()
