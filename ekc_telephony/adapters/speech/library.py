"""
The folder `sounds/`: which files are as the manifest says, which are not, by checksum.

Each entry of the manifest is a *sound*. A sound is fresh when its file is there, is the one that
was rendered, and was rendered from what the manifest says today. Anything else is a *finding*.
Rendering itself is in `rendering`; this module needs neither an engine nor numpy.

Rule 1: whoever changes how samples become a file (`telephone_sound`, `music`) raises the version
here, else files made the former way would pass for fresh ones.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from ekc_telephony.adapters.speech.manifest import ManifestFile, Prompt, Tone, Tune, Voice

if TYPE_CHECKING:
    from pathlib import Path

TELEPHONE_SOUND_VERSION: Final = 1
MUSIC_VERSION: Final = 1
TONE_VERSION: Final = 1

LARGEST_LIBRARY_BYTES: Final = 10 * 1024 * 1024
"""What all sounds may weigh together in git."""

MUSIC_FOLDER: Final = "moh"
"""Asterisk's usual name for music on hold."""


class Problem(Enum):
    """What can be wrong with a sound; the value is what a person reads."""

    NEVER_RENDERED = "was never rendered"
    STALE = "was rendered from another text, voice or pace"
    MISSING = "has no file"
    ALTERED = "has a file that is not the rendered one"
    UNLISTED = "is in the folder but not in the manifest"
    TOO_LARGE = "makes all sounds together too large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sound that is not as it should be."""

    key: str
    file: Path
    problem: Problem
    advice: str
    """What to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A prompt together with the voice that speaks it."""

    prompt: Prompt
    voice: Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """One entry of the manifest and its file."""

    key: str
    section: str
    """`prompts`, `tones` or `music`."""
    recipe: Spoken | Tone | Tune
    """What the file is made from."""
    file: Path

    @property
    def made_from(self) -> str:
        """Checksum of everything the file depends on."""
        sources: list[object]
        match self.recipe:
            case Spoken(prompt=prompt, voice=voice):
                return made_from_speech(prompt.text, voice=voice, lead_in_ms=prompt.lead_in_ms)
            case Tone() as tone:
                sources = ["tone", TONE_VERSION, tone.pitch_hz, tone.length_ms]
            case Tune() as tune:
                sources = [MUSIC_VERSION, tune.tune.value, tune.seconds]
        return _checksum(sources)

    @property
    def problem(self) -> Problem | None:
        """What is wrong with the file, or None when it is fresh."""
        entry = self.recipe.prompt if isinstance(self.recipe, Spoken) else self.recipe
        if entry.sha256 is None:
            return Problem.NEVER_RENDERED
        if not self.file.is_file():
            return Problem.MISSING
        if entry.rendered_from != self.made_from:
            return Problem.STALE
        if hashlib.sha256(self.file.read_bytes()).hexdigest() != entry.sha256:
            return Problem.ALTERED
        return None


def made_from_speech(text: str, *, voice: Voice, lead_in_ms: int) -> str:
    """Return the checksum of everything that a spoken file depends on."""
    speaker = (voice.engine.value, voice.speaker, voice.rate)
    return _checksum([TELEPHONE_SOUND_VERSION, *speaker, lead_in_ms, text])


def _checksum(sources: list[object]) -> str:
    return hashlib.sha256(json.dumps(sources, ensure_ascii=False).encode()).hexdigest()


class SoundLibrary:
    """`sounds/` and its manifest."""

    def __init__(self, folder: Path) -> None:
        """
        Read the manifest in `folder`.

        Raises:
            ManifestError: The manifest is missing or wrong.
        """
        self.folder = folder
        self._file = ManifestFile(folder / "manifest.yaml")

    def sounds(self) -> list[Sound]:
        """Every entry of the manifest: prompts in their order, tones, music."""
        manifest = self._file.manifest
        prompts = [
            Sound(
                key=key,
                section="prompts",
                recipe=Spoken(
                    prompt=prompt, voice=manifest.voices[prompt.voice or manifest.default_voice]
                ),
                file=self.folder / manifest.locale / f"{key}.wav",
            )
            for key, prompt in manifest.prompts.items()
        ]
        tones = [
            Sound(
                key=key,
                section="tones",
                recipe=tone,
                file=self.folder / manifest.locale / f"{key}.wav",
            )
            for key, tone in manifest.tones.items()
        ]
        music = [
            Sound(
                key=key,
                section="music",
                recipe=tune,
                file=self.folder / MUSIC_FOLDER / f"{key}.wav",
            )
            for key, tune in manifest.music.items()
        ]
        return prompts + tones + music

    def findings(self) -> list[Finding]:
        """Compare manifest and files; an empty list means that all is well."""
        sounds = self.sounds()
        stale = [
            Finding(key=each.key, file=each.file, problem=problem, advice="run `ekc sounds render`")
            for each in sounds
            if (problem := each.problem) is not None
        ]
        return stale + self._unlisted(sounds) + self._too_large()

    def keep(self, sound: Sound, content: bytes) -> None:
        """
        Put a freshly rendered file in its place and note its checksums; `save` writes them.

        Raises:
            OSError: The file could not be written.
        """
        sound.file.parent.mkdir(parents=True, exist_ok=True)
        # Asterisk may be playing the former file; it keeps its own until it is done.
        fresh = sound.file.with_suffix(".wav.new")
        fresh.write_bytes(content)
        fresh.replace(sound.file)
        self._file.record(
            sound.section,
            sound.key,
            rendered_from=sound.made_from,
            sha256=hashlib.sha256(content).hexdigest(),
        )

    def save(self) -> None:
        """Write the checksums of what was kept into the manifest."""
        self._file.save()

    def _unlisted(self, sounds: list[Sound]) -> list[Finding]:
        listed = {each.file for each in sounds}
        folders = (self._file.manifest.locale, MUSIC_FOLDER)
        present = (file for name in folders for file in sorted((self.folder / name).glob("*")))
        return [
            Finding(
                key=file.stem,
                file=file,
                problem=Problem.UNLISTED,
                advice="delete the file, or give it an entry in manifest.yaml",
            )
            for file in present
            if file not in listed and not file.name.startswith(".")
        ]

    def _too_large(self) -> list[Finding]:
        weight = sum(file.stat().st_size for file in self.folder.glob("*/*.wav"))
        if weight <= LARGEST_LIBRARY_BYTES:
            return []
        return [
            Finding(
                key="*",
                file=self.folder,
                problem=Problem.TOO_LARGE,
                advice=f"{weight} bytes, at most {LARGEST_LIBRARY_BYTES}: shorten or drop prompts",
            )
        ]
