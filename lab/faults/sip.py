"""
SIP for phones that are many, cheap, and know to the millisecond what happened to them.

Why not the stack of `lab.phones`: a run of an hour needs thousands of caller numbers, phones that
survive the death of the node, and the moment of every message; fifty of these phones cost a tenth
of a core. What is here is enough for a phone on loopback, and no more.

A `SipSocket` is one UDP address. It hands every message to the dialog it belongs to, and an INVITE
that belongs to none to whoever owns the phone.

Rule 1: a request is sent again until it is answered (RFC 3261, 17.1.1.2 and 17.1.2.2).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol, cast
from uuid import uuid4

from typing_extensions import override

Address = tuple[str, int]

T1_S: Final = 0.5
T2_S: Final = 4.0
GIVE_UP_S: Final = 32.0
"""64 times T1: timers B and F."""
FINAL: Final = 200
REFUSED: Final = 300
_STATUS: Final = re.compile(r"SIP/2\.0 (?P<status>\d{3})")
_URI: Final = re.compile(r"<(?P<inside>[^>]+)>|(?P<bare>sips?:[^;>\s]+)")
_MEDIA: Final = re.compile(r"^m=audio (?P<port>\d+)", re.MULTILINE)
_HOST: Final = re.compile(r"^c=IN IP4 (?P<host>\S+)", re.MULTILINE)
PCMA: Final = 8
UNAUTHORIZED: Final = 401
_PARAMETER: Final = re.compile(r'(\w+)="?([^",]+)"?')
KEYS: Final = 101
"""The payload type of telephone events (RFC 4733)."""


class Ending(Enum):
    """By whose will a call ended."""

    US = "us"
    """This phone hung up."""
    NODE = "node"
    """The other side hung up."""
    REFUSED = "refused"
    """It never began: the other side, or we, refused it."""
    WITHDRAWN = "withdrawn"
    """Whoever called gave up before it was answered."""
    DEAD = "dead"
    """The node was killed with the call in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A request or a response."""

    start: str
    headers: tuple[tuple[str, str], ...]
    content: str

    @classmethod
    def parse(cls, datagram: bytes) -> Message:
        """Take a datagram apart; what is no SIP becomes a message without headers."""
        head, _, content = datagram.decode(errors="replace").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return cls(
            start=start,
            headers=tuple((name.strip().lower(), value.strip()) for name, _, value in pairs),
            content=content,
        )

    @property
    def status(self) -> int | None:
        """The status of a response; None for a request."""
        found = _STATUS.match(self.start)
        return int(found["status"]) if found else None

    def first(self, name: str) -> str:
        """Return a header's first value, empty when there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        """Return all values of a header."""
        return [value for key, value in self.headers if key == name]

    @property
    def answers(self) -> str:
        """The method that a response answers."""
        return self.first("cseq").rpartition(" ")[2]

    @property
    def sound_address(self) -> Address | None:
        """Where the other side wants to hear us."""
        port, host = _MEDIA.search(self.content), _HOST.search(self.content)
        return (host["host"], int(port["port"])) if port and host else None


def uri_of(header: str) -> str:
    """Return the address in a From, To or Contact header."""
    found = _URI.search(header)
    return (found["inside"] or found["bare"]) if found else ""


def user_of(header: str) -> str:
    """Return the user part of an address."""
    return uri_of(header).partition(":")[2].partition("@")[0]


def session_description(address: Address) -> str:
    """Return what a phone can hear: A-law, and keys."""
    host, port = address
    return (
        f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {PCMA} {KEYS}\r\na=rtpmap:{PCMA} PCMA/8000\r\n"
        f"a=rtpmap:{KEYS} telephone-event/8000\r\na=fmtp:{KEYS} 0-16\r\na=ptime:20\r\n"
        "a=sendrecv\r\n"
    )


class Receiver(Protocol):
    """Takes the messages of one Call-ID."""

    def receive(self, message: Message) -> None:
        """Take a message."""


