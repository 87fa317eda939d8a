"""
Sound for phones that are many: what is said, what is heard, and when it was silent.

Every operator's voice is a pair of tones of his own, which no prompt and no music contains for
long, so a caller's ear knows not only that somebody talks to him, but who. Sound is heard packet by
packet: quiet packets are told from loud ones by their bytes, and five loud ones in a row (100 ms)
are searched for operators' tones.

Rule 1: silence is what a person would call so: packets without sound, and no packets at all.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from lab.faults.sip import KEYS, PCMA, Address
from lab.hearing import Sound

RATE: Final = 8000
PACKET: Final = 160
"""20 ms."""
PACKET_S: Final = PACKET / RATE
LOUDNESS: Final = 7000
_QUIET: Final = 200
"""Samples below this are no sound: 44 dB below full scale."""
_LOUD_SAMPLES: Final = 8
"""A packet with more loud samples than this is heard."""
_LISTENED: Final = 5
"""Packets that are searched for tones together."""
GAP_S: Final = 0.5
"""Shorter pauses are part of any speech, and not kept."""
STALL_S: Final = 0.2
_LOW_HZ: Final = 310
_HIGH_HZ: Final = 2000
_STEP_HZ: Final = 30
_BOTH: Final = 0.6
"""The share of the sound's energy that an operator's two tones must have together…"""
_EACH: Final = 0.15
"""… and each of them alone."""
CALLER_HZ: Final = (1500, 1800)
_KEY_PACKETS: Final = 8
_KEY_END_PACKETS: Final = 3
_EVENTS: Final = {key: code for code, key in enumerate("0123456789*#ABCD")}


def _expand() -> NDArray[np.float32]:
    """Return the sample of every A-law code (G.711)."""
    codes = np.arange(256) ^ 0x55
    mantissa, segment = (codes & 0x0F) << 4, (codes & 0x70) >> 4
    size = np.where(segment == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(segment - 1, 0))
    return np.where(codes & 0x80, size, -size).astype(np.float32)


EXPANDED: Final = _expand()
_QUIET_CODES: Final = bytes(code for code in range(256) if abs(EXPANDED[code]) < _QUIET)


def compress(samples: NDArray[np.float64]) -> bytes:
    """Return samples as A-law: the nearest code of each."""
    order = np.argsort(EXPANDED)
    levels = EXPANDED[order]
    nearest = np.searchsorted((levels[1:] + levels[:-1]) / 2, samples)
    return order[nearest].astype(np.uint8).tobytes()


def expand(payload: bytes | bytearray) -> Sound:
    """Return A-law as sound."""
    return Sound(samples=EXPANDED[np.frombuffer(payload, dtype=np.uint8)], rate=RATE)


def voice(hertz: Sequence[int]) -> bytes:
    """Return a second of tones, in A-law; whole hertz join up when it is repeated."""
    moments = np.arange(RATE) / RATE
    tones = sum(np.sin(2 * np.pi * each * moments) for each in hertz)
    return compress(np.asarray(LOUDNESS / len(hertz) * tones, dtype=np.float64))


def agent_tones(number: int) -> tuple[int, int]:
    """Return the tones of the operator with this number."""
    return _LOW_HZ + _STEP_HZ * number, _HIGH_HZ + _STEP_HZ * number


class Recogniser:
    """
    Tells who talks: an operator, or the fallback, whose words bear the tones after the last.

    Args:
        agents: How many operators there are.
    """

    def __init__(self, agents: int) -> None:
        count = _LISTENED * PACKET
        self.fallback = agents
        self._voices = agents + 1
        hertz = np.array([agent_tones(number) for number in range(self._voices)]).T.reshape(-1, 1)
        turns = 2 * np.pi * hertz * np.arange(count) / RATE
        self._waves = np.concatenate([np.cos(turns), np.sin(turns)]).astype(np.float32)
        self._scale = 2 / count

    def who(self, payload: bytes) -> int | None:
        """Return whose tones these 100 ms are."""
        samples = EXPANDED[np.frombuffer(payload, dtype=np.uint8)]
        energy = float(samples @ samples)
        if energy <= 0:
            return None
        cosines, sines = (self._waves @ samples).reshape(2, -1)
        shares = (cosines**2 + sines**2) * (self._scale / energy)
        low, high = shares[: self._voices], shares[self._voices :]
        best = int((low + high).argmax())
        is_he = low[best] + high[best] > _BOTH and min(low[best], high[best]) > _EACH
        return best if is_he else None


@dataclass(slots=True, kw_only=True)
class Stretch:
    """From when to when, by the loop's clock."""

    began: float
    ended: float


@dataclass(slots=True, kw_only=True)
class HeardAgent:
    """An operator's voice in a caller's ear."""

    agent: int
    stretch: Stretch


