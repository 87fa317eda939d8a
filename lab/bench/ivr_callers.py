"""
Callers who press two keys: just enough SIP and RTP, in one thread, to see every packet on the wire.

All calls share one socket for SIP and one for sound; Asterisk's port tells whose sound it is. What
comes in is dated by the kernel, so that a late measuring program adds nothing to what it measures.

Rule 1: a call has failed unless its caller heard all prompts in order and was hung up on by us.
Rule 2: the time of a key runs from its last packet (the finger leaves it; Asterisk tells of a key
then) to the first packet of the next prompt.
"""

from __future__ import annotations

import heapq
import re
import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Final

from lab.bench.ivr_site import Heard, IvrTarget, marks
from lab.bench.site import CALLER_ADDRESS, Ports

THINKING: Final = timedelta(milliseconds=200)
"""From a menu's first packet to the key."""
LONGEST: Final = timedelta(seconds=15)
"""A call that is not over by then has failed."""
RESEND_S: Final = 0.5
_KEY_PACKETS: Final = 5
"""Of 20 ms: what a hurried finger needs."""
_PACKET_S: Final = 0.02
_PACKET_SAMPLES: Final = 160
_EVENT_TYPE: Final = 101
_SOUND_TYPE: Final = 8
_LOOKED_AT: Final = 100
"""A byte in the middle of a packet's sound."""
_BUFFER: Final = 8_000_000
_BUFFER_FORCE: Final = 33
"""SO_RCVBUFFORCE of socket(7), which Python does not name."""
_DATED: Final = 35
"""SO_TIMESTAMPNS of socket(7), likewise."""
_OK: Final = 200
_ERRORS_FROM: Final = 300
_KEYS: Final = {Heard.MENU: 1, Heard.SECOND_MENU: 2}
_ORDER: Final = tuple(Heard)


@dataclass(slots=True, kw_only=True)
class CallTimes:
    """What one caller lived through; seconds."""

    to_greeting: float | None = None
    """From the INVITE to the first packet of the greeting."""
    key_to_prompt: list[float] = field(default_factory=list)
    """Of both keys."""
    failure: str = ""
    """Why it failed; empty when it did not."""


@dataclass(slots=True, kw_only=True)
class _Call:
    name: str
    number: int
    invited_at: float
    stage: int = 0
    """How many prompts he has heard."""
    port: int = 0
    """Asterisk's, for this call's sound."""
    to: str = ""
    contact: str = ""
    sequence: int = 0
    timestamp: int = 0
    released_at: float | None = None
    is_over: bool = False
    is_answered: bool = False
    times: CallTimes = field(default_factory=CallTimes)


