"""
Everything counted about a period, a queue, a line or an agent; tallies add up.

What is counted at which moment: a call when it reached us; a visit when the caller came to the
queue; a ring when the phone began to ring; a handling when it was over (Genesys: «booked to the
interval where ACW ends»); an opinion when the caller was asked for it; agents' time where it
passed.

Rule 1: the tallies of the parts of a period, merged, are the tally of the period. Two things do
not add up: `longest_queue` is the greatest of the parts', and `people` is not known of two parts
that both have some, for one and the same may have called in both.
Rule 2: offered = answered + abandoned + flowed_out + broken + waiting.
Rule 3: what no fact tells of yet is None («not measured»), and None and a number make a number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias, assert_never

from ekc_telephony.core.call.facts import CallOutcome, SegmentOutcome
from ekc_telephony.core.call.presence import NotReadyReason
from ekc_telephony.core.kernel.ids import AgentId, QueueId
from ekc_telephony.core.stats.handlings import Handling
from ekc_telephony.core.stats.lengths import HANDLE_EDGES, WAIT_EDGES, Lengths, Waits
from ekc_telephony.core.stats.opinions import MARKS, Opinion
from ekc_telephony.core.stats.parts import Ring
from ekc_telephony.core.stats.visits import Visit, VisitEnding


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One call, seen as a whole."""

    at: datetime
    queue: QueueId | None
    """The first that the caller waited in; None when he came to none."""
    agent: AgentId | None
    """Who talked to him first."""
    outcome: CallOutcome | None
    """None while it goes on."""
    ending: VisitEnding | None
    """What became of his wish to talk to a person; None when he came to no queue."""
    waited: timedelta | None
    """From the ring at our number to that ending; None while it goes on or without a queue."""
    service: timedelta | None
    """The service time of S1.13; None until it is over, or without a conversation."""
    number: str | None = None
    """Whose call; calls of one number are one person's (G3). None when he hid it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTime:
    """How an agent spent (his part of) a slot."""

    at: datetime
    agent: AgentId
    queue: QueueId | None = None
    signed_in: timedelta
    ready: timedelta
    not_ready: dict[NotReadyReason, timedelta]
    handling: timedelta
    """In conversations, wrap-ups and consultations while it is known whether he was signed in."""
    advising: timedelta = timedelta()
    """Of that: in consultations beside his own conversations and wrap-ups."""
    available: timedelta | None
    """Ready with a phone that can be reached, or handling; None when nothing is known of him."""


Entry: TypeAlias = Arrival | Visit | Handling | Ring | Opinion | AgentTime


@dataclass(slots=True)
class Tally:
    """What has been counted."""

    wait_edges: tuple[timedelta, ...] = WAIT_EDGES
    received: int = 0
    """Calls."""
    people: int | None = 0
    """Numbers they came from, hidden ones left out; None: not known, see Rule 1."""
    outcomes: Counter[CallOutcome] = field(default_factory=Counter)
    """Of the calls that have ended."""
    sought: Counter[VisitEnding] = field(default_factory=Counter)
    """Calls that came to a queue, by what became of that."""
    visits: Counter[VisitEnding] = field(default_factory=Counter)
    """Visits to queues; a call may make several."""
    from_queue: Waits = field(init=False)
    """Waits of visits; the clock starts when the caller comes to the queue."""
    from_ring: Waits = field(init=False)
    """Waits of calls; the clock starts when the call reaches us."""
    rings: Counter[SegmentOutcome] = field(default_factory=Counter)
    ringing: int = 0
    """Rings that go on."""
    handlings: Lengths = field(default_factory=lambda: Lengths(HANDLE_EDGES))
    talk: timedelta = timedelta()
    """Without `held`, so that talk, held and wrap_up are what was handled."""
    wrap_up: timedelta = timedelta()
    held: timedelta | None = None
    transferred: int | None = None
    cut_off: int = 0
    """Conversations that a failure ended."""
    caller_silences: int | None = None
    """How often callers were not heard for longer than their queues allow (S1.19)."""
    caller_silent: int | None = None
    """In how many conversations."""
    agent_silences: int | None = None
    """How often agents were not: muted, a dead headset, or they listened."""
    agent_silent: int | None = None
    """In how many conversations."""
    service: Lengths = field(default_factory=lambda: Lengths(HANDLE_EDGES))
    """Service times of S1.13."""
    asked_to_rate: int = 0
    marks: Counter[str] = field(default_factory=Counter)
    """Ratings, «1» to «5»."""
    asked: Counter[str] = field(default_factory=Counter)
    """Callers to whom a question of a survey was put, by the question."""
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What they answered: (question, answer)."""
    signed_in: timedelta = timedelta()
    ready: timedelta = timedelta()
    not_ready: Counter[NotReadyReason] = field(default_factory=Counter)
    """In microseconds, so that a Counter can hold it."""
    handling: timedelta = timedelta()
    advising: timedelta = timedelta()
    available: timedelta | None = None
    longest_queue: int = 0
    """The most callers who waited at once."""

    def __post_init__(self) -> None:
        self.from_queue = Waits.empty(self.wait_edges)
        self.from_ring = Waits.empty(self.wait_edges)

    @property
    def offered(self) -> int:
        """All visits."""
        return self.visits.total()

    @property
    def answered(self) -> int:
        """Visits that ended in a conversation."""
        return self.visits[VisitEnding.ANSWERED]

    @property
    def abandoned(self) -> int:
        """Visits that the caller ended by hanging up."""
        return self.visits[VisitEnding.ABANDONED]

    def add(self, entry: Entry) -> None:
        """Count one entry."""
        match entry:
            case Arrival():
                self._arrive(entry)
            case Visit():
                self.visits[entry.ending] += 1
                _wait(self.from_queue, entry.ending, entry.waited)
            case Handling():
                self._handle(entry)
            case Ring():
                if entry.outcome is None:
                    self.ringing += 1
                else:
                    self.rings[entry.outcome] += 1
            case Opinion():
                self._judge(entry)
            case AgentTime():
                self._pass(entry)
            case _:
                assert_never(entry)

    def merge(self, other: Tally) -> None:
        """
        Add another tally.

        Raises:
            ValueError: Its histograms have other edges.
        """
        self.received += other.received
        self.people = _people(self.people, other.people)
        self.outcomes += other.outcomes
        self.sought += other.sought
        self.visits += other.visits
        self.from_queue.merge(other.from_queue)
        self.from_ring.merge(other.from_ring)
        self.rings += other.rings
        self.ringing += other.ringing
        self.handlings.merge(other.handlings)
        self.talk += other.talk
        self.wrap_up += other.wrap_up
        self.held = _sum_of_known(self.held, other.held)
        self.transferred = _count_of_known(self.transferred, other.transferred)
        self.cut_off += other.cut_off
        self.caller_silences = _count_of_known(self.caller_silences, other.caller_silences)
        self.caller_silent = _count_of_known(self.caller_silent, other.caller_silent)
        self.agent_silences = _count_of_known(self.agent_silences, other.agent_silences)
        self.agent_silent = _count_of_known(self.agent_silent, other.agent_silent)
        self.service.merge(other.service)
        self.asked_to_rate += other.asked_to_rate
        self.marks += other.marks
        self.asked += other.asked
        self.answers += other.answers
        self.signed_in += other.signed_in
        self.ready += other.ready
        self.not_ready += other.not_ready
        self.handling += other.handling
        self.advising += other.advising
        self.available = _sum_of_known(self.available, other.available)
        self.longest_queue = max(self.longest_queue, other.longest_queue)

    def _arrive(self, call: Arrival) -> None:
        self.received += 1
        if call.outcome is not None:
            self.outcomes[call.outcome] += 1
        if call.ending is not None:
            self.sought[call.ending] += 1
            _wait(self.from_ring, call.ending, call.waited)
        if call.service is not None:
            self.service.add(call.service)

    def _handle(self, handling: Handling) -> None:
        wrap_up = _length(handling.wrap_up)
        self.handlings.add(_length(handling.talk) + wrap_up)
        self.talk += handling.spoken or timedelta()
        self.wrap_up += wrap_up
        self.held = _sum_of_known(self.held, handling.held)
        self.transferred = _count_of_known(self.transferred, handling.was_transferred)
        self.cut_off += handling.outcome is SegmentOutcome.BROKEN
        if handling.caller_silences is not None and handling.agent_silences is not None:
            self._note_silences(handling.caller_silences, handling.agent_silences)

    def _note_silences(self, of_caller: int, of_agent: int) -> None:
        self.caller_silences = (self.caller_silences or 0) + of_caller
        self.caller_silent = (self.caller_silent or 0) + bool(of_caller)
        self.agent_silences = (self.agent_silences or 0) + of_agent
        self.agent_silent = (self.agent_silent or 0) + bool(of_agent)

    def _judge(self, opinion: Opinion) -> None:
        if opinion.is_rating:
            self.asked_to_rate += 1
            if opinion.answer in MARKS:
                self.marks[opinion.answer] += 1
            return
        self.asked[opinion.question] += 1
        if opinion.answer is not None:
            self.answers[opinion.question, opinion.answer] += 1

    def _pass(self, time: AgentTime) -> None:
        self.signed_in += time.signed_in
        self.ready += time.ready
        for reason, spent in time.not_ready.items():
            self.not_ready[reason] += spent // timedelta(microseconds=1)
        self.handling += time.handling
        self.advising += time.advising
        self.available = _sum_of_known(self.available, time.available)


def merged(tallies: Iterable[Tally], *, wait_edges: tuple[timedelta, ...] = WAIT_EDGES) -> Tally:
    """
    Return the sum of tallies.

    Raises:
        ValueError: Their histograms have other edges.
    """
    total = Tally(wait_edges)
    for each in tallies:
        total.merge(each)
    return total


def _wait(waits: Waits, ending: VisitEnding, waited: timedelta | None) -> None:
    if waited is None:
        return
    if ending is VisitEnding.ANSWERED:
        waits.answer(waited)
    elif ending is VisitEnding.ABANDONED:
        waits.abandon(waited)


def _sum_of_known(one: timedelta | None, other: timedelta | None) -> timedelta | None:
    if one is None or other is None:
        return one if other is None else other
    return one + other


def _count_of_known(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return one + other


def _people(one: int | None, other: int | None) -> int | None:
    if not one or not other:
        return None if one is None or other is None else one + other
    return None


def _length(stretch: tuple[datetime, datetime] | None) -> timedelta:
    return timedelta() if stretch is None else stretch[1] - stretch[0]
