"""
What is measured: which targets, at which rates, in which order, how long each call lasts.

A rate's time is cut into slices of about `SLICE_S` seconds. In each round every target has one
slice, and the order turns from round to round, so that no target always follows the same one.

Rule 1: about half of the operators are busy at most. With fewer free ones the benchmark would
measure how long callers wait for an operator, not how long a connection takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final

SLICE_S: Final = 2.5
"""Long enough for 50 calls at the lowest usual rate, short enough to spread noise evenly."""
LONGEST_TALK: Final = timedelta(milliseconds=500)
"""Long enough that a slow bridge or appeal of one call meets the next calls' arrival."""
BUSY_SHARE: Final = 0.5
"""See Rule 1."""
WARM_UP_RATE: Final = 20
WARM_UP_CALLS: Final = 20


class Target(Enum):
    """Who connects the caller with an operator."""

    DIAL = "dial"
    """Asterisk's `Dial()` of an operator that the caller himself has named: the least there is."""
    APP_QUEUE = "app_queue"
    """Asterisk's own queue, with every operator in it."""
    ENGINE = "engine"
    """EKC."""


class PlanError(ValueError):
    """The environment asks for what cannot be measured; the text says what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One target under one rate for a short time."""

    target: Target
    rate: int
    """New calls per second."""
    calls: int
    talk: timedelta
    """From the answer to the caller's hangup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run."""

    rates: tuple[int, ...] = (20, 50, 100, 150)
    seconds_per_rate: int = 10
    """For each target."""
    operators: int = 100
    targets: tuple[Target, ...] = tuple(Target)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Plan:
        """
        Read RATES, SECONDS_PER_RATE, OPERATORS, TARGETS; what is absent or empty keeps its default.

        Raises:
            PlanError: One of them says something else than numbers, or targets.
        """
        rates = _numbers(environment, "RATES", cls().rates)
        seconds = _numbers(environment, "SECONDS_PER_RATE", (cls().seconds_per_rate,))
        operators = _numbers(environment, "OPERATORS", (cls().operators,))
        return cls(
            rates=rates,
            seconds_per_rate=seconds[0],
            operators=operators[0],
            targets=_targets(environment),
        )

    def talk(self, rate: int) -> timedelta:
        """Return how long calls last at this rate."""
        return min(LONGEST_TALK, timedelta(seconds=BUSY_SHARE * self.operators / rate))

    def warm_up(self) -> Iterator[Slice]:
        """Yield a few calls to each target that are not counted: caches fill, code is loaded."""
        for target in self.targets:
            yield self._slice(target, WARM_UP_RATE, WARM_UP_CALLS)

    def slices(self, rate: int) -> Iterator[Slice]:
        """Yield the slices of one rate, in the order in which they are run."""
        rounds = max(1, round(self.seconds_per_rate / SLICE_S))
        calls = max(1, round(rate * self.seconds_per_rate / rounds))
        for turn in range(rounds):
            first = turn % len(self.targets)
            for target in self.targets[first:] + self.targets[:first]:
                yield self._slice(target, rate, calls)

    def _slice(self, target: Target, rate: int, calls: int) -> Slice:
        return Slice(target=target, rate=rate, calls=calls, talk=self.talk(rate))


def _numbers(
    environment: Mapping[str, str], name: str, default: tuple[int, ...]
) -> tuple[int, ...]:
    words = environment.get(name, "").replace(",", " ").split()
    if not words:
        return default
    if not all(word.isdecimal() and int(word) > 0 for word in words):
        raise PlanError(
            f"{name}: found {environment[name]!r}; expected whole numbers above zero, "
            f"such as {name}={' '.join(map(str, default))!r}."
        )
    return tuple(int(word) for word in words)


def _targets(environment: Mapping[str, str]) -> tuple[Target, ...]:
    words = environment.get("TARGETS", "").replace(",", " ").split()
    known = {target.value: target for target in Target}
    if not words:
        return tuple(Target)
    if not known.keys() >= set(words):
        raise PlanError(
            f"TARGETS: found {environment['TARGETS']!r}; expected some of: {', '.join(known)}."
        )
    return tuple(known[word] for word in words)
