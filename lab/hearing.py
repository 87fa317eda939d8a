"""
What was heard: finds a prompt in the recording of a telephone call.

A prompt is compared with every place of the recording by normalised cross-correlation: 1 is the
same sound at whatever loudness, 0 is nothing in common. Over A-law a prompt that was played scores
0.99 and more, any other prompt below 0.4, so nobody has to listen and nothing has to be understood.

    match = find_prompt(Sound.read(recording), Sound.read(prompt))
    assert match.is_heard, match

Only the beginning of the prompt is looked for (`BEGINNING`): a caller may cut it off by a key.
"""

from __future__ import annotations

import wave
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

THRESHOLD: Final = 0.6
"""A prompt scored 1.000, others at most 0.14, when this was measured (reference: ecosystem, §3)."""
BEGINNING: Final = timedelta(seconds=2)
_QUIETEST: Final = 0.01
"""Places with less than this share of the prompt's energy are silence: they match nothing."""
_MARGIN: Final = timedelta(milliseconds=250)
"""The recording may have lost the first moments of a prompt, or end within its last."""
_SAMPLE_BYTES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Mono sound."""

    samples: NDArray[np.float32]
    rate: int
    """Samples per second."""

    @classmethod
    def read(cls, path: Path) -> Sound:
        """
        Read a WAV file of 16-bit mono samples.

        Raises:
            ValueError: It is something else.
        """
        with wave.open(str(path)) as file:
            if file.getnchannels() != 1 or file.getsampwidth() != _SAMPLE_BYTES:
                raise ValueError(
                    f"{path}: found {file.getnchannels()} channels of {8 * file.getsampwidth()} "
                    "bits; expected one channel of 16 bits"
                )
            return cls.of_pcm(file.readframes(file.getnframes()), rate=file.getframerate())

    @classmethod
    def of_pcm(cls, pcm: bytes | bytearray, *, rate: int) -> Sound:
        """Take 16-bit little-endian samples."""
        return cls(samples=np.frombuffer(pcm, dtype="<i2").astype(np.float32), rate=rate)

    def pcm(self) -> bytes:
        """Return 16-bit little-endian samples."""
        return self.samples.astype("<i2").tobytes()

    def write(self, path: Path) -> None:
        """Write a WAV file."""
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(_SAMPLE_BYTES)
            file.setframerate(self.rate)
            file.writeframes(self.pcm())

    @property
    def duration(self) -> timedelta:
        """How long it lasts."""
        return timedelta(seconds=len(self.samples) / self.rate)

    def then_silence(self, duration: timedelta) -> Sound:
        """Return it with a pause after it."""
        pause = np.zeros(int(duration.total_seconds() * self.rate), dtype=np.float32)
        return Sound(samples=np.concatenate([self.samples, pause]), rate=self.rate)

    def beginning(self, duration: timedelta) -> Sound:
        """Return its first stretch; the whole when it is shorter."""
        count = int(duration.total_seconds() * self.rate)
        return Sound(samples=self.samples[:count], rate=self.rate)

    def after(self, moment: timedelta) -> Sound:
        """Return what comes after a moment of it."""
        count = int(moment.total_seconds() * self.rate)
        return Sound(samples=self.samples[count:], rate=self.rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The place of a recording that is most like the prompt."""

    at_s: float
    """Seconds from the recording's beginning; below 0 when its first moments are missing."""
    score: float
    """0 to 1."""

    @property
    def is_heard(self) -> bool:
        """Tell whether it is the prompt."""
        return self.score >= THRESHOLD


def find_prompt(recording: Sound, prompt: Sound, *, beginning: timedelta = BEGINNING) -> Match:
    """
    Return where the recording is most like the beginning of the prompt.

    Args:
        recording: What a phone heard.
        prompt: What should have been said.
        beginning: How much of the prompt is looked for.

    Raises:
        ValueError: They differ in rate, or the prompt is silence.
    """
    if recording.rate != prompt.rate:
        raise ValueError(
            f"found a recording of {recording.rate} Hz and a prompt of {prompt.rate} Hz; "
            "expected the same rate"
        )
    wanted = _without_offset(prompt.beginning(beginning).samples)
    energy = float((wanted**2).sum())
    if not energy:
        raise ValueError("found silence; expected a prompt that can be heard")
    margin = int(_MARGIN.total_seconds() * recording.rate)
    heard = np.pad(_without_offset(recording.samples), margin)
    places = len(heard) - len(wanted) + 1
    if places < 1:
        return Match(at_s=0.0, score=0.0)
    likeness = _correlate(heard, wanted)[:places]
    energies = _window_energies(heard, len(wanted))
    scores = np.where(
        energies > _QUIETEST * energy,
        likeness / np.sqrt(np.maximum(energies, 1.0) * energy),
        0.0,
    )
    best = int(scores.argmax())
    return Match(
        at_s=(best - margin) / recording.rate, score=min(1.0, max(0.0, float(scores[best])))
    )


def _without_offset(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    exact = samples.astype(np.float64)
    return exact - exact.mean() if len(exact) else exact


def _correlate(heard: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the correlation of `wanted` with every place of `heard`, by way of the spectrum."""
    size = 1 << (len(heard) + len(wanted)).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size))
    found: NDArray[np.float64] = np.fft.irfft(spectrum, size)
    return found


def _window_energies(heard: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    sums = np.concatenate([[0.0], np.cumsum(heard**2)])
    found: NDArray[np.float64] = sums[length:] - sums[:-length]
    return found
