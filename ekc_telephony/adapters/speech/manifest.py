"""
`sounds/manifest.yaml`: what every prompt says, in whose voice, and which file that became.

A person edits the texts; `ekc sounds render` fills in the two checksums of an entry:
`rendered_from` (of everything the file was made from: engine, voice, pace, text) and `sha256` (of
the file). The first one tells that a text was changed since, the second that a file was.

Rule 1: a mistake is told with file, line, column, what was found and what is expected.
Rule 2: texts hold words only. An engine reads "9:00" or "ул." as it likes, so numbers and
abbreviations are written out by a person who knows the case and the gender.
Rule 3: only voices whose licence lets us publish what they say (`PUBLISHABLE_RHVOICE_VOICES`).
Rule 4: writing checksums keeps the comments and the order of the file, and is all or nothing.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ekc_telephony.core.ivr.texts import not_words

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

PUBLISHABLE_RHVOICE_VOICES: Final = frozenset({"aleksandr", "anna", "elena", "irina"})
"""
Voices that come with RHVoice under its own free licence (elena: GPL-3).

The other Russian ones, of RHVoice Lab, are CC-BY-NC-ND: what they say may not be used by a paid
contact centre, nor published with an open-source project.
"""

LEAD_IN: Final = timedelta(milliseconds=100)
"""Silence before a prompt: the first syllable is lost while a phone opens its audio path."""

_PLAINER: Final = {
    "extra_forbidden": "no such key is expected here",
    "missing": "this key is missing",
}
"""Pydantic's error types whose own words speak to programmers."""


class ManifestError(Exception):
    """The manifest cannot be used; the message begins with file:line:column."""


class EngineName(Enum):
    """The speech engines a voice can belong to."""

    RHVOICE = "rhvoice"
    ESPEAK = "espeak"


class TuneName(Enum):
    """The tunes that `music` can make."""

    CALM_CHORDS = "calm-chords"


def _only_words(text: str) -> str:
    found = not_words(text)
    if found is not None:
        message = f"{found!r} is not Russian words; write it out as it should be said"
        raise ValueError(message)
    return text


Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Text = Annotated[str, StringConstraints(min_length=1), AfterValidator(_only_words)]
Checksum = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Voice(_Entry):
    """A speaker of an engine, and how fast it speaks."""

    engine: EngineName
    speaker: str
    rate: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    """1.0 is the engine's normal pace, 0.9 is slower."""
    licence: str

    @model_validator(mode="after")
    def _is_publishable(self) -> Voice:
        is_free = self.speaker in PUBLISHABLE_RHVOICE_VOICES
        if self.engine is EngineName.RHVOICE and not is_free:
            allowed = ", ".join(sorted(PUBLISHABLE_RHVOICE_VOICES))
            message = f"the licence of speaker {self.speaker!r} is not known to be free; {allowed}"
            raise ValueError(message)
        return self


class Prompt(_Entry):
    """One text and the file it became."""

    text: Text
    voice: Key | None = None
    """A name from `voices`; without it, `default_voice`."""
    lead_in_ms: Annotated[int, Field(ge=0, le=2000)] = LEAD_IN // timedelta(milliseconds=1)
    rendered_from: Checksum | None = None
    sha256: Checksum | None = None


class Tone(_Entry):
    """A signal, a prompt without words, and the file it became."""

    pitch_hz: Annotated[int, Field(ge=300, le=3000)]
    """A telephone carries 300 to 3,400 Hz."""
    length_ms: Annotated[int, Field(ge=100, le=2000)]
    rendered_from: Checksum | None = None
    sha256: Checksum | None = None


class Tune(_Entry):
    """Music for waiting callers and the file it became."""

    tune: TuneName
    seconds: Annotated[int, Field(ge=8, le=120)]
    rendered_from: Checksum | None = None
    sha256: Checksum | None = None


