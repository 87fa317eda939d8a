"""
Compares what became of the calls with what the plan says, and what was heard with the prompts.

The store is asked as everybody else would ask it. A call and its appeal find each other by the
caller's number, which calls once; the one caller who hides his number is known by that.

Rule 1: *lost* is a planned call without an appeal; *duplicated* is an appeal too many.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.sql.queries import (
    AppealQueries,
    CallFilter,
    CallHistory,
    CallSummary,
    FirstWait,
)
from ekc_telephony.core.acd.service_level import Wait
from ekc_telephony.core.call.facts import CallOutcome, SegmentKind, SegmentOutcome
from lab.demo.calls import PlannedCall
from lab.demo.evidence import Evidence, find_traces
from lab.demo.stage import AGENT_BEGINNING, HeardPrompt, PlayedCall, agent_words
from lab.hearing import Match, Sound, find_prompt
from lab.information_systems.server import InformationSystems
from lab.node import RunningNode
from lab.phones.voice import WHISTLE, whistle

STORE_PATIENCE: Final = timedelta(seconds=15)
"""How long the last facts may take to be written."""
_POLL_S: Final = 0.2
_AGENT_PIECES: Final = (timedelta(), AGENT_BEGINNING / 2, AGENT_BEGINNING)
_WHISTLE_PIECES: Final = (timedelta(), WHISTLE / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCall:
    """A played call and what the store says of it."""

    played: PlayedCall
    found: tuple[CallHistory, ...]
    """One, when all is well."""
    evidence: tuple[Evidence, ...]
    """What it must have left behind."""

    @property
    def planned(self) -> PlannedCall:
        """What should have come of it."""
        return self.played.planned

    @property
    def outcome(self) -> CallOutcome | None:
        """What came of it; None when it is lost, or has not ended."""
        return self.found[0].summary.outcome if self.found else None

    @property
    def is_right(self) -> bool:
        """Tell whether it ended as planned, by the way it should have, and left what it should."""
        return (
            self.outcome is self.planned.outcome
            and (self.planned.lapse is None or bool(self.lapsed_agents))
            and all(each.is_there for each in self.evidence)
        )

    @property
    def lapsed_agents(self) -> list[str]:
        """The operators whose offer ended in the planned way, without an answer."""
        return [
            segment.agent or ""
            for call in self.found
            for segment in call.segments
            if segment.kind is SegmentKind.OFFER and segment.outcome is self.planned.lapse
        ]

    @property
    def was_answered_by_another(self) -> bool:
        """Tell whether somebody else answered after an operator did not."""
        return bool(self.lapsed_agents) and self.answering_agent not in self.lapsed_agents

    @property
    def answering_agent(self) -> str | None:
        """Who talked to the caller at last."""
        return self.found[0].summary.agent if self.found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRecording:
    """The recording of a conversation."""

    path: Path
    agent_score: float
    caller_score: float
    has_both_sides: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How the demo went."""

    calls: Sequence[JudgedCall]
    strangers: int
    """Calls in the store that nobody placed."""
    appeals: int
    """Distinct appeals in the store."""
    waits: Sequence[Wait]
    prompts: Sequence[HeardPrompt]
    recordings: Sequence[JudgedRecording]
    newest: Sequence[CallSummary]
    faults: Sequence[str]
    """What went wrong in calls without ending them, in the store's words."""
    asked: Mapping[str, int]
    """How often information systems were asked, by operation."""

    @property
    def lost(self) -> int:
        """Calls without an appeal."""
        return sum(not call.found for call in self.calls)

    @property
    def duplicated(self) -> int:
        """Appeals too many."""
        return self.strangers + sum(len(call.found) - 1 for call in self.calls if call.found)

    @property
    def mismatches(self) -> int:
        """Calls that ended otherwise than planned."""
        return sum(not call.is_right for call in self.calls if call.found)

    @property
    def unheard(self) -> list[HeardPrompt]:
        """Prompts that were not heard."""
        return [prompt for prompt in self.prompts if not prompt.is_heard]

    @property
    def lowest_match(self) -> float:
        """The score of the prompt that was hardest to recognise."""
        return min((prompt.score for prompt in self.prompts), default=0.0)

    @property
    def evidence(self) -> list[Evidence]:
        """All that calls must have left behind."""
        return [each for call in self.calls for each in call.evidence]

    @property
    def silent_recordings(self) -> list[JudgedRecording]:
        """Recordings in which one side is missing."""
        return [each for each in self.recordings if not each.has_both_sides]

    @property
    def missing_recordings(self) -> int:
        """Conversations without a recording."""
        return self.count(CallOutcome.ANSWERED) - len(self.recordings)

    @property
    def is_good(self) -> bool:
        """Tell whether everything came as planned."""
        return not (
            self.lost
            or self.duplicated
            or self.mismatches
            or self.unheard
            or self.silent_recordings
            or self.missing_recordings
        )

    def count(self, outcome: CallOutcome) -> int:
        """Count the calls that ended so."""
        return sum(call.outcome is outcome for call in self.calls)


