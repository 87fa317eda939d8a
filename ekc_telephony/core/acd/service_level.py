"""
Service level: the share of callers who were answered within a target, and the mean wait.

Centres mean different things by it, so the formula is a named setting and is printed beside every
figure (`formula.in_words`). A share of nothing is None, never 0 or 100 %.

In the formulas, T is the target; *answered* are callers who talked to an agent; *abandoned* are
callers who hung up while waiting in a queue; *short* are the abandoned who waited less than the
short-call limit; *received* are all calls, those served or lost in the menu included. A promised
callback or a message left is not abandoned (Amazon Connect counts so, too).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final, assert_never

from ekc_telephony.core.call.facts import SHORT_CALL, CallOutcome


class ServiceLevelFormula(Enum):
    """What the calls answered within T are divided by, and what counts as good."""

    ABANDONS_COUNT = "abandons_count"
    """answered within T ÷ (answered + abandoned). Vonage, Genesys."""
    EARLY_ABANDONS_EXCLUDED = "early_abandons_excluded"
    """answered within T ÷ (answered + abandoned after T)."""
    EARLY_ABANDONS_COUNT_AS_GOOD = "early_abandons_count_as_good"
    """(answered + abandoned, both within T) ÷ (answered + abandoned). Asterisk's SL2."""
    SHORT_ABANDONS_EXCLUDED = "short_abandons_excluded"
    """answered within T ÷ (answered + abandoned − short). Genesys, MiContact."""
    ABANDONS_EXCLUDED = "abandons_excluded"
    """answered within T ÷ answered. Asterisk's SL, Wazo; flatters: ignores all who gave up."""
    ALL_RECEIVED = "all_received"
    """answered within T ÷ received. COPC: «based on transactions offered»."""

    @property
    def in_words(self) -> str:
        """The formula as it is printed beside a figure."""
        return _IN_WORDS[self]


_IN_WORDS: Final = MappingProxyType(
    {
        ServiceLevelFormula.ABANDONS_COUNT: "answered ≤ T / (answered + abandoned)",
        ServiceLevelFormula.EARLY_ABANDONS_EXCLUDED: ("answered ≤ T / (answered + abandoned > T)"),
        ServiceLevelFormula.EARLY_ABANDONS_COUNT_AS_GOOD: (
            "(answered ≤ T + abandoned ≤ T) / (answered + abandoned)"
        ),
        ServiceLevelFormula.SHORT_ABANDONS_EXCLUDED: (
            "answered ≤ T / (answered + abandoned − short)"
        ),
        ServiceLevelFormula.ABANDONS_EXCLUDED: "answered ≤ T / answered",
        ServiceLevelFormula.ALL_RECEIVED: "answered ≤ T / received",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One caller's wait for a person."""

    outcome: CallOutcome
    waited: timedelta
    """From the queue's beginning to the answer, or to the end of the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Callers counted, which is all that a service level needs: counts add up, lists need not."""

    answered: int
    answered_in_time: int
    """Within T."""
    abandoned: int
    abandoned_in_time: int
    """Within T."""
    short: int
    """Of the abandoned."""
    received: int


def share(counted: Counted, formula: ServiceLevelFormula) -> float | None:
    """Return the share, 0 to 1, that the formula's docstring prints; None when nobody counts."""
    good = counted.answered_in_time
    match formula:
        case ServiceLevelFormula.ABANDONS_COUNT:
            among = counted.answered + counted.abandoned
        case ServiceLevelFormula.EARLY_ABANDONS_EXCLUDED:
            among = counted.answered + counted.abandoned - counted.abandoned_in_time
        case ServiceLevelFormula.EARLY_ABANDONS_COUNT_AS_GOOD:
            good += counted.abandoned_in_time
            among = counted.answered + counted.abandoned
        case ServiceLevelFormula.SHORT_ABANDONS_EXCLUDED:
            among = counted.answered + counted.abandoned - counted.short
        case ServiceLevelFormula.ABANDONS_EXCLUDED:
            among = counted.answered
        case ServiceLevelFormula.ALL_RECEIVED:
            among = counted.received
        case _:
            assert_never(formula)
    return good / among if among else None


def service_level(
    waits: Iterable[Wait],
    *,
    target: timedelta,
    formula: ServiceLevelFormula,
    short_call: timedelta = SHORT_CALL,
) -> float | None:
    """
    Return the share, 0 to 1, of callers answered within the target; None when nobody counts.

    Args:
        waits: One per call received.
        target: T in the formula; a wait of exactly T is within it.
        formula: Which share is meant; its docstring prints it.
        short_call: Whoever abandons before this is short, for SHORT_ABANDONS_EXCLUDED.
    """
    every = list(waits)
    answered = [each.waited for each in every if each.outcome is CallOutcome.ANSWERED]
    abandoned = [each.waited for each in every if each.outcome is CallOutcome.ABANDONED_IN_QUEUE]
    counted = Counted(
        answered=len(answered),
        answered_in_time=sum(waited <= target for waited in answered),
        abandoned=len(abandoned),
        abandoned_in_time=sum(waited <= target for waited in abandoned),
        short=sum(waited < short_call for waited in abandoned),
        received=len(every),
    )
    return share(counted, formula)


def average_speed_of_answer(waits: Iterable[Wait]) -> timedelta | None:
    """Return the mean wait of those who were answered (ASA); None when nobody was."""
    answered = [wait.waited for wait in waits if wait.outcome is CallOutcome.ANSWERED]
    return sum(answered, timedelta()) / len(answered) if answered else None


def longest_wait(waits: Iterable[Wait]) -> timedelta | None:
    """Return the longest wait of all, to stand beside every mean (G6); None when nobody waited."""
    return max((wait.waited for wait in waits), default=None)
