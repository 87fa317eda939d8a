"""
An appeal store that lives in memory: for tests and for trying things out; gone with the process.

It keeps the facts themselves, each once; whoever wants to know what became of a call reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from ekc_telephony.core.call.events import OpenCall, PresenceDeclared
from ekc_telephony.core.call.facts import (
    AgentChanged,
    CallEnded,
    CallFact,
    CallRegistered,
    Fact,
    SegmentEnded,
    SegmentKind,
    SegmentStarted,
)
from ekc_telephony.core.kernel.ids import AgentId, CallId, is_of_node


@final
class InMemoryAppealStore:
    """Keeps facts and presences in memory (the `AppealStore`)."""

    def __init__(self) -> None:
        self._facts: dict[tuple[CallId, int], CallFact] = {}
        self._declared: dict[AgentId, AgentChanged] = {}

    @property
    def facts(self) -> Sequence[CallFact]:
        """Every fact of a call, once, in order of writing."""
        return list(self._facts.values())

    async def write(self, facts: Sequence[Fact]) -> None:
        """Keep the facts; facts already written change nothing."""
        for fact in facts:
            if isinstance(fact, AgentChanged):
                self._declare(fact)
            else:
                self._facts.setdefault((fact.call, fact.sequence), fact)

    async def declared_presences(self) -> Sequence[PresenceDeclared]:
        """Return what each agent declared last, in order of agents."""
        return [
            PresenceDeclared(agent=agent, presence=last.presence, reason=last.reason)
            for agent, last in sorted(self._declared.items())
        ]

    async def open_calls(self, node: str) -> Sequence[OpenCall]:
        """Return the calls of a node that have begun and not ended, in order of beginning."""
        registered: dict[CallId, CallRegistered] = {}
        answered: set[CallId] = set()
        over: set[CallId] = set()
        for fact in self._facts.values():
            match fact:
                case CallRegistered():
                    registered.setdefault(fact.call, fact)
                case CallEnded():
                    over.add(fact.call)
                case SegmentStarted(kind=SegmentKind.TALK) | SegmentEnded(kind=SegmentKind.TALK):
                    answered.add(fact.call)
                case _:
                    pass
        return [
            OpenCall(
                call=call,
                registered_at=begun.at,
                was_answered=call in answered,
                number=begun.number,
            )
            for call, begun in sorted(registered.items(), key=lambda each: (each[1].at, each[0]))
            if call not in over and is_of_node(call, node)
        ]

    def _declare(self, fact: AgentChanged) -> None:
        last = self._declared.get(fact.agent)
        is_news = last is None or (
            fact.at >= last.at and (fact.presence, fact.reason) != (last.presence, last.reason)
        )
        if is_news:
            self._declared[fact.agent] = fact
