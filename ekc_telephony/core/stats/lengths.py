"""
A histogram of lengths of time, with their sum and the longest, so that it adds up.

Rule 1: a length equal to an edge is within it (wait ≤ T), so «within T» is exact for every edge.
Rule 2: a mean is never shown without `longest` and the histogram beside it (requirement G6).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ekc_telephony.core.call.facts import SHORT_CALL


def seconds(*edges: int) -> tuple[timedelta, ...]:
    """Return edges given in seconds."""
    return tuple(timedelta(seconds=edge) for edge in edges)


WAIT_EDGES: Final = seconds(5, 10, 20, 60, 90, 300)
"""The profile of waiting of form F3 (Samoljubova, Naumen); holds every preset's T."""
HANDLE_EDGES: Final = seconds(30, 60, 120, 180, 300, 600, 900, 1800)
"""Half a minute to half an hour; the mean of SFR's centre is 13.5 minutes."""


@dataclass(slots=True)
class Lengths:
    """How many lengths lay in each bucket."""

    edges: tuple[timedelta, ...]
    counts: list[int] = field(default_factory=list)
    """One per edge, and one for what is longer than the last."""
    total: timedelta = timedelta()
    longest: timedelta | None = None

    def __post_init__(self) -> None:
        if not self.counts:
            self.counts = [0] * (len(self.edges) + 1)

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.counts)

    @property
    def mean(self) -> timedelta | None:
        """Their mean; None of none."""
        count = self.count
        return self.total / count if count else None

    def add(self, length: timedelta) -> None:
        """Take one in."""
        self.counts[bisect_left(self.edges, length)] += 1
        self.total += length
        self.longest = length if self.longest is None else max(self.longest, length)

    def merge(self, other: Lengths) -> None:
        """
        Take all of another in.

        Raises:
            ValueError: It has other edges, so nobody knows where its lengths belong.
        """
        if self.edges != other.edges:
            raise ValueError(f"edges {self.edges} and {other.edges} do not add up")
        self.counts = [own + more for own, more in zip(self.counts, other.counts, strict=True)]
        self.total += other.total
        known = [each for each in (self.longest, other.longest) if each is not None]
        self.longest = max(known, default=None)

    def within(self, limit: timedelta) -> int:
        """
        Return how many were no longer than an edge.

        Raises:
            ValueError: It is no edge, so the histogram cannot tell.
        """
        if limit not in self.edges:
            raise ValueError(f"{limit} is no edge of {self.edges}; count anew with it as an edge")
        return sum(self.counts[: self.edges.index(limit) + 1])


@dataclass(slots=True)
class Waits:
    """How long callers waited, by what became of them."""

    answered: Lengths
    abandoned: Lengths
    short: int = 0
    """Of the abandoned: gone within 5 s (G7)."""

    @classmethod
    def empty(cls, edges: Iterable[timedelta]) -> Waits:
        """Return a profile of nobody."""
        own = tuple(edges)
        return cls(answered=Lengths(own), abandoned=Lengths(own))

    @property
    def longest(self) -> timedelta | None:
        """The longest of all."""
        both = (self.answered.longest, self.abandoned.longest)
        return max((each for each in both if each is not None), default=None)

    def answer(self, waited: timedelta) -> None:
        """Take one in who was answered."""
        self.answered.add(waited)

    def abandon(self, waited: timedelta) -> None:
        """Take one in who hung up."""
        self.abandoned.add(waited)
        self.short += waited < SHORT_CALL

    def merge(self, other: Waits) -> None:
        """
        Take all of another in.

        Raises:
            ValueError: It has other edges.
        """
        self.answered.merge(other.answered)
        self.abandoned.merge(other.abandoned)
        self.short += other.short
