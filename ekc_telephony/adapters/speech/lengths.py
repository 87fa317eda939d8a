"""How long a prompt lasts: from its file, or guessed from its text before there is one."""

from __future__ import annotations

import wave
from datetime import timedelta
from pathlib import Path
from typing import Final

SLOWEST: Final = 10.5
"""
Characters per second. Of the 48 shipped prompts with more than 25 characters the slowest says 10.7
and the middle one 12.7; a guess must be too long rather than too short.
"""
_BREATH: Final = timedelta(milliseconds=300)


def length_of(file: Path) -> timedelta | None:
    """Return how long a file lasts; None when it is none, or no WAV."""
    try:
        with wave.open(str(file), "rb") as reader:
            return timedelta(seconds=reader.getnframes() / reader.getframerate())
    except (OSError, EOFError, wave.Error):
        return None


def guessed_length(text: str) -> timedelta:
    """Return how long a text will last at most once it is spoken."""
    return _BREATH + timedelta(seconds=len(text) / SLOWEST)
