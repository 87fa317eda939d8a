"""A speech engine for tests: it hums, so nothing has to be installed."""

from __future__ import annotations

import numpy as np

from ekc_telephony.adapters.speech.engine import Speech, SpeechError


class ToneEngine:
    """A `TtsEngine` that hums: as many 100 ms of a tone as the text has letters."""

    def __init__(self, *, refuses: str = "") -> None:
        self.spoken: list[str] = []
        self.is_open = True
        self._refuses = refuses

    async def synthesize(self, text: str, *, speaker: str, rate: float) -> Speech:
        if text == self._refuses:
            raise SpeechError(f"{speaker} refuses {text!r} at {rate}")
        self.spoken.append(text)
        silence = np.zeros(24_000)
        moments = np.arange(2400 * len(text)) / 24_000
        hum = 0.3 * np.sin(2 * np.pi * 300 * moments)
        samples = np.concatenate([silence, hum, silence]) * 32767
        return Speech(samples=samples.astype("<i2").tobytes(), sample_rate_hz=24_000)

    async def aclose(self) -> None:
        self.is_open = False
