"""
What a waiting caller is told of his wait: a promise that does not grow.

An estimate changes with every moment; what a person has heard stays in his ear. So each time it is
his turn to hear something, the estimate is held against what he was told:

- the first time he is told the range that the estimate's upper end falls into;
- later the same, but never more than what is left of the time he was told;
- when by now he is sure to wait longer than what is left, he is told nothing of time: neither a
  lie nor a longer wait;
- only if there is a reason, operators have gone or others have come before him, he is told once
  that it will take longer, and the next time how long.

Rule 1: without a reason what he is told never grows.
Rule 2: a range whose time is over is never told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ekc_telephony.core.acd.expected_wait import ExpectedWait
from ekc_telephony.core.ivr.spoken import WaitRange, spoken_wait
from ekc_telephony.core.kernel.ids import PromptKey

WAIT_INTRO: Final = PromptKey("queue-wait-estimate")
WAIT_GROWN: Final = PromptKey("queue-wait-grown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the caller was told last, for another engine to stand by."""

    range: WaitRange
    until: datetime | None
    """By when he was told to be answered; None when that had no end."""
    turns: float
    """`ExpectedWait.turns` at that moment."""


class Promise:
    """One caller's. `told` is None while he was told nothing, or that it will take longer."""

    def __init__(self, told: Told | None = None) -> None:
        self.told = told

    def words(self, expected: ExpectedWait | None, now: datetime) -> tuple[PromptKey, ...]:
        """Return what to tell him of his wait now, which is remembered as told."""
        if expected is None:
            return ()
        told, estimated = self.told, WaitRange.of(expected.high)
        if told is None:
            return self._tell(estimated, None, expected, now)
        left = None if told.until is None else told.until - now
        most = told.range if left is None else min(told.range, WaitRange.of(left))
        if estimated > most and expected.turns > told.turns:
            self.told = None
            return (WAIT_GROWN,)
        # What has no end leaves no time that could be over.
        if left is not None and (left.total_seconds() <= 0 or expected.low > left):
            return ()
        return self._tell(min(estimated, most), told.until, expected, now)

    def _tell(
        self, what: WaitRange, by: datetime | None, expected: ExpectedWait, now: datetime
    ) -> tuple[PromptKey, ...]:
        ends = () if what.end is None else (now + what.end,)
        before = () if by is None else (by,)
        self.told = Told(
            range=what, until=min((*ends, *before), default=None), turns=expected.turns
        )
        return (WAIT_INTRO, *spoken_wait(what))
