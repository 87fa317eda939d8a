"""
Opinions: what callers said of the service when they were asked, by a mark or by a survey (A11, B6).

An opinion is one question put to a caller, with his answer or without one. It is about the
conversation before it: who talked to him last, in which queue.

Rule 1: an opinion is booked when the caller is asked, answered or not, so that of whatever group
and stretch of time no more have answered than were asked.
Rule 2: it belongs to the agent who let the caller go: the one whose conversation ended last before
the question, and of two who talked to him at once the one who came later. A question that follows
no conversation belongs to nobody, and to no queue.
Rule 3: an answer of which no question was noted, as before version 9 of the store, was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ekc_telephony.core.call.facts import NoteKind, SegmentKind
from ekc_telephony.core.kernel.ids import AgentId, QueueId
from ekc_telephony.core.stats.joined import ByKind
from ekc_telephony.core.stats.records import AnswerRecord, SegmentRecord

MARKS: Final = ("1", "2", "3", "4", "5")
_OF_RATINGS: Final = frozenset({NoteKind.ASKED_TO_RATE, NoteKind.RATED})
_ANSWERS: Final = frozenset({NoteKind.RATED, NoteKind.SURVEYED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One question to a caller."""

    at: datetime
    """When he was asked."""
    queue: QueueId | None
    agent: AgentId | None
    """Who let him go; None: nobody had talked to him."""
    question: str
    """With its survey's name before it: `survey.solved`."""
    is_rating: bool
    answer: str | None
    """None: he gave none."""


def opinions_of(found: ByKind, notes: Sequence[AnswerRecord]) -> tuple[Opinion, ...]:
    """
    Return the opinions of a call in order of time.

    Args:
        found: The call's segments, by kind.
        notes: Its questions and answers, in the order in which they were noted.
    """
    talks = found.get(SegmentKind.TALK, []) if notes else []
    opinions: list[Opinion] = []
    asked: dict[str, int] = {}
    for note in notes:
        index = asked.pop(note.question, None)
        if note.kind in _ANSWERS and index is not None:
            opinions[index] = replace(opinions[index], answer=note.answer)
            continue
        if note.kind not in _ANSWERS:
            asked[note.question] = len(opinions)
        opinions.append(_opinion(note, _last_talk(talks, note.at)))
    return tuple(opinions)


def _opinion(note: AnswerRecord, talk: SegmentRecord | None) -> Opinion:
    return Opinion(
        at=note.at,
        queue=None if talk is None else talk.queue,
        agent=None if talk is None else talk.agent,
        question=note.question,
        is_rating=note.kind in _OF_RATINGS,
        answer=note.answer,
    )


def _last_talk(talks: Sequence[SegmentRecord], at: datetime) -> SegmentRecord | None:
    """Return the conversation that ended last before a moment; one that goes on ends with it."""
    return max(
        (each for each in talks if each.started_at <= at),
        key=lambda each: (min(each.ended_at or at, at), each.started_at, each.segment),
        default=None,
    )
