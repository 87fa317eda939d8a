"""How a supervisor takes part in the talk of an agent."""

from __future__ import annotations

from enum import Enum


class SupervisionMode(Enum):
    """What the supervisor hears, and who hears him."""

    LISTEN = "listen"
    """He hears both; nobody hears him."""
    WHISPER = "whisper"
    """He hears both; the agent hears him, the caller does not."""
    BARGE = "barge"
    """All three hear each other."""
