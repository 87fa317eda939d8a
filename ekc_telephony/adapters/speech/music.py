"""
Music for waiting callers, made of sines here, so that nobody's licence has to be asked.

Soft chords follow each other slowly (C, A minor, F, G: the oldest progression there is), each note
swelling and fading like a far organ. Chords end in silence, so the file loops without a click, and
nothing lies above 700 Hz: telephone codecs mangle bright music.

Rule 1: a change here that changes the sound must raise `library.MUSIC_VERSION`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from ekc_telephony.adapters.speech.telephone_sound import (
    TELEPHONE_RATE_HZ,
    Samples,
    scale_to_peak,
    write_wav,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_A4_HZ: Final = 440.0
_A4_MIDI: Final = 69

_CHORDS: Final[Sequence[Sequence[int]]] = (
    (48, 55, 64, 72),
    (45, 52, 60, 69),
    (41, 53, 57, 65),
    (43, 50, 59, 67),
    (48, 55, 64, 67),
    (45, 57, 60, 64),
    (50, 57, 65, 69),
    (43, 55, 59, 62),
)
"""MIDI numbers; a telephone does not carry the lowest, but their overtones."""

_OVERTONES: Final = (1.0, 0.45, 0.2)
_OVERLAP: Final = timedelta(seconds=1)
"""How long a chord fades while the next one swells."""

_PEAK: Final = 10 ** (-14 / 20)
"""Well below the voice: a caller waits with the phone at the ear."""


def calm_chords_wav(length: timedelta) -> bytes:
    """Render the tune, `length` long and ready to be looped, as a telephone WAV file."""
    total = round(length.total_seconds() * TELEPHONE_RATE_HZ)
    each = total // len(_CHORDS)
    overlap = round(_OVERLAP.total_seconds() * TELEPHONE_RATE_HZ)
    tune = np.zeros(total)
    for index, notes in enumerate(_CHORDS):
        chord = _chord(notes, count=each + overlap)
        # The last chord fades into the first one: that is what makes the loop seamless.
        places = (index * each + np.arange(len(chord))) % total
        tune[places] += chord
    return write_wav(scale_to_peak(tune, peak=_PEAK))


def _chord(notes: Sequence[int], *, count: int) -> Samples:
    moments = np.arange(count) / TELEPHONE_RATE_HZ
    sound = np.zeros(count)
    for note in notes:
        pitch_hz = _A4_HZ * 2 ** ((note - _A4_MIDI) / 12)
        for number, share in enumerate(_OVERTONES, start=1):
            sound += share * np.sin(2 * np.pi * pitch_hz * number * moments)
    # Half a sine, squared: no corner at either end, hence no click.
    return np.asarray(sound * np.sin(np.pi * np.arange(count) / count) ** 2, dtype=np.float64)
