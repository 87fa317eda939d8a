"""Notes as the dialplan and its AGI script write them, for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def write_begun(spool: Path, call: str, *, entered: float = 1, **more: str) -> Path:
    """Write what the dialplan writes; moments are seconds after noon."""
    values = {
        "call": call,
        "did": "88001000001",
        "number": "+79001234567",
        "began_at": f"{NOON.timestamp():.6f}",
        "entered_at": f"{after(entered).timestamp():.6f}",
        "was_served": "",
    }
    file = spool / f"{call}.begun"
    file.write_text("".join(f"{name}={value}\n" for name, value in (values | more).items()))
    return file


def write_json(
    spool: Path,
    call: str,
    *,
    ended: float | None = 60,
    choice: str | None = None,
    answered: float | None = None,
    was_served: bool = False,
    number: str | None = "+79001234567",
    wrong: Mapping[str, object] = MappingProxyType({}),
) -> Path:
    """Write what the script writes; moments are seconds after noon, `wrong` replaces fields."""

    def moment(seconds: float | None) -> float | None:
        return None if seconds is None else after(seconds).timestamp()

    note = {
        "version": 1,
        "call": call,
        "did": "88001000001",
        "number": number,
        "began_at": moment(0),
        "entered_at": moment(1),
        "ended_at": moment(ended),
        "was_served": was_served,
        "choice": choice,
        "answered_at": moment(answered),
        "agent": None if answered is None else "ivanova",
    }
    file = spool / f"{call}.json"
    file.write_text(json.dumps(note | dict(wrong)))
    return file
