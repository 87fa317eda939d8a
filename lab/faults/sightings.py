"""
What the phones saw: the truth that store, engine and Asterisk are compared with.

Moments are aware and UTC, taken from one clock of the lab, which carries the machine's clock on by
the monotonic one.

Rule 1: nothing here comes from the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lab.faults.sip import Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when."""

    began: datetime
    ended: datetime

    @property
    def duration(self) -> timedelta:
        """How long it lasted."""
        return self.ended - self.began

    def overlap(self, other: Span) -> timedelta:
        """Return how long both lasted together."""
        both = min(self.ended, other.ended) - max(self.began, other.began)
        return max(timedelta(), both)

    def touches(self, other: Span, *, within: timedelta = timedelta()) -> bool:
        """Tell whether they meet, or nearly."""
        return self.began <= other.ended + within and other.began <= self.ended + within


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardTalk:
    """An operator's voice as a caller heard it."""

    agent: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCall:
    """One INVITE of a citizen and what came of it."""

    number: str
    invited_at: datetime
    first_answer_at: datetime | None
    """When the node first answered anything: it had received the call by then."""
    answered_at: datetime | None
    status: int | None
    """The final answer; None when there was none."""
    ended_at: datetime
    end_confirmed_at: datetime | None
    """When the node answered the caller's goodbye: it knew of the end by then."""
    ending: Ending
    key: str | None
    """What he pressed in the menu."""
    pressed_at: datetime | None
    talks: tuple[HeardTalk, ...]
    gaps: tuple[Span, ...]
    """When he heard nothing for longer than half a second."""
    heard_fallback: bool
    asked_for_callback: bool
    """He pressed the key for it in the fallback, as far as he knew."""
    is_poison: bool
    """He pressed the key that makes the engine raise."""

    @property
    def span(self) -> Span:
        """From the INVITE to the end."""
        return Span(began=self.invited_at, ended=self.ended_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenOffer:
    """A call that rang at an operator's phone."""

    agent: str
    number: str
    """The caller's, as the phone showed it."""
    rang_at: datetime
    established_at: datetime | None
    ended_at: datetime
    ending: Ending
    wanted: timedelta | None
    """When the operator meant to hang up after; None when he left that to the caller."""
    gaps: tuple[Span, ...]
    was_busy: bool
    """He was in a call already, and refused it."""

    @property
    def talk(self) -> Span | None:
        """From picking up to the end."""
        if self.established_at is None:
            return None
        return Span(began=self.established_at, ended=self.ended_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFault:
    """A fault that was injected, and how it went."""

    kind: str
    span: Span
    """From the blow until the world outside is whole again (process restarted, network back)."""
    recovered_at: datetime | None
    """When calls were served again; None when that did not come."""
    log_position: int
    """Bytes of the engine's log before it."""
    seen: str
    """In words."""
    complaint: str | None = None
    """What should not have been: the fault itself shows a defect."""

    @property
    def recovery(self) -> timedelta | None:
        """How long it took until calls were served again, after the world outside was whole."""
        return None if self.recovered_at is None else self.recovered_at - self.span.ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Sightings:
    """Everything seen in a run."""

    calls: tuple[SeenCall, ...]
    offers: tuple[SeenOffer, ...]
    faults: tuple[SeenFault, ...]
    population: tuple[tuple[datetime, int, int], ...] = field(default=())
    """Now and then: callers there, callers talking."""
    stalls: tuple[Span, ...] = field(default=())
    """When the lab itself did not get the processor; what phones missed then says nothing."""
