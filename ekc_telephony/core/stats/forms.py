"""
The report forms F1–F6 and F8, filled in; their rows are in `form_rows.py`, F4's in `passport.py`.

Rule 1: agents are listed by their ids and never ranked (G12).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from ekc_telephony.core.acd.specs import Line
from ekc_telephony.core.call.facts import CallOutcome, SegmentOutcome
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId, QueueId
from ekc_telephony.core.stats import formulas
from ekc_telephony.core.stats.entries import InQueue
from ekc_telephony.core.stats.form_rows import (
    DailySummary,
    IntervalRow,
    LostRow,
    Period,
    ServiceRow,
    ShiftRow,
    WaitRow,
)
from ekc_telephony.core.stats.grouping import By, Directory, moment_of, tallies, tallies_by
from ekc_telephony.core.stats.norms import judge
from ekc_telephony.core.stats.parts import VisitEnding, parts_of, service_time
from ekc_telephony.core.stats.passport import Passport, passport_of
from ekc_telephony.core.stats.records import CallRecord, PresenceSpan, Records
from ekc_telephony.core.stats.spans import DAY, Slots
from ekc_telephony.core.stats.tally import Entry, Tally

WEEK: Final = timedelta(days=7)


def daily_summary(records: Records, period: Period) -> list[DailySummary]:
    """
    Return F1.

    Args:
        records: Also of the week before the period, for the comparison with it.
        period: What the report is about.
    """
    slots = _days_with_a_week_before(period)

    def key(entry: Entry | InQueue) -> tuple[datetime, Line | None]:
        return slots.slot_of(moment_of(entry)), period.directory.line_of(entry)

    found = tallies(records, slots, lambda entry: (key(entry),), wait_edges=period.wait_edges)
    agents = _at_work(records, slots, period.directory)
    rows: list[DailySummary] = []
    so_far: defaultdict[Line | None, int] = defaultdict(int)
    for (begin, line), tally in sorted(found.items(), key=_by_day_and_line):
        if begin < period.since or not (tally.received or tally.offered or tally.signed_in):
            continue
        day = begin.astimezone(period.zone).date()
        so_far[line] += tally.received
        before = _a_week_before(slots, day, period.zone)
        last_week = None if before is None else found.get((before, line))
        rows.append(
            _day_row(
                tally,
                period,
                day=day,
                line=line,
                agents=len(agents[begin, line]),
                so_far=so_far[line],
                last_week=0 if last_week is None else last_week.received,
            )
        )
    return rows


def intervals(records: Records, period: Period, by: By) -> list[IntervalRow]:
    """Return F2, by half-hours, hours or days."""
    found = tallies_by(
        by,
        records,
        since=period.since,
        until=period.until,
        zone=period.zone,
        directory=period.directory,
        wait_edges=period.wait_edges,
    )
    begins = [begin for begin in found if isinstance(begin, datetime)]
    ends = [*begins[1:], period.until]
    return [
        _interval_row(found[begin], period, begin, end - begin)
        for begin, end in zip(begins, ends, strict=True)
    ]


def wait_profile(tally: Tally) -> list[WaitRow]:
    """Return F3, over visits to queues."""
    answered, abandoned = tally.from_queue.answered, tally.from_queue.abandoned
    everybody = answered.count + abandoned.count
    rows: list[WaitRow] = []
    so_far, over = 0, timedelta()
    for index, up_to in enumerate((*answered.edges, None)):
        served, gone = answered.counts[index], abandoned.counts[index]
        so_far += served + gone
        rows.append(
            WaitRow(
                over=over,
                up_to=up_to,
                answered=served,
                answered_share=_of(served, answered.count),
                abandoned=gone,
                abandoned_share=_of(gone, abandoned.count),
                up_to_here_share=_of(so_far, everybody),
            )
        )
        over = up_to or over
    return rows


def passports(records: Records, period: Period) -> list[Passport]:
    """Return F4, by time."""
    return [passport_of(call) for call in _registered_in(records, period)]


def lost_and_returned(records: Records, period: Period) -> list[LostRow]:
    """
    Return F5, by the last attempt; without those who hid their number.

    Args:
        records: Until long after the period, if returns are to be found that came later.
        period: When the lost calls came.
    """
    of_number: defaultdict[str, list[CallRecord]] = defaultdict(list)
    for call in records.calls:
        if call.number is not None:
            of_number[call.number].append(call)
    rows = (_lost_row(number, calls, period) for number, calls in of_number.items())
    return sorted((row for row in rows if row is not None), key=lambda row: row.last_at)


def shifts(records: Records, period: Period) -> list[ShiftRow]:
    """Return F6, by agent."""
    found = tallies_by(
        By.OPERATOR,
        records,
        since=period.since,
        until=period.until,
        zone=period.zone,
        directory=period.directory,
        wait_edges=period.wait_edges,
    )
    spans: defaultdict[AgentId, list[PresenceSpan]] = defaultdict(list)
    for span in records.presences:
        spans[span.agent].append(span)
    agents = sorted(AgentId(agent) for agent in found if isinstance(agent, str))
    return [_shift_row(agent, found[agent], spans[agent], period) for agent in agents]


def service_times(records: Records, period: Period) -> list[ServiceRow]:
    """Return F8, by time: the calls with a conversation that are over."""
    rows: list[ServiceRow] = []
    for call in _registered_in(records, period):
        service = service_time(call)
        if service is None:
            continue
        first, *further = service.steps
        last = next((each for each in reversed(service.steps) if each.agent), first)
        rows.append(
            ServiceRow(
                appeal=call.appeal,
                registered_at=call.registered_at,
                first_waited=first.waited,
                first_answer=first.answered,
                next_waited=_sum(each.waited for each in further) if further else None,
                next_answer=_sum(each.answered for each in further) if further else None,
                recorded=service.recorded,
                total=service.total,
                line=_line_of(last.queue, last.agent, period.directory),
            )
        )
    return rows


def _registered_in(records: Records, period: Period) -> Iterator[CallRecord]:
    own = (call for call in records.calls if period.since <= call.registered_at < period.until)
    return iter(sorted(own, key=lambda call: (call.registered_at, call.call)))


def _days_with_a_week_before(period: Period) -> Slots:
    # The period may begin in the middle of a day; what came before is not of its first row.
    begin = period.since - WEEK
    before = Slots.every(DAY, since=begin, until=period.since, zone=period.zone)
    during = Slots.every(DAY, since=period.since, until=period.until, zone=period.zone)
    return Slots((*before.cuts[:-1], *during.cuts))


def _by_day_and_line(item: tuple[tuple[datetime, Line | None], Tally]) -> tuple[datetime, str]:
    (begin, line), _ = item
    return begin, "" if line is None else line.value


def _a_week_before(slots: Slots, day: date, zone: tzinfo | None) -> datetime | None:
    wanted = day - WEEK
    return next((cut for cut in slots.cuts if cut.astimezone(zone).date() == wanted), None)


def _at_work(
    records: Records, slots: Slots, directory: Directory
) -> defaultdict[tuple[datetime, Line | None], set[AgentId]]:
    found: defaultdict[tuple[datetime, Line | None], set[AgentId]] = defaultdict(set)
    for span in records.presences:
        if span.presence is not Presence.SIGNED_OUT:
            for slot, _ in slots.cut(span.began_at, span.ended_at or slots.until):
                found[slot, directory.agents.get(span.agent)].add(span.agent)
    for call in records.calls:
        for handling in parts_of(call).handlings:
            if handling.agent is not None and slots.holds(handling.began_at):
                slot = slots.slot_of(handling.began_at)
                found[slot, directory.agents.get(handling.agent)].add(handling.agent)
    return found


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
        not_answered_share=_of(not_answered, queued),
        mean_wait=verdict.mean,
        longest_wait=verdict.longest,
        service_level_share=verdict.share,
        agents=agents,
        received_so_far=so_far,
        to_last_week_share=tally.received / last_week - 1 if last_week else None,
    )


def _interval_row(
    tally: Tally, period: Period, begins_at: datetime, lasting: timedelta
) -> IntervalRow:
    verdict = judge(period.norm, tally)
    return IntervalRow(
        begins_at=begins_at,
        received=tally.received,
        answered=tally.answered,
        lost=formulas.lost(tally),
        service_level_share=verdict.share,
        mean_wait=verdict.mean,
        longest_wait=verdict.longest,
        mean_handling=formulas.average_handle_time(tally),
        mean_wrap_up=formulas.average_wrap_up(tally),
        agents=formulas.mean_agents(tally, lasting),
        occupancy_share=formulas.occupancy_share(tally),
        longest_queue=tally.longest_queue,
    )


def _lost_row(number: str, calls: Sequence[CallRecord], period: Period) -> LostRow | None:
    lost = [
        call
        for call in calls
        if period.since <= call.registered_at < period.until and _is_lost(call)
    ]
    if not lost:
        return None
    lost.sort(key=lambda call: call.registered_at)
    last = lost[-1]
    returned = _next_talk(calls, last.registered_at)
    called_back = any(call.callback is not None and call.callback.is_done for call in lost)
    return LostRow(
        number=number,
        attempts=len(lost),
        first_at=lost[0].registered_at,
        last_at=last.registered_at,
        cause=last.outcome or CallOutcome.TECHNICAL_FAILURE,
        was_working_time=last.outcome is not CallOutcome.INFORMED_AFTER_HOURS,
        called_again=returned is not None,
        called_back=called_back,
        is_left=returned is None and not called_back,
        closed_within=None if returned is None else returned - last.registered_at,
    )


def _is_lost(call: CallRecord) -> bool:
    """Tell whether a call is over in which the citizen got neither a person nor his answer."""
    if call.outcome in {None, CallOutcome.SELF_SERVED}:
        return False
    return not parts_of(call).handlings


def _next_talk(calls: Iterable[CallRecord], after: datetime) -> datetime | None:
    talks = (
        handling.began_at
        for call in calls
        if call.registered_at > after
        for handling in parts_of(call).handlings
    )
    return min(talks, default=None)


def _shift_row(
    agent: AgentId, tally: Tally, spans: Sequence[PresenceSpan], period: Period
) -> ShiftRow:
    def spent(reason: NotReadyReason) -> timedelta:
        return timedelta(microseconds=tally.not_ready[reason])

    came, left = _came_and_left(spans, period)
    return ShiftRow(
        agent=agent,
        line=period.directory.agents.get(agent),
        signed_in_at=came,
        signed_out_at=left,
        signed_in=tally.signed_in,
        ready=tally.ready,
        on_break=spent(NotReadyReason.BREAK),
        at_lunch=spent(NotReadyReason.LUNCH),
        in_training=spent(NotReadyReason.TRAINING),
        after_no_answer=spent(NotReadyReason.NO_ANSWER),
        otherwise=spent(NotReadyReason.OTHER),
        offered=tally.rings.total() + tally.ringing,
        accepted=tally.rings[SegmentOutcome.ACCEPTED],
        not_answered=tally.rings[SegmentOutcome.NOT_ANSWERED]
        + tally.rings[SegmentOutcome.UNREACHABLE],
        refused=tally.rings[SegmentOutcome.REFUSED],
        mean_handling=formulas.average_handle_time(tally),
        longest_handling=tally.handlings.longest,
        mean_talk=formulas.average_talk(tally),
        mean_hold=formulas.average_hold(tally),
        mean_wrap_up=formulas.average_wrap_up(tally),
        load=tally.handlings.total,
        advising=tally.advising,
        occupancy_share=formulas.occupancy_share(tally),
        transferred=tally.transferred,
        cut_off=tally.cut_off,
    )


def _came_and_left(
    spans: Sequence[PresenceSpan], period: Period
) -> tuple[datetime | None, datetime | None]:
    there = [
        span
        for span in sorted(spans, key=lambda span: span.began_at)
        if span.presence is not Presence.SIGNED_OUT
        and span.began_at < period.until
        and (span.ended_at is None or span.ended_at > period.since)
    ]
    if not there:
        return None, None
    left = there[-1].ended_at
    return (
        max(there[0].began_at, period.since),
        None if left is None or left >= period.until else left,
    )


def _line_of(queue: QueueId | None, agent: AgentId | None, directory: Directory) -> Line | None:
    line = None if queue is None else directory.queues.get(queue)
    return line if line is not None or agent is None else directory.agents.get(agent)


def _sum(lengths: Iterable[timedelta]) -> timedelta:
    return sum(lengths, timedelta())


def _of(part: int, whole: int) -> float | None:
    return part / whole if whole else None
