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
from typing import Final

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
    good = counted = 0
    for wait in waits:
        is_within = wait.waited <= target
        match wait.outcome:
            case CallOutcome.ANSWERED:
                counted += 1
                good += is_within
            case CallOutcome.ABANDONED_IN_QUEUE:
                counted += _is_counted(wait, formula, target=target, short_call=short_call)
                good += is_within and formula is ServiceLevelFormula.EARLY_ABANDONS_COUNT_AS_GOOD
            case _:
                counted += formula is ServiceLevelFormula.ALL_RECEIVED
    return good / counted if counted else None


def average_speed_of_answer(waits: Iterable[Wait]) -> timedelta | None:
    """Return the mean wait of those who were answered (ASA); None when nobody was."""
    answered = [wait.waited for wait in waits if wait.outcome is CallOutcome.ANSWERED]
    return sum(answered, timedelta()) / len(answered) if answered else None


def longest_wait(waits: Iterable[Wait]) -> timedelta | None:
    """Return the longest wait of all, to stand beside every mean (G6); None when nobody waited."""
    return max((wait.waited for wait in waits), default=None)


def _is_counted(
    abandoned: Wait, formula: ServiceLevelFormula, *, target: timedelta, short_call: timedelta
) -> bool:
    match formula:
        case ServiceLevelFormula.ABANDONS_EXCLUDED:
            return False
        case ServiceLevelFormula.EARLY_ABANDONS_EXCLUDED:
            return abandoned.waited > target
        case ServiceLevelFormula.SHORT_ABANDONS_EXCLUDED:
            return abandoned.waited >= short_call
        case _:
            return True