async def judge(
    played: Sequence[PlayedCall],
    confirmations: Iterable[HeardPrompt],
    *,
    node: RunningNode,
    systems: InformationSystems,
) -> Verdict:
    """Ask the store and the information systems, and listen to the recordings."""
    queries = AppealQueries(node.settings.store_url)
    try:
        summaries = await _settled(queries, len(played))
        histories = [
            call
            for appeal in dict.fromkeys(summary.appeal for summary in summaries)
            if (history := await queries.find(appeal)) is not None
            for call in history.calls
        ]
        waits = [_wait(wait) for wait in await queries.first_waits(CallFilter())]
        newest = await queries.newest_calls(CallFilter(), limit=10)
    finally:
        await queries.close()
    by_number: defaultdict[str | None, list[CallHistory]] = defaultdict(list)
    for call in histories:
        by_number[call.summary.number].append(call)
    calls = [
        JudgedCall(
            played=each, found=found, evidence=find_traces(each.planned.traces, found, systems)
        )
        for each in played
        for found in [tuple(by_number.pop(each.planned.number, ()))]
    ]
    return Verdict(
        calls=calls,
        strangers=sum(map(len, by_number.values())),
        appeals=len({summary.appeal for summary in summaries}),
        waits=waits,
        prompts=[*(prompt for call in played for prompt in call.prompts), *confirmations],
        recordings=await asyncio.to_thread(_listen, histories, node.recordings),
        newest=newest,
        faults=[
            f"{call.summary.appeal}: {fault.kind.value}: {fault.detail}"
            for call in histories
            for fault in call.faults
        ],
        asked=Counter(each.operation for each in tuple(systems.asked)),
    )


async def _settled(queries: AppealQueries, count: int) -> list[CallSummary]:
    """Return all calls when as many as expected have ended, or when that does not come true."""
    summaries: list[CallSummary] = []
    try:
        async with asyncio.timeout(STORE_PATIENCE.total_seconds()):
            while True:
                summaries = [call async for call in queries.all_calls(CallFilter())]
                if sum(call.outcome is not None for call in summaries) >= count:
                    break
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        return summaries
    return summaries


def _wait(found: FirstWait) -> Wait:
    began_at = found.began_at or found.ended_at
    return Wait(outcome=found.outcome, waited=found.ended_at - began_at)


def _listen(histories: Iterable[CallHistory], folder: Path) -> list[JudgedRecording]:
    paths = [
        folder / f"{segment.recording}.wav"
        for call in histories
        for segment in call.segments
        if segment.recording is not None
        and segment.outcome in {SegmentOutcome.CALLER_HUNG_UP, SegmentOutcome.AGENT_HUNG_UP}
    ]
    return [listen(path) for path in paths if path.exists()]


def listen(path: Path) -> JudgedRecording:
    """
    Look for the operator's words and the caller's whistle in a recording.

    A piece of each is enough: a busy machine loses a packet now and then, and what comes after it
    is 20 ms early. No shipped prompt and no text comes nearer to a piece of the whistle than 0.26,
    and to one of the words (which are a prompt) than 0.59.
    """
    sound = Sound.read(path)
    agent = _best(sound, agent_words(), _AGENT_PIECES, lasting=AGENT_BEGINNING)
    caller = _best(sound, whistle(), _WHISTLE_PIECES, lasting=WHISTLE / 2)
    return JudgedRecording(
        path=path,
        agent_score=agent.score,
        caller_score=caller.score,
        has_both_sides=agent.is_heard and caller.is_heard,
    )


def _best(sound: Sound, wanted: Sound, pieces: Iterable[timedelta], *, lasting: timedelta) -> Match:
    """Return the place that is most like one of the pieces, each told by where it begins."""
    found = (find_prompt(sound, wanted.after(each), beginning=lasting) for each in pieces)
    return max(found, key=lambda match: match.score)
