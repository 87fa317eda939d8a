"""
What a script's prompts say, how long they last and where their files are.

Rule 1: whatever a language lacks is heard in Russian, as on a call.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.speech.lengths import guessed_length, length_of
from ekc_telephony.adapters.speech.manifest import ManifestFile
from ekc_telephony.adapters.speech.site import WantedPrompt
from ekc_telephony.core.ivr.texts import RUSSIAN
from ekc_telephony.core.kernel.ids import PromptKey
from ekc_telephony.settings.ivr.load import LoadedScript
from ekc_telephony.settings.ivr.rendered import wanted_by
from ekc_telephony.settings.library import shelves
from ekc_telephony.settings.models import Settings

UNKNOWN_LENGTH: Final = timedelta(seconds=2)
"""Of a prompt that has neither a file nor a text."""


class ShippedTexts:
    """
    The texts of `sounds/manifest.yaml`, read when first asked for.

    Args:
        settings: Where it is.
    """

    def __init__(self, settings: Settings) -> None:
        self._file = settings.sounds / "manifest.yaml"

    @cached_property
    def by_key(self) -> dict[str, str]:
        """
        Prompt → text.

        Raises:
            ManifestError: The manifest is missing or wrong.
        """
        prompts = ManifestFile(self._file).manifest.prompts
        return {key: prompt.text for key, prompt in prompts.items()}


class Phrasebook:
    """
    The prompts of one script.

    Args:
        settings: Where the prompts are.
        loaded: The script.
        shipped: The texts of the manifest.
    """

    def __init__(self, settings: Settings, loaded: LoadedScript, *, shipped: ShippedTexts) -> None:
        self._shelves = shelves(settings)
        self._shipped = shipped
        self._wanted = {(each.language, each.key): each for each in wanted_by(loaded)}
        self._lengths: dict[tuple[str, PromptKey], timedelta] = {}

    def text(self, key: PromptKey, language: str = RUSSIAN) -> str:
        """
        Return what a prompt says; its key in brackets where only a recording knows.

        Raises:
            ManifestError: The manifest is missing or wrong.
        """
        for spoken in (language, RUSSIAN):
            if (wanted := self.wanted(key, spoken)) is not None:
                return wanted.text
        return self._shipped.by_key.get(key, f"[{key}]")

    def length(self, key: PromptKey, language: str = RUSSIAN) -> timedelta:
        """Return how long a prompt lasts; guessed by its letters until somebody has rendered it."""
        if (language, key) not in self._lengths:
            self._lengths[language, key] = self._measured(key, language)
        return self._lengths[language, key]

    def forget_lengths(self) -> None:
        """Measure anew: prompts were rendered meanwhile."""
        self._lengths.clear()

    def file(self, key: PromptKey, language: str = RUSSIAN) -> Path | None:
        """Return the file that a caller hears; None when there is none yet."""
        return self._shelves.find(key, language) or self._shelves.find(key)

    def wanted(self, key: PromptKey, language: str = RUSSIAN) -> WantedPrompt | None:
        """Return how the site renders a prompt in a language; None when it has no need to."""
        return self._wanted.get((language, key))

    def _measured(self, key: PromptKey, language: str) -> timedelta:
        file = self.file(key, language)
        length = None if file is None else length_of(file)
        if length is not None:
            return length
        wanted = self.wanted(key, language) or self.wanted(key)
        return UNKNOWN_LENGTH if wanted is None else guessed_length(wanted.text)
