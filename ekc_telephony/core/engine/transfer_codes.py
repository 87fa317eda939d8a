"""
What an operator can say about his caller with the keys of his phone.

    *70102#     send him on to 102            (dialled on a second line: *70102)
    *70102*2#   the same, for reason 2
    *71         hand him over to the colleague who is being asked for advice
    *73         all three talk

On a second line the code is dialled at once; in a talk or a consultation its keys come one by one,
and `Keypad` keeps them until they make a code.

Rule 1: keys that cannot become a code are forgotten at once: nothing that is typed into a talk,
a card's number perhaps, is kept.
Rule 2: a keypad is forgotten with its engine; whoever was typing types again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, final

from ekc_telephony.core.call.events import TransferMode
from ekc_telephony.core.kernel.ids import LegId

LONGEST_CODE: Final = 32
"""Keys; a code, a number of E.164 (15 digits), a reason, and room."""
BETWEEN_KEYS: Final = timedelta(seconds=5)
"""Who waits longer begins anew: the usual time between two digits (Q.931: 10–15 s, phones 4–5)."""
_END: Final = "#"
_REASON: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCodes:
    """The codes, as they are dialled: `*70`."""

    blind: str
    """Followed by where to; no other code begins with it."""
    hand_over: str
    conference: str
    reasons: Mapping[str, str] = field(default_factory=dict)
    """What a digit after the target means: `*70102*2`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an operator wants done with his caller."""

    mode: TransferMode
    target: str = ""
    reason: str | None = None


def wish_of(codes: TransferCodes | None, dialled: str) -> Wish | None:
    """Return what was asked for by dialling this; None when it is no code of a transfer."""
    if codes is None:
        return None
    if dialled == codes.hand_over:
        return Wish(mode=TransferMode.HAND_OVER)
    if dialled == codes.conference:
        return Wish(mode=TransferMode.CONFERENCE)
    if not dialled.startswith(codes.blind):
        return None
    target, _, digit = dialled.removeprefix(codes.blind).rstrip(_END).partition(_REASON)
    return Wish(mode=TransferMode.BLIND, target=target, reason=codes.reasons.get(digit))


@final
class Keypad:
    """The keys that an agent pressed last in one call."""

    def __init__(self) -> None:
        self._leg: LegId | None = None
        self._keys = ""
        self._pressed_at: datetime | None = None

    def press(
        self, key: str, now: datetime, *, leg: LegId, codes: TransferCodes | None
    ) -> Wish | None:
        """
        Take one more key; return what is wanted when it completes a code.

        Args:
            key: The key.
            now: The moment.
            leg: His leg on which he pressed it; keys of another one are forgotten.
            codes: What can be wanted.
        """
        is_late = self._pressed_at is not None and now - self._pressed_at > BETWEEN_KEYS
        before = "" if is_late or leg != self._leg else self._keys
        self._leg, self._pressed_at = leg, now
        self._keys = _worth_keeping(before + key, codes)
        is_complete = self._keys.endswith(_END) or (
            codes is not None and self._keys in {codes.hand_over, codes.conference}
        )
        if not is_complete:
            return None
        typed, self._keys = self._keys, ""
        return wish_of(codes, typed)


def _worth_keeping(keys: str, codes: TransferCodes | None) -> str:
    """Return the longest end of the keys that may become a code."""
    if codes is None or len(keys) > LONGEST_CODE:
        return ""
    if keys.startswith(codes.blind):
        return keys
    whole = (codes.blind, codes.hand_over, codes.conference)
    ends = (keys[first:] for first in range(len(keys)))
    return next((end for end in ends if any(code.startswith(end) for code in whole)), "")
