"""
Numbers as a caller hears them: a count becomes a sequence of prompts, in correct Russian.

Speech glued from single words sounds like a station loudspeaker, so a sequence is as short as it
can be: minutes up to thirty and places up to the thirtieth are one recorded phrase each ("двадцать
одна минута", "пятое"). Above that a phrase is preceded by the hundreds and the tens ("сто",
"сорок", "семь минут"). The Russian noun agrees with the last words of the number only, and those
are always inside one phrase; that is why gluing never breaks the grammar.

The place is an ordinal in the neuter gender, since it completes "Ваше место в очереди": it tells
nothing about the sex of the caller, and needs no noun after it.

How long a caller waits is told as one of a few ranges that people use, a phrase each ("от двух до
трёх минут"): it completes "Примерное время ожидания".

Rule 1: every key these functions can return is in `every_spoken_key()`, so that a check of the
manifest can prove beforehand that no number is missing.
Rule 2: what is longer than `LARGEST_SPOKEN` is told as "more than that"; nobody counts that far.
"""

from __future__ import annotations

from datetime import timedelta
from enum import IntEnum
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


class WaitRange(IntEnum):
    """The ranges in which people speak of waiting, shortest first."""

    UNDER_1 = 1
    FROM_1_TO_2 = 2
    FROM_2_TO_3 = 3
    FROM_3_TO_5 = 5
    FROM_5_TO_10 = 10
    FROM_10_TO_15 = 15
    FROM_15_TO_20 = 20
    FROM_20_TO_30 = 30
    OVER_30 = 31
    """The number is that of the minutes where the range ends; this one has no end."""

    @classmethod
    def of(cls, wait: timedelta) -> WaitRange:
        """Return the range into which a wait falls."""
        return next((each for each in cls if each.end is None or wait <= each.end), cls.OVER_30)

    @property
    def end(self) -> timedelta | None:
        """The longest wait of the range; None when it has no end."""
        return None if self is WaitRange.OVER_30 else timedelta(minutes=self.value)


_RANGES: Final = {
    WaitRange.UNDER_1: "minutes-0",
    WaitRange.FROM_1_TO_2: "wait-1-2",
    WaitRange.FROM_2_TO_3: "wait-2-3",
    WaitRange.FROM_3_TO_5: "wait-3-5",
    WaitRange.FROM_5_TO_10: "wait-5-10",
    WaitRange.FROM_10_TO_15: "wait-10-15",
    WaitRange.FROM_15_TO_20: "wait-15-20",
    WaitRange.FROM_20_TO_30: "wait-20-30",
    WaitRange.OVER_30: "wait-over-30",
}

_MINUTES: Final = "minutes"
_POSITION: Final = "position"
_NUMBER: Final = "number"
_KEY: Final = "key"


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


def spoken_wait(wait: WaitRange) -> tuple[PromptKey, ...]:
    """
    Say a range of waiting times: "меньше минуты", "от двух до трёх минут".

    It completes the prompt `queue-wait-estimate`.
    """
    return (PromptKey(_RANGES[wait]),)


def spoken_key(key: str) -> PromptKey:
    """
    Say a digit of the telephone's keys: "один", "ноль".

    It completes the prompts that end with "нажмите".
    """
    return PromptKey(f"{_KEY}-{key}")


def every_spoken_key() -> frozenset[PromptKey]:
    """Every prompt that speaking numbers can ask for."""
    numbers = range(LARGEST_SPOKEN + 2)
    minutes = {key for number in numbers for key in spoken_minutes(number)}
    places = {key for number in numbers for key in spoken_position(number)}
    waits = {key for each in WaitRange for key in spoken_wait(each)}
    keys = {spoken_key(key) for key in "0123456789"}
    return frozenset(minutes | places | waits | keys)


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
