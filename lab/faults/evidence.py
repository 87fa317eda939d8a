"""
What is known of a run, and what a violation of a rule is. Pure.

Rule 1: a violation says whose call, when, and where in the engine's log to look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import Final

from lab.faults.fates import HEARD
from lab.faults.schedule import FaultKind
from lab.faults.sightings import SeenCall, SeenOffer, Sightings, Span
from lab.faults.stored import StoredCall

TIME_TOLERANCE: Final = timedelta(seconds=1)
OVERLAP: Final = timedelta(seconds=0.3)
"""A goodbye takes a moment to arrive."""
SILENCE_LIMIT: Final = timedelta(seconds=3)
GUARD_LIMIT: Final = timedelta(seconds=5)
"""Within this the guard has redirected whom nobody serves; until then he may hear nothing."""
AFTERMATH: Final = timedelta(seconds=5)
"""Who has been in the fallback for longer has heard enough of it."""
MENU_LASTS: Final = timedelta(seconds=6)
KEY_LASTS: Final = timedelta(seconds=4.5)
"""From the key to the queue at most: a sentence is said before."""
FOREVER: Final = timedelta(days=1)
_GUARD_WAITS: Final = timedelta(seconds=3)
_NOBODY_SERVES: Final = frozenset(
    {FaultKind.ENGINE_AWAY.value, FaultKind.SOCKET_STALL.value, FaultKind.ASTERISK_FREEZE.value}
)
"""Faults during which callers are left to the fallback."""


class Rule(Enum):
    """What must hold."""

    LOST = "lost"
    """Every call has an appeal."""
    DUPLICATED = "duplicated"
    """… and no more than one."""
    NOT_ENDED = "not_ended"
    """Every call and every stretch of it has an end."""
    WRONG_OUTCOME = "wrong_outcome"
    WRONG_TIME = "wrong_time"
    CUT = "conversation_cut"
    """A conversation lasts as long as the phones want."""
    NOT_HEARD = "not_heard"
    """Who is connected hears the other."""
    NOT_LET_GO = "not_let_go"
    """When the operator has ended a conversation, it is over for the caller, too."""
    BROKEN_PROMISE = "broken_promise"
    """Nobody is cut off while he waits."""
    TWO_AGENTS = "two_agents"
    TWO_CALLERS = "two_callers"
    ORDER = "order"
    """First come, first served, among equals of a queue."""
    SILENCE = "silence"
    FAULT = "fault"
    """What a fault itself has shown."""
    HOUSEKEEPING = "housekeeping"
    """Processes left behind, unexpected errors in logs, differences in Asterisk's own records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that did not hold."""

    rule: Rule
    what: str
    at: datetime
    number: str | None = None
    appeal: str | None = None
    fault: str | None = None
    """The last fault before it."""
    log_position: int | None = None
    """Where the engine's log stood at that fault."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that is known of a run."""

    sightings: Sightings
    stored: Sequence[StoredCall]
    extra: Sequence[Violation] = field(default=())
    """What was found by other means."""

    @cached_property
    def by_number(self) -> Mapping[str, list[StoredCall]]:
        """The stored calls of each number."""
        found: defaultdict[str, list[StoredCall]] = defaultdict(list)
        for call in self.stored:
            if call.number is not None:
                found[call.number].append(call)
        return found

    @cached_property
    def offers_to(self) -> Mapping[str, list[SeenOffer]]:
        """What rang at operators' phones, by the caller's number."""
        found: defaultdict[str, list[SeenOffer]] = defaultdict(list)
        for offer in self.sightings.offers:
            found[offer.number].append(offer)
        return found

    @cached_property
    def frozen(self) -> list[Span]:
        """When Asterisk was frozen: nothing can be heard, noticed or answered."""
        return self.spans({FaultKind.ASTERISK_FREEZE.value})

    @cached_property
    def faults_of_service(self) -> list[tuple[Span, bool]]:
        """From each blow to its recovery, and whether the guard may act meanwhile."""
        return [
            (
                Span(began=fault.span.began, ended=fault.recovered_at or fault.span.ended),
                fault.kind in _NOBODY_SERVES
                or (fault.recovery or FOREVER) + fault.span.duration > _GUARD_WAITS,
            )
            for fault in self.sightings.faults
        ]

    def may_be_in_fallback(self, seen: SeenCall) -> bool:
        """Tell whether the fallback may have had him without his hearing enough of it to know."""
        arrival = Span(began=seen.invited_at, ended=seen.answered_at or seen.invited_at)
        leaving = Span(began=seen.ended_at - AFTERMATH, ended=seen.ended_at)
        is_brief = seen.span.duration < AFTERMATH
        return any(
            (is_brief and arrival.touches(span, within=TIME_TOLERANCE))
            or (guard_acts and leaving.touches(span))
            for span, guard_acts in self.faults_of_service
        )

    def is_menu_disturbed(self, seen: SeenCall) -> bool:
        """Tell whether a fault came while he was in the menu, so that it may have begun anew."""
        answered = seen.answered_at or seen.invited_at
        left_menu = (seen.pressed_at or answered + MENU_LASTS) + KEY_LASTS
        menu = Span(began=seen.invited_at, ended=min(left_menu, seen.ended_at))
        return any(span.touches(menu, within=TIME_TOLERANCE) for span, _ in self.faults_of_service)

    def spans(self, kinds: Iterable[str]) -> list[Span]:
        """Return when faults of these kinds lasted."""
        wanted = set(kinds)
        return [fault.span for fault in self.sightings.faults if fault.kind in wanted]

    def pairs(self) -> Iterator[tuple[SeenCall, StoredCall]]:
        """Yield every call that has exactly one counterpart in the store."""
        for seen in self.sightings.calls:
            found = self.by_number.get(seen.number, [])
            if len(found) == 1:
                yield seen, found[0]

    def violation(
        self,
        rule: Rule,
        what: str,
        *,
        at: datetime,
        number: str | None = None,
        appeal: str | None = None,
    ) -> Violation:
        """Return a violation together with the fault before it."""
        before = [fault for fault in self.sightings.faults if fault.span.began <= at]
        last = before[-1] if before else None
        return Violation(
            rule=rule,
            what=what,
            at=at,
            number=number,
            appeal=appeal,
            fault=None if last is None else last.kind,
            log_position=None if last is None else last.log_position,
        )

    def noticed_by(self, moment: datetime) -> datetime:
        """Return when the node could know of what a phone did: a frozen one, after its thaw."""
        thaws = [span.ended for span in self.frozen if span.began <= moment <= span.ended]
        return max([moment, *thaws])

    def unseen_part(self, span: Span) -> timedelta:
        """Return how much of it says nothing: Asterisk was frozen, or the lab did not run."""
        blind = (*self.frozen, *self.sightings.stalls)
        return sum((span.overlap(each) for each in blind), timedelta())

    def is_unserved(self, span: Span) -> bool:
        """Tell whether it meets a time in which only guard and fallback served."""
        return any(span.touches(each, within=TIME_TOLERANCE) for each in self.spans(_NOBODY_SERVES))

    def appeal_of(self, number: str) -> str | None:
        """Return the appeal of a caller, the first where there are more."""
        found = self.by_number.get(number)
        return found[0].appeal if found else None


def has_heard(caller: SeenCall, offer: SeenOffer) -> bool:
    """Tell whether the caller heard this operator in this talk."""
    return offer.talk is not None and any(
        talk.agent == offer.agent and talk.span.overlap(offer.talk) >= HEARD
        for talk in caller.talks
    )


def seconds(duration: timedelta) -> str:
    """Return a duration for people."""
    return f"{duration.total_seconds():.2f} s"


def lasting(span: Span) -> str:
    """Return how long it lasted, for people."""
    return seconds(span.duration)


def clock(moment: datetime) -> str:
    """Return a moment for people."""
    return f"{moment:%H:%M:%S.%f}"[:-3]
