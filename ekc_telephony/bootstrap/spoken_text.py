"""
Texts that are spoken without an entry of the manifest: rendered once, named by what they are.

The file of a text lies beside the prompts, as `text-<hash>.wav`, in the manifest's default voice.

Rule 1: the name is a hash of text and voice: what is there is never rendered again.
"""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.speech.engine import SpeechError
from ekc_telephony.adapters.speech.library import TELEPHONE_SOUND_VERSION, TEXT_MARK
from ekc_telephony.adapters.speech.manifest import ManifestError, ManifestFile
from ekc_telephony.adapters.speech.rendering import installed_engine
from ekc_telephony.adapters.speech.telephone_sound import to_telephone_wav
from ekc_telephony.core.kernel.ids import PromptKey

_LEAD_IN: Final = timedelta(milliseconds=300)
_MARK_LENGTH: Final = 16


async def render_text(text: str, *, sounds: Path, runtime: Path) -> PromptKey:
    """
    Return the prompt that says a text; rendered unless it is there.

    Args:
        text: Plain Russian; numbers and abbreviations written out in words.
        sounds: The folder of the manifest.
        runtime: Where the speech engines are, normally `.runtime`.

    Raises:
        SpeechError: There is no engine, it refuses the text, or the manifest is wrong.
        OSError: The file cannot be written.
    """
    said = " ".join(text.split())
    if not said:
        raise SpeechError("found nothing to say; expected a text")
    try:
        manifest = ManifestFile(sounds / "manifest.yaml").manifest
    except ManifestError as error:
        raise SpeechError(str(error)) from error
    voice = manifest.voices[manifest.default_voice]
    made_from = (TELEPHONE_SOUND_VERSION, voice.engine.value, voice.speaker, voice.rate, said)
    key = f"{TEXT_MARK}{hashlib.sha256(repr(made_from).encode()).hexdigest()[:_MARK_LENGTH]}"
    file = sounds / manifest.locale / f"{key}.wav"
    if not file.is_file():
        engine = installed_engine(voice.engine, runtime=runtime)
        try:
            speech = await engine.synthesize(said, speaker=voice.speaker, rate=voice.rate)
        finally:
            await engine.aclose()
        fresh = file.with_suffix(f".wav.{os.getpid()}")
        fresh.write_bytes(to_telephone_wav(speech, lead_in=_LEAD_IN))
        fresh.replace(file)
    return PromptKey(key)
