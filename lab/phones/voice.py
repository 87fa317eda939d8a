"""
Voices: whistles that no prompt contains, so that a recording can show who was heard.

A caller's rises. Where several people talk at once each has a voice of his own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np

from lab.hearing import Sound
from lab.phones.line import RATE

WHISTLE: Final = timedelta(milliseconds=600)
PAUSE: Final = timedelta(milliseconds=500)
LOW_HZ: Final = 400
HIGH_HZ: Final = 1600
_LOUDNESS: Final = 6000
"""Of 32,767: about as loud as the prompts."""


def whistle(from_hz: float = LOW_HZ, *, to_hz: float = HIGH_HZ) -> Sound:
    """Return one whistle and the pause after it; played again and again it is a talking caller."""
    moments = np.arange(int(WHISTLE.total_seconds() * RATE)) / RATE
    rise = (to_hz - from_hz) / WHISTLE.total_seconds()
    tone = np.sin(2 * np.pi * (from_hz * moments + rise * moments**2 / 2))
    edge = np.minimum(1, np.minimum(moments, moments[::-1]) * 50)
    pause = np.zeros(int(PAUSE.total_seconds() * RATE))
    samples = np.concatenate([_LOUDNESS * tone * edge, pause])
    return Sound(samples=samples.astype(np.float32), rate=RATE)
