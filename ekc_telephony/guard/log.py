"""
JSON lines on stderr, one for each thing said, of the same form as the engine's.

structlog writes the engine's; it would take a third of the memory the guard may have.
"""

from __future__ import annotations

import json
import sys
from enum import Enum

from ekc_telephony.adapters.clock import SystemClock

_clock = SystemClock()


class Level(Enum):
    """How much a line matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def say(event: str, /, *, level: Level = Level.INFO, **fields: str | float) -> None:
    """
    Write one line.

    Args:
        event: What happened, always in the same words.
        level: How much it matters.
        fields: The particulars; nothing personal.
    """
    timestamp = _clock.now().isoformat().replace("+00:00", "Z")
    line = {**fields, "event": event, "level": level.value, "timestamp": timestamp}
    print(json.dumps(line, ensure_ascii=False), file=sys.stderr, flush=True)  # noqa: T201 - the log
