"""
The number outside that a caller was sent on to: its phone rings, then they talk, without an agent.

An agent sends him there, or his queue, because nobody here takes him.

Rule 1: the call stays ours: its legs, its bridge and its clock. When the other side hangs up, the
call is over; when it cannot be reached, the caller waits for the one who sent him, or at his place.
Rule 2: only the numbers of `Directory.outside` are dialled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.call.commands import (
    CreateBridge,
    DestroyBridge,
    DialNumber,
    HangUpLeg,
    JoinBridge,
)
from ekc_telephony.core.call.events import EndReason
from ekc_telephony.core.call.facts import SegmentKind, SegmentOutcome
from ekc_telephony.core.engine.chronicle import Chronicle
from ekc_telephony.core.engine.ear import Ear
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.state import OutsideState
from ekc_telephony.core.kernel.ids import CallId, LegId

RINGS_FOR: Final = timedelta(seconds=30)

OUTCOMES: Final[Mapping[EndReason, SegmentOutcome]] = {
    EndReason.HUNG_UP: SegmentOutcome.REFUSED,
    EndReason.BUSY: SegmentOutcome.REFUSED,
    EndReason.REFUSED: SegmentOutcome.REFUSED,
    EndReason.NOT_ANSWERED: SegmentOutcome.NOT_ANSWERED,
    EndReason.UNREACHABLE: SegmentOutcome.UNREACHABLE,
    EndReason.FAILED: SegmentOutcome.UNREACHABLE,
}
"""How it ends when nobody there has answered."""


class Outside:
    """
    The number outside that rings or talks in one call, if any.

    Args:
        call: The call.
        number: The caller's.
        chronicle: Makes the facts.
        ear: What the caller hears.
    """

    def __init__(self, call: CallId, *, number: str | None, chronicle: Chronicle, ear: Ear) -> None:
        self._call = call
        self._number = number
        self._chronicle = chronicle
        self._ear = ear
        self.state: OutsideState | None = None

    @property
    def is_answered(self) -> bool:
        """Tell whether somebody there talks to the caller."""
        return self.state is not None and self.state.lapses_at is None

    def legs(self) -> list[LegId]:
        """Return its leg, believed alive."""
        return [] if self.state is None else [self.state.leg]

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether it has rung long enough."""
        lapses_at = None if self.state is None else self.state.lapses_at
        return lapses_at is not None and now >= lapses_at

    def dial(self, wanted: OutsideState, now: datetime) -> list[SessionEffect]:
        """Ring there; the caller hears music."""
        self.state = replace(wanted, lapses_at=now + RINGS_FOR)
        return [
            *self._ear.play_music(),
            DialNumber(
                call=self._call,
                leg=wanted.leg,
                number=wanted.number,
                shown=self._number,
                ring_time=RINGS_FOR,
            ),
            self._chronicle.start(SegmentKind.OUTSIDE, now),
        ]

    def connect(self) -> list[SessionEffect]:
        """Put both together; harmless when that was half done."""
        if self.state is None:
            return []
        self.state = talk = replace(self.state, lapses_at=None)
        return [
            *self._ear.hush(),
            CreateBridge(call=self._call, bridge=talk.bridge),
            JoinBridge(call=self._call, bridge=talk.bridge, legs=(LegId(self._call), talk.leg)),
        ]

    def end(
        self, outcome: SegmentOutcome, now: datetime, *, is_gone: bool = False
    ) -> list[SessionEffect]:
        """End it; nothing when nobody was dialled."""
        was, was_answered = self.state, self.is_answered
        self.state = None
        if was is None:
            return []
        effects: list[SessionEffect] = []
        if not is_gone:
            effects.append(HangUpLeg(call=self._call, leg=was.leg))
        if was_answered:
            effects.append(DestroyBridge(call=self._call, bridge=was.bridge))
        return [*effects, *self._chronicle.end(SegmentKind.OUTSIDE, outcome, now)]
