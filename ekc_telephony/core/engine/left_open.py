"""
Calls that an earlier engine began and nobody has ended.

An engine that dies leaves its calls to Asterisk. Whoever is still there when the next engine sees
Asterisk is taken over by a session, which will say how the call ended. Whoever left meanwhile has
no session and never gets one, so his call is ended here.

Nobody was there to see the caller leave, so why he did is not known, and the outcome is what can be
said for certain: one who had talked to an agent was `answered`; every other was let down by our own
absence, a `technical_failure`, whatever else he might have done.

Rule 1: every call left open ends exactly once: by its session if it ever had one here, or here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import final

from ekc_telephony.core.call.events import OpenCall
from ekc_telephony.core.call.facts import (
    CallbackDue,
    CallbackReason,
    CallDisturbed,
    CallEnded,
    CallFact,
    CallOutcome,
    Disturbance,
    facts_before,
)
from ekc_telephony.core.kernel.ids import CallId


@final
class LeftOpen:
    """
    Remember what the store tells at start until Asterisk's channels are known, and end the rest.

    The store may be late, so the calls served before it has told are noted, too: a call that was
    taken over and has ended meanwhile is not ended again.
    """

    def __init__(self) -> None:
        self._calls: Sequence[OpenCall] | None = None
        """None until the store has told."""
        self._met: set[CallId] = set()
        self._is_settled = False

    def meet(self, call: CallId) -> None:
        """Note that a session of ours serves the call, and will say how it ended."""
        if not self._is_settled:
            self._met.add(call)

    def remember(self, calls: Sequence[OpenCall]) -> None:
        """Take what the store tells."""
        self._calls = calls

    def end(self, now: datetime) -> list[CallFact]:
        """End every remembered call whose caller is gone; to be asked when channels are known."""
        if self._calls is None:
            return []
        left = [each for each in self._calls if each.call not in self._met]
        ended = [fact for each in left for fact in _ended(each, now)]
        self._calls = None
        self._met.clear()
        self._is_settled = True
        return ended


def _ended(left: OpenCall, now: datetime) -> list[CallFact]:
    sequence = facts_before(left.registered_at, now)
    disturbed = CallDisturbed(
        call=left.call,
        sequence=sequence,
        at=now,
        disturbance=Disturbance.ENGINE_AWAY,
        detail="nobody saw how the call ended, and no journal tells",
    )
    ended = CallEnded(
        call=left.call,
        sequence=sequence + 2,
        at=now,
        outcome=CallOutcome.ANSWERED if left.was_answered else CallOutcome.TECHNICAL_FAILURE,
        registered_at=left.registered_at,
    )
    if left.was_answered or left.number is None:
        return [disturbed, ended]
    due = CallbackDue(
        call=left.call,
        sequence=sequence + 1,
        at=now,
        number=left.number,
        reason=CallbackReason.NOT_SERVED,
    )
    return [disturbed, due, ended]
