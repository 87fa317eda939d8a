"""
Real calls as traffic: what `ekc appeals export` wrote, read back.

Who called, when, for which queue, and how long he waited and talked. What a call does not tell,
chance decides by the scenario's laws: how long a caller would have waited who was answered, and how
long one would have talked who hung up before.

Rule 1: numbers of citizens are used to tell people apart and go nowhere else.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from ekc_telephony.core.call.facts import CallOutcome

_NEEDED: Final = ("registered_at", "answered_at", "ended_at", "outcome", "queue", "number")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """One call as it happened."""

    at: datetime
    queue: str | None
    number: str | None
    waited_s: float | None
    """Until he was answered or hung up; None when he did not reach a queue."""
    talked_s: float | None
    """None when nobody answered."""


def read_recorded(path: Path) -> tuple[RecordedCall, ...]:
    """
    Read an export, oldest call first.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no export of calls.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        missing = [each for each in _NEEDED if each not in (rows.fieldnames or ())]
        if missing:
            raise ValueError(f"no column {', '.join(missing)}")
        calls = [_call(row) for row in rows]
    return tuple(sorted(calls, key=lambda each: each.at))


def _call(row: dict[str, str]) -> RecordedCall:
    at = datetime.fromisoformat(row["registered_at"])
    answered = datetime.fromisoformat(row["answered_at"]) if row["answered_at"] else None
    ended = datetime.fromisoformat(row["ended_at"]) if row["ended_at"] else None
    has_given_up = row["outcome"] == CallOutcome.ABANDONED_IN_QUEUE.value
    until = answered or (ended if has_given_up else None)
    return RecordedCall(
        at=at,
        queue=row["queue"] or None,
        number=row["number"] or None,
        waited_s=None if until is None else (until - at).total_seconds(),
        talked_s=None if answered is None or ended is None else (ended - answered).total_seconds(),
    )
