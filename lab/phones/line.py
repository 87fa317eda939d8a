"""
One call at a phone: what it says, what it hears, when it ends.

A `Line` follows the SIP stack's call. While sound flows it keeps everything that is heard and feeds
what is to be said, a little ahead of time. When the call is over the recording is a WAV file.

Rule 1: sound is moved by a thread of its own (`lab.phones.mover`); what it shares with the loop is
touched under `_moving`.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import baresip

from lab.hearing import BEGINNING, Match, Sound, find_prompt
from lab.phones.mover import SoundMover
from lab.waiting import PATIENCE

RATE: Final = 8000
"""G.711's samples per second: the only codec the phones offer."""
GAP: Final = timedelta(milliseconds=350)
"""Between two keys, as people type. Faster, a machine that is busy for a moment lets Asterisk have
several keys at once, and then it tells each of them twice."""
_ANY_HOST: Final = "ekc.invalid"
"""Only what stands before the @ counts in a transfer."""
_AGAIN_S: Final = 0.06
_AHEAD: Final = timedelta(seconds=1)
"""How much is given to the stack ahead of time: a busy machine must not make gaps in speech."""
_BYTES_PER_S: Final = 2 * RATE
_LOOK_EVERY: Final = timedelta(milliseconds=100)


class Line:
    """
    Follow a call of the SIP stack.

    Args:
        call: The stack's call.
        recording: Where the sound heard is written when the call is over.
    """

    def __init__(self, call: baresip.Call, *, recording: Path) -> None:
        self._call = call
        self.recording = recording
        self.ended = asyncio.Event()
        self.established = asyncio.Event()
        self.recorded = asyncio.Event()
        """The call is over and its recording is written."""
        self._moving = threading.Lock()
        self._heard = bytearray()
        self._to_say = b""
        self._is_repeated = False
        self._said = 0
        call.on(self._on_event)
        # What has happened by now is not told any more.
        if call.state is baresip.CallState.ESTABLISHED:
            self.established.set()
        elif call.state is baresip.CallState.CLOSED:
            self.ended.set()

    @property
    def heard_so_far(self) -> Sound:
        """The sound heard until now."""
        return Sound.of_pcm(self._heard[:], rate=RATE)

    def say(self, sound: Sound, *, is_repeated: bool = False) -> None:
        """
        Begin to say something instead of what was being said; for ever when repeated.

        What was given to the stack before, a second at most, is still said: it can be flushed, but
        only later than asked for, together with what came after it.
        """
        if sound.rate != RATE:
            raise ValueError(f"found a sound of {sound.rate} Hz; expected {RATE} Hz")
        with self._moving:
            self._to_say, self._is_repeated, self._said = sound.pcm(), is_repeated, 0

    async def hear(
        self,
        prompt: Sound,
        *,
        patience: timedelta = PATIENCE,
        beginning: timedelta = BEGINNING,
        since: timedelta = timedelta(),
        every: timedelta = _LOOK_EVERY,
    ) -> Match | None:
        """
        Wait until the beginning of a prompt was heard; None when it was not in time.

        Args:
            prompt: What is waited for.
            patience: For how long.
            beginning: How much of it is looked for.
            since: What was heard before does not count.
            every: How often it is looked for, at 3 ms of a CPU.
        """
        searched = _bytes_of(since)
        overlap = _bytes_of(min(beginning, prompt.duration))
        looked_until = -1
        try:
            async with asyncio.timeout(patience.total_seconds()):
                while True:
                    is_last_look = self.ended.is_set()
                    until = len(self._heard)
                    if until > looked_until:
                        heard = Sound.of_pcm(self._heard[searched:until], rate=RATE)
                        match = find_prompt(heard, prompt, beginning=beginning)
                        if match.is_heard:
                            at_s = match.at_s + searched / _BYTES_PER_S
                            return Match(at_s=at_s, score=match.score)
                        # What may be the beginning of the prompt is looked at again.
                        searched, looked_until = max(searched, until - overlap), until
                    if is_last_look:
                        return None
                    await asyncio.sleep(every.total_seconds())
        except TimeoutError:
            return None

    async def press(self, keys: str, *, gap: timedelta = GAP) -> None:
        """Press keys; nothing happens when the other side has just hung up."""
        try:
            await self._call.send_dtmf(keys, int(gap / timedelta(milliseconds=1)))
        except baresip.BaresipError:
            if not self.ended.is_set() and self._call.state is not baresip.CallState.CLOSED:
                raise

    async def hold(self) -> None:
        """Put the other side on hold, as soon as both sides have agreed on what went before."""
        await self._as_soon_as_agreed(self._call.hold)

    async def resume(self) -> None:
        """Take the other side off hold, as soon as both sides have agreed to it."""
        await self._as_soon_as_agreed(self._call.resume)

    async def _as_soon_as_agreed(self, change: Callable[[], Awaitable[None]]) -> None:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            while True:
                try:
                    await change()
                except baresip.BaresipError:
                    if self.ended.is_set():
                        raise
                    await asyncio.sleep(_AGAIN_S)  # the phones still agree on something else
                else:
                    return

    async def transfer(self, target: str) -> None:
        """
        Press Transfer and dial: the other side is to talk to the target from now on.

        Raises:
            baresip.TransferFailed: The node says that it cannot be, or says nothing.
        """
        await self._call.transfer(f"sip:{target}@{_ANY_HOST}", timeout=PATIENCE.total_seconds())

    async def transfer_to(self, consultation: Line) -> None:
        """
        Press Transfer while another call goes on: the other sides of both are to talk.

        Raises:
            baresip.TransferFailed: The node says that it cannot be, or says nothing.
        """
        await self._call.attended_transfer(consultation._call, timeout=PATIENCE.total_seconds())

    async def hang_up(self) -> None:
        """Hang up and wait for the end; harmless when the call is over."""
        with contextlib.suppress(baresip.StaleHandleError):
            await self._call.hangup()
        await self.ended.wait()

    async def follow(self, mover: SoundMover) -> None:
        """Let sound be moved until the call is over, then write the recording."""
        mover.add(self)
        try:
            await self.ended.wait()
        finally:
            mover.remove(self)
            self._call.off(self._on_event)
            self.heard_so_far.write(self.recording)
            self.recorded.set()

    def _on_event(self, event: baresip.StackEvent) -> None:
        if event.event is baresip.Event.CALL_ESTABLISHED:
            self.established.set()
        elif event.event is baresip.Event.CALL_CLOSED:
            self.move_sound()
            self.ended.set()

    def move_sound(self) -> None:
        """Take what was heard, give what is to be said; any thread may call it."""
        with self._moving:
            audio = self._call.audio
            try:
                self._heard += audio.read(_BYTES_PER_S)
                # Before the ACK the stack may set its streams up anew and forget what it was given.
                if self._to_say and self.established.is_set():
                    self._feed(audio)
            except (baresip.AudioNotActive, baresip.AudioRestarted):
                return  # no sound yet, no more, or agreed anew: the next turn sees

    def _feed(self, audio: baresip.CallAudio) -> None:
        ahead = int(_AHEAD.total_seconds() * _BYTES_PER_S)
        wanted = ahead - audio.info().tx_buffered
        if wanted <= 0:
            return
        piece = self._to_say[self._said : self._said + wanted]
        self._said += audio.write(piece)
        if self._is_repeated and self._said >= len(self._to_say):
            self._said = 0


def _bytes_of(duration: timedelta) -> int:
    """Return how many bytes of sound a duration has: whole samples."""
    return 2 * int(duration.total_seconds() * RATE)