class Manifest(_Entry):
    """The whole file."""

    locale: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
    """The folder beside the manifest in which the prompts are, and Asterisk's language."""
    default_voice: Key
    languages: dict[Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")], Key] = {}
    """Language → the voice that speaks a script's texts in it; without one, espeak-ng does."""
    voices: dict[Key, Voice]
    prompts: dict[Key, Prompt]
    tones: dict[Key, Tone] = {}
    music: dict[Key, Tune] = {}

    @model_validator(mode="after")
    def _voices_are_known(self) -> Manifest:
        named = {"default_voice": self.default_voice}
        named |= {f"languages.{each}": voice for each, voice in self.languages.items()}
        named |= {f"prompts.{key}": each.voice for key, each in self.prompts.items() if each.voice}
        for place, voice in named.items():
            if voice not in self.voices:
                known = ", ".join(self.voices)
                message = f"{place} names voice {voice!r}; voices are: {known}"
                raise ValueError(message)
        return self

    def voice_of(self, language: str) -> Voice:
        """Return who speaks a language."""
        if language == self.locale:
            return self.voices[self.default_voice]
        if language in self.languages:
            return self.voices[self.languages[language]]
        return Voice(engine=EngineName.ESPEAK, speaker=language, licence="espeak-ng (GPL-3)")


class ManifestFile:
    """The manifest as a file: read once, checksums written back."""

    def __init__(self, path: Path) -> None:
        """
        Read the manifest.

        Raises:
            ManifestError: The file is not there, is no YAML, or says something unexpected.
        """
        self.path = path
        self._yaml = YAML()
        self._yaml.preserve_quotes = True
        # A text is one line, however long: a folded one makes a useless diff.
        self._yaml.width = 10_000
        self._document = self._read()
        try:
            self.manifest = Manifest.model_validate(self._document)
        except ValidationError as error:
            raise ManifestError(self._explain(error)) from error

    def record(self, section: str, key: str, *, rendered_from: str, sha256: str) -> None:
        """Note which file an entry became; `save` writes it."""
        entry = self._document[section][key]
        entry["rendered_from"] = rendered_from
        entry["sha256"] = sha256

    def save(self) -> None:
        """Write the manifest back, all or nothing."""
        fresh = self.path.with_suffix(".yaml.new")
        with fresh.open("w", encoding="utf-8") as stream:
            self._yaml.dump(self._document, stream)
        fresh.replace(self.path)

    def _read(self) -> CommentedMap:
        try:
            document = self._yaml.load(self.path.read_text(encoding="utf-8"))
        except OSError as error:
            message = f"{self.path}: cannot be read: {error.strerror}. A manifest is expected."
            raise ManifestError(message) from error
        except MarkedYAMLError as error:
            mark = error.problem_mark
            place = f":{mark.line + 1}:{mark.column + 1}"
            message = f"{self.path}{place}: {error.problem}. Valid YAML is expected."
            raise ManifestError(message) from error
        except (YAMLError, UnicodeDecodeError) as error:
            message = f"{self.path}: {error}. Valid YAML in UTF-8 is expected."
            raise ManifestError(message) from error
        if not isinstance(document, CommentedMap):
            message = f"{self.path}:1:1: a mapping with locale, voices and prompts is expected."
            raise ManifestError(message)
        return document

    def _explain(self, error: ValidationError) -> str:
        return "\n".join(self._explain_one(each) for each in error.errors())

    def _explain_one(self, error: ErrorDetails) -> str:
        line, column = self._position(error["loc"])
        named = ".".join(str(part) for part in error["loc"] if part != "[key]") or "manifest"
        wanted = _PLAINER.get(error["type"], error["msg"].removeprefix("Value error, "))
        found = error["input"]
        shown = f"found {found!r}: " if isinstance(found, str | int | float) else ""
        return f"{self.path}:{line}:{column}: {named}: {shown}{wanted}"

    def _position(self, location: tuple[int | str, ...]) -> tuple[int, int]:
        """Line and column, from 1, of the innermost key on the way that is in the file."""
        node: object = self._document
        line, column = 0, 0
        for part in location:
            if not isinstance(node, CommentedMap) or part not in node:
                break
            line, column = node.lc.key(part)
            node = node[part]
        return line + 1, column + 1
