"""What a session looks at: schedules, queues and lines; and Asterisk, after blindness."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ekc_telephony.core.acd.expected_wait import ExpectedWait
from ekc_telephony.core.acd.specs import QueueSpec
from ekc_telephony.core.engine.regulars import Regulars
from ekc_telephony.core.ivr.hours import BusinessHours, CallZones
from ekc_telephony.core.ivr.zones import ZoneTable
from ekc_telephony.core.kernel.ids import BridgeId, CallId, Did, LegId, QueueId


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a session looks at."""

    schedules: Mapping[str, BusinessHours]
    queues: Mapping[QueueId, QueueSpec]
    position_of: Callable[[CallId], int | None]
    """The caller's place in his queue."""
    regulars: Regulars
    """Who called before; this alone is written to, too."""
    expected_wait_of: Callable[[CallId, datetime], ExpectedWait | None]
    """How long the caller will wait from this moment on, as far as that is known."""
    has_signed_in: Callable[[QueueId], bool]
    """Whether anybody who serves the queue is signed in."""
    zones: ZoneTable = field(default_factory=ZoneTable)
    """By whose clock a schedule may go."""

    def zones_for(self, did: Did, number: str | None) -> CallZones:
        """Return what is known of the clocks at both ends of a call."""
        return self.zones.of_call(did, number)

    def schedules_for(self, did: Did, number: str | None) -> Mapping[str, BusinessHours]:
        """Return the business hours by the clocks that count for a call."""
        return self.zones.schedules_for(self.schedules, did=did, number=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What Asterisk shows of a call whose caller is still there, after a time of blindness."""

    is_answered: bool
    """The caller's leg."""
    is_together: bool
    """Caller and agent are in the bridge of their conversation."""
    answered: LegId | None
    """The leg of the outstanding offer, if its agent has picked up meanwhile."""
    is_advised: bool = False
    """Both legs of the advice are in its bridge."""
    strange_bridges: tuple[BridgeId, ...] = ()
    """Bridges of this call that its caller or agent is still in, and should not be."""
