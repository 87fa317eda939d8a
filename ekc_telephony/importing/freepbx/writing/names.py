"""
Readable names for machines from what people wrote, Russian above all.

«Главное меню» becomes `glavnoe_menyu`. The letters are those of Russian road signs and passports,
simplified: no apostrophes, `ё` is `e`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LETTERS: Final = str.maketrans(
    dict(zip("абвгдезийклмнопрстуфыэі", "abvgdeziyklmnoprstufyei", strict=True))
    | {
        "ё": "e",
        "ж": "zh",
        "х": "kh",
        "ц": "ts",
        "ч": "ch",
        "ш": "sh",
        "щ": "shch",
        "ъ": "",
        "ь": "",
    }
    | {"№": " ", "ю": "yu", "я": "ya", "є": "ye", "ї": "yi", "ґ": "g", "ў": "u"}
)
_LONGEST: Final = 40
"""What `settings.values.Name` allows."""
_RESERVED: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that some reader of YAML takes for something else than a name."""


def slug(written: str, *, otherwise: str, dash: str = "_", longest: int = _LONGEST) -> str:
    """Return a name in Latin letters and digits that begins with a letter, or `otherwise`."""
    latin = unicodedata.normalize("NFC", written).lower().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", latin)
    bare = "".join(each for each in plain if not unicodedata.combining(each))
    words = re.sub(r"[^a-z0-9]+", dash, bare).strip(dash)
    if not words:
        return otherwise[:longest]
    if not words[0].isalpha() or words in _RESERVED:
        words = f"{otherwise.split(dash, maxsplit=1)[0]}{dash}{words}"
    return words[:longest].rstrip(dash)


class Names:
    """Gives each thing a name that no other has."""

    def __init__(self, taken: frozenset[str] = frozenset()) -> None:
        self._taken = set(taken)

    def new(self, wish: str, *, dash: str = "_") -> str:
        """Return the wish, cut to the length of a name, with a number behind it if it is taken."""
        wish = wish[:_LONGEST].rstrip(dash)
        name, count = wish, 1
        while name in self._taken:
            count += 1
            end = f"{dash}{count}"
            name = wish[: _LONGEST - len(end)].rstrip(dash) + end
        self._taken.add(name)
        return name
