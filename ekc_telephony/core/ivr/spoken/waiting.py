"""
What those who wait are told: minutes, places in the line, ranges of waiting, names of keys.

Minutes up to thirty and places up to the thirtieth are one recorded phrase each ("двадцать одна
минута", "пятое"). Above that a phrase is preceded by the hundreds and the tens ("сто", "сорок",
"семь минут"). These are few enough to be recorded in a studio, and come with us.

The place is an ordinal in the neuter gender, since it completes "Ваше место в очереди": it tells
nothing about the sex of the caller, and needs no noun after it.

How long a caller waits is told as one of a few ranges that people use, a phrase each ("от двух до
трёх минут"): it completes "Примерное время ожидания".

Rule 1: every key these functions can return is in `every_waiting_key()`.
Rule 2: what is longer than `LARGEST_SPOKEN` is told as "more than that"; nobody counts that far.
"""

from __future__ import annotations

from datetime import timedelta
from enum import IntEnum
from typing import Final

from ekc_telephony.core.kernel.ids import PromptKey

LARGEST_SPOKEN: Final = 999
"""The largest number that is spoken exactly."""

LARGEST_WHOLE_PHRASE: Final = 30
"""Up to here every number has a phrase of its own."""


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
_ONE_MINUTE: Final = PromptKey("minutes-1")
_ONE_MORE_MINUTE: Final = PromptKey("minutes-more-1")
_POSITION: Final = "position"
_NUMBER: Final = "number"
_KEY: Final = "key"


def spoken_minutes(count: int) -> tuple[PromptKey, ...]:
    """
    Say a number of minutes: "одна минута", "пять минут", "сто двадцать одна минута".

    Zero is said as "меньше минуты", and more than `LARGEST_SPOKEN` as one phrase to that effect.

    Raises:
        ValueError: `count` is negative, which is a bug of whoever computed it.
    """
    *heads, last = _spoken(count, phrase=_MINUTES)
    # Russian counts forty-one minutes in the singular, and other languages do not.
    return (*heads, _ONE_MORE_MINUTE) if heads and last == _ONE_MINUTE else (*heads, last)


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


def every_waiting_key() -> frozenset[PromptKey]:
    """Every prompt that these functions can ask for."""
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
