"""
Texts written in a script instead of a prompt's key: they become prompts whose keys are computed.

The key is a checksum of the text in all its languages, so the same text is the same prompt
wherever it stands, is rendered once, and a changed text is another prompt: a call that is still in
the version of before goes on hearing what that version says.

Rule 1: the key of a text does not depend on its spaces, on line breaks, nor on the order of the
languages.
Rule 2: a Russian text holds words only. An engine reads "9:00" or "ул." as it likes, so numbers
and abbreviations are written out by a person who knows the case and the gender.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from ekc_telephony.core.kernel.ids import PromptKey

RUSSIAN: Final = "ru"
"""The language in which every script speaks."""

_PREFIX: Final = "text-"
_KEY_DIGITS: Final = 16
"""64 bits: among a million texts two are alike by chance once in 37 million such sites."""
_NOT_WORDS: Final = re.compile(r"[0-9№%&+*#/\\@]+")
_NOT_RUSSIAN_WORDS: Final = re.compile(r"[0-9A-Za-z№%&+*#/\\@]+")


def plain_text(text: str) -> str:
    """Return a text as it is spoken: one line, single spaces, composed letters."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def text_key(texts: Mapping[str, str]) -> PromptKey:
    """
    Return the key of the prompt that says a text.

    Args:
        texts: Language, such as `ru` → the text.
    """
    written = sorted((language, plain_text(text)) for language, text in texts.items())
    content = json.dumps(written, ensure_ascii=False).encode()
    return PromptKey(_PREFIX + hashlib.sha256(content).hexdigest()[:_KEY_DIGITS])


def is_text_key(key: PromptKey) -> bool:
    """Tell whether a key was made by `text_key`, and so needs no entry in the manifest."""
    return key.startswith(_PREFIX)


def not_words(text: str, *, language: str = RUSSIAN) -> str | None:
    """Return the first part of a text that is no word of its language, or None."""
    found = (_NOT_RUSSIAN_WORDS if language == RUSSIAN else _NOT_WORDS).search(text)
    return None if found is None else found.group()
