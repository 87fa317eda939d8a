"""
Random streams by name, and the laws that lengths of time follow.

Every purpose (when people call, how patient they are, who is absent …) throws dice of its own. So
two policies see the same callers with the same patience and the same questions, whatever they do
with them (common random numbers), and one more operator changes nobody else's luck.

Rule 1: the same seed, replication and purpose give the same throws on every machine.
Rule 2: no dice outside this module.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final

from ekc_telephony.settings.values import read_duration

LAW_EXPECTED: Final = (
    "none, fixed 4m, exponential 4m, lognormal 4m sd 3m, weibull 4m shape 0.8 "
    "or empirical 30s 1m 2m30s"
)
_ONE_NUMBER: Final = 2
_TWO_NUMBERS: Final = 4


class Law(Enum):
    """How lengths of time are spread."""

    NONE = "none"
    """Never comes to an end: a patience without limit."""
    FIXED = "fixed"
    EXPONENTIAL = "exponential"
    LOGNORMAL = "lognormal"
    """Fits conversations (Brown et al., «Statistical Analysis of a Telephone Call Center»)."""
    WEIBULL = "weibull"
    """Fits patience: a shape below 1 means that who has waited long goes on waiting."""
    EMPIRICAL = "empirical"
    """One of the lengths given, each as likely as the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """A law with its numbers."""

    law: Law
    mean: timedelta = timedelta()
    spread: float = 0.0
    """Lognormal: the standard deviation in seconds. Weibull: the shape."""
    observed: tuple[timedelta, ...] = ()
    """For the empirical law."""

    def thrower(self, dice: random.Random) -> Callable[[], float]:
        """Return what gives one length in seconds after another; without end, `math.inf`."""
        mean_s = self.mean.total_seconds()
        match self.law:
            case Law.NONE:
                return lambda: math.inf
            case Law.FIXED:
                return lambda: mean_s
            case Law.EXPONENTIAL:
                return lambda: dice.expovariate(1 / mean_s)
            case Law.LOGNORMAL:
                variance = math.log1p((self.spread / mean_s) ** 2)
                middle = math.log(mean_s) - variance / 2
                return lambda: dice.lognormvariate(middle, math.sqrt(variance))
            case Law.WEIBULL:
                scale = mean_s / math.gamma(1 + 1 / self.spread)
                return lambda: dice.weibullvariate(scale, self.spread)
            case Law.EMPIRICAL:
                lengths = [each.total_seconds() for each in self.observed]
                return lambda: dice.choice(lengths)


AT_ONCE: Final = Lengths(law=Law.FIXED)
"""No time at all."""


class Dice:
    """
    The random streams of one replication.

    Args:
        seed: As the person gave it.
        replication: From 0; other replications throw other numbers.
    """

    def __init__(self, seed: int, replication: int) -> None:
        self._root = f"{seed}/{replication}"

    def of(self, purpose: str) -> random.Random:
        """Return the stream of this purpose, from its beginning."""
        # A text as a seed goes through SHA-512, so similar names give unrelated streams.
        return random.Random(f"{self._root}/{purpose}")  # noqa: S311 - dice, not secrets


def read_lengths(written: object) -> Lengths:
    """
    Read `exponential 4m`, `lognormal 4m sd 3m`, `none` and the other laws.

    Raises:
        ValueError: It is something else; the text says what is expected.
    """
    if isinstance(written, Lengths):
        return written
    words = written.split() if isinstance(written, str) else []
    try:
        law = Law(words[0])
        return _read_law(law, words)
    except (IndexError, ValueError):
        raise ValueError(LAW_EXPECTED) from None


def _read_law(law: Law, words: list[str]) -> Lengths:
    match law:
        case Law.NONE if len(words) == 1:
            return Lengths(law=law)
        case Law.FIXED if len(words) == _ONE_NUMBER:
            return Lengths(law=law, mean=read_duration(words[1]))
        case Law.EXPONENTIAL if len(words) == _ONE_NUMBER:
            return Lengths(law=law, mean=_positive(words[1]))
        case Law.LOGNORMAL if len(words) == _TWO_NUMBERS and words[2] == "sd":
            spread = _positive(words[3]).total_seconds()
            return Lengths(law=law, mean=_positive(words[1]), spread=spread)
        case Law.WEIBULL if len(words) == _TWO_NUMBERS and words[2] == "shape":
            if not re.fullmatch(r"\d+(\.\d+)?", words[3]) or not float(words[3]):
                raise ValueError(LAW_EXPECTED)
            return Lengths(law=law, mean=_positive(words[1]), spread=float(words[3]))
        case Law.EMPIRICAL if len(words) > 1:
            return Lengths(law=law, observed=tuple(map(read_duration, words[1:])))
        case _:
            raise ValueError(LAW_EXPECTED)


def _positive(written: str) -> timedelta:
    length = read_duration(written)
    if not length:
        raise ValueError(LAW_EXPECTED)
    return length
