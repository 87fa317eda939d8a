"""
F5: citizens who did not get through, and whether they and we met later.

Rule 1: calls are taken in order of time, until a day beyond the period, and only what a citizen's
row needs is remembered of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import final

from ekc_telephony.core.call.facts import CallOutcome, SegmentKind
from ekc_telephony.core.stats.form_rows import LostRow, Period
from ekc_telephony.core.stats.records import CallRecord, PresenceSpan
from ekc_telephony.core.stats.spans import DAY


@dataclass(slots=True, kw_only=True)
class _Lost:
    """A citizen with lost calls in the period."""

    attempts: int
    first_at: datetime
    last_at: datetime
    cause: CallOutcome
    was_called_back: bool
    talked_at: datetime | None = None
    """When he talked to a person in a call after the last attempt."""


@final
class LostCallers:
    """
    Finds the lost calls of a period, by citizen; see `grouping.Counting`.

    Args:
        period: When the lost calls came; those who hid their number are left out.
    """

    def __init__(self, period: Period) -> None:
        self._period = period
        self._lost: dict[str, _Lost] = {}

    @property
    def cuts(self) -> tuple[datetime, ...]:
        """The period with the day after it, in which citizens may have come back."""
        return self._period.since, self._period.until + DAY

    def part(self, *, since: datetime, until: datetime) -> LostCallers:  # noqa: ARG002 - the port's
        """Go on with the next calls."""
        return self

    def add(self, calls: Sequence[CallRecord]) -> None:
        """Take the next calls in, in order of time."""
        for call in calls:
            if call.number is not None:
                self._take(call, call.number)

    def end(self, presences: Sequence[PresenceSpan]) -> None:
        """Nothing of the form depends on what agents declared."""

    def rows(self) -> list[LostRow]:
        """Return the form, by the last attempt."""
        rows = (_row(number, lost) for number, lost in self._lost.items())
        return sorted(rows, key=lambda row: row.last_at)

    def _take(self, call: CallRecord, number: str) -> None:
        talked_at = _talked_at(call)
        known = self._lost.get(number)
        if talked_at is not None:
            if known is not None and call.registered_at > known.last_at:
                known.talked_at = min(known.talked_at or talked_at, talked_at)
            return
        # Over, and he got neither a person nor his answer.
        if call.outcome is None or call.outcome is CallOutcome.SELF_SERVED:
            return
        if self._period.since <= call.registered_at < self._period.until:
            self._lost[number] = _lost_again(known, call, call.outcome)


def _talked_at(call: CallRecord) -> datetime | None:
    """Return when he got a person: one of ours, or at a number outside that was dialled for him."""
    was_outside = call.outcome is CallOutcome.ANSWERED
    kinds = {SegmentKind.TALK, SegmentKind.OUTSIDE} if was_outside else {SegmentKind.TALK}
    return min((each.started_at for each in call.segments if each.kind in kinds), default=None)


def _lost_again(known: _Lost | None, call: CallRecord, cause: CallOutcome) -> _Lost:
    was_called_back = call.callback is not None and call.callback.is_done
    return _Lost(
        attempts=1 if known is None else known.attempts + 1,
        first_at=call.registered_at if known is None else known.first_at,
        last_at=call.registered_at,
        cause=cause,
        was_called_back=was_called_back or (known is not None and known.was_called_back),
    )


def _row(number: str, lost: _Lost) -> LostRow:
    has_returned = lost.talked_at is not None
    return LostRow(
        number=number,
        attempts=lost.attempts,
        first_at=lost.first_at,
        last_at=lost.last_at,
        cause=lost.cause,
        was_working_time=lost.cause is not CallOutcome.INFORMED_AFTER_HOURS,
        called_again=has_returned,
        called_back=lost.was_called_back,
        is_left=not has_returned and not lost.was_called_back,
        closed_within=None if lost.talked_at is None else lost.talked_at - lost.last_at,
    )
