"""What callers of the demo can hear: shipped prompts, and what the node's scripts say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from ekc_telephony.core.kernel.ids import PromptKey
from ekc_telephony.settings.ivr.load import LoadedScript
from ekc_telephony.settings.library import scripts_on_disk, shelves
from ekc_telephony.settings.models import Settings
from lab.demo.calls import Hear, HearText
from lab.hearing import Sound
from lab.runtime import PROJECT
from lab.voices import saying


class Prompts:
    """
    Know the sound of every prompt of a node.

    Args:
        settings: The node, its texts spoken.
    """

    def __init__(self, settings: Settings) -> None:
        self._shelves = shelves(settings)
        self._scripts: Sequence[LoadedScript] = scripts_on_disk(settings)
        self._sounds: dict[PromptKey, Sound] = {}

    def sound_of(self, step: Hear | HearText) -> Sound:
        """
        Return what is to be heard.

        Raises:
            ValueError: No text begins so, or more than one.
            FileNotFoundError: It has no sound.
        """
        key = self._key_of(step)
        if key not in self._sounds:
            file = self._shelves.find(key)
            if file is None:
                raise FileNotFoundError(f"{key}: found no sound of it; run `make setup-speech`")
            self._sounds[key] = Sound.read(file)
        return self._sounds[key]

    def name_of(self, step: Hear | HearText) -> str:
        """Return what it is called in reports."""
        return step.prompt if isinstance(step, Hear) else f"«{step.beginning}…»"

    def _key_of(self, step: Hear | HearText) -> PromptKey:
        if isinstance(step, Hear):
            return PromptKey(step.prompt)
        return saying(step.beginning, self._scripts)


@cache
def prompt_sound(prompt: str) -> Sound:
    """Return the shipped sound of a prompt."""
    return Sound.read(PROJECT / "sounds" / "ru" / f"{prompt}.wav")
