"""
What changes for callers: one call walked through both versions, and many calls together.

Rule 1: both walks are made in the same way, with prompts of the same lengths; so what differs is
the version, never the measuring.
Rule 2: a call whose walk through its own version does not end as the call has ended is no evidence
(`Change.UNTOLD`): the engine was restarted, or the business hours in its configuration differ.
Rule 3: of many calls only figures and a few examples are kept: a journal may hold very many.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from ekc_telephony.core.ivr.retelling.recorded import Clocks, Exit, Lost, RecordedCall
from ekc_telephony.core.ivr.retelling.walk import Lengths, Unknown, Walk, walk
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.kernel.ids import CallId

NOTICED: Final = timedelta(milliseconds=500)
"""A shorter difference of time nobody notices."""
EXAMPLES: Final = 3
"""So many calls are named of those for which the same changes."""


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
        if isinstance(self.call.exit, Lost):
            return self.call.exit.value
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


def in_words(end: Exit | Lost | Unknown) -> str:
    """Say an end in a few words."""
    match end:
        case Exit(kind=kind, detail=detail):
            return f"{kind.value} {detail}".strip()
        case Unknown(node=node, doubt=doubt):
            return f"at {node}: {doubt.value}"
        case Lost():
            return "not known"


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
    calls: int
    examples: tuple[CallId, ...]
    """The first few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What changes for all callers together."""

    calls: int
    first: datetime
    """When the first of them began."""
    last: datetime
    versions: Mapping[str, int]
    """How many met which version, the most met first."""
    same: int
    counts: Mapping[Change, int]
    """Those that happen; a call may count for several."""
    groups: tuple[Group, ...]
    """By what changes, then how many."""
    old: Way
    """Of the calls that are known to both versions."""
    new: Way


@dataclass(slots=True)
class _Figures:
    """What it took callers to come to a person, call by call."""

    seconds: array[float] = field(default_factory=lambda: array("d"))
    keys: array[float] = field(default_factory=lambda: array("d"))

    def count(self, walked: Walk) -> None:
        if walked.person is not None:
            self.seconds.append(walked.person.after.total_seconds())
            self.keys.append(walked.person.keys)

    def way(self) -> Way:
        return Way(seconds=_spread(self.seconds), keys=_spread(self.keys))


@dataclass(slots=True)
class _Alike:
    """Calls for which the same changes."""

    calls: int = 0
    examples: list[CallId] = field(default_factory=list)

    def count(self, call: CallId) -> None:
        self.calls += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(call)


class Tally:
    """Counts what changes, call by call."""

    def __init__(self) -> None:
        self._same = 0
        self._counts: Counter[Change] = Counter()
        self._alike: dict[tuple[Change, str], _Alike] = {}
        self._old, self._new = _Figures(), _Figures()
        self._versions: Counter[str] = Counter()
        self._began: list[datetime] = []
        """The first moment and the last."""

    def count(self, retold: Retold) -> None:
        """Count one more call."""
        self._versions[retold.call.script.version] += 1
        moments = [*self._began, retold.call.began_at]
        self._began = [min(moments), max(moments)]
        self._same += not retold.changes
        self._counts.update(retold.changes)
        for change in retold.changes:
            has_detail = change in {Change.END, Change.UNKNOWN, Change.UNTOLD}
            alike = (change, retold.detail if has_detail else "")
            self._alike.setdefault(alike, _Alike()).count(retold.call.call)
        if not retold.changes & {Change.UNKNOWN, Change.UNTOLD}:
            self._old.count(retold.old)
            self._new.count(retold.new)

    @property
    def calls(self) -> int:
        """So many were counted."""
        return self._versions.total()

    def summary(self) -> Summary:
        """Return what changes for all of them together; there must be one at least."""
        first, last = self._began
        return Summary(
            calls=self.calls,
            first=first,
            last=last,
            versions=dict(self._versions.most_common()),
            same=self._same,
            counts={change: n for change in Change if (n := self._counts[change])},
            groups=self._groups(),
            old=self._old.way(),
            new=self._new.way(),
        )

    def _groups(self) -> tuple[Group, ...]:
        order = list(Change)
        groups = [
            Group(change=change, detail=detail, calls=each.calls, examples=tuple(each.examples))
            for (change, detail), each in self._alike.items()
        ]
        groups.sort(key=lambda each: (order.index(each.change), -each.calls, each.detail))
        return tuple(groups)


def _spread(figures: array[float]) -> Spread | None:
    if not figures:
        return None
    ordered = sorted(figures)

    def share(percent: int) -> float:
        return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]

    return Spread(calls=len(ordered), median=share(50), ninetieth=share(90), most=ordered[-1])
