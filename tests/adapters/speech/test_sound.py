"""What the shaping and the music promise, measured on the samples."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from ekc_telephony.adapters.speech.engine import Speech
from ekc_telephony.adapters.speech.music import calm_chords_wav
from ekc_telephony.adapters.speech.telephone_sound import (
    measure,
    read_wav,
    to_telephone_wav,
    write_wav,
)
from ekc_telephony.adapters.speech.tone import tone_wav

LEAD_IN = timedelta(milliseconds=100)


def _hum(*, rate_hz: int, seconds: float, level: float) -> Speech:
    moments = np.arange(int(rate_hz * seconds)) / rate_hz
    silence = np.zeros(rate_hz // 2)
    samples = np.concatenate([silence, level * np.sin(2 * np.pi * 440 * moments), silence])
    return Speech(samples=(samples * 32767).astype("<i2").tobytes(), sample_rate_hz=rate_hz)


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 24_000])
@pytest.mark.parametrize("level", [0.05, 0.4, 1.0])
def test_speech_becomes_loud_trimmed_and_never_clipped(rate_hz: int, level: float) -> None:
    wav = to_telephone_wav(_hum(rate_hz=rate_hz, seconds=1, level=level), lead_in=LEAD_IN)
    sound = measure(read_wav(wav))

    assert sound.peak_dbfs == pytest.approx(-3, abs=0.1)
    assert sound.clipped_samples == 0
    assert sound.duration.total_seconds() == pytest.approx(1 + 0.1 + 0.06 + 2 * 0.03, abs=0.02)
    assert sound.lead_in.total_seconds() == pytest.approx(0.13, abs=0.02)


def test_silence_stays_silence() -> None:
    silence = Speech(samples=bytes(4800), sample_rate_hz=24_000)

    sound = measure(read_wav(to_telephone_wav(silence, lead_in=LEAD_IN)))

    assert sound.lead_in == sound.duration


def test_a_file_of_another_format_is_refused() -> None:
    stereo = bytearray(write_wav(np.zeros(80)))
    stereo[22] = 2

    with pytest.raises(ValueError, match="expected 8000, 1, 16"):
        read_wav(bytes(stereo))


def test_the_tone_lasts_as_long_as_asked_and_does_not_click() -> None:
    samples = read_wav(tone_wav(timedelta(milliseconds=500), pitch_hz=1000))
    loudness = measure(samples)
    assert loudness.duration == timedelta(milliseconds=600)
    assert loudness.peak_dbfs == pytest.approx(-12, abs=0.1)
    assert timedelta(milliseconds=100) <= loudness.lead_in < timedelta(milliseconds=103)
    assert float(np.abs(np.diff(samples)[:810]).max()) < 0.02


def test_the_music_is_quiet_and_loops_without_a_click() -> None:
    tune = read_wav(calm_chords_wav(timedelta(seconds=16)))
    sound = measure(tune)

    assert sound.duration == timedelta(seconds=16)
    assert sound.peak_dbfs == pytest.approx(-14, abs=0.1)
    steps = np.abs(np.diff(np.concatenate([tune, tune[:1]])))
    assert steps[-1] <= steps[:-1].max()


def test_the_music_is_the_same_every_time() -> None:
    assert calm_chords_wav(timedelta(seconds=8)) == calm_chords_wav(timedelta(seconds=8))
