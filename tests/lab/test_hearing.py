from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.hearing import THRESHOLD, Sound, find_prompt
from lab.runtime import PROJECT

RATE = 8000
SOUNDS = PROJECT / "sounds" / "ru"


def speech(seed: int, *, seconds: float = 3.0) -> Sound:
    """Make something as unlike every other seed as one sentence is unlike another."""
    chance = np.random.default_rng(seed)
    noise = chance.normal(size=int(seconds * RATE))
    syllables = np.repeat(chance.uniform(0.05, 1.0, size=int(seconds * 8) + 1), RATE // 8)
    smooth = np.convolve(noise, np.ones(4) / 4, mode="same")
    samples = 5000 * smooth * syllables[: len(smooth)]
    return Sound(samples=samples.astype(np.float32), rate=RATE)


def silence(seconds: float) -> Sound:
    return Sound(samples=np.zeros(int(seconds * RATE), dtype=np.float32), rate=RATE)


def joined(*sounds: Sound) -> Sound:
    return Sound(samples=np.concatenate([sound.samples for sound in sounds]), rate=RATE)


@given(seed=st.integers(0, 1000), before=st.floats(0, 10), loudness=st.floats(0.15, 2))
def test_a_prompt_is_found_where_it_was_said_however_loud(
    seed: int, before: float, loudness: float
) -> None:
    prompt = speech(seed)
    recording = joined(silence(before), prompt, silence(1))
    quieter = Sound(samples=recording.samples * np.float32(loudness), rate=RATE)

    match = find_prompt(quieter, prompt)

    assert match.score > 0.99
    assert match.at_s == pytest.approx(before, abs=2 / RATE)


@given(seed=st.integers(0, 1000))
def test_another_prompt_is_not_found(seed: int) -> None:
    recording = joined(silence(1), speech(seed + 1), speech(seed + 2))

    assert not find_prompt(recording, speech(seed)).is_heard


def test_a_prompt_is_found_under_noise_that_is_half_as_loud() -> None:
    prompt = speech(1)
    noise = np.random.default_rng(5).normal(size=len(prompt.samples))
    loudness = np.sqrt((prompt.samples**2).mean()) / 2
    noisy = Sound(samples=(prompt.samples + loudness * noise).astype(np.float32), rate=RATE)

    assert find_prompt(joined(silence(2), noisy), prompt).score > 0.8


def test_a_prompt_that_was_cut_off_by_a_key_is_found_by_its_beginning() -> None:
    prompt = speech(1, seconds=10)
    recording = joined(silence(1), prompt.beginning(timedelta(seconds=2.5)), speech(2))

    assert find_prompt(recording, prompt).is_heard


def test_a_prompt_is_found_when_the_phone_lost_twenty_milliseconds_at_its_beginning() -> None:
    prompt = speech(1)
    lost = Sound(samples=np.concatenate([prompt.samples[:800], prompt.samples[960:]]), rate=RATE)

    match = find_prompt(lost, prompt)

    assert match.is_heard
    assert match.at_s == pytest.approx(-0.02, abs=2 / RATE)


def test_silence_matches_nothing() -> None:
    assert find_prompt(silence(5), speech(1)).score == 0


def test_a_recording_shorter_than_the_prompt_matches_nothing() -> None:
    assert not find_prompt(speech(2, seconds=0.5), speech(1)).is_heard
    assert find_prompt(silence(0), speech(1)).score == 0


def test_sounds_of_different_rates_are_refused() -> None:
    other = Sound(samples=speech(1).samples, rate=16000)

    with pytest.raises(ValueError, match="16000 Hz"):
        find_prompt(other, speech(1))


def test_a_silent_prompt_is_refused() -> None:
    with pytest.raises(ValueError, match="silence"):
        find_prompt(speech(1), silence(3))


def test_a_sound_survives_its_wav_file(tmp_path: Path) -> None:
    sound = speech(3)
    sound.write(tmp_path / "sound.wav")

    read = Sound.read(tmp_path / "sound.wav")

    assert read.rate == RATE
    assert np.abs(read.samples - sound.samples).max() <= 1


def test_no_shipped_prompt_is_taken_for_another() -> None:
    names = [
        *("greeting", "menu-main", "menu-wrong-key", "menu-silence", "menu-goodbye", "goodbye"),
        *("to-first-line", "to-second-line", "after-hours", "queue-welcome", "unknown-number"),
    ]
    sounds = {name: Sound.read(SOUNDS / f"{name}.wav") for name in names}

    scores = {
        (said, wanted): find_prompt(sounds[said], sounds[wanted]).score
        for said in names
        for wanted in names
    }

    for (said, wanted), score in scores.items():
        assert (score >= THRESHOLD) == (said == wanted), (said, wanted, score)


def test_what_comes_after_a_moment_is_the_rest_of_the_sound() -> None:
    sound = speech(7)
    rest = sound.after(timedelta(milliseconds=400))
    assert rest.duration == sound.duration - timedelta(milliseconds=400)
    assert find_prompt(sound, rest).at_s == pytest.approx(0.4)
    assert not len(sound.after(sound.duration).samples)
