"""
All that was said of one call, checked as it is said: the rules of `core/call/facts.py` as code.

A call that an engine found at its start begins a second record, whose numbering starts higher.
"""

from __future__ import annotations

from ekc_telephony.core.call.facts import (
    SHORT_CALL,
    CallEnded,
    CallFact,
    CallNoted,
    CallOutcome,
    CallRegistered,
    NoteKind,
    RecordingLost,
    SegmentEnded,
    SegmentKind,
    SegmentOutcome,
    SegmentStarted,
)
from ekc_telephony.core.kernel.ids import CallId

_AT_THE_CALLERS_END = {*SegmentKind} - {SegmentKind.WRAP_UP}
_OF_ONE_AGENT = {
    SegmentKind.TALK,
    SegmentKind.CONSULTATION,
    SegmentKind.SUPERVISION,
    SegmentKind.WRAP_UP,
}
_FAILURES = {CallOutcome.TECHNICAL_FAILURE, CallOutcome.SENT_TO_FALLBACK}


class Record:
    """
    The facts of one call in one life of the engine.

    Args:
        call: The call.
        starts_after: The last number that an earlier engine gave to a fact of this call.
    """

    def __init__(self, call: CallId, *, starts_after: int = 0) -> None:
        self.call = call
        self.starts_after = starts_after
        self.facts: list[CallFact] = []
        self.open: dict[int, SegmentStarted] = {}
        self.kinds: set[SegmentKind] = set()
        self.ended: CallEnded | None = None
        self.last_outcome: SegmentOutcome | None = None
        self.is_of_an_earlier_life = False
        self.questions: set[str | None] = set()
        """Asked, and not answered yet."""

    @property
    def last_number(self) -> int:
        """The number of the last fact so far."""
        return self.facts[-1].sequence

    def is_followed_by(self, fact: CallFact) -> bool:
        """Tell whether this fact belongs to a later record."""
        return isinstance(fact, CallRegistered)

    def note(self, fact: CallFact) -> None:
        """Take one more fact; fail when it breaks a rule."""
        self._check_the_number(fact)
        self.facts.append(fact)
        match fact:
            case SegmentStarted():
                assert self.ended is None or fact.kind is SegmentKind.WRAP_UP
                self._check_it_is_the_only_one(fact)
                self.open[fact.segment] = fact
                self.kinds.add(fact.kind)
            case SegmentEnded():
                began = self.open.pop(fact.segment)
                assert (began.kind, began.at) == (fact.kind, fact.started_at)
                assert (began.queue, began.agent) == (fact.queue, fact.agent)
                assert began.at <= fact.at
                still = {each.kind for each in self.open.values()}
                assert began.kind is not SegmentKind.TALK or SegmentKind.HOLD not in still
                self.last_outcome = fact.outcome
            case CallEnded():
                self._check_the_end(fact)
            case RecordingLost():
                pass
            case CallNoted():
                assert self.ended is None
                self._check_it_was_asked(fact)
            case _:
                assert self.ended is None

    def _check_the_number(self, fact: CallFact) -> None:
        if self.facts:
            assert fact.sequence == self.facts[-1].sequence + 1
            assert fact.at >= self.facts[-1].at
        else:
            assert isinstance(fact, CallRegistered)
            assert fact.sequence > self.starts_after

    def _check_it_was_asked(self, fact: CallNoted) -> None:
        if fact.kind in {NoteKind.ASKED_TO_RATE, NoteKind.ASKED}:
            self.questions.add(fact.target)
        if fact.kind in {NoteKind.RATED, NoteKind.SURVEYED}:
            self.questions.remove(fact.target)

    def _check_it_is_the_only_one(self, fact: SegmentStarted) -> None:
        """Two may talk, consult, wrap up or listen; nothing else happens twice at a time."""
        alike = [each for each in self.open.values() if each.kind is fact.kind]
        if fact.kind in _OF_ONE_AGENT:
            alike = [each for each in alike if each.agent == fact.agent]
        assert not alike
        if fact.kind is SegmentKind.HOLD:
            talks = [each for each in self.open.values() if each.kind is SegmentKind.TALK]
            assert [each.agent for each in talks] == [fact.agent]

    def _check_the_end(self, fact: CallEnded) -> None:
        assert self.ended is None
        assert not {each.kind for each in self.open.values()} & _AT_THE_CALLERS_END
        self.ended = fact
        assert fact.registered_at == self.facts[0].at
        outcome = fact.outcome
        if outcome not in _FAILURES:
            has_talked = SegmentKind.TALK in self.kinds
            was_outside = SegmentKind.OUTSIDE in self.kinds
            assert outcome is CallOutcome.ANSWERED or not has_talked
            assert outcome is not CallOutcome.ANSWERED or has_talked or was_outside
        match outcome:
            case CallOutcome.SHORT:
                assert fact.at - fact.registered_at < SHORT_CALL
            case CallOutcome.ABANDONED_IN_MENU:
                assert SegmentKind.WAITING not in self.kinds
                assert self.last_outcome is SegmentOutcome.ABANDONED
            case CallOutcome.ABANDONED_IN_QUEUE:
                assert SegmentKind.WAITING in self.kinds
                assert self.last_outcome is SegmentOutcome.ABANDONED
            case CallOutcome.MESSAGE_LEFT:
                assert SegmentKind.MESSAGE in self.kinds
            case CallOutcome.INFORMED_NO_AGENTS:
                first = self.facts[0]
                assert isinstance(first, CallRegistered)
                assert SegmentKind.WAITING in self.kinds or first.script == "overload"
            case _:
                pass

    def check_it_is_complete(self) -> None:
        """Fail when something that began did not end; forgiven where the engine died."""
        if not self.is_of_an_earlier_life:
            assert self.ended is not None
            assert not self.open
