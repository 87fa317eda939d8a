"""
Which ways of a script a caller has walked, and which of them callers can walk at all.

A `Trail` is told what happens to a visit and at which nodes it comes by, and concludes by which way
it went on: two keys of one menu may lead to the same node, and still are two ways.

Rule 1: a trail asks the visit nothing that changes it.
Rule 2: what `walkable` leaves out, no caller walks; what it holds, one may.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from ekc_telephony.core.call.lookup import LookupOutcome
from ekc_telephony.core.ivr.expressions import holds
from ekc_telephony.core.ivr.formats import END, Complete, take
from ekc_telephony.core.ivr.hours import BusinessHours
from ekc_telephony.core.ivr.interpreter import Visit
from ekc_telephony.core.ivr.script import (
    Branch,
    Callback,
    Collect,
    Hours,
    KnownNumber,
    Limit,
    Lookup,
    Menu,
    Message,
    Node,
    Question,
    Script,
    Until,
)
from ekc_telephony.core.ivr.ways import Way, Why, ways_of
from ekc_telephony.core.kernel.ids import NodeId


@dataclass(frozen=True, slots=True)
class Walked:
    """A way that was walked."""

    source: NodeId
    way: Way


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The caller pressed a key."""

    key: str


@dataclass(frozen=True, slots=True)
class TimePassed:
    """He was silent too long, or the answer of a system took too long."""


@dataclass(frozen=True, slots=True)
class SystemAnswered:
    """An information system answered."""

    outcome: LookupOutcome


@dataclass(frozen=True, slots=True)
class WentOn:
    """The prompts were heard, the talk is over, nobody answered: there is one way only."""


Cause: TypeAlias = KeyPressed | TimePassed | SystemAnswered | WentOn
_ONLY: Final = WentOn()


class Trail:
    """
    The nodes and ways of one visit.

    Args:
        script: The script.
        schedules: Its business hours, by the clock of this call.
    """

    def __init__(self, script: Script, schedules: Mapping[str, BusinessHours]) -> None:
        self._script = script
        self._schedules = schedules
        self._visit: Visit | None = None
        self._cause: Cause = _ONLY
        self._now = datetime.min.replace(tzinfo=UTC)
        self._typed = ""
        self._at: NodeId | None = None
        self._label: str | None = None
        self.nodes: list[NodeId] = []
        """In the order in which the caller came to them."""
        self.ways: list[Walked] = []
        """In the order in which he went."""

    def follow(self, visit: Visit) -> None:
        """Follow a visit from its beginning; its `watch` must be `come_to`."""
        self._visit = visit

    def expect(self, cause: Cause, now: datetime) -> None:
        """Take note of what is about to happen to the visit."""
        self._cause, self._now = cause, now
        self._typed = "" if self._visit is None else self._visit.whereabouts.typed

    def come_to(self, node_id: NodeId) -> None:
        """Take note of a node that the visit comes to."""
        if self._at is not None:
            self.ways.append(Walked(self._at, self._way_to(self._at, node_id)))
            self._typed = ""
        self.nodes.append(node_id)
        self._at = node_id
        # What it knows now decides; the node itself may change it.
        self._label = self._passed_by(self._script.nodes[node_id])

    def _way_to(self, source: NodeId, target: NodeId) -> Way:
        node = self._script.nodes[source]
        fitting = [way for way in ways_of(node) if way.to == target]
        sign = self._sign(node) if self._label is None else (Why.WORLD, self._label)
        if self._label == Why.SPENT.value:
            sign = (Why.SPENT, "")
        return next((way for way in fitting if (way.why, way.label) == sign), fitting[0])

    def _sign(self, node: Node) -> tuple[Why, str]:
        """Tell by which of the ways a caller leaves a node at which he has stayed."""
        match node, self._cause:
            case Menu(choices=keys) | Question(answers=keys), KeyPressed(key=key) if key in keys:
                return Why.KEY, key
            case Collect() as collect, KeyPressed() | TimePassed() as cause:
                return (Why.ONWARD if self._is_complete(collect, cause) else Why.FAILED), ""
            case Menu() | Question(), _:
                return Why.FAILED, ""
            case Lookup(), SystemAnswered(outcome=outcome):
                return Why.WORLD, outcome.value
            case Lookup(), _:
                return Why.WORLD, LookupOutcome.FAILED.value
            case _:
                return Why.ONWARD, ""

    def _is_complete(self, collect: Collect, cause: KeyPressed | TimePassed) -> bool:
        key = cause.key if isinstance(cause, KeyPressed) else END
        if isinstance(cause, TimePassed) and not self._typed:
            return False
        today = self._now.astimezone(self._script.zone).date()
        return isinstance(take(collect.format, self._typed, key, today=today), Complete)

    def _passed_by(self, node: Node) -> str | None:
        """Tell by which way a node leads on at which nobody stays; None where somebody may."""
        assert self._visit is not None
        known = self._visit.known
        match node:
            case Hours(schedule=schedule):
                return "open" if self._schedules[schedule].is_open(self._now) else "closed"
            case Until(moment=moment):
                return "before" if self._now < moment else "after"
            case KnownNumber():
                return "known" if known["caller.has_number"] else "unknown"
            case Branch(cases=cases):
                fitting = (str(n) for n, each in enumerate(cases, 1) if holds(each.when, known))
                return next(fitting, "otherwise")
            case Limit(times=times):
                came_by = self._visit.whereabouts.passed.get(self.nodes[-1], 0)
                return Why.SPENT.value if came_by >= times else None
            case _:
                return None


