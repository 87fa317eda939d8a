"""The sounds in git: fresh, telephone-ready, told apart by ear, and complete for every number."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words
from numpy.typing import NDArray

from ekc_telephony.adapters.speech.library import LARGEST_LIBRARY_BYTES, SoundLibrary
from ekc_telephony.adapters.speech.manifest import ManifestFile
from ekc_telephony.adapters.speech.telephone_sound import (
    TELEPHONE_RATE_HZ,
    Samples,
    measure,
    read_wav,
)
from ekc_telephony.core.ivr.spoken import (
    LARGEST_SPOKEN,
    Form,
    Noun,
    WaitRange,
    Wording,
    every_waiting_key,
    pieces_of,
    spoken_minutes,
    spoken_position,
    spoken_wait,
)
from ekc_telephony.core.kernel.ids import PromptKey

SOUNDS = Path(__file__).parents[3] / "sounds"
PROMPTS = ManifestFile(SOUNDS / "manifest.yaml").manifest.prompts
SENTENCES = sorted(PROMPTS.keys() - every_waiting_key())
NUMBERS = st.integers(min_value=1, max_value=LARGEST_SPOKEN)
NOUNS = {"one": "минута", "few": "минуты", "many": "минут"}

LONGEST_BEGINNING = 3 * TELEPHONE_RATE_HZ
Spectrum: TypeAlias = NDArray[np.complex128]

MOST_ALIKE = 0.6
"""Above this a recording is taken for the prompt; see the demo's matcher."""


def _said(keys: tuple[PromptKey, ...]) -> str:
    return " ".join(PROMPTS[key].text for key in keys)


def _load(key: str) -> Samples:
    return read_wav((SOUNDS / "ru" / f"{key}.wav").read_bytes())


@given(NUMBERS)
def test_minutes_are_said_in_correct_russian(count: int) -> None:
    noun = NOUNS[Locale("ru").plural_form(count)]

    assert _said(spoken_minutes(count)) == f"{num2words(count, lang='ru', gender='f')} {noun}"


@given(NUMBERS)
def test_a_place_in_the_line_is_said_in_correct_russian(position: int) -> None:
    expected = num2words(position, lang="ru", to="ordinal", gender="n")

    assert _said(spoken_position(position)) == expected


def test_a_range_of_waiting_is_said_in_correct_russian() -> None:
    intro = PROMPTS["queue-wait-estimate"].text
    sentences = [f"{intro} {_said(spoken_wait(each))}." for each in WaitRange]

    assert sentences == [
        "Примерное время ожидания: меньше минуты.",
        "Примерное время ожидания: от одной до двух минут.",
        "Примерное время ожидания: от двух до трёх минут.",
        "Примерное время ожидания: от трёх до пяти минут.",
        "Примерное время ожидания: от пяти до десяти минут.",
        "Примерное время ожидания: от десяти до пятнадцати минут.",
        "Примерное время ожидания: от пятнадцати до двадцати минут.",
        "Примерное время ожидания: от двадцати до тридцати минут.",
        "Примерное время ожидания: больше тридцати минут.",
    ]


def test_no_number_lacks_a_prompt_and_no_prompt_of_numbers_is_idle() -> None:
    families = ("minutes-", "position-", "number-", "wait-", "key-")

    assert {key for key in PROMPTS if key.startswith(families)} == every_waiting_key()


@pytest.mark.parametrize("form", Form)
def test_what_is_recorded_is_what_the_pieces_of_speech_should_say(form: Form) -> None:
    pieces = pieces_of(form, Wording(noun=Noun.of("день", "дня", "дней")))
    recorded = {key: PROMPTS[key].text for key in pieces.keys() & PROMPTS.keys()}

    assert recorded == {key: pieces[key] for key in recorded}


def test_every_shipped_sound_is_fresh_and_together_they_are_small() -> None:
    library = SoundLibrary(SOUNDS)

    assert library.findings() == []
    size = sum(sound.file.stat().st_size for sound in library.sounds())
    assert size < 0.7 * LARGEST_LIBRARY_BYTES


@pytest.mark.parametrize("key", sorted(PROMPTS))
def test_a_prompt_is_loud_unclipped_and_has_no_dead_air(key: str) -> None:
    sound = measure(_load(key))
    wanted_lead_in = PROMPTS[key].lead_in_ms / 1000

    assert sound.peak_dbfs == pytest.approx(-3, abs=0.1)
    assert sound.clipped_samples == 0
    assert wanted_lead_in <= sound.lead_in.total_seconds() < wanted_lead_in + 0.1
    assert sound.tail.total_seconds() < 0.15
    # Russian speech runs at 10-20 letters a second, a lone "сто" at 5; outside of that something
    # was lost or added.
    assert 4 < len(PROMPTS[key].text) / sound.duration.total_seconds() < 20


def test_any_two_sentences_are_told_apart_by_their_first_three_seconds() -> None:
    """The demo proves which prompt a caller heard by correlation; this is why it can."""
    recordings = {key: Recording(_load(key)) for key in SENTENCES}
    alike = {
        (one, other): recordings[other].likeness(recordings[one].beginning)
        for one, other in itertools.permutations(SENTENCES, 2)
    }

    assert {pair: value for pair, value in alike.items() if value >= MOST_ALIKE} == {}


def test_a_prompt_is_like_itself() -> None:
    greeting = Recording(_load("greeting"))

    assert greeting.likeness(greeting.beginning) == pytest.approx(1.0, abs=1e-6)


class Beginning:
    """What a prompt begins with, and its spectra: every recording is compared with it."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples
        self.energy = float((samples**2).sum())
        self._spectra: dict[int, Spectrum] = {}

    def spectrum(self, length: int) -> Spectrum:
        """Return the conjugated spectrum of so many points."""
        if length not in self._spectra:
            self._spectra[length] = np.conj(np.fft.rfft(self.samples, length))
        return self._spectra[length]


class Recording:
    """A prompt in which others are looked for."""

    def __init__(self, samples: Samples) -> None:
        self.beginning = Beginning(samples[:LONGEST_BEGINNING])
        # A prompt may be longer than this recording: let it hang over on both sides.
        over = np.zeros(LONGEST_BEGINNING)
        padded = np.concatenate([over, samples, over])
        self._length = 1 << (len(padded) + LONGEST_BEGINNING).bit_length()
        self._count = len(padded)
        self._spectrum = np.fft.rfft(padded, self._length)
        self._energy = np.concatenate([[0.0], np.cumsum(padded**2)])

    def likeness(self, prompt: Beginning) -> float:
        """Return the best normalised cross-correlation of the prompt anywhere in it."""
        wide = len(prompt.samples)
        places = self._count - wide + 1
        spectrum = self._spectrum * prompt.spectrum(self._length)
        correlation = np.fft.irfft(spectrum, self._length)[:places]
        heard = self._energy[wide : wide + places] - self._energy[:places]
        # Where next to nothing overlaps, the quotient would be noise over noise.
        floor = 0.05 * prompt.energy
        return float((correlation / np.sqrt(np.maximum(heard, floor) * prompt.energy)).max())
