"""
Rendering: make every sound fresh that is not, and touch nothing else.

Rule 1: nothing is rendered twice. What is fresh by checksum is left alone.
Rule 2: an interrupted run keeps what it has finished: checksums are saved on every way out.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Final, assert_never

from ekc_telephony.adapters.speech.espeak import EspeakEngine
from ekc_telephony.adapters.speech.library import Spoken
from ekc_telephony.adapters.speech.manifest import EngineName, Tone, Tune, TuneName
from ekc_telephony.adapters.speech.music import calm_chords_wav
from ekc_telephony.adapters.speech.paths import read_rhvoice_paths
from ekc_telephony.adapters.speech.rhvoice import RhvoiceEngine
from ekc_telephony.adapters.speech.telephone_sound import to_telephone_wav
from ekc_telephony.adapters.speech.tone import tone_wav

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from ekc_telephony.adapters.speech.engine import TtsEngine
    from ekc_telephony.adapters.speech.library import Sound, SoundLibrary

_TUNES: Final[Mapping[TuneName, Callable[[timedelta], bytes]]] = {
    TuneName.CALM_CHORDS: calm_chords_wav,
}


def installed_engine(name: EngineName, *, runtime: Path) -> TtsEngine:
    """
    Open an engine.

    Args:
        name: Which one.
        runtime: The runtime folder in which `make setup-speech` has put it, normally `.runtime`.

    Raises:
        EngineMissingError: It is not installed; the message says how to install it.
    """
    match name:
        case EngineName.RHVOICE:
            return RhvoiceEngine(read_rhvoice_paths(runtime))
        case EngineName.ESPEAK:
            return EspeakEngine()


async def render_what_is_not_fresh(
    library: SoundLibrary, open_engine: Callable[[EngineName], TtsEngine]
) -> AsyncIterator[Sound]:
    """
    Render every sound that is not fresh; yields each one when its file is in place.

    Args:
        library: The folder and its manifest.
        open_engine: Gives an engine; it is asked once for each engine that is needed.

    Raises:
        SpeechError: An engine is missing or refused a text. What was rendered so far is kept.
        OSError: A file could not be written. What was rendered so far is kept.
    """
    engines: dict[EngineName, TtsEngine] = {}
    async with AsyncExitStack() as stack:
        stack.callback(library.save)
        for sound in library.sounds():
            if sound.problem is None:
                continue
            content: bytes
            match sound.recipe:
                case Spoken() as spoken:
                    name = spoken.voice.engine
                    if name not in engines:
                        engines[name] = open_engine(name)
                        stack.push_async_callback(engines[name].aclose)
                    content = await _speak(spoken, engines[name])
                case Tone() as tone:
                    length = timedelta(milliseconds=tone.length_ms)
                    content = tone_wav(length, pitch_hz=tone.pitch_hz)
                case Tune() as music:
                    content = _TUNES[music.tune](timedelta(seconds=music.seconds))
                case _:
                    assert_never(sound.recipe)
            library.keep(sound, content)
            yield sound


async def _speak(spoken: Spoken, engine: TtsEngine) -> bytes:
    prompt, voice = spoken.prompt, spoken.voice
    speech = await engine.synthesize(prompt.text, speaker=voice.speaker, rate=voice.rate)
    return to_telephone_wav(speech, lead_in=timedelta(milliseconds=prompt.lead_in_ms))
