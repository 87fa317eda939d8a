"""
A centre as the theory of queues has it, played on the real ACD: Poisson arrivals, random talks.

Whoever does not find a free agent is told an expected wait, at once and every 30 s; afterwards it
is known how long he really waited. So what was told can be held against the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random

from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.acd.expected_wait import ExpectedWait
from ekc_telephony.core.acd.messages import (
    AcdEvent,
    CallerJoined,
    CallerLeft,
    ConversationEnded,
    OfferAccepted,
    OfferMade,
)
from ekc_telephony.core.acd.specs import AgentSpec, QueueSpec
from ekc_telephony.core.engine.promise import WAIT_GROWN, Promise
from ekc_telephony.core.ivr.spoken import WaitRange
from ekc_telephony.core.kernel.ids import CallId, OfferId, QueueId
from tests.core.office import NOON, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The callers of one queue."""

    an_hour: float
    talk_s: float
    """Mean of an exponential distribution; the wrap-up of the queue comes on top."""
    patience_s: float | None = None
    """Mean of an exponential distribution; None: nobody gives up."""


@dataclass(slots=True, kw_only=True)
class Wait:
    """One caller who had to wait."""

    queue: QueueId
    joined_at: datetime
    expected: ExpectedWait | None
    """What was expected when he joined."""
    waited: timedelta | None = None
    """How long it took; None when he gave up."""
    promise: Promise = field(default_factory=Promise)
    first_told: WaitRange | None = None
    times_grown: int = 0
    """How often he heard that it takes longer."""


@dataclass(slots=True)
class Centre:
    """The ACD, its callers and a clock that jumps."""

    acd: Acd
    streams: Mapping[QueueId, Stream]
    dice: Random
    now: datetime = NOON
    waits: dict[CallId, Wait] = field(default_factory=dict)
    _to_come: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0

    @classmethod
    def of(
        cls,
        queues: Iterable[QueueSpec],
        agents: Iterable[AgentSpec],
        streams: Mapping[QueueId, Stream],
        *,
        seed: int,
    ) -> Centre:
        """Open a centre whose first callers are on their way."""
        centre = cls(Acd(queues, agents), streams, Random(seed))
        for queue in streams:
            centre._next_caller(queue)
        return centre

    def play(self, lasting: timedelta) -> None:
        """Let time pass."""
        ends = self.now + lasting
        while (at := self._next_moment()) <= ends:
            self.now = at
            self._answer_offers(self.acd.on_time(at))
            while self._to_come[0][0] <= at:
                heappop(self._to_come)[2]()

    def _next_moment(self) -> datetime:
        due = self.acd.next_deadline()
        coming = self._to_come[0][0]
        return coming if due is None else min(due, coming)

    def tell(self, event: AcdEvent) -> None:
        """Tell the ACD; whoever is offered a caller answers at once."""
        self._answer_offers(self.acd.handle(event, self.now))

    def _answer_offers(self, said: Iterable[object]) -> None:
        for each in said:
            if isinstance(each, OfferMade):
                self._answer(each.offer, each.call, each.queue)

    def _answer(self, offer: OfferId, call: CallId, queue: QueueId) -> None:
        self.tell(OfferAccepted(offer=offer))
        wait = self.waits.get(call)
        if wait is not None:
            wait.waited = self.now - wait.joined_at
        mean = self.streams[queue].talk_s
        self._later(
            self.dice.expovariate(1 / mean), lambda: self.tell(ConversationEnded(call=call))
        )

    def _next_caller(self, queue: QueueId) -> None:
        self._later(
            self.dice.expovariate(self.streams[queue].an_hour / 3600), lambda: self._arrive(queue)
        )

    def _arrive(self, queue: QueueId) -> None:
        call = CallId(f"call-{self._count}")
        self.tell(CallerJoined(call=call, queue=queue))
        if self.acd.place(call) is not None:
            expected = self.acd.expected_wait(call, self.now)
            self.waits[call] = Wait(queue=queue, joined_at=self.now, expected=expected)
            self._announce(call)
            patience_s = self.streams[queue].patience_s
            if patience_s is not None:
                self._later(
                    self.dice.expovariate(1 / patience_s),
                    lambda: self.tell(CallerLeft(call=call)),
                )
        self._next_caller(queue)

    def _announce(self, call: CallId) -> None:
        if self.acd.place(call) is None:
            return
        wait = self.waits[call]
        said = wait.promise.words(self.acd.expected_wait(call, self.now), self.now)
        wait.times_grown += said == (WAIT_GROWN,)
        if wait.first_told is None and wait.promise.told is not None:
            wait.first_told = wait.promise.told.range
        self._later(30, lambda: self._announce(call))

    def _later(self, delay_s: float, happens: Callable[[], None]) -> None:
        self._count += 1
        heappush(self._to_come, (self.now + seconds(delay_s), self._count, happens))
