"""
What happened to every caller and every operator, written down while it happens.

Rule 1: every caller who called stands here once, whatever became of him.
Rule 2: nothing is counted before the warm-up is over; a caller counts if he called after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.call.facts import AgentChanged, CallOutcome
from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.core.kernel.ids import AgentId, QueueId
from ekc_telephony.core.kernel.words import Word
from ekc_telephony.simulation.traffic import Caller

_NOT_INFORMED: Final = frozenset(
    {
        CallOutcome.ABANDONED_IN_QUEUE,
        CallOutcome.SHORT,
        CallOutcome.TECHNICAL_FAILURE,
        CallOutcome.SENT_TO_FALLBACK,
    }
)


@dataclass(slots=True, kw_only=True)
class Entry:
    """One caller; moments are seconds since the beginning."""

    caller: Caller
    arrived_s: float
    queue: QueueId | None = None
    """Where he waited first."""
    joined_s: float | None = None
    """When he began to wait."""
    offered_s: float | None = None
    """When a phone first rang for him."""
    offers: int = 0
    answered_s: float | None = None
    talk_ended_s: float | None = None
    ended_s: float | None = None
    has_hung_up: bool = False
    """He himself ended the call."""
    outcome: CallOutcome | None = None
    """None for a caller who was still there when the simulation was over."""

    @property
    def is_informed(self) -> bool:
        """Tell whether he was told something instead of talking to a person."""
        if self.answered_s is not None or self.outcome is None:
            return False
        return self.outcome not in _NOT_INFORMED

    @property
    def is_cut_off(self) -> bool:
        """Tell whether it was we who ended his call before he had what he came for (G1)."""
        match self.outcome:
            case CallOutcome.TECHNICAL_FAILURE | CallOutcome.SENT_TO_FALLBACK:
                return True
            case CallOutcome.ANSWERED | CallOutcome.ABANDONED_IN_QUEUE | CallOutcome.SHORT:
                return not self.has_hung_up
            case _:
                return False

    @property
    def waited_s(self) -> float | None:
        """How long he waited in queues for an answer, or until he left; None if he never did."""
        until = self.ended_s if self.answered_s is None else self.answered_s
        return None if self.joined_s is None or until is None else until - self.joined_s


class Doing(Word):
    """What an operator's time is spent on."""

    IDLE = "idle"
    """Ready, and nobody to talk to."""
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    RESTING = "resting"
    NOT_READY = "not_ready"


def _doing(changed: AgentChanged) -> Doing | None:
    """Return what he spends his time on; None when he is not at work."""
    # Comparisons, not a table: this runs four times a call, and enums are slow to look up by.
    activity, presence = changed.activity, changed.presence
    if activity is Activity.IDLE:
        if presence is Presence.READY:
            return Doing.IDLE
        return Doing.NOT_READY if presence is Presence.NOT_READY else None
    if activity is Activity.RESERVED:
        return Doing.RINGING
    if activity is Activity.WRAP_UP:
        return Doing.WRAP_UP
    return Doing.RESTING if activity is Activity.RESTING else Doing.TALKING


@dataclass(slots=True)
class _Time:
    """What an operator does, and since when."""

    doing: Doing | None
    since_s: float


class Ledger:
    """
    The record of one replication.

    Args:
        start: The beginning.
        measured: From when to when time is measured, since the beginning.
    """

    def __init__(self, start: datetime, *, measured: tuple[timedelta, timedelta]) -> None:
        self.start = start
        self.entries: list[Entry] = []
        self.spent_s = dict.fromkeys(Doing, 0.0)
        """Seconds of all operators within the measured time."""
        self._from_s, self._to_s = (each.total_seconds() for each in measured)
        self._times: dict[AgentId, _Time] = {}

    def seconds(self, moment: datetime) -> float:
        """Return the seconds since the beginning."""
        return (moment - self.start).total_seconds()

    def agent_changed(self, changed: AgentChanged) -> None:
        """Book what the operator did until now."""
        at_s, doing = self.seconds(changed.at), _doing(changed)
        time = self._times.get(changed.agent)
        if time is None:
            self._times[changed.agent] = _Time(doing, at_s)
            return
        self._book(time, at_s)
        time.doing = doing

    def close(self) -> None:
        """Book what all operators did until the end of the measured time."""
        for time in self._times.values():
            self._book(time, max(time.since_s, self._to_s))

    def measured(self) -> list[Entry]:
        """Return the callers who count."""
        return [each for each in self.entries if self._from_s <= each.arrived_s < self._to_s]

    def _book(self, time: _Time, until_s: float) -> None:
        since_s, time.since_s = time.since_s, until_s
        if time.doing is not None and until_s > self._from_s and since_s < self._to_s:
            self.spent_s[time.doing] += min(until_s, self._to_s) - max(since_s, self._from_s)
