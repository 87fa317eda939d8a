"""
Numbers as a caller hears them: a count becomes a sequence of prompts, in correct Russian.

Speech glued from single words sounds like a station loudspeaker, so a sequence is as short as it
can be: minutes up to thirty and places up to the thirtieth are one recorded phrase each ("двадцать
одна минута", "пятое"). Above that a phrase is preceded by the hundreds and the tens ("сто",
"сорок", "семь минут"). The Russian noun agrees with the last words of the number only, and those
are always inside one phrase; that is why gluing never breaks the grammar.

The place is an ordinal in the neuter gender, since it completes "Ваше место в очереди": it tells
nothing about the sex of the caller, and needs no noun after it.

Rule 1: every key these functions can return is in `every_spoken_key()`, so that a check of the
manifest can prove beforehand that no number is missing.
Rule 2: what is longer than `LARGEST_SPOKEN` is told as "more than that"; nobody counts that far.
"""

from __future__ import annotations

from typing import Final, TypeVar

from ekc_telephony.core.kernel.ids import PromptKey

T = TypeVar("T")

LARGEST_SPOKEN: Final = 999
"""The largest number that is spoken exactly."""

LARGEST_WHOLE_PHRASE: Final = 30
"""Up to here every number has a phrase of its own."""

_FEW: Final = range(2, 5)
_TEENS: Final = range(11, 15)
"""Numbers whose last digit does not decide: одиннадцать, двенадцать…"""

_MINUTES: Final = "minutes"
_POSITION: Final = "position"
_NUMBER: Final = "number"


def plural(count: int, one: T, few: T, many: T) -> T:
    """
    Choose the form of a Russian noun that stands after `count`.

    The rule is CLDR's for whole numbers in Russian: 1, 21, 101 минута; 2-4, 22 минуты; the rest,
    11-14 among them, минут.
    """
    last_two = abs(count) % 100
    last = last_two % 10
    if last_two in _TEENS:
        return many
    if last == 1:
        return one
    return few if last in _FEW else many


def spoken_minutes(count: int) -> tuple[PromptKey, ...]:
    """
    Say a number of minutes: "одна минута", "пять минут", "сто двадцать одна минута".

    Zero is said as "меньше минуты", and more than `LARGEST_SPOKEN` as one phrase to that effect.

    Raises:
        ValueError: `count` is negative, which is a bug of whoever computed it.
    """
    return _spoken(count, phrase=_MINUTES)


def spoken_position(position: int) -> tuple[PromptKey, ...]:
    """
    Say a place in the waiting line as an ordinal: "первое", "сто двадцать первое".

    It completes the prompt `queue-position-intro`. The first in line is 1.

    Raises:
        ValueError: `position` is negative, which is a bug of whoever computed it.
    """
    return _spoken(position, phrase=_POSITION)


def every_spoken_key() -> frozenset[PromptKey]:
    """Every prompt that speaking numbers can ask for."""
    numbers = range(LARGEST_SPOKEN + 2)
    minutes = {key for number in numbers for key in spoken_minutes(number)}
    return frozenset(minutes | {key for number in numbers for key in spoken_position(number)})


def _spoken(number: int, *, phrase: str) -> tuple[PromptKey, ...]:
    if number < 0:
        message = f"Cannot say {phrase} {number}: a number of 0 or more is expected."
        raise ValueError(message)
    if number > LARGEST_SPOKEN:
        return (PromptKey(f"{phrase}-over-{LARGEST_SPOKEN}"),)
    *heads, last = _parts(number)
    return (*(PromptKey(f"{_NUMBER}-{head}") for head in heads), PromptKey(f"{phrase}-{last}"))


def _parts(number: int) -> list[int]:
    """Split 347 into [300, 40, 7]; the last part is the one that has a phrase of its own."""
    hundreds, rest = number - number % 100, number % 100
    tens, ones = rest - rest % 10, rest % 10
    if rest <= LARGEST_WHOLE_PHRASE:
        tens, ones = 0, rest
    return [part for part in (hundreds, tens, ones) if part] or [0]
