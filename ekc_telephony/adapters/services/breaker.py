"""
A circuit breaker: an information system that fails again and again is left alone for a while.

Callers need not wait in vain for a system that is away, and it can get up without everybody asking
at once. Closed, everything goes through; after so many failures in a row it opens, and nothing
does; after a pause it is half open: one question is let through as a probe, whose outcome closes it
or opens it anew.

It is our own, since no library fits: aiobreaker had its last release in 2021, pybreaker knows
coroutines of Tornado only, and all of them, purgatory too, read the clock themselves and let
everybody through as soon as the pause is over.

Rule 1: time is an argument; nothing here waits.
Rule 2: only what was permitted since the breaker last changed counts: a late failure neither opens
it again nor prolongs its pause, a late success does not close it.
Rule 3: a probe whose outcome is never told holds others up for one pause, and no longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import final

from ekc_telephony.adapters.services.spec import BreakerRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Leave to ask once."""

    era: int
    """Which of the breaker's states it was given in."""
    is_probe: bool


@final
class Breaker:
    """
    The breaker of one service.

    Args:
        rule: When it opens, and for how long.
    """

    def __init__(self, rule: BreakerRule) -> None:
        self._rule = rule
        self._era = 0
        self._failures = 0
        """In a row, while it is closed."""
        self._closed_to: datetime | None = None
        """Until when nobody is let through; None while it is closed."""

    @property
    def is_open(self) -> bool:
        """Whether the service is left alone, but for probes."""
        return self._closed_to is not None

    def lets_through(self, now: datetime) -> bool:
        """Tell whether `permit` would give leave."""
        return self._closed_to is None or now >= self._closed_to

    def permit(self, now: datetime) -> Permit | None:
        """Return leave to ask; None while the service is left alone."""
        if self._closed_to is None:
            return Permit(era=self._era, is_probe=False)
        if now < self._closed_to:
            return None
        self._open(now)
        return Permit(era=self._era, is_probe=True)

    def worked(self, permit: Permit) -> None:
        """Take note that the service answered."""
        if permit.era != self._era:
            return
        self._failures = 0
        if permit.is_probe:
            self._era += 1
            self._closed_to = None

    def failed(self, permit: Permit, now: datetime) -> None:
        """Take note that it did not."""
        if permit.era != self._era:
            return
        self._failures += 1
        if permit.is_probe or self._failures >= self._rule.failures:
            self._open(now)

    def _open(self, now: datetime) -> None:
        """Let nobody through for a pause; what is under way does not count any more."""
        self._era += 1
        self._failures = 0
        self._closed_to = now + self._rule.pause
