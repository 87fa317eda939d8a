"""
Where `make setup-speech` has put the speech engines: `.runtime/speech/paths.json`.

The file names `library` (libRHVoice.so.5), `preload` (what that library needs and the system's
loader would not find), `data` (the folder with `languages` and `voices`) and `config` (the folder
with RHVoice.conf, which may be empty).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.speech.engine import EngineMissingError

PROJECT: Final = Path(__file__).parents[3]
"""The project's folder: whoever speaks may stand in another one, as services of systemd do."""
RUNTIME: Final = PROJECT / ".runtime"
"""Where `make setup-speech` puts the engines, and the engine's image has them."""
ADVICE: Final = (
    f"Run `make setup-speech` in {PROJECT} once; it downloads RHVoice and its voices (90 MB)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RhvoicePaths:
    """The places RHVoice is started from."""

    library: Path
    voices: Path
    """The folder with `languages` and `voices`, RHVoice's `data_path`."""
    config: Path
    preload: tuple[Path, ...] = ()
    """Libraries to load before `library`, in this order."""


def read_rhvoice_paths(runtime: Path) -> RhvoicePaths:
    """
    Read where RHVoice is, and make sure that it is there.

    Args:
        runtime: The runtime folder, normally `.runtime`.

    Raises:
        EngineMissingError: No such file, a broken one, or one that names what does not exist.
    """
    file = runtime / "speech" / "paths.json"
    try:
        named = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        message = f"{file}: found nothing; expected where RHVoice is installed. {ADVICE}"
        raise EngineMissingError(message) from error
    except ValueError as error:
        message = f"{file} is not valid JSON ({error}). {ADVICE}"
        raise EngineMissingError(message) from error
    if not isinstance(named, dict):
        message = f"{file} holds no JSON object. {ADVICE}"
        raise EngineMissingError(message)
    library, voices, config = (
        _existing(file, key, named.get(key)) for key in ("library", "data", "config")
    )
    preload = tuple(_existing(file, "preload", each) for each in named.get("preload", ()))
    return RhvoicePaths(library=library, voices=voices, config=config, preload=preload)


def _existing(file: Path, key: str, value: object) -> Path:
    if not isinstance(value, str):
        message = f"{file} names no {key!r}; a path is expected there. {ADVICE}"
        raise EngineMissingError(message)
    # A relative path is meant from the file itself, so that the project folder may be moved.
    path = file.parent / value
    if not path.exists():
        message = f"{file} says that {key!r} is {path}, but there is nothing. {ADVICE}"
        raise EngineMissingError(message)
    return path
