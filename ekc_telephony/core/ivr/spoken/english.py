"""
The pieces of speech in English: the same keys, put together in the same order, with other words.

A piece's key says what it means, so its English text can be told from the key alone. The order is
the Russian one, which English bears: "the twenty-second | of November | two thousand | twenty-six",
and of a place in the line "forty | first".
It is understood rather than elegant: "nine hours thirty minutes".

Rule 1: what a script counts (`count-…`) is spoken of in English where the script tells its English
words (`Noun.english`); a piece of it has no English text otherwise.
"""

from __future__ import annotations

from typing import Final

from ekc_telephony.core.ivr.spoken.pieces import COUNTED_ENDS, MORE, Noun
from ekc_telephony.core.ivr.spoken.russian import Agreement
from ekc_telephony.core.kernel.ids import PromptKey

ENGLISH: Final = "en"
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
    "thousands-g": ("thousand", "thousand"),
    "millions": ("million", "million"),
    "millions-g": ("million", "million"),
}
_ORDINALS: Final = frozenset({"position", "day"})
_CARDINALS: Final = frozenset({"key", "number", *(f"number-{each.value}" for each in Agreement)})
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
    if (noun := family.removesuffix(f"-{MORE}")) != family:
        return f"{english_cardinal(int(end))} {_NOUNS[noun][1]}" if noun in _NOUNS else None
    return _numbered(family, int(end)) if end.isdecimal() else None


def english_counted(noun: Noun) -> dict[PromptKey, str]:
    """Return what the pieces of a noun say in English; none when the script does not tell it."""
    if noun.english is None:
        return {}
    one, many = noun.english
    counted = {
        noun.counted(each): f"{english_cardinal(each)} {one if each == 1 else many}"
        for each in COUNTED_ENDS
    }
    return counted | {noun.counted(1, after_more=True): f"one {many}", noun.alone: many}


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
        return english_ordinal(number)
    if family == "day-of":
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
