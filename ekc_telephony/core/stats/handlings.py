"""
Handlings: the conversations of a call, each with its wrap-up, its holding and its silences.

Rule 1: what no fact tells of is None, «not measured», and never 0: the fallback notes no holding
and no silence.
Rule 2: when two agents talk to one caller at the same time, each has his own conversation, whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.appeals.fallback import FALLBACK_QUEUE
from ekc_telephony.core.call.facts import NoteKind, SegmentKind, SegmentOutcome
from ekc_telephony.core.kernel.ids import AgentId, QueueId
from ekc_telephony.core.stats.joined import ByKind, stretch_of
from ekc_telephony.core.stats.records import SegmentRecord, SilenceRecord
from ekc_telephony.core.stats.spans import Stretch, length

_NOTHING: Final = timedelta()
_NO_SILENCES: Final = Counter[NoteKind]()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """One conversation of an agent with what belongs to it."""

    queue: QueueId | None
    agent: AgentId | None
    began_at: datetime
    at: datetime | None
    """When it was over, wrap-up included: handling is booked here (as Genesys does); None while
    it goes on."""
    talk: Stretch | None
    """With what the caller spent on hold; None while they talk."""
    wrap_up: Stretch | None
    """None without wrap-up, or while it goes on."""
    outcome: SegmentOutcome | None
    """How the conversation ended."""
    held: timedelta | None = None
    """How much of the conversation the caller spent on hold; None: not measured, or it goes on."""
    was_transferred: bool | None = None
    """Whether the agent sent the caller on; None: not measured, or it goes on."""
    caller_silences: int | None = None
    """How often the caller was not heard for longer than his queue allows (S1.19), 0 where nobody
    looked; None: not measured, or it goes on."""
    agent_silences: int | None = None
    """Likewise the agent."""

    @property
    def spoken(self) -> timedelta | None:
        """The conversation without what was spent on hold; None while they talk."""
        if self.talk is None:
            return None
        return self.talk[1] - self.talk[0] - (self.held or timedelta())


def handlings_of(found: ByKind, silences: Sequence[SilenceRecord]) -> tuple[Handling, ...]:
    """
    Return the handlings of a call in order of time.

    Args:
        found: The call's segments, by kind.
        silences: Those that were noted in it.
    """
    talks = found.get(SegmentKind.TALK, [])
    wrap_ups = found.get(SegmentKind.WRAP_UP, [])
    holds = found.get(SegmentKind.HOLD, [])
    of_talks = _silences_of(talks, silences)
    return tuple(
        _with_silences(_handling(talk, talks, wrap_ups, holds), talk, of_talks) for talk in talks
    )


def _handling(
    talk: SegmentRecord,
    talks: Sequence[SegmentRecord],
    wrap_ups: Sequence[SegmentRecord],
    holds: Sequence[SegmentRecord],
) -> Handling:
    later = [each.started_at for each in talks if _is_after(each, talk)]
    wrap_up = next(
        (
            each
            for each in wrap_ups
            if each.agent == talk.agent
            and each.started_at >= (talk.ended_at or talk.started_at)
            and (not later or each.started_at < later[0])
        ),
        None,
    )
    last = talk if wrap_up is None else wrap_up
    return Handling(
        queue=talk.queue,
        agent=talk.agent,
        began_at=talk.started_at,
        at=last.ended_at,
        talk=stretch_of(talk),
        wrap_up=None if wrap_up is None else stretch_of(wrap_up),
        outcome=talk.outcome,
        held=_held(talk, holds),
        was_transferred=None
        if talk.outcome is None
        else talk.outcome is SegmentOutcome.TRANSFERRED,
    )


def _with_silences(
    handling: Handling, talk: SegmentRecord, of_talks: Mapping[int, Counter[NoteKind]]
) -> Handling:
    """Return the handling with the silences of its talk; the fallback does not note them."""
    if talk.ended_at is None or talk.queue == FALLBACK_QUEUE:
        return handling
    own = of_talks.get(talk.segment, _NO_SILENCES)
    return replace(
        handling,
        caller_silences=own[NoteKind.SILENT],
        agent_silences=own[NoteKind.AGENT_SILENT],
    )


def _silences_of(
    talks: Sequence[SegmentRecord], silences: Sequence[SilenceRecord]
) -> Mapping[int, Counter[NoteKind]]:
    """Count silences by the talk they were noted in: the last that their agent had begun."""
    found: dict[int, Counter[NoteKind]] = {}
    for each in silences:
        for talk in reversed(talks):
            if talk.agent == each.agent and talk.started_at <= each.at:
                found.setdefault(talk.segment, Counter())[each.kind] += 1
                break
    return found


def _held(talk: SegmentRecord, holds: Sequence[SegmentRecord]) -> timedelta | None:
    """Return how long the agent held his caller; None in the fallback, which does not note it."""
    until = talk.ended_at
    if until is None or talk.queue == FALLBACK_QUEUE:
        return None
    if not holds:
        return _NOTHING
    return length(
        (max(each.started_at, talk.started_at), min(each.ended_at or until, until))
        for each in holds
        if each.agent == talk.agent
    )


def _is_after(other: SegmentRecord, talk: SegmentRecord) -> bool:
    return other.agent == talk.agent and other.started_at > talk.started_at
