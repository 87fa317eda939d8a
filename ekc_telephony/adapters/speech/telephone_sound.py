"""
From an engine's samples to a telephone prompt: 8 kHz, loud enough, with no dead air around it.

The order matters: silence is cut while the whole band is there (an initial "с" lives above 4 kHz
and would be taken for silence afterwards), loudness is set last, since resampling moves the peak.

Rule 1: a change here that changes the sound must raise `library.TELEPHONE_SOUND_VERSION`.
"""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import soxr
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ekc_telephony.adapters.speech.engine import Speech

Samples: TypeAlias = NDArray[np.float64]

TELEPHONE_RATE_HZ: Final = 8000
"""Asterisk plays such a file to any telephone codec without resampling."""

PEAK: Final = 10 ** (-3 / 20)
"""-3 dBFS, as is usual for telephone prompts: loud, and far from clipping after mu-law or a-law."""

TAIL: Final = timedelta(milliseconds=60)
"""Silence kept after the last sound, so that two prompts in a row do not stick together."""

_FULL_SCALE: Final = 32768
_SILENCE_BELOW: Final = 0.01
"""Share of the peak: -40 dB is inaudible on a telephone."""
_MARGIN: Final = timedelta(milliseconds=30)
"""Kept before the first and after the last loud moment: soft consonants begin and end below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loudness:
    """What can be told about a prompt without ears."""

    duration: timedelta
    peak_dbfs: float
    clipped_samples: int
    lead_in: timedelta
    """Silence before the first sound."""
    tail: timedelta
    """Silence after the last sound."""


def to_telephone_wav(speech: Speech, *, lead_in: timedelta) -> bytes:
    """Shape what an engine said into the bytes of a WAV file: 8 kHz, mono, 16 bits."""
    samples = np.frombuffer(speech.samples, dtype="<i2").astype(np.float64) / _FULL_SCALE
    sounding = _trim(samples, sample_rate_hz=speech.sample_rate_hz)
    narrow = np.asarray(
        soxr.resample(sounding, speech.sample_rate_hz, TELEPHONE_RATE_HZ, quality="VHQ"),
        dtype=np.float64,
    )
    silences = (np.zeros(_count(length)) for length in (lead_in, TAIL))
    before, after = silences
    return write_wav(np.concatenate([before, scale_to_peak(narrow, peak=PEAK), after]))


def scale_to_peak(samples: Samples, *, peak: float) -> Samples:
    """Set the loudest sample to `peak` of full scale; silence stays silence."""
    loudest = float(np.abs(samples).max(initial=0.0))
    return samples * (peak / loudest) if loudest > 0 else samples


def write_wav(samples: Samples) -> bytes:
    """Write samples between -1 and 1 as a telephone WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(TELEPHONE_RATE_HZ)
        scaled = np.clip(np.rint(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
        writer.writeframes(scaled.astype("<i2").tobytes())
    return buffer.getvalue()


def read_wav(content: bytes) -> Samples:
    """
    Read a telephone WAV file back.

    Raises:
        ValueError: The file is not 8 kHz, mono, 16 bits; the message tells what it is.
        wave.Error: The file is no WAV file.
    """
    with wave.open(io.BytesIO(content), "rb") as reader:
        found = (reader.getframerate(), reader.getnchannels(), 8 * reader.getsampwidth())
        if found != (TELEPHONE_RATE_HZ, 1, 16):
            message = f"{found[0]} Hz, {found[1]} channels, {found[2]} bits: expected 8000, 1, 16"
            raise ValueError(message)
        frames = reader.readframes(reader.getnframes())
    return np.frombuffer(frames, dtype="<i2").astype(np.float64) / _FULL_SCALE


def measure(samples: Samples) -> Loudness:
    """Measure a telephone prompt."""
    peak = float(np.abs(samples).max(initial=0.0))
    loud = _loud_moments(samples)
    first, last = (int(loud[0]), int(loud[-1])) if loud.size else (len(samples), len(samples) - 1)
    return Loudness(
        duration=_length(len(samples)),
        peak_dbfs=20 * float(np.log10(max(peak, 1 / _FULL_SCALE))),
        clipped_samples=int((np.abs(samples) >= 1 - 1 / _FULL_SCALE).sum()),
        lead_in=_length(first),
        tail=_length(len(samples) - 1 - last),
    )


def _trim(samples: Samples, *, sample_rate_hz: int) -> Samples:
    loud = _loud_moments(samples)
    if not loud.size:
        return samples
    margin = int(_MARGIN.total_seconds() * sample_rate_hz)
    return samples[max(0, loud[0] - margin) : loud[-1] + margin]


def _loud_moments(samples: Samples) -> NDArray[np.intp]:
    threshold = _SILENCE_BELOW * float(np.abs(samples).max(initial=0.0))
    return np.flatnonzero(np.abs(samples) > threshold)


def _count(length: timedelta) -> int:
    return round(length.total_seconds() * TELEPHONE_RATE_HZ)


def _length(count: int) -> timedelta:
    return timedelta(seconds=count / TELEPHONE_RATE_HZ)
