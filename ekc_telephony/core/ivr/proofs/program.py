"""
A script together with what is known of its world: all that a proof may look at.

Rule 1: nothing here names a file; whoever has loaded the script knows where each node is written.
Rule 2: a length that is not known is never taken for nothing: it is estimated, and too long rather
than too short.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.ivr.hours import BusinessHours
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.ivr.spoken import Form
from ekc_telephony.core.ivr.utterance import Insert, Utterance
from ekc_telephony.core.kernel.ids import PromptKey

MOST_KEYS: Final = 3
"""Requirement G2."""
MOST_TIME: Final = timedelta(minutes=2)
"""Ours; nobody is known to have named a norm."""
LONGEST_VALUES: Final[Mapping[Form, timedelta]] = {
    Form.NUMBER: timedelta(seconds=8),
    Form.COUNT: timedelta(seconds=9),
    Form.DIGITS: timedelta(seconds=25),
    Form.PHONE: timedelta(seconds=10),
    Form.SNILS: timedelta(seconds=10),
    Form.DATE: timedelta(seconds=6),
    Form.TIME: timedelta(seconds=5),
    Form.MONEY: timedelta(seconds=12),
    Form.MINUTES: timedelta(seconds=4),
}
"""Spoken values, estimated: thirty digits one by one, a nine-digit sum with kopecks."""
UNKNOWN_PROMPT: Final = timedelta(seconds=15)
"""A prompt without a file; that it is missing is a finding of its own."""
RINGING_OUTSIDE: Final = timedelta(seconds=60)
"""How long a number outside rings before we give up."""
TAKING_A_MESSAGE: Final = timedelta(seconds=30)
"""The tone and the silence after it, twice, from a caller who leaves no message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far a person may be; None: this script promises nothing."""

    keys: int | None = MOST_KEYS
    time: timedelta | None = MOST_TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A script and its world."""

    script: Script
    now: datetime
    """The year that business hours must cover begins here."""
    prompts: Mapping[str, Mapping[PromptKey, timedelta]]
    """By language, the length of every prompt that exists in it."""
    schedules: Mapping[str, BusinessHours] = field(default_factory=dict)
    limits: Limits = Limits()
    is_for_overload: bool = False
    """Its callers were told that there are too many of them: an appeal counts as a person."""

    def length(self, utterance: Utterance) -> timedelta:
        """Return how long an utterance lasts at most, in whichever language."""
        total = timedelta()
        for part in utterance:
            total += LONGEST_VALUES[part.form] if isinstance(part, Insert) else self._longest(part)
        return total

    def _longest(self, prompt: PromptKey) -> timedelta:
        lengths = [each[prompt] for each in self.prompts.values() if prompt in each]
        return max(lengths, default=UNKNOWN_PROMPT)
