"""
Asterisk's record and ours, held against each other.

Asterisk writes down every channel by itself and knows nothing of appeals; the store holds what the
engine concluded. Where the two agree, the engine lost nobody. `differences` is the whole judgement;
who reads the two and tells people is not here.

Rule 1: whatever is compared here was read after `now - SETTLING` had passed for it: a call that has
just ended may still be on its way to the store, and a call that goes on has no record yet. Such
calls are left out.
Rule 2: a difference that has an innocent explanation in the store itself is reported as explained,
never hidden.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from ekc_telephony.core.kernel.ids import AppealId, CallId

TOLERANCE: Final = timedelta(seconds=1)
"""By how much begin and end may differ, and how long a talk counts as one."""
SETTLING: Final = timedelta(seconds=15)
"""How long after its end a call may take to the store: a group of facts takes 250 ms, the notes of
the fallback 2 s, or 10 s when the end was never noted."""
LONGEST_CALL: Final = timedelta(hours=6)
"""A call that is open for longer without a record of its end is taken for forgotten. Trunks
commonly end calls after 2 to 4 hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """A citizen's call as Asterisk recorded it."""

    call: CallId
    began_at: datetime
    ended_at: datetime
    longest_talk: timedelta
    """The longest time for which one operator's leg of the call was answered."""
    was_in_fallback: bool
    """Whether the dialplan served it; operators' legs there are no witnesses of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A call as the store keeps it."""

    call: CallId
    appeal: AppealId
    has_appeal: bool
    """Whether the appeal it names is there."""
    registered_at: datetime
    ended_at: datetime | None
    longest_talk: timedelta | None
    """The longest conversation that has ended; None when there was none."""
    saw_asterisk_die: bool
    """Whether the store knows that Asterisk died with the call in it."""


class DifferenceKind(Enum):
    """In what the two records may differ."""

    CALL_WITHOUT_APPEAL = "call_without_appeal"
    CALL_IN_SPOOL = "call_in_spool"
    """The fallback served it, and the engine has not taken its note in."""
    APPEAL_WITHOUT_CALL = "appeal_without_call"
    """Asterisk has no record of the call."""
    APPEAL_MISSING = "appeal_missing"
    """The store has the call, but not the appeal that it names."""
    SECOND_APPEAL = "second_appeal"
    """An appeal that no call names: a call was registered twice."""
    BEGIN_APART = "begin_apart"
    END_APART = "end_apart"
    TALK_NOT_KEPT = "talk_not_kept"
    """An operator answered, and the store has no conversation."""
    TALK_NOT_WITNESSED = "talk_not_witnessed"
    """The store has a conversation, and no operator answered."""
    STILL_OPEN = "still_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing in which the two records differ."""

    kind: DifferenceKind
    call: CallId | None
    appeal: AppealId | None
    at: datetime
    """When the call began, or the appeal was opened."""
    is_explained: bool = False
    """Whether the store says why, so that nobody has to look into it."""
    witnessed: datetime | None = None
    """The moment that Asterisk recorded, where moments differ."""
    kept: datetime | None = None
    """The moment that the store keeps, where moments differ."""


def differences(
    witnessed: Mapping[CallId, Witnessed],
    kept: Mapping[CallId, Kept],
    *,
    between: tuple[datetime, datetime],
    now: datetime,
    spooled: Collection[CallId] = frozenset(),
) -> tuple[int, list[Difference]]:
    """
    Compare the calls that began in a span of time.

    Args:
        witnessed: Asterisk's record; calls near the edges of the span should be in it.
        kept: The store's; likewise.
        between: Begin, included, and end, left out.
        now: When both were read.
        spooled: Calls whose notes the fallback left and nobody has taken in.

    Returns:
        How many calls were compared, and the differences in order of time.
    """
    compared, found = 0, list[Difference]()
    since, until = between
    for call in witnessed.keys() | kept.keys():
        seen, stored = witnessed.get(call), kept.get(call)
        began_at = seen.began_at if seen is not None else kept[call].registered_at
        is_there = seen is None and call in spooled  # the fallback has him, whatever we concluded
        if not since <= began_at < until or is_there or _is_unsettled(seen, stored, now):
            continue
        compared += 1
        found += _differences_of(call, seen, stored, is_spooled=call in spooled)
    return compared, sorted(found, key=_by_time)


def strays(appeals: Iterable[tuple[AppealId, datetime]]) -> list[Difference]:
    """Report appeals that no call names, given with the moments at which they were opened."""
    found = (
        Difference(kind=DifferenceKind.SECOND_APPEAL, call=None, appeal=appeal, at=opened_at)
        for appeal, opened_at in appeals
    )
    return sorted(found, key=_by_time)


def _is_unsettled(seen: Witnessed | None, stored: Kept | None, now: datetime) -> bool:
    if seen is not None:
        return now - seen.ended_at < SETTLING
    if stored is None or stored.ended_at is None:
        return stored is None or now - stored.registered_at < LONGEST_CALL
    return now - stored.ended_at < SETTLING


def _differences_of(
    call: CallId, seen: Witnessed | None, stored: Kept | None, *, is_spooled: bool
) -> Iterator[Difference]:
    kinds = DifferenceKind
    if stored is None:
        if seen is not None:
            kind = kinds.CALL_IN_SPOOL if is_spooled else kinds.CALL_WITHOUT_APPEAL
            yield Difference(kind=kind, call=call, appeal=None, at=seen.began_at)
        return
    at = seen.began_at if seen is not None else stored.registered_at
    if not stored.has_appeal:
        yield Difference(kind=kinds.APPEAL_MISSING, call=call, appeal=stored.appeal, at=at)
    if stored.ended_at is None:
        kind = kinds.CALL_IN_SPOOL if is_spooled else kinds.STILL_OPEN
        yield Difference(kind=kind, call=call, appeal=stored.appeal, at=at)
    if seen is None:
        if stored.ended_at is not None:
            yield Difference(
                kind=kinds.APPEAL_WITHOUT_CALL,
                call=call,
                appeal=stored.appeal,
                at=at,
                is_explained=stored.saw_asterisk_die,
            )
        return
    yield from _moments_apart(seen, stored)
    yield from _talks_apart(seen, stored)


def _moments_apart(seen: Witnessed, stored: Kept) -> Iterator[Difference]:
    pairs = (
        (DifferenceKind.BEGIN_APART, seen.began_at, stored.registered_at),
        (DifferenceKind.END_APART, seen.ended_at, stored.ended_at),
    )
    for kind, witnessed, kept in pairs:
        if kept is not None and abs(kept - witnessed) > TOLERANCE:
            yield Difference(
                kind=kind,
                call=seen.call,
                appeal=stored.appeal,
                at=seen.began_at,
                witnessed=witnessed,
                kept=kept,
            )


def _talks_apart(seen: Witnessed, stored: Kept) -> Iterator[Difference]:
    if seen.was_in_fallback:
        return
    if stored.longest_talk is None and seen.longest_talk > TOLERANCE:
        kind = DifferenceKind.TALK_NOT_KEPT
    elif (stored.longest_talk or timedelta()) > TOLERANCE and not seen.longest_talk:
        kind = DifferenceKind.TALK_NOT_WITNESSED
    else:
        return
    yield Difference(kind=kind, call=seen.call, appeal=stored.appeal, at=seen.began_at)


def _by_time(difference: Difference) -> tuple[datetime, str, str, str]:
    call, appeal = difference.call or "", difference.appeal or ""
    return difference.at, call, appeal, difference.kind.value
