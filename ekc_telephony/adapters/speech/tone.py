"""
The tone after which a caller speaks: one sine that swells and fades, so that it does not click.

Rule 1: a change here that changes the sound must raise `library.TONE_VERSION`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np

from ekc_telephony.adapters.speech.telephone_sound import (
    TELEPHONE_RATE_HZ,
    scale_to_peak,
    write_wav,
)

_PEAK: Final = 10 ** (-12 / 20)
"""As loud as a voice; the prompts' -3 dBFS would startle as a pure tone."""
_EDGE: Final = timedelta(milliseconds=20)
_LEAD_IN: Final = timedelta(milliseconds=100)


def tone_wav(length: timedelta, *, pitch_hz: float) -> bytes:
    """Render a tone as a telephone WAV file; a short silence goes before it."""
    moments = np.arange(_count(length)) / TELEPHONE_RATE_HZ
    edge = np.minimum(moments, moments[::-1]) / _EDGE.total_seconds()
    sound = np.sin(2 * np.pi * pitch_hz * moments) * np.minimum(edge, 1.0)
    return write_wav(np.concatenate([np.zeros(_count(_LEAD_IN)), scale_to_peak(sound, peak=_PEAK)]))


def _count(length: timedelta) -> int:
    return round(length.total_seconds() * TELEPHONE_RATE_HZ)