def walkable(script: Script) -> Iterator[Walked]:
    """
    Yield the ways that a caller can walk, as far as that shows without trying.

    A way is left out where nobody comes to, where only callers come whose number is known and it
    is for the others (or the reverse), and where a `Limit` is too much for those who cannot come
    back to it.
    """
    known = _reached(script, has_number=True)
    hidden = _reached(script, has_number=False)
    for name, node in script.nodes.items():
        for way in ways_of(node):
            is_by_known = name in known and _is_for(node, way, has_number=True)
            is_by_hidden = name in hidden and _is_for(node, way, has_number=False)
            if (is_by_known or is_by_hidden) and not _is_never_spent(script, name, way):
                yield Walked(name, way)


def reachable(script: Script) -> frozenset[NodeId]:
    """Return the nodes that some caller can come to, as far as that shows without trying."""
    return _reached(script, has_number=True) | _reached(script, has_number=False)


def _reached(script: Script, *, has_number: bool) -> frozenset[NodeId]:
    return frozenset({script.entry}) | _ahead_of(script, script.entry, has_number=has_number)


def _ahead_of(script: Script, start: NodeId, *, has_number: bool | None) -> frozenset[NodeId]:
    """Return the nodes that a caller may come to from one; itself only if there is a way back."""
    found: set[NodeId] = set()
    ahead = [start]
    while ahead:
        node = script.nodes[ahead.pop()]
        following = {way.to for way in ways_of(node) if _is_for(node, way, has_number=has_number)}
        ahead += following - found
        found |= following
    return frozenset(found)


def _is_for(node: Node, way: Way, *, has_number: bool | None) -> bool:
    """Tell whether such a caller may go this way; None: any caller."""
    if has_number is None:
        return True
    match node:
        case KnownNumber():
            return has_number is (way.label == "known")
        case Callback() | Message():
            # Who can be called back is, instead of his message, too.
            return not has_number
        case _:
            return True


def _is_never_spent(script: Script, name: NodeId, way: Way) -> bool:
    if way.why is not Why.SPENT:
        return False
    node = script.nodes[name]
    assert isinstance(node, Limit)
    returns = name == node.next or name in _ahead_of(script, node.next, has_number=None)
    return node.times > 0 and not returns