class Callers:
    """
    Everybody who calls.

    Args:
        ports: The run's ports.
    """

    def __init__(self, ports: Ports) -> None:
        self._node = ("127.0.0.1", ports.sip)
        self._sip = _socket(ports.callers.sip)
        self._sound = _socket(ports.callers.media)
        self._sound.setsockopt(socket.SOL_SOCKET, _BUFFER_FORCE, _BUFFER)
        self._sound.setsockopt(socket.SOL_SOCKET, _DATED, 1)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._sip, selectors.EVENT_READ, self._read_sip)
        self._selector.register(self._sound, selectors.EVENT_READ, self._read_sound)
        self._marks = marks()
        self._calls: dict[str, _Call] = {}
        self._by_port: dict[int, _Call] = {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._numbers = count(1)
        self.resent = 0
        """Requests that had to be sent again."""

    def close(self) -> None:
        """Give the ports back."""
        self._selector.close()
        self._sip.close()
        self._sound.close()

    def call(self, target: IvrTarget, *, rate: int, calls: int) -> list[CallTimes]:
        """Let so many citizens call, at this rate, and return when all calls are over."""
        begun, mine = time.monotonic(), list[_Call]()
        for number in range(calls):
            self._at(begun + number / rate, lambda: mine.append(self._invite(target)))
        while len(mine) < calls or any(not each.is_over for each in mine):
            self._turn()
        for each in mine:
            self._calls.pop(each.name, None)
            self._by_port.pop(each.port, None)
        return [each.times for each in mine]

    # --- the loop

    def _at(self, moment: float, happening: Callable[[], None]) -> None:
        heapq.heappush(self._due, (moment, next(self._order), happening))

    def _turn(self) -> None:
        wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else _PACKET_S
        for key, _ in self._selector.select(wait):
            key.data()
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()

    # --- SIP

    def _invite(self, target: IvrTarget) -> _Call:
        number = next(self._numbers)
        call = _Call(name=f"bench-{number}", number=number, invited_at=_wall())
        call.to = f"<sip:{target.dialled}@{self._node[0]}:{self._node[1]}>"
        call.contact = call.to[1:-1]
        self._calls[call.name] = call
        self._send(call, "INVITE", 1, body=self._offer())
        self._at(time.monotonic() + RESEND_S, lambda: self._send_again(call))
        self._at(time.monotonic() + LONGEST.total_seconds(), lambda: self._give_up(call))
        return call

    def _send_again(self, call: _Call) -> None:
        if not call.is_answered and not call.is_over:
            self.resent += 1
            self._send(call, "INVITE", 1, body=self._offer())
            self._at(time.monotonic() + 2 * RESEND_S, lambda: self._send_again(call))

    def _give_up(self, call: _Call) -> None:
        if not call.is_over:
            heard = _ORDER[call.stage - 1].value if call.stage else "nothing"
            self._end(call, f"not over in time; heard last: {heard}")
            if call.is_answered:
                self._send(call, "BYE", 2)

    def _end(self, call: _Call, failure: str = "") -> None:
        call.is_over = True
        call.times.failure = failure

    def _offer(self) -> str:
        host, port = self._sound.getsockname()
        return (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {_SOUND_TYPE} {_EVENT_TYPE}\r\n"
            f"a=rtpmap:{_EVENT_TYPE} telephone-event/8000\r\na=fmtp:{_EVENT_TYPE} 0-16\r\n"
            "a=ptime:20\r\na=sendrecv\r\n"
        )

    def _send(self, call: _Call, method: str, number: int, *, body: str = "") -> None:
        host, port = self._sip.getsockname()
        lines = (
            f"{method} {call.contact} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK-{call.name}-{method}-{number}",
            "Max-Forwards: 70",
            f"From: <sip:+7913{call.number:07}@{host}>;tag={call.name}",
            f"To: {call.to}",
            f"Call-ID: {call.name}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:caller@{host}:{port}>",
            *(("Content-Type: application/sdp",) if body else ()),
            f"Content-Length: {len(body)}",
        )
        self._sip.sendto(("\r\n".join([*lines, "", ""]) + body).encode(), self._node)

    def _read_sip(self) -> None:
        for data in _datagrams(self._sip):
            text = data.decode(errors="replace")
            call = self._calls.get(_header(text, "Call-ID"))
            if text.startswith("SIP/2.0 "):
                if call is not None:
                    self._answered(call, text)
            else:
                self._asked(call, text)

    def _answered(self, call: _Call, text: str) -> None:
        status = int(text.split(" ", 2)[1])
        if status < _OK or not _header(text, "CSeq").endswith("INVITE"):
            call.is_answered = True  # it has arrived: no need to send it again
            return
        call.to = _header(text, "To")
        if status >= _ERRORS_FROM:
            self._send(call, "ACK", 1)
            self._end(call, f"refused: {status}")
            return
        if (found := re.search(r"<(sip:[^>]+)>", _header(text, "Contact"))) is not None:
            call.contact = found.group(1)
        if (sound := re.search(r"^m=audio (\d+)", text, re.MULTILINE)) is not None:
            call.port = int(sound.group(1))
            self._by_port[call.port] = call
        call.is_answered = True
        self._send(call, "ACK", 1)

    def _asked(self, call: _Call | None, text: str) -> None:
        """Say yes to whatever is asked; a BYE ends the call."""
        kept = [
            line
            for line in text.split("\r\n\r\n", 1)[0].split("\r\n")[1:]
            if line.split(":", 1)[0] in {"Via", "From", "To", "Call-ID", "CSeq"}
        ]
        answer = "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""])
        self._sip.sendto(answer.encode(), self._node)
        if call is not None and text.startswith("BYE") and not call.is_over:
            is_whole = call.stage == len(_ORDER)
            heard = _ORDER[call.stage - 1].value if call.stage else "nothing"
            self._end(call, "" if is_whole else f"hung up on; heard last: {heard}")

    # --- sound

    def _read_sound(self) -> None:
        while True:
            try:
                data, dates, _, source = self._sound.recvmsg(2048, 64)
            except BlockingIOError:
                return
            call = self._by_port.get(source[1])
            if call is None or len(data) <= _LOOKED_AT or data[1] & 0x7F != _SOUND_TYPE:
                continue
            heard = self._marks.get(data[_LOOKED_AT])
            if heard is not None and call.stage < len(_ORDER) and heard is _ORDER[call.stage]:
                seconds, nanoseconds = struct.unpack("qq", dates[0][2])
                self._hears(call, heard, seconds + nanoseconds / 1e9)

    def _hears(self, call: _Call, heard: Heard, at: float) -> None:
        call.stage += 1
        if heard is Heard.GREETING:
            call.times.to_greeting = at - call.invited_at
        if call.released_at is not None:
            call.times.key_to_prompt.append(at - call.released_at)
            call.released_at = None
        if (key := _KEYS.get(heard)) is not None:
            moment = time.monotonic() + THINKING.total_seconds()
            for packet in range(_KEY_PACKETS):
                self._at(moment + packet * _PACKET_S, _pressing(self, call, key, packet))

    def press(self, call: _Call, key: int, packet: int) -> None:
        """Send a packet of a key; the last one three times, as RFC 4733 wants it."""
        is_last = packet == _KEY_PACKETS - 1
        if packet == 0:
            call.timestamp += 8 * _PACKET_SAMPLES
        event = struct.pack("!BBH", key, 0x8A if is_last else 0x0A, (packet + 1) * _PACKET_SAMPLES)
        kind = _EVENT_TYPE | (0x80 if packet == 0 else 0)
        if is_last:
            call.released_at = _wall()
        for _ in range(3 if is_last else 1):
            call.sequence += 1
            head = struct.pack("!BBHII", 0x80, kind, call.sequence, call.timestamp, call.number)
            self._sound.sendto(head + event, (self._node[0], call.port))


def _pressing(callers: Callers, call: _Call, key: int, packet: int) -> Callable[[], None]:
    return lambda: callers.press(call, key, packet)


def _wall() -> float:
    """Return seconds by the clock by which the kernel dates packets."""
    return time.clock_gettime(time.CLOCK_REALTIME)


def _socket(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind((CALLER_ADDRESS, port))
    return made


def _datagrams(sock: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            yield sock.recv(65_536)
        except BlockingIOError:
            return


def _header(text: str, name: str) -> str:
    found = re.search(rf"^{name}: *(.*?)\r$", text, re.MULTILINE | re.IGNORECASE)
    return found.group(1) if found else ""
