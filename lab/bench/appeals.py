"""
Whether the store holds exactly what the callers experienced.

The store is read beside the engine that writes it, read-only: SQLite's WAL lets a reader in at any
time and costs the writer nothing.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

PATIENCE: Final = timedelta(seconds=15)
"""How long the last facts of a slice may take to be written."""
_POLL_S: Final = 0.05
_COUNT: Final = (
    "SELECT count(*), coalesce(sum(outcome IS NOT NULL), 0), "
    "coalesce(sum(outcome = 'answered'), 0) FROM calls"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeals:
    """What the store holds, or what it should hold."""

    calls: int
    answered: int


def wait_for_appeals(store: Path, expected: Appeals) -> Appeals:
    """
    Wait until the store holds what is expected and every call has ended, and return what it holds.

    What comes back differs from `expected` when that has not come true within `PATIENCE`.
    """
    give_up_at = time.monotonic() + PATIENCE.total_seconds()
    while True:
        found, are_all_ended = _read(store)
        if (found == expected and are_all_ended) or time.monotonic() > give_up_at:
            return found
        time.sleep(_POLL_S)


def _read(store: Path) -> tuple[Appeals, bool]:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
        calls, ended, answered = db.execute(_COUNT).fetchone()
    return Appeals(calls=calls, answered=answered), ended == calls
