"""
What changes for callers: one call walked through both versions, and many calls together.

Rule 1: both walks are made in the same way, with prompts of the same lengths; so what differs is
the version, never the measuring.
Rule 2: a call whose walk through its own version does not end as the call has ended is no evidence
(`Change.UNTOLD`): the engine was restarted, or the business hours in its configuration differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final

from ekc_telephony.core.ivr.retelling.recorded import Clocks, Exit, RecordedCall
from ekc_telephony.core.ivr.retelling.walk import Lengths, Unknown, Walk, walk
from ekc_telephony.core.ivr.script import Script

NOTICED: Final = timedelta(milliseconds=500)
"""A shorter difference of time nobody notices."""


class Change(Enum):
    """What changes for a caller; several may."""

    END = "other end"
    PROMPTS = "hears something else"
    ANSWERS = "answers something else"
    MORE_KEYS = "more keys"
    FEWER_KEYS = "fewer keys"
    LATER = "later to a person"
    SOONER = "sooner to a person"
    UNKNOWN = "unknown from some point on"
    UNTOLD = "cannot be told again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """One call in both versions."""

    call: RecordedCall
    old: Walk
    new: Walk
    changes: frozenset[Change]

    @property
    def is_evidence(self) -> bool:
        """Whether its walk through its own version ends as the call ended."""
        return Change.UNTOLD not in self.changes

    @property
    def detail(self) -> str:
        """What stands out most: from which end to which, or from where on nobody knows."""
        if not self.is_evidence:
            return f"ended as {in_words(self.call.exit)}, told again as {in_words(self.old.end)}"
        if isinstance(self.new.end, Unknown):
            return in_words(self.new.end)
        if Change.END in self.changes:
            return f"{in_words(self.old.end)} → {in_words(self.new.end)}"
        return ""


def retell(
    call: RecordedCall,
    version: Script,
    *,
    clocks: Clocks,
    lengths: Lengths,
) -> Retold:
    """
    Walk a call of the past through its own version and another one.

    Args:
        call: The call.
        version: The other version.
        clocks: By which it goes.
        lengths: How long prompts are.
    """
    old = walk(call, call.script, clocks=call.clocks, lengths=lengths)
    new = walk(call, version, clocks=clocks, lengths=lengths)
    changes = {Change.UNTOLD} if old.end != call.exit else set(_changes(old, new))
    return Retold(call=call, old=old, new=new, changes=frozenset(changes))


def _changes(old: Walk, new: Walk) -> Iterable[Change]:
    if isinstance(new.end, Unknown):
        yield Change.UNKNOWN
        return
    if old.end != new.end:
        yield Change.END
    if _heard(old) != _heard(new):
        yield Change.PROMPTS
    if old.answers != new.answers:
        yield Change.ANSWERS
    if old.keys != new.keys:
        yield Change.MORE_KEYS if new.keys > old.keys else Change.FEWER_KEYS
    if old.person is not None and new.person is not None:
        longer = new.person.after - old.person.after
        if abs(longer) >= NOTICED:
            yield Change.LATER if longer > timedelta() else Change.SOONER


def _heard(told: Walk) -> list[tuple[str, str]]:
    """Return everything that was heard, however it was divided among nodes."""
    return [(prompt, said.language) for said in told.said for prompt in said.prompts]


def in_words(end: Exit | Unknown | None) -> str:
    """Say an end in a few words."""
    match end:
        case Exit(kind=kind, detail=detail):
            return f"{kind.value} {detail}".strip()
        case Unknown(node=node, doubt=doubt):
            return f"at {node}: {doubt.value}"
        case None:
            return "not seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How a figure is spread over calls."""

    calls: int
    median: float
    ninetieth: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What it takes callers to come to a person."""

    seconds: Spread | None
    """None: nobody comes to one."""
    keys: Spread | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Calls for which the same changes."""

    change: Change
    detail: str
    calls: tuple[Retold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What changes for all callers together."""

    calls: int
    same: int
    counts: Mapping[Change, int]
    """Those that happen; a call may count for several."""
    groups: tuple[Group, ...]
    """By what changes, then how many."""
    old: Way
    """Of the calls that are known to both versions."""
    new: Way


def summarize(retold: Sequence[Retold]) -> Summary:
    """Return what changes for all these callers together."""
    grouped: dict[tuple[Change, str], list[Retold]] = {}
    for each in retold:
        for change in each.changes:
            has_detail = change in {Change.END, Change.UNKNOWN, Change.UNTOLD}
            grouped.setdefault((change, each.detail if has_detail else ""), []).append(each)
    order = list(Change)
    groups = [
        Group(change=change, detail=detail, calls=tuple(calls))
        for (change, detail), calls in grouped.items()
    ]
    groups.sort(key=lambda each: (order.index(each.change), -len(each.calls), each.detail))
    known = [each for each in retold if not each.changes & {Change.UNKNOWN, Change.UNTOLD}]
    counts = {change: sum(change in each.changes for each in retold) for change in order}
    return Summary(
        calls=len(retold),
        same=sum(not each.changes for each in retold),
        counts={change: count for change, count in counts.items() if count},
        groups=tuple(groups),
        old=_way(each.old for each in known),
        new=_way(each.new for each in known),
    )


def _way(walks: Iterable[Walk]) -> Way:
    reached = [each.person for each in walks if each.person is not None]
    return Way(
        seconds=_spread([each.after.total_seconds() for each in reached]),
        keys=_spread([float(each.keys) for each in reached]),
    )


def _spread(figures: list[float]) -> Spread | None:
    if not figures:
        return None
    ordered = sorted(figures)

    def share(percent: int) -> float:
        return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]

    return Spread(calls=len(ordered), median=share(50), ninetieth=share(90), most=ordered[-1])