class SipSocket(asyncio.DatagramProtocol):
    """
    One UDP address that phones share.

    Args:
        node: Where Asterisk listens.
        on_invite: Takes an INVITE that belongs to no dialog.
    """

    def __init__(
        self, node: Address, *, on_invite: Callable[[Message], None] | None = None
    ) -> None:
        self.node = node
        self.here: Address = ("", 0)
        self._on_invite = on_invite
        self._receivers: dict[str, Receiver] = {}
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self, address: str) -> None:
        """Bind to any port of an address."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(address, 0))

    def close(self) -> None:
        """Give the address back."""
        if self._transport is not None:
            self._transport.close()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own datagram transport does not inherit from the class that its type promises.
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.here = transport.get_extra_info("sockname")[:2]

    @override
    def error_received(self, exc: Exception) -> None:
        """Take «connection refused» for what it is: the node is dead at the moment."""

    @override
    def datagram_received(self, data: bytes, addr: Address) -> None:
        message = Message.parse(data)
        receiver = self._receivers.get(message.first("call-id"))
        if receiver is not None:
            receiver.receive(message)
        elif message.start.startswith("INVITE ") and self._on_invite is not None:
            self._on_invite(message)
        elif message.status is None and not message.start.startswith("ACK "):
            is_known = message.start.startswith(("OPTIONS ", "NOTIFY "))
            self.respond(message, "200 OK" if is_known else "481 Call Does Not Exist")

    def attach(self, call_id: str, receiver: Receiver) -> None:
        """Hand all messages of a call to somebody."""
        self._receivers[call_id] = receiver

    def detach(self, call_id: str) -> None:
        """Forget a call."""
        self._receivers.pop(call_id, None)

    def send(self, text: str) -> None:
        """Send a message to the node."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(text.encode(), self.node)

    def respond(
        self, request: Message, status: str, *, tag: str = "", content: str = "", contact: str = ""
    ) -> str:
        """Answer a request, and return the answer."""
        to = request.first("to")
        if tag and ";tag=" not in to:
            to += f";tag={tag}"
        lines = [f"SIP/2.0 {status}", *(f"Via: {via}" for via in request.all("via"))]
        lines += [f"From: {request.first('from')}", f"To: {to}"]
        lines += [f"Call-ID: {request.first('call-id')}", f"CSeq: {request.first('cseq')}"]
        text = _joined(lines, content=content, contact=contact)
        self.send(text)
        return text


def request_text(
    method: str,
    target: str,
    *,
    here: Address,
    branch: str,
    ours: str,
    theirs: str,
    call_id: str,
    cseq: int,
    contact: str = "",
    content: str = "",
    headers: tuple[str, ...] = (),
) -> str:
    """Return a request as it travels."""
    lines = [
        f"{method} {target} SIP/2.0",
        f"Via: SIP/2.0/UDP {here[0]}:{here[1]};branch={branch};rport",
        "Max-Forwards: 70",
        f"From: {ours}",
        f"To: {theirs}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method.split(' ', maxsplit=1)[0]}",
        *headers,
    ]
    return _joined(lines, content=content, contact=contact)


def _joined(lines: list[str], *, content: str, contact: str) -> str:
    if contact:
        lines.append(f"Contact: <{contact}>")
    if content:
        lines.append("Content-Type: application/sdp")
    return "\r\n".join([*lines, f"Content-Length: {len(content.encode())}", "", content])


def new_branch() -> str:
    """Return the name of a new transaction."""
    return f"z9hG4bK{uuid4().hex}"


def new_tag() -> str:
    """Return a new half of a dialog's name."""
    return uuid4().hex[:12]


class Sending:
    """
    Send a request again and again until it is answered, or for 32 s.

    Args:
        send: Sends it once.
        is_invite: An INVITE's intervals double for ever, others' until four seconds.
    """

    def __init__(self, send: Callable[[], None], *, is_invite: bool = False) -> None:
        self._send = send
        self._is_invite = is_invite
        self._loop = asyncio.get_running_loop()
        self._give_up_at = self._loop.time() + GIVE_UP_S
        self._interval_s = T1_S
        self._next: asyncio.TimerHandle | None = None
        self._turn()

    def stop(self) -> None:
        """It is answered, or nobody wants the answer any more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _turn(self) -> None:
        self._send()
        if self._loop.time() < self._give_up_at:
            self._next = self._loop.call_later(self._interval_s, self._turn)
            doubled = 2 * self._interval_s
            # An INVITE is tried every four seconds at least, too: the node may be on its way back.
            self._interval_s = min(T2_S, doubled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a phone proves its account with (RFC 2617, MD5)."""

    account: str
    password: str = field(repr=False)

    def answer(self, challenge: str, *, method: str, uri: str) -> str:
        """Return the header that answers a challenge."""
        asked = dict(_PARAMETER.findall(challenge))
        realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
        whose = _md5(f"{self.account}:{realm}:{self.password}")
        what = _md5(f"{method}:{uri}")
        known = f'username="{self.account}", realm="{realm}", nonce="{nonce}", uri="{uri}"'
        known += f', opaque="{asked["opaque"]}"' if "opaque" in asked else ""
        if "qop" not in asked:
            proof = _md5(f"{whose}:{nonce}:{what}")
            return f'Authorization: Digest {known}, response="{proof}", algorithm=MD5'
        ours = uuid4().hex[:16]
        proof = _md5(f"{whose}:{nonce}:00000001:{ours}:auth:{what}")
        return (
            f'Authorization: Digest {known}, response="{proof}", algorithm=MD5, '
            f'cnonce="{ours}", qop=auth, nc=00000001'
        )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
