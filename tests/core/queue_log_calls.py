"""Calls as streams of facts, told by the real chronicle, for the tests of the queue_log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from ekc_telephony.core.call.facts import (
    AgentChanged,
    CallFact,
    CallOutcome,
    Fact,
    NoteKind,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.core.engine.chronicle import Chronicle
from ekc_telephony.core.kernel.ids import AgentId, AppealId, CallId, Did, LegId, QueueId
from ekc_telephony.core.queue_log.ledger import QueueLedger

EPOCH: Final = 1_795_328_000
START: Final = datetime.fromtimestamp(EPOCH, UTC)
HOTLINE: Final = QueueId("hotline")
OTHER: Final = QueueId("other")
ANNA: Final = AgentId("anna")
BORIS: Final = AgentId("boris")
QUEUES_OF: Final = {ANNA: (HOTLINE, OTHER), BORIS: (HOTLINE,)}


def ledger() -> QueueLedger:
    """Return a ledger that knows nothing yet."""
    return QueueLedger(QUEUES_OF)


def after(seconds: float) -> datetime:
    """Return the moment so many seconds after the start."""
    return START + timedelta(seconds=seconds)


def lines(facts: Sequence[Fact], of: QueueLedger | None = None) -> list[str]:
    """Return the lines that follow from facts."""
    of = of or ledger()
    return [row.line for fact in facts for row in of.rows(fact)]


def bare(written: Sequence[str]) -> list[str]:
    """Return lines from the event on."""
    return [line.split("|", 4)[4] for line in written]


class Story:
    """
    Tell one call; every method is something that happens, so many seconds after the start.

    Args:
        name: The call.
        at: When it reaches us.
        number: The citizen's.
        facts_before: Where an engine that takes the call over goes on numbering.
    """

    def __init__(
        self,
        name: str,
        *,
        at: float = 0,
        number: str | None = "+79001234567",
        facts_before: int = 0,
    ) -> None:
        self._chronicle = Chronicle(
            CallId(name), registered_at=after(at), facts_before=facts_before
        )
        self._talker: AgentId | None = None
        self.facts: list[CallFact] = [
            self._chronicle.registered(
                appeal=AppealId(f"E-{name}"), did=Did("88001000001"), number=number, script=None
            ),
            self._chronicle.start(SegmentKind.IVR, after(at)),
        ]

    def enters(
        self, at: float, queue: QueueId | None = HOTLINE, *, position: int | None = None
    ) -> Story:
        """Let him enter a queue, at a place that the engine knows or does not."""
        self._end(SegmentKind.IVR, SegmentOutcome.COMPLETED, at)
        return self._start(SegmentKind.WAITING, at, queue, position=position)

    def rings(self, agent: AgentId, at: float, queue: QueueId | None = HOTLINE) -> Story:
        """Let a phone ring for him."""
        return self._start(SegmentKind.OFFER, at, queue, agent)

    def rung(self, outcome: SegmentOutcome, at: float) -> Story:
        """Let it ring no more."""
        return self._end(SegmentKind.OFFER, outcome, at)

    def talks(
        self,
        agent: AgentId,
        at: float,
        queue: QueueId | None = HOTLINE,
        *,
        leg: LegId | None = None,
    ) -> Story:
        """Let the operator pick up."""
        self.rung(SegmentOutcome.ACCEPTED, at)
        self._end(SegmentKind.WAITING, SegmentOutcome.COMPLETED, at)
        return self.joins(agent, at, queue, leg=leg)

    def asks(self, agent: AgentId, other: AgentId, at: float) -> Story:
        """Let an operator ask another one."""
        for each in (agent, other):
            self._start(SegmentKind.CONSULTATION, at, None, each)
        return self

    def has_asked(
        self, agent: AgentId, other: AgentId, outcome: SegmentOutcome, at: float
    ) -> Story:
        """End that."""
        for each in (agent, other):
            self.facts += self._chronicle.end(
                SegmentKind.CONSULTATION, outcome, after(at), agent=each
            )
        return self

    def routed(self, agent: AgentId, target: str | None, at: float) -> Story:
        """Note where an operator sends him."""
        self.facts.append(
            self._chronicle.noted(NoteKind.ROUTED, after(at), agent=agent, target=target)
        )
        return self

    def joins(
        self,
        agent: AgentId,
        at: float,
        queue: QueueId | None = HOTLINE,
        *,
        leg: LegId | None = None,
    ) -> Story:
        """Let an operator talk to him, too."""
        self._talker = agent
        return self._start(SegmentKind.TALK, at, queue, agent, leg=leg)

    def parts(self, outcome: SegmentOutcome, at: float, agent: AgentId | None = None) -> Story:
        """End the conversation of an operator; of whoever began to talk last if not said."""
        self.facts += self._chronicle.end(
            SegmentKind.TALK, outcome, after(at), agent=agent or self._talker
        )
        return self

    def leaves(self, outcome: SegmentOutcome, at: float, *, position: int | None = None) -> Story:
        """Let him leave the queue without an answer, from a place that the engine may know."""
        key = "2" if outcome is SegmentOutcome.LEFT_BY_KEY else None
        self.facts += self._chronicle.end(
            SegmentKind.WAITING, outcome, after(at), position=position, key=key
        )
        return self

    def ends(self, at: float, outcome: CallOutcome = CallOutcome.ANSWERED) -> Story:
        """End the call."""
        self.facts += self._chronicle.ended(outcome, after(at))
        return self

    def _start(
        self,
        kind: SegmentKind,
        at: float,
        queue: QueueId | None,
        agent: AgentId | None = None,
        *,
        position: int | None = None,
        leg: LegId | None = None,
    ) -> Story:
        self.facts.append(
            self._chronicle.start(
                kind, after(at), queue=queue, agent=agent, position=position, leg=leg
            )
        )
        return self

    def _end(self, kind: SegmentKind, outcome: SegmentOutcome, at: float) -> Story:
        self.facts += self._chronicle.end(kind, outcome, after(at))
        return self


def declares(
    agent: AgentId,
    presence: Presence,
    at: float,
    reason: NotReadyReason | None = None,
    *,
    activity: Activity = Activity.IDLE,
) -> AgentChanged:
    """Tell that an agent changed."""
    return AgentChanged(
        agent=agent,
        at=after(at),
        presence=presence,
        reason=reason,
        activity=activity,
        is_reachable=True,
        call=None,
    )


def in_order(*stories: Story) -> list[Fact]:
    """Return the facts of several calls in the order in which they happen."""
    return sorted((fact for story in stories for fact in story.facts), key=lambda fact: fact.at)
