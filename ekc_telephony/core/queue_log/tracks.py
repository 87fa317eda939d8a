"""
What the queue_log must remember of a call that goes on, and of the lines callers stand in.

Facts say what began and what ended; a row of app_queue says more: the caller's place when he came
and when he left, how long he had waited before the conversation that ends now. So each call has a
`Track`, from its first fact to its last, and each queue a line.

Rule 1: a place is the one that the fact tells. Where it tells none it is counted by the moment of
joining, among all who wait in the queue, also those whose operator's phone rings: as app_queue's
`pos` in a queue whose callers have equal priority.
Rule 2: who waits again after a conversation that broke has his first moment of joining.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from ekc_telephony.core.call.facts import SegmentKind, SegmentOutcome
from ekc_telephony.core.kernel.ids import AgentId, CallId, QueueId

Joined: TypeAlias = tuple[datetime, int]
"""When he joined, and which of those who joined at that moment he was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A caller's time in a queue."""

    queue: QueueId
    since: datetime
    position: int
    """His place when he came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """An operator's phone that rings."""

    agent: AgentId | None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A conversation."""

    queue: QueueId
    agent: AgentId | None
    since: datetime
    hold_s: int
    """How long he had waited in this queue."""
    position: int


@dataclass(slots=True)
class Track:
    """One call."""

    sequence: int = 0
    """The last fact that was taken."""
    did: str = ""
    number: str = ""
    stay: Stay | None = None
    joined: dict[QueueId, Joined] = field(default_factory=dict)
    ring: Ring | None = None
    rung_s: int = 0
    """How long the last phone rang."""
    offers: int = 0
    """Phones that rang so far."""
    served: tuple[Stay, int] | None = None
    """The stay that led to an operator, and how many seconds it took."""
    talks: dict[AgentId | None, Talk] = field(default_factory=dict)
    """Conversations that a wait led to and that go on, by their agents."""
    asked: set[AgentId | None] = field(default_factory=set)
    """Agents who have handed the caller on to a colleague after talking to him, or let him in."""
    sent_to: str = ""
    """Where the caller was sent to last."""


class Lines:
    """Who waits where."""

    def __init__(self) -> None:
        self._lines: dict[QueueId, dict[CallId, Joined]] = {}
        self._tickets = 0

    def join(self, call: CallId, track: Track, queue: QueueId, at: datetime) -> Stay:
        """Let a caller stand in line; his first moment in the queue decides his place."""
        if track.stay is not None:  # an engine died before it could say that he left
            self.leave(call, track.stay.queue)
        self._tickets += 1
        joined = track.joined.setdefault(queue, (at, self._tickets))
        self._lines.setdefault(queue, {})[call] = joined
        return Stay(queue=queue, since=at, position=self.position(call, queue))

    def position(self, call: CallId, queue: QueueId) -> int:
        """Return the place, from 1, of a caller who stands there."""
        line = self._lines[queue]
        mine = line[call]
        return 1 + sum(1 for joined in line.values() if joined < mine)

    def leave(self, call: CallId, queue: QueueId) -> None:
        """Let a caller go who stands there."""
        del self._lines[queue][call]


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedSegment:
    """A stretch of a call, as the store has it."""

    kind: SegmentKind
    queue: QueueId | None
    agent: AgentId | None
    started_at: datetime
    ended_at: datetime | None
    outcome: SegmentOutcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedCall:
    """A call, as the store has it."""

    call: CallId
    did: str
    number: str | None
    last_sequence: int
    """Facts up to this one are in the store, and so their rows are written."""
    is_over: bool
    segments: tuple[RememberedSegment, ...]
    """In their order."""
    sent_to: str = ""
    """Where an agent sent the caller last."""
