"""
Is this engine fit to take calls? The truth for `/healthz`, one sentence for each thing that is not.

Rule 1: healthy means that a call which comes now is served and its appeal kept.
Rule 2: what does not work is named together with what follows from it.
Rule 3: what does not keep a call from being served, but would be missed in a second failure, is a
warning: the engine is healthy with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Check: TypeAlias = Callable[[], str | None]
"""Returns what is wrong, in one sentence; None when all is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What was found at one moment."""

    is_healthy: bool
    troubles: Mapping[str, str]
    """Part → what is wrong with it."""
    warnings: Mapping[str, str] = field(default_factory=dict)
    """Part → what is wrong with it, though calls are served."""


def examine(checks: Mapping[str, Check], *, nets: Mapping[str, Check] | None = None) -> Health:
    """
    Ask every part.

    Args:
        checks: The parts that every call needs.
        nets: The parts that are needed when another one fails.
    """
    troubles = {part: trouble for part, check in checks.items() if (trouble := check())}
    warnings = {part: trouble for part, check in (nets or {}).items() if (trouble := check())}
    return Health(is_healthy=not troubles, troubles=troubles, warnings=warnings)
