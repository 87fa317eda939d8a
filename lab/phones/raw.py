"""
A citizen's phone that sends whatever text it is told to: the wrong numbers and names of this world.

Just enough SIP for one call through the trunk: INVITE, ACK, BYE. It sends no sound.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, cast
from uuid import uuid4

from typing_extensions import override

from lab.phones.trunk import Address

_STATUS: Final = re.compile(r"SIP/2\.0 (?P<status>\d{3})")
_FINAL: Final = 200


class RawCall(asyncio.DatagramProtocol):
    """
    One call; `raw_call` makes it.

    Args:
        node: Where Asterisk listens.
        dialled: The user part of the address dialled, as it stands in the request.
        caller: The `From` header without its tag.
        headers: Further headers.
    """

    def __init__(
        self, *, node: Address, dialled: str, caller: str, headers: tuple[str, ...]
    ) -> None:
        self._node = node
        self._target = f"sip:{dialled}@{node[0]}:{node[1]}" if dialled else f"sip:{node[0]}"
        self._caller = caller
        self._headers = headers
        self._id = uuid4().hex
        self._to = f"<{self._target}>"
        self._here: Address = ("", 0)
        self._transport: asyncio.DatagramTransport | None = None
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """The final answer to the INVITE."""
        self.ended = asyncio.Event()
        """The other side has hung up."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own datagram transport does not inherit from the class that its type promises.
        self._transport = cast(asyncio.DatagramTransport, transport)
        self._here = transport.get_extra_info("sockname")
        self._send("INVITE", 1, self._sound())

    @override
    def datagram_received(self, data: bytes, addr: Address) -> None:
        text = data.decode(errors="replace")
        answer = _STATUS.match(text)
        if answer is None:
            self._obey(text, addr)
        elif "INVITE" in text and int(answer["status"]) >= _FINAL:
            found = re.search(r"^To: (.*)$", text, re.MULTILINE)
            self._to = found[1].strip() if found else self._to
            self._send("ACK", 1)
            if not self.status.done():
                self.status.set_result(int(answer["status"]))

    def hang_up(self) -> None:
        """End an answered call."""
        self._send("BYE", 2)

    def _obey(self, request: str, addr: Address) -> None:
        kept = [
            line
            for line in request.split("\r\n")
            if line.startswith(("Via:", "From:", "To:", "Call-ID:", "CSeq:"))
        ]
        if request.startswith("BYE "):
            self.ended.set()
        text = "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""])
        assert self._transport is not None
        self._transport.sendto(text.encode(), addr)

    def _send(self, method: str, sequence: int, content: str = "") -> None:
        host, port = self._here
        lines = [
            f"{method} {self._target} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{uuid4().hex};rport",
            "Max-Forwards: 70",
            f"From: {self._caller};tag=raw",
            f"To: {self._to}",
            f"Call-ID: {self._id}",
            f"CSeq: {sequence} {method}",
            f"Contact: <sip:raw@{host}:{port}>",
            *(self._headers if method == "INVITE" else ()),
            *(("Content-Type: application/sdp",) if content else ()),
            f"Content-Length: {len(content)}",
            "",
            content,
        ]
        assert self._transport is not None
        self._transport.sendto("\r\n".join(lines).encode(), self._node)

    def _sound(self) -> str:
        host = self._here[0]
        head = f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        return head + "m=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"


@asynccontextmanager
async def raw_call(
    node: Address,
    *,
    dialled: str,
    caller: str,
    headers: tuple[str, ...] = (),
    address: str = "127.0.0.2",
) -> AsyncIterator[RawCall]:
    """
    Call; whether it was answered is in `status`.

    Args:
        node: Where Asterisk listens.
        dialled: The user part of the address dialled, as it stands in the request.
        caller: The `From` header without its tag.
        headers: Further headers.
        address: The trunk's address.
    """
    loop = asyncio.get_running_loop()
    transport, call = await loop.create_datagram_endpoint(
        lambda: RawCall(node=node, dialled=dialled, caller=caller, headers=headers),
        local_addr=(address, 0),
    )
    try:
        yield call
    finally:
        transport.close()
