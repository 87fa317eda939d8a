"""
The pieces of speech in English: the same keys, put together in the same order, with other words.

A piece's key says what it means, so its English text can be told from the key alone. The order is
the Russian one, which English bears: "the twenty-second | of November | two thousand | twenty-six".
It is understood rather than elegant: of 101 roubles the last piece is that of one rouble.

Rule 1: what a script counts (`count-…`) has Russian forms only; such a piece has no English text.
"""

from __future__ import annotations

from typing import Final

from ekc_telephony.core.kernel.ids import PromptKey

_BELOW_TWENTY: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_IRREGULAR: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NOUNS: Final = {
    "minutes": ("minute", "minutes"),
    "hours": ("hour", "hours"),
    "roubles": ("rouble", "roubles"),
    "kopecks": ("kopeck", "kopecks"),
    "thousands": ("thousand", "thousand"),
    "thousands-a": ("thousand", "thousand"),
    "millions": ("million", "million"),
}
_ORDINALS: Final = frozenset({"position", "day", "day-of"})
_CARDINALS: Final = frozenset({"key", "number", "number-f", "number-n", "number-a"})
_CENTURIES: Final = {19: "nineteen hundred", 20: "two thousand"}
_FIRST_WHOLE_YEAR: Final = 100
_WORDS: Final = {
    "pause": "",
    "minus": "minus",
    "plus": "plus",
    "year": "",
    "minutes-0": "less than a minute",
    "minutes-over-999": "more than sixteen hours",
}
"""The piece "года" has nothing to say in English."""


def english_text(key: PromptKey) -> str | None:
    """Return what a piece says in English, or None when it has no English text."""
    if key in _WORDS:
        return _WORDS[key]
    family, _, end = key.rpartition("-")
    if family in _NOUNS and end == "many":
        return _NOUNS[family][1]
    return _numbered(family, int(end)) if end.isdecimal() else None


def english_cardinal(number: int) -> str:
    """Return a number from 0 to 999 as words, without the "and": "one hundred twenty-one"."""
    hundreds, rest = divmod(number, 100)
    head = [f"{_BELOW_TWENTY[hundreds]} hundred"] if hundreds else []
    tail = [_below_hundred(rest)] if rest or not hundreds else []
    return " ".join(head + tail)


def english_ordinal(number: int) -> str:
    """Return an ordinal from 0 to 99: "twenty-second"."""
    words = _below_hundred(number)
    before, dash, last = words.rpartition("-")
    if last in _IRREGULAR:
        return before + dash + _IRREGULAR[last]
    return words.removesuffix("y") + ("ieth" if words.endswith("y") else "th")


def _numbered(family: str, number: int) -> str | None:
    if family in _NOUNS:
        one, many = _NOUNS[family]
        return f"{english_cardinal(number)} {one if number == 1 else many}"
    if family in _CARDINALS:
        return english_cardinal(number)
    if family in _ORDINALS:
        return f"the {english_ordinal(number)}"
    return _calendar(family, number)


def _calendar(family: str, number: int) -> str | None:
    match family:
        case "month":
            return f"of {_MONTHS[number - 1]}"
        case "century":
            return _CENTURIES[number]
        case "year" if number >= _FIRST_WHOLE_YEAR:
            return _CENTURIES[number // 100]
        case "year":
            return english_cardinal(number)
        case _:
            return None


def _below_hundred(number: int) -> str:
    tens, ones = divmod(number, 10)
    if tens <= 1:
        return _BELOW_TWENTY[number]
    return _TENS[tens - 2] + (f"-{_BELOW_TWENTY[ones]}" if ones else "")
