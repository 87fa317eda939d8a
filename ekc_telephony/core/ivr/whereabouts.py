"""Where a caller is in his script, as plain values: what another visit needs to stand there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ekc_telephony.core.kernel.ids import NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """All that is needed to stand where an earlier visit stood; plain values."""

    node: NodeId
    failures: int = 0
    is_saying: bool = False
    ends_at: datetime | None = None
    typed: str = ""
    deleted: int = 0
    """How often he has deleted what he typed for the answer he is asked for."""
    language: str | None = None
    asked: int = 0
    variables: Mapping[str, str] = field(default_factory=dict)
    """Name → text form, of those that are set."""
    passed: Mapping[NodeId, int] = field(default_factory=dict)
    """How often the caller has come by each `Limit`."""
