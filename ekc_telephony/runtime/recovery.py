"""
What the journal tells the engine that starts: how its predecessor stood, and what the store lacks.

The newest segment begins with everything that was known then; the changes of its steps are laid
over it. Facts that had not reached the store may be in older segments, too. When its last input has
no step, that life died in the middle of it: the next one takes it again.

Rule 1: the journal is read and never changed here.
Rule 2: what cannot be read is said and left out: an engine without a memory serves callers, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

from ekc_telephony.core.call.facts import CallEnded, Fact
from ekc_telephony.core.engine.effects import facts_of
from ekc_telephony.core.engine.state import EngineState, Memory
from ekc_telephony.core.kernel.ids import CallId
from ekc_telephony.runtime.journal_codec import (
    Content,
    Input,
    Opening,
    Step,
    Stored,
    decode,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One file of the journal."""

    first_position: int
    read: Callable[[], Iterable[tuple[int, bytes]]]
    """Its records with their positions."""


UnstoredFacts: TypeAlias = Sequence[tuple[int, tuple[Fact, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What an earlier life of the engine left."""

    state: EngineState
    texts: Mapping[str, str]
    """The configuration and the scripts it worked by."""
    unstored: UnstoredFacts
    """Facts that the store may lack, with the positions of their records, oldest first."""
    stored_through: int
    unfinished: Input | None = None
    """What it was told last, if it died before it had written up what came of it."""

    @property
    def ended(self) -> frozenset[CallId]:
        """Calls that have ended, whatever the store says."""
        facts = (fact for _, group in self.unstored for fact in group)
        return frozenset(fact.call for fact in facts if isinstance(fact, CallEnded))


NOTHING: Final = Recalled(state=EngineState(), texts={}, unstored=(), stored_through=0)


def recall(segments: Sequence[Segment]) -> Recalled:
    """
    Read back what is needed to go on.

    Args:
        segments: All there are, oldest first.

    Raises:
        RecordUnreadableError: A record is of a newer release.
    """
    if not segments:
        return NOTHING
    *older, newest = segments
    records = list(_contents(newest))
    if not records or not isinstance(records[0][1], Opening):
        return recall(older)  # the crash came before the segment had its opening
    opening = records[0][1]
    memory = Memory(opening.state)
    stored_through = opening.stored_through
    groups: list[tuple[int, tuple[Fact, ...]]] = []
    last: Input | None = None
    for position, content in records:
        match content:
            case Step():
                last = None
                memory.apply(content.changes)
                _collect(position, content, groups)
            case Input():
                last = content
            case Stored(through=through):
                stored_through = max(stored_through, through)
            case Opening():
                pass
    unstored = [*_facts_of(segments, after=stored_through), *groups]
    return Recalled(
        state=memory.state(),
        texts=opening.texts,
        unstored=[each for each in unstored if each[0] > stored_through],
        stored_through=stored_through,
        unfinished=_unfinished(records, last, older),
    )


def _unfinished(
    records: Sequence[tuple[int, Content]], last: Input | None, older: Sequence[Segment]
) -> Input | None:
    """Return the input to take again: never one that a life has died of twice."""
    if any(isinstance(content, Input | Step) for _, content in records):
        return None if last is None or last.is_again else last
    # This life had no time to take it again.
    return recall(older).unfinished


def _contents(segment: Segment) -> Iterator[tuple[int, Content]]:
    return ((position, decode(content)) for position, content in segment.read())


def _facts_of(segments: Sequence[Segment], *, after: int) -> list[tuple[int, tuple[Fact, ...]]]:
    """Return the facts of all segments but the newest, if the store may lack some of them."""
    groups: list[tuple[int, tuple[Fact, ...]]] = []
    for segment, following in pairwise(segments):
        if following.first_position <= after + 1:
            continue
        for position, content in _contents(segment):
            if isinstance(content, Step):
                _collect(position, content, groups)
    return groups


def _collect(position: int, step: Step, groups: list[tuple[int, tuple[Fact, ...]]]) -> None:
    facts = tuple(facts_of(step.effects))
    if facts:
        groups.append((position, facts))
