"""
What a speech engine is to us: text in, samples out.

An engine is slow, foreign and may be missing, so it is asked asynchronously, lives outside our
process, and every failure is a `SpeechError` whose message a telephony admin can act upon.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class SpeechError(Exception):
    """A text could not be spoken; the message says what to change."""


class EngineMissingError(SpeechError):
    """The engine is not installed; the message says how to install it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What an engine said, as it came out of the engine."""

    samples: bytes
    """Mono, signed 16 bits, little endian."""

    sample_rate_hz: int


class TtsEngine(Protocol):
    """One speech engine; it may keep a process open until `aclose`."""

    async def synthesize(self, text: str, *, speaker: str, rate: float) -> Speech:
        """
        Speak a text.

        Args:
            text: Plain Russian; numbers and abbreviations written out in words.
            speaker: The engine's own name of the voice.
            rate: 1.0 is the engine's normal pace, 0.9 is slower.

        Raises:
            EngineMissingError: The engine is not installed.
            SpeechError: The engine refused the text or the speaker, or died.
        """
        ...

    async def aclose(self) -> None:
        """Let go of the engine's process, if there is one."""
        ...
