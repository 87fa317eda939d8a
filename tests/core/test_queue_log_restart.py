"""An engine may die at any moment: the next one's ledger goes on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.call.facts import (
    AgentChanged,
    CallEnded,
    CallNoted,
    CallRegistered,
    Fact,
    SegmentEnded,
    SegmentOutcome,
    SegmentStarted,
)
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId, CallId
from ekc_telephony.core.queue_log.ledger import KINDS, Declared
from ekc_telephony.core.queue_log.tracks import RememberedCall, RememberedSegment
from tests.core.queue_log_calls import ANNA, BORIS, Story, declares, ledger, lines


@dataclass(slots=True)
class Store:
    """What the appeal store holds after some facts."""

    calls: dict[CallId, CallRegistered] = field(default_factory=dict)
    last: dict[CallId, int] = field(default_factory=dict)
    over: set[CallId] = field(default_factory=set)
    segments: dict[tuple[CallId, int], RememberedSegment] = field(default_factory=dict)
    sent_to: dict[CallId, str] = field(default_factory=dict)
    declared: dict[AgentId, Declared] = field(default_factory=dict)

    def take(self, fact: Fact) -> None:
        if isinstance(fact, AgentChanged):
            self.declared[fact.agent] = Declared(
                presence=fact.presence, reason=fact.reason, since=fact.at
            )
            return
        self.last[fact.call] = fact.sequence
        match fact:
            case CallRegistered():
                self.calls[fact.call] = fact
            case SegmentStarted() | SegmentEnded():
                is_over = isinstance(fact, SegmentEnded)
                self.segments[fact.call, fact.segment] = RememberedSegment(
                    kind=fact.kind,
                    queue=fact.queue,
                    agent=fact.agent,
                    started_at=fact.started_at if isinstance(fact, SegmentEnded) else fact.at,
                    ended_at=fact.at if is_over else None,
                    outcome=fact.outcome if isinstance(fact, SegmentEnded) else None,
                )
            case CallNoted():
                self.sent_to[fact.call] = fact.target or ""
            case CallEnded():
                self.over.add(fact.call)
            case _:
                pass

    def remembered(self) -> list[RememberedCall]:
        return [
            RememberedCall(
                call=call,
                did=registered.did,
                number=registered.number,
                last_sequence=self.last[call],
                is_over=call in self.over,
                segments=tuple(
                    segment
                    for (of, _), segment in sorted(self.segments.items())
                    if of == call and segment.kind in KINDS
                ),
                sent_to=self.sent_to.get(call, ""),
            )
            for call, registered in self.calls.items()
        ]


@st.composite
def working_hours(draw: st.DrawFn) -> list[Fact]:
    """Several calls that overlap, and agents who come and go."""
    facts: list[Fact] = []
    for number in range(draw(st.integers(1, 4))):
        facts += draw(calls(f"ekc-1.{number}", number / 1000))
    moments = draw(st.lists(st.integers(0, 60), max_size=6, unique=True))
    facts += [
        declares(ANNA, presence, at, NotReadyReason.LUNCH if presence in NOT_READY else None)
        for at, presence in zip(sorted(moments), draw(presences(len(moments))), strict=True)
    ]
    return sorted(facts, key=lambda fact: fact.at)


NOT_READY = {Presence.NOT_READY}


def presences(count: int) -> st.SearchStrategy[list[Presence]]:
    return st.lists(st.sampled_from(Presence), min_size=count, max_size=count)


@st.composite
def calls(draw: st.DrawFn, name: str, offset: float) -> list[Fact]:
    """One call: some rings, and an answer or none; no two calls enter at the same moment."""
    at = draw(st.integers(0, 30)) + offset
    pause = st.sampled_from([0.0, 0.4, 1.0, 7.3])
    story = Story(name, at=at)
    at += draw(pause)
    story.enters(at)
    for _ in range(draw(st.integers(0, 2))):
        story.rings(BORIS, at)
        at += draw(pause)
        story.rung(draw(st.sampled_from([SegmentOutcome.REFUSED, SegmentOutcome.NOT_ANSWERED])), at)
    if draw(st.booleans()):
        story.rings(ANNA, at)
        at += draw(pause)
        story.talks(ANNA, at)
        at += draw(pause)
        how = draw(st.sampled_from(["hung up", "sent on", "handed over"]))
        if how == "hung up":
            story.parts(SegmentOutcome.CALLER_HUNG_UP, at)
        else:
            at = send_on(story, at, asks=how == "handed over")
    else:
        at += draw(pause)
        story.leaves(SegmentOutcome.ABANDONED, at)
    return [*story.ends(at).facts]


def send_on(story: Story, at: float, *, asks: bool) -> float:
    """Let Anna send the caller on to Boris, who talks to him, too."""
    if asks:
        story.asks(ANNA, BORIS, at)
        at += 2.5
    story.routed(ANNA, "boris", at)
    if asks:
        story.has_asked(ANNA, BORIS, SegmentOutcome.TRANSFERRED, at)
    story.parts(SegmentOutcome.TRANSFERRED, at)
    if not asks:
        story.enters(at).rings(BORIS, at)
        at += 1.5
    story.talks(BORIS, at)
    story.parts(SegmentOutcome.AGENT_HUNG_UP, at + 3)
    return at + 3


@given(facts=working_hours(), data=st.data())
def test_whenever_the_engine_dies_no_line_is_lost_or_doubled_or_different(
    facts: Sequence[Fact], data: st.DataObject
) -> None:
    whole = ledger()
    written = [[row.line for row in whole.rows(fact)] for fact in facts]
    died_after = data.draw(st.integers(0, len(facts)))
    offered_from = data.draw(st.integers(0, died_after))

    store = Store()
    for fact in facts[:died_after]:
        store.take(fact)
    again = ledger()
    again.recall(store.remembered(), store.declared)
    assert lines(facts[offered_from:], again) == [
        line for of_fact in written[died_after:] for line in of_fact
    ]
