"""
Records out of facts, without a store: for the simulator, for tests, and for a day kept in memory.

The store folds the same facts into tables (`adapters/sql/batch.py`) and reads the same records
back; a test compares the two, so report and wallboard cannot tell different stories.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from ekc_telephony.core.call.facts import (
    AgentChanged,
    CallbackDue,
    CallbackReason,
    CallDisturbed,
    CallEnded,
    CallFact,
    CallNoted,
    CallRegistered,
    Fact,
    NoteKind,
    PromptsNotHeard,
    RecordingLost,
    RecordingStarted,
    SegmentEnded,
    SegmentStarted,
)
from ekc_telephony.core.kernel.ids import AgentId, CallId
from ekc_telephony.core.stats.records import (
    ANSWERS,
    SILENCES,
    AnswerRecord,
    CallbackRecord,
    CallRecord,
    PresenceSpan,
    Records,
    SegmentRecord,
    SilenceRecord,
)


def records_of(facts: Iterable[Fact]) -> Records:
    """
    Fold facts, in the order in which they were concluded, into records.

    Facts about a call that was never registered are left out: nobody knows when it began.
    """
    calls: dict[CallId, CallRecord] = {}
    segments: dict[CallId, dict[int, SegmentRecord]] = {}
    presences: dict[AgentId, list[PresenceSpan]] = {}
    for fact in facts:
        if isinstance(fact, AgentChanged):
            _change(presences.setdefault(fact.agent, []), fact)
        elif isinstance(fact, CallRegistered):
            calls.setdefault(fact.call, _registered(fact))
        elif fact.call in calls:
            _add(calls, segments.setdefault(fact.call, {}), fact)
    return Records(
        calls=tuple(
            replace(call, segments=tuple(segments.get(call.call, {}).values()))
            for call in calls.values()
        ),
        presences=tuple(span for spans in presences.values() for span in spans),
    )


def _registered(fact: CallRegistered) -> CallRecord:
    return CallRecord(
        call=fact.call,
        appeal=fact.appeal,
        did=fact.did,
        number=fact.number,
        registered_at=fact.at,
        ended_at=None,
        outcome=None,
    )


def _add(
    calls: dict[CallId, CallRecord], segments: dict[int, SegmentRecord], fact: CallFact
) -> None:
    match fact:
        case SegmentStarted() | SegmentEnded():
            segments[fact.segment] = _segment(segments.get(fact.segment), fact)
        case RecordingStarted():
            if fact.segment in segments:
                recorded = replace(segments[fact.segment], recording=fact.recording)
                segments[fact.segment] = recorded
        case CallbackDue():
            calls[fact.call] = _due(calls[fact.call], fact)
        case CallEnded():
            ended = replace(calls[fact.call], ended_at=fact.at, outcome=fact.outcome)
            calls[fact.call] = ended
        case CallNoted(kind=kind, at=at, agent=agent) if kind in SILENCES:
            seen = SilenceRecord(at=at, kind=kind, agent=agent)
            calls[fact.call] = replace(
                calls[fact.call], silences=(*calls[fact.call].silences, seen)
            )
        case CallNoted(kind=kind, at=at, target=question, reason=answer) if kind in ANSWERS:
            noted = AnswerRecord(at=at, kind=kind, question=question or "", answer=answer)
            calls[fact.call] = replace(calls[fact.call], answers=(*calls[fact.call].answers, noted))
        case CallNoted(kind=NoteKind.IDENTIFIED, reason=method):
            proofs = (*calls[fact.call].proofs, method or "")
            calls[fact.call] = replace(calls[fact.call], proofs=proofs)
        case CallRegistered() | RecordingLost() | PromptsNotHeard() | CallDisturbed() | CallNoted():
            pass
        case _:
            assert_never(fact)


def _segment(was: SegmentRecord | None, fact: SegmentStarted | SegmentEnded) -> SegmentRecord:
    is_end = isinstance(fact, SegmentEnded)
    return SegmentRecord(
        segment=fact.segment,
        kind=fact.kind,
        started_at=fact.started_at if isinstance(fact, SegmentEnded) else fact.at,
        ended_at=fact.at if is_end else None,
        outcome=fact.outcome if isinstance(fact, SegmentEnded) else None,
        queue=fact.queue,
        agent=fact.agent,
        recording=None if was is None else was.recording,
    )


def _due(call: CallRecord, fact: CallbackDue) -> CallRecord:
    # As in the store: the first reason stays, unless he asked for it himself.
    if call.callback is None:
        due = CallbackRecord(reason=fact.reason, due_at=fact.at, is_done=False)
        return replace(call, callback=due)
    if fact.reason is CallbackReason.ASKED:
        return replace(call, callback=replace(call.callback, reason=fact.reason))
    return call


def _change(spans: list[PresenceSpan], fact: AgentChanged) -> None:
    last = spans[-1] if spans else None
    state = (fact.presence, fact.reason, fact.is_reachable)
    if last is not None:
        if (last.presence, last.reason, last.is_reachable) == state:
            return
        spans.pop()
        if last.began_at < fact.at:
            spans.append(replace(last, ended_at=fact.at))
    spans.append(
        PresenceSpan(
            agent=fact.agent,
            presence=fact.presence,
            reason=fact.reason,
            is_reachable=fact.is_reachable,
            began_at=fact.at,
            ended_at=None,
        )
    )
