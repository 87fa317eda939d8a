"""
The prompts of a site: what its scripts say besides the prompts that come with us.

A prompt is looked for on three *shelves*, the first one that has it wins:

    studio/<language>/<key>.wav     recordings that the site's people put there; never written to
    rendered/<language>/<key>.wav   what a speech engine said, ahead of the first call
    shipped/<language>/<key>.wav    the folder `sounds/`, with its manifest

Asterisk itself looks in this order at the moment of playing (`adapters/asterisk_conf/sound_links`
says how), so a file that is put there is heard by the next caller, without a restart.

Rule 1: what is on the shelf of the studio, or shipped under this key, is never rendered.
Rule 2: a row of the manifest with the same text stands for it: its recording is taken.
Rule 3: a rendered file is good as long as text, voice and pace are those it was made from. The
file `.made-from.json` beside the files remembers; without it they are made anew.
Rule 4: a file appears whole or not at all.
Rule 5: a rendered file is as young as the last time that somebody rendered it or counted on it;
only old ones are removed (`bootstrap/pruning.py`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.speech.library import made_from_speech
from ekc_telephony.adapters.speech.manifest import LEAD_IN, ManifestFile, Voice
from ekc_telephony.core.ivr.texts import RUSSIAN, is_text_key, plain_text
from ekc_telephony.core.kernel.ids import PromptKey

_GLUED_LEAD_IN_MS: Final = 20
"""Before what is glued to other words; as in the manifest."""
_MEMORY: Final = ".made-from.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPrompt:
    """A prompt that a script needs on the site, and the text it has to say."""

    key: PromptKey
    text: str
    """Empty for a pause."""
    language: str = RUSSIAN
    place: str = ""
    """Where the text is written, `file:line:column`; for error messages."""

    @property
    def lead_in_ms(self) -> int:
        """Silence before the words: the pieces of numbers are glued, texts stand alone."""
        return LEAD_IN.microseconds // 1000 if is_text_key(self.key) else _GLUED_LEAD_IN_MS


class Shelf(Enum):
    """Where a prompt is taken from."""

    STUDIO = "studio"
    RENDERED = "rendered"
    SHIPPED = "shipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelves:
    """Where the prompts of a site are."""

    shipped: Path
    """With `manifest.yaml`."""
    rendered: Path
    studio: Path

    def find(self, key: PromptKey, language: str = RUSSIAN) -> Path | None:
        """Return the file that a caller hears, or None when there is none."""
        shelf = self.shelf_of(key, language)
        return None if shelf is None else self._folders[shelf] / language / f"{key}.wav"

    def shelf_of(self, key: PromptKey, language: str = RUSSIAN) -> Shelf | None:
        """Return where a caller's prompt is taken from, or None when it is nowhere."""
        files = {shelf: folder / language for shelf, folder in self._folders.items()}
        return next((shelf for shelf in files if (files[shelf] / f"{key}.wav").is_file()), None)

    def keys(self, language: str = RUSSIAN) -> frozenset[PromptKey]:
        """Return every prompt that can be played in a language."""
        folders = (folder / language for folder in self._folders.values())
        return frozenset(PromptKey(file.stem) for each in folders for file in each.glob("*.wav"))

    @property
    def _folders(self) -> Mapping[Shelf, Path]:
        """Every shelf in the order in which it is looked through."""
        return {
            Shelf.STUDIO: self.studio,
            Shelf.RENDERED: self.rendered,
            Shelf.SHIPPED: self.shipped,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How a prompt that is not there yet is made."""

    wanted: WantedPrompt
    voice: Voice
    recording: Path | None
    """The recording of the same text under another key, to be copied; None to let it be spoken."""
    made_from: str


class SitePrompts:
    """What of the prompts that scripts want is there, and what is to be made."""

    def __init__(self, shelves: Shelves) -> None:
        """
        Read the manifest of what is shipped.

        Raises:
            ManifestError: The manifest is missing or wrong.
        """
        self.shelves = shelves
        self._manifest = ManifestFile(shelves.shipped / "manifest.yaml").manifest
        self._key_of_text = {
            plain_text(prompt.text): key for key, prompt in self._manifest.prompts.items()
        }
        self._memories: dict[str, dict[str, str]] = {}

    def missing(self, wanted: Iterable[WantedPrompt]) -> tuple[Order, ...]:
        """Return how to make what is not there or not as it should be; each prompt once."""
        distinct = {(each.language, each.key): each for each in wanted}
        orders = (self._order(each) for each in distinct.values() if not self._is_recorded(each))
        return tuple(order for order in orders if not self._is_rendered(order))

    def keep(self, order: Order, content: bytes) -> Path:
        """
        Put a file on the shelf of what is rendered; `save` remembers what it was made from.

        Raises:
            OSError: It could not be written.
        """
        file = self._file(order.wanted)
        file.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(file, content)
        self._memory(order.wanted.language)[order.wanted.key] = order.made_from
        return file

    def want(self, wanted: Iterable[WantedPrompt]) -> None:
        """Let rendered files look as if they were made now: somebody counts on them."""
        for each in wanted:
            # It may be somebody else's, or gone; then it is as young as it was, which is all.
            with suppress(PermissionError, FileNotFoundError):
                os.utime(self._file(each))

    def remove(self, files: Iterable[Path]) -> None:
        """
        Take files from the shelf of what is rendered, and forget what they were made from.

        A call that is hearing one hears it out: Asterisk keeps it open. Whoever renders at the same
        time and remembers it loses nothing but that: a file of which nobody knows what it was made
        from is made once more.

        Raises:
            OSError: One cannot be removed.
        """
        gone: dict[Path, set[str]] = {}
        for file in files:
            file.unlink(missing_ok=True)
            gone.setdefault(file.parent, set()).add(file.stem)
        for folder, keys in gone.items():
            left = {key: made for key, made in _read_memory(folder).items() if key not in keys}
            _write_whole(folder / _MEMORY, _memory_text(left))

    def save(self) -> None:
        """
        Remember what the rendered files were made from.

        Raises:
            OSError: It could not be written.
        """
        for language, ours in self._memories.items():
            folder = self.shelves.rendered / language
            if folder.is_dir():
                # Somebody else may have rendered meanwhile.
                _write_whole(folder / _MEMORY, _memory_text(_read_memory(folder) | ours))

    def _order(self, wanted: WantedPrompt) -> Order:
        voice = self._manifest.voice_of(wanted.language)
        recording = self._recording_of(wanted)
        made_from = (
            made_from_speech(plain_text(wanted.text), voice=voice, lead_in_ms=wanted.lead_in_ms)
            if recording is None
            else hashlib.sha256(recording.read_bytes()).hexdigest()
        )
        return Order(wanted=wanted, voice=voice, recording=recording, made_from=made_from)

    def _recording_of(self, wanted: WantedPrompt) -> Path | None:
        if wanted.language != self._manifest.locale or not is_text_key(wanted.key):
            return None
        key = self._key_of_text.get(plain_text(wanted.text))
        return None if key is None else self.shelves.find(PromptKey(key), wanted.language)

    def _is_recorded(self, wanted: WantedPrompt) -> bool:
        places = (self.shelves.studio, self.shelves.shipped)
        return any((place / wanted.language / f"{wanted.key}.wav").is_file() for place in places)

    def _is_rendered(self, order: Order) -> bool:
        remembered = self._memory(order.wanted.language).get(order.wanted.key)
        return remembered == order.made_from and self._file(order.wanted).is_file()

    def _file(self, wanted: WantedPrompt) -> Path:
        return self.shelves.rendered / wanted.language / f"{wanted.key}.wav"

    def _memory(self, language: str) -> dict[str, str]:
        if language not in self._memories:
            self._memories[language] = _read_memory(self.shelves.rendered / language)
        return self._memories[language]


def wanted_pieces(
    texts: Mapping[PromptKey, str], *, place: str = "", language: str = RUSSIAN
) -> tuple[WantedPrompt, ...]:
    """Return the pieces of `core.ivr.spoken.pieces_of` as prompts that a site needs."""
    return tuple(
        WantedPrompt(key=key, text=text, language=language, place=place)
        for key, text in texts.items()
    )


def _read_memory(folder: Path) -> dict[str, str]:
    try:
        read = json.loads((folder / _MEMORY).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        # Torn or not there: the files are made once more, and nothing else happens.
        return {}
    return read if isinstance(read, dict) else {}


def _memory_text(memory: Mapping[str, str]) -> bytes:
    return json.dumps(memory, indent=1, sort_keys=True).encode()


def _write_whole(file: Path, content: bytes) -> None:
    # Asterisk may be playing the former file; it keeps its own until it is done.
    fresh = file.with_name(f".{file.name}.{os.getpid()}.new")
    fresh.write_bytes(content)
    fresh.replace(file)
