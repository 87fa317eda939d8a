"""
How Asterisk finds a prompt: folder after folder, looked through anew at every playing.

Asterisk takes a language apart at its underscores (`fileexists_core` in main/file.c, "including
removing any style or dialect codes"): asked for `ekc/greeting` in `ru_site_studio` it looks below
`sounds/` for

    ru_site_studio/ekc/greeting    what the site's people recorded
    ru_site/ekc/greeting           what was rendered on the site
    ru/ekc/greeting                what comes with us

These are links to the shelves of `adapters/speech/site`. So a new file needs no restart, no
reload, and no second copy of what is shipped. Another language is, to Asterisk, a dialect of the
first one: `ru_site_studio_en_site_studio` is looked for on the three English shelves, and then on
the Russian ones. What was not translated is heard in Russian instead of not at all.

Rule 1: the language of every channel that hears prompts is a `playing_language`: from its endpoint
in pjsip.conf at first, and from the engine when its caller chooses another one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

PROMPT_FOLDER: Final = "ekc"
FIRST_LANGUAGE: Final = "ru"
"""What everybody hears first, and instead of what another language lacks."""

_RENDERED: Final = "_site"
_STUDIO: Final = "_site_studio"
_LANGUAGES: Final = frozenset({FIRST_LANGUAGE, "en"})
"""Linked always, so that these need no `ekc conf render` when the first script speaks them."""
_CODE_LETTERS: Final = 2
"""ISO 639-1, as in the manifest; `moh` beside the languages is none."""


def playing_language(language: str) -> str:
    """Return the language that a channel has whose caller hears this one."""
    return _shipped(language) + _STUDIO


def _shipped(language: str) -> str:
    """Return Asterisk's name of a language's prompts that come with us."""
    is_first = language == FIRST_LANGUAGE
    return FIRST_LANGUAGE if is_first else f"{FIRST_LANGUAGE}{_STUDIO}_{language}"


def sound_links(data: Path, *, shipped: Path, rendered: Path, studio: Path) -> dict[Path, Path]:
    """
    Return link → target for every language that has a folder on one of the shelves.

    Args:
        data: Asterisk's data folder.
        shipped: The folder with the prompts that come with us, a folder for each language.
        rendered: The same, of what was rendered on the site.
        studio: The same, of what the site's people recorded.
    """
    shelves = {"": shipped, _RENDERED: rendered, _STUDIO: studio}
    return {
        data / "sounds" / (_shipped(language) + dialect) / PROMPT_FOLDER: shelf / language
        for language in sorted(_LANGUAGES | _languages_of(shipped, rendered, studio))
        for dialect, shelf in shelves.items()
    }


def _languages_of(*shelves: Path) -> set[str]:
    folders = (folder.name for shelf in shelves for folder in shelf.glob("*/"))
    return {name for name in folders if len(name) == _CODE_LETTERS and name.isalpha()}
