"""
What one caller hears, as one WAV file: prompts at their moments, and the silence between them.

Two prompts never sound at once on a call, so nothing is mixed: each is put where it begins and ends
where it was cut short. Needs neither numpy nor an engine.

Rule 1: a prompt without a usable file is silence of its length: everything after it stays in time.
"""

from __future__ import annotations

import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

RATE_HZ: Final = 8000
"""Of every telephone prompt."""
_BYTES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One prompt."""

    file: Path | None
    length: timedelta
    """Of its silence when there is no file that can be played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Prompts that are heard in a row."""

    begins: timedelta
    """After the beginning of the call."""
    ends: timedelta | None
    """When it was cut short; None: it was heard to its end."""
    pieces: Sequence[Piece]


def write_call(file: Path, passages: Iterable[Passage], *, length: timedelta) -> None:
    """
    Write what a caller hears.

    Args:
        file: The WAV file: 8 kHz, mono, 16 bits.
        passages: In the order of the call.
        length: Of the call; more is written when a prompt lasts longer.

    Raises:
        OSError: It cannot be written.
    """
    sound = bytearray(_count(length) * _BYTES)
    for passage in passages:
        begin = _count(passage.begins) * _BYTES
        said = b"".join(_samples(each) for each in passage.pieces)
        if passage.ends is not None:
            said = said[: _count(passage.ends - passage.begins) * _BYTES]
        sound.extend(bytes(max(0, begin - len(sound))))
        sound[begin : begin + len(said)] = said
    with file.open("wb") as opened, wave.open(opened, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(_BYTES)
        writer.setframerate(RATE_HZ)
        writer.writeframes(sound)


def _samples(piece: Piece) -> bytes:
    """Return the samples of a prompt, or as much silence."""
    if piece.file is not None:
        try:
            with wave.open(str(piece.file), "rb") as reader:
                form = (reader.getframerate(), reader.getnchannels(), reader.getsampwidth())
                if form == (RATE_HZ, 1, _BYTES):
                    return reader.readframes(reader.getnframes())
        except (OSError, EOFError, wave.Error):
            pass  # rule 1
    return bytes(_count(piece.length) * _BYTES)


def _count(length: timedelta) -> int:
    return round(length.total_seconds() * RATE_HZ)
