"""
F1: the days of the lines, each compared with the same day a week before.

Rule 1: a period that begins in the middle of a day has that rest as its first day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Final, TypeAlias, final

from ekc_telephony.core.acd.specs import Line
from ekc_telephony.core.call.facts import SegmentKind
from ekc_telephony.core.call.presence import Presence
from ekc_telephony.core.kernel.ids import AgentId
from ekc_telephony.core.stats.entries import InQueue
from ekc_telephony.core.stats.form_rows import DailySummary, Period, share_of
from ekc_telephony.core.stats.grouping import Count, PartCount, moment_of
from ekc_telephony.core.stats.norms import judge
from ekc_telephony.core.stats.records import CallRecord, PresenceSpan
from ekc_telephony.core.stats.spans import DAY, Slots
from ekc_telephony.core.stats.tally import Entry, Tally
from ekc_telephony.core.stats.visits import VisitEnding

WEEK: Final = timedelta(days=7)

_DayOfLine: TypeAlias = tuple[datetime, Line | None]
_AtWork: TypeAlias = defaultdict[_DayOfLine, set[AgentId]]


@final
class DailySummaries:
    """
    Counts the days of the period and of the week before it; see `grouping.Counting`.

    Args:
        period: What the form is about.
    """

    def __init__(self, period: Period) -> None:
        self._period = period
        self._slots = _days_with_a_week_before(period)
        self._count: Count[_DayOfLine] = Count(self._keys, wait_edges=period.wait_edges)
        self._at_work: _AtWork = defaultdict(set)

    @property
    def cuts(self) -> tuple[datetime, ...]:
        """The days' beginnings, and the end of the last."""
        return self._slots.cuts

    def part(self, *, since: datetime, until: datetime) -> _DayCount:
        """Begin with the next day."""
        day = Slots.whole(since, until)
        return _DayCount(day, self._count.part(day), self._at_work, self._period)

    def rows(self) -> list[DailySummary]:
        """Return the form, by day and line."""
        period = self._period
        found = self._count.tallies()
        rows: list[DailySummary] = []
        so_far: defaultdict[Line | None, int] = defaultdict(int)
        for (begin, line), tally in sorted(found.items(), key=_by_day_and_line):
            if begin < period.since or not (tally.received or tally.offered or tally.signed_in):
                continue
            day = begin.astimezone(period.zone).date()
            so_far[line] += tally.received
            before = _a_week_before(self._slots, day, period.zone)
            last_week = None if before is None else found.get((before, line))
            rows.append(
                _day_row(
                    tally,
                    period,
                    day=day,
                    line=line,
                    agents=len(self._at_work[begin, line]),
                    so_far=so_far[line],
                    last_week=0 if last_week is None else last_week.received,
                )
            )
        return rows

    def _keys(self, entry: Entry | InQueue) -> tuple[_DayOfLine]:
        return ((self._slots.slot_of(moment_of(entry)), self._period.directory.line_of(entry)),)


@final
class _DayCount:
    """One day, with who was at work on it."""

    def __init__(
        self, day: Slots, count: PartCount[_DayOfLine], at_work: _AtWork, period: Period
    ) -> None:
        self._day = day
        self._count = count
        self._at_work = at_work
        self._lines = period.directory.agents

    def add(self, calls: Sequence[CallRecord]) -> None:
        """Count calls that touch the day."""
        self._count.add(calls)
        for call in calls:
            for each in call.segments:
                if each.kind is SegmentKind.TALK and self._day.holds(each.started_at):
                    self._note(each.agent)

    def end(self, presences: Sequence[PresenceSpan]) -> None:
        """Count what agents declared that day."""
        self._count.end(presences)
        for span in presences:
            was_there = span.presence is not Presence.SIGNED_OUT
            if was_there and any(self._day.cut(span.began_at, span.ended_at or self._day.until)):
                self._note(span.agent)

    def _note(self, agent: AgentId | None) -> None:
        if agent is not None:
            self._at_work[self._day.since, self._lines.get(agent)].add(agent)


def _days_with_a_week_before(period: Period) -> Slots:
    # The period may begin in the middle of a day; what came before is not of its first row.
    begin = period.since - WEEK
    before = Slots.every(DAY, since=begin, until=period.since, zone=period.zone)
    during = Slots.every(DAY, since=period.since, until=period.until, zone=period.zone)
    return Slots((*before.cuts[:-1], *during.cuts))


def _by_day_and_line(item: tuple[_DayOfLine, Tally]) -> tuple[datetime, str]:
    (begin, line), _ = item
    return begin, "" if line is None else line.value


def _a_week_before(slots: Slots, day: date, zone: tzinfo | None) -> datetime | None:
    wanted = day - WEEK
    return next((cut for cut in slots.cuts if cut.astimezone(zone).date() == wanted), None)


def _day_row(
    tally: Tally,
    period: Period,
    *,
    day: date,
    line: Line | None,
    agents: int,
    so_far: int,
    last_week: int,
) -> DailySummary:
    queued = tally.sought.total()
    answered = tally.sought[VisitEnding.ANSWERED]
    not_answered = queued - answered - tally.sought[VisitEnding.WAITING]
    verdict = judge(period.norm, tally)
    return DailySummary(
        day=day,
        line=line,
        received=tally.received,
        unique_numbers=tally.people,
        closed_by_menu=tally.received - queued,
        queued=queued,
        answered=answered,
        not_answered=not_answered,
        not_answered_share=share_of(not_answered, queued),
        mean_wait=verdict.mean,
        longest_wait=verdict.longest,
        service_level_share=verdict.share,
        agents=agents,
        received_so_far=so_far,
        to_last_week_share=tally.received / last_week - 1 if last_week else None,
    )
