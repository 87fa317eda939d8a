"""
Lets anything happen to a caller in a script, and holds the interpreter to its promises meanwhile.

Rule 1: he is never stuck: he hears something, or there is a deadline, or he has left.
Rule 2: he leaves once; afterwards nothing is asked for, but where the visit only rests.
Rule 3: `StopSaying` silences something, and what he leaves with is not drowned by what was said.
Rule 4: every step leads along a way of `ways_of`.
Rule 5: a visit resumed from its whereabouts goes on exactly as the original, from every moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.ivr.interpreter import Visit
from ekc_telephony.core.ivr.script import Enqueue, Lookup, Message, Script, Transfer
from ekc_telephony.core.ivr.visit_effects import (
    Answered,
    Ask,
    Identified,
    Questioned,
    Say,
    StopSaying,
    SwitchLanguage,
    VisitEffect,
)
from ekc_telephony.core.ivr.ways import ways_of
from ekc_telephony.core.kernel.ids import CallId, NodeId, RequestId
from tests.core.ivr.any_caller import Answers, Happening, Key, Move
from tests.core.ivr.any_script import NOON, SCHEDULES

CALL: Final = CallId("1")
NUMBER: Final = "+79131234567"
_MOMENT: Final = timedelta(seconds=0.5)


@dataclass(slots=True, kw_only=True)
class Walker:
    """One caller."""

    script: Script
    number: str | None = NUMBER
    now: datetime = NOON
    is_hearing: bool = False
    has_left: bool = False
    asked: list[RequestId] = field(default_factory=list)
    effects: list[VisitEffect] = field(default_factory=list)
    """Everything that the visit has asked for."""
    nodes: list[NodeId] = field(default_factory=list)
    """Every node that he came to."""
    visit: Visit = field(init=False)

    def __post_init__(self) -> None:
        """Let him in."""
        self.visit = self._visit()
        self._take(self.visit.start(self.now))
        assert self.nodes[0] == self.script.entry
        self._has_walked_along_ways(self.nodes[0], self.nodes[1:])

    def _visit(self, *, is_twin: bool = False) -> Visit:
        watch = None if is_twin else self.nodes.append
        return Visit(self.script, SCHEDULES, call=CALL, number=self.number, did="100", watch=watch)

    def happens(self, move: Move) -> None:
        """Let this happen, if it can."""
        if move is Happening.HEARD and not self.is_hearing:
            return
        if move is Happening.HEARD:
            self.is_hearing = False
        if move is Happening.SILENCE:
            self.now = max(self.now, self.visit.next_deadline() or self.now)
        if move is Happening.A_MOMENT:
            self.now += _MOMENT
        twin = self._visit(is_twin=True)
        twin.resume_at(self.visit.whereabouts)
        before, walked = self.visit.node, len(self.nodes)
        may_go_on = self._may_go_on(move)
        effects = self._apply(move, self.visit)
        assert self._apply(move, twin) == effects
        assert twin.whereabouts == self.visit.whereabouts
        if self.has_left and may_go_on:
            self.has_left = False
        self._has_walked_along_ways(before, self.nodes[walked:], move)
        self._take(effects)

    def _may_go_on(self, move: Move) -> bool:
        node = self.script.nodes[self.visit.node]
        match move:
            case Happening.TALK_OVER:
                return isinstance(node, Enqueue) and node.after is not None
            case Happening.NOT_CONNECTED:
                return isinstance(node, Transfer)
            case Happening.NO_MESSAGE:
                return isinstance(node, Message)
            case _:
                return False

    def _apply(self, move: Move, visit: Visit) -> list[VisitEffect]:  # noqa: PLR0911 (one row each)
        match move:
            case Key(key=key):
                return visit.on_key(key, self.now)
            case Answers(result=result, questions_ago=ago):
                request = self.asked[-1 - ago] if ago < len(self.asked) else RequestId("strange")
                return visit.on_answer(request, result, self.now)
            case Happening.HEARD:
                return visit.on_heard(self.now)
            case Happening.SILENCE | Happening.A_MOMENT:
                return visit.on_time(self.now)
            case Happening.BLINDNESS:
                return [] if self.has_left else visit.repeat(self.now)
            case Happening.TALK_OVER:
                return visit.on_talk_over(self.now)
            case Happening.NOT_CONNECTED:
                return visit.on_not_connected(self.now)
            case Happening.NO_MESSAGE:
                return visit.on_no_message(self.now)

    def _has_walked_along_ways(
        self, before: NodeId, walked: list[NodeId], move: Move | None = None
    ) -> None:
        if move is Happening.BLINDNESS and walked:
            assert walked[0] == before
            before, walked = walked[0], walked[1:]
        for each in walked:
            assert each in {way.to for way in ways_of(self.script.nodes[before])}
            before = each
        assert before == self.visit.node

    def _take(self, effects: list[VisitEffect]) -> None:
        self.effects += effects
        for effect in effects:
            assert not self.has_left
            match effect:
                case Say(prompts=prompts):
                    assert prompts
                    self.is_hearing = True
                case StopSaying():
                    assert self.is_hearing
                    self.is_hearing = False
                case Ask(request=request):
                    self.asked.append(request)
                case Questioned() | Answered() | Identified() | SwitchLanguage():
                    pass
                case _:
                    assert not self.is_hearing
                    self.has_left = True
        deadline = self.visit.next_deadline()
        assert self.has_left or self.is_hearing or deadline is not None
        assert not (self.has_left and deadline is not None)
        if isinstance(self.script.nodes[self.visit.node], Lookup) and not self.has_left:
            assert deadline is not None
