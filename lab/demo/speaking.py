"""Lets RHVoice speak what the scripts say, and shows how far it is when that takes long."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from rich.console import Console

from ekc_telephony.settings.library import scripts_on_disk
from ekc_telephony.settings.models import Settings
from lab.voices import speak_texts

TOLD_EVERY: Final = timedelta(seconds=2)
"""Nobody looks at a screen that stands still for longer."""


class Progress:
    """
    Tell how far the speaking is, every two seconds.

    Args:
        console: Where.
        seconds: A clock that runs on evenly.
    """

    def __init__(self, console: Console, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._seconds = seconds
        self._told_at = seconds()
        self._has_told = False

    def __call__(self, done: int, due: int) -> None:
        """Hear that another prompt is spoken."""
        is_last_word = done == due and self._has_told
        if not is_last_word and self._seconds() - self._told_at < TOLD_EVERY.total_seconds():
            return
        if not self._has_told:
            self._console.print("RHVoice speaks what the scripts say, once for this clone:")
        # In a terminal each line takes the place of the one before.
        end = "\r" if self._console.is_terminal and done < due else "\n"
        self._console.print(f"  {done} of {due} texts and numbers", highlight=False, end=end)
        self._told_at, self._has_told = self._seconds(), True


def speak_aloud(settings: Settings, console: Console) -> None:
    """
    Let everything be spoken that the node's scripts say and no clone of this machine has spoken.

    Raises:
        SpeechError: There is no engine: `make setup-speech` was not run.
    """
    speak_texts(settings, scripts_on_disk(settings), tell=Progress(console))