class Ear:
    """
    What one phone hears.

    Args:
        recogniser: Tells operators' voices; None for an ear that does not care.
    """

    def __init__(self, recogniser: Recogniser | None = None) -> None:
        self._recogniser = recogniser
        self.gaps: list[Stretch] = []
        self.agents: list[HeardAgent] = []
        self.heard_agent = asyncio.Event()
        self.heard_fallback = False
        """The lab marks what only the fallback says with the tones after the last operator's."""
        self._last_sound: float | None = None
        self._pieces: list[bytes] = []

    def open(self, now: float) -> None:
        """Begin to expect sound."""
        self._last_sound = now

    def close(self, now: float) -> None:
        """Expect no more."""
        self._heard_something(now)
        self._last_sound = None

    def hear(self, payload: bytes, now: float) -> None:
        """Take a packet."""
        if self._last_sound is None:
            return
        if len(payload.translate(None, _QUIET_CODES)) <= _LOUD_SAMPLES:
            self._pieces.clear()
            return
        self._heard_something(now)
        if self._recogniser is None or len(payload) != PACKET:
            return
        self._pieces.append(payload)
        if len(self._pieces) == _LISTENED:
            who = self._recogniser.who(b"".join(self._pieces))
            self._pieces.clear()
            if who == self._recogniser.fallback:
                self.heard_fallback = True
            elif who is not None:
                self._heard_agent(who, now)

    def _heard_something(self, now: float) -> None:
        if self._last_sound is not None and now - self._last_sound > GAP_S:
            self.gaps.append(Stretch(began=self._last_sound, ended=now))
        self._last_sound = now

    def _heard_agent(self, agent: int, now: float) -> None:
        last = self.agents[-1] if self.agents else None
        if last is not None and last.agent == agent and now - last.stretch.ended < 2 * GAP_S:
            last.stretch.ended = now
        else:
            began = now - _LISTENED * PACKET_S
            self.agents.append(HeardAgent(agent=agent, stretch=Stretch(began=began, ended=now)))
        if now - self.agents[-1].stretch.began > 1.5 * _LISTENED * PACKET_S:
            self.heard_agent.set()


class SoundPort(asyncio.DatagramProtocol):
    """
    Where one call's sound goes in and out.

    Args:
        ear: Hears what comes in.
        voice: A second of A-law that is said again and again.
    """

    def __init__(self, ear: Ear, *, voice: bytes) -> None:
        self.ear = ear
        self.here: Address = ("", 0)
        self.there: Address | None = None
        self._voice = voice
        self._transport: asyncio.DatagramTransport | None = None
        self._sequence = self._timestamp = 0
        self._keys: list[tuple[int, int]] = []
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(cls, address: str, ear: Ear, *, voice: bytes) -> SoundPort:
        """Bind to any port of an address."""
        loop = asyncio.get_running_loop()
        _, port = await loop.create_datagram_endpoint(
            lambda: cls(ear, voice=voice), local_addr=(address, 0)
        )
        return port

    def close(self) -> None:
        """Give the port back."""
        if self._transport is not None:
            self._transport.close()

    def press(self, key: str) -> None:
        """Press a key for 160 ms (RFC 4733); what is being said is left out meanwhile."""
        packets = _KEY_PACKETS + _KEY_END_PACKETS - 1
        self._keys = [(_EVENTS[key], min(turn, _KEY_PACKETS)) for turn in range(1, packets + 1)]

    def tick(self) -> None:
        """Send what these 20 ms hold."""
        if self.there is None or self._transport is None or self._transport.is_closing():
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        packet = self._key_packet() if self._keys else self._voice_packet()
        self._transport.sendto(packet, self.there)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own datagram transport does not inherit from the class that its type promises.
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.here = transport.get_extra_info("sockname")[:2]

    @override
    def error_received(self, exc: Exception) -> None:
        """Take «connection refused» for what it is: the call is over at the other side."""

    @override
    def datagram_received(self, data: bytes, addr: Address) -> None:
        if len(data) > _HEADER.size and data[1] & 0x7F == PCMA:
            self.ear.hear(data[_HEADER.size :], self._loop.time())

    def _voice_packet(self) -> bytes:
        at = self._timestamp % RATE
        header = self._header(PCMA)
        self._timestamp += PACKET
        return header + self._voice[at : at + PACKET]

    def _key_packet(self) -> bytes:
        """Return one packet of an event: same timestamp, growing duration, the last thrice."""
        code, turn = self._keys.pop(0)
        is_first, is_last = turn == 1, turn == _KEY_PACKETS
        header = self._header(KEYS | (0x80 if is_first else 0))
        if not self._keys:
            self._timestamp += (_KEY_PACKETS + _KEY_END_PACKETS) * PACKET
        return header + struct.pack("!BBH", code, 0x8A if is_last else 0x0A, turn * PACKET)

    def _header(self, payload_type: int) -> bytes:
        return _HEADER.pack(
            0x80, payload_type, self._sequence, self._timestamp & 0xFFFFFFFF, id(self) & 0xFFFFFFFF
        )


_HEADER: Final = struct.Struct("!BBHII")


class Pace:
    """
    Lets all phones send every 20 ms.

    A lab that did not get the processor for a while is itself a fault: what it measures then is not
    the node's doing. So such stalls are kept.
    """

    def __init__(self) -> None:
        self._ports: set[SoundPort] = set()
        self.stalls: list[Stretch] = []
        """When this process did not run for longer than `STALL_S`."""

    def add(self, port: SoundPort) -> None:
        """Let a phone talk."""
        self._ports.add(port)

    def remove(self, port: SoundPort) -> None:
        """Let it be silent."""
        self._ports.discard(port)

    async def run(self) -> None:
        """Tick until cancelled; what is missed by more than `STALL_S` is left out."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            for port in tuple(self._ports):
                port.tick()
            due += PACKET_S
            now = loop.time()
            if now - due > STALL_S:
                self.stalls.append(Stretch(began=due, ended=now))
                due = now
            await asyncio.sleep(max(0.0, due - now))
