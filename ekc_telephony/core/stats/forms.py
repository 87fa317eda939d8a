"""
The report forms that are a question of one call or of one tally: F2, F3, F4 and F8.

Ratings and surveys are here as well. F1 is in `daily.py`, F5 in `lost.py` and F6 in `shifts.py`;
the rows are in `form_rows.py`, F4's in `passport.py`.

Rule 1: no form holds all calls of its period: a report of a month is of millions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from ekc_telephony.core.acd.specs import Line
from ekc_telephony.core.kernel.ids import AgentId, QueueId
from ekc_telephony.core.stats import formulas
from ekc_telephony.core.stats.figures import questions_of
from ekc_telephony.core.stats.form_rows import (
    AnswerRow,
    IntervalRow,
    Period,
    RatingRow,
    ServiceRow,
    WaitRow,
    share_of,
)
from ekc_telephony.core.stats.grouping import By, Counting, Directory, Key
from ekc_telephony.core.stats.norms import judge
from ekc_telephony.core.stats.opinions import MARKS
from ekc_telephony.core.stats.parts import service_time
from ekc_telephony.core.stats.records import CallRecord
from ekc_telephony.core.stats.tally import Tally


class Filling(Counting, Protocol):
    """A form that is filled in while its period is counted."""

    def rows(self) -> Sequence[Any]:
        """Return the form, when everything is counted."""
        ...


def intervals(found: Mapping[Key, Tally], period: Period) -> list[IntervalRow]:
    """Return F2, of a period that was counted by half-hours, hours or days."""
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
                answered_share=share_of(served, answered.count),
                abandoned=gone,
                abandoned_share=share_of(gone, abandoned.count),
                up_to_here_share=share_of(so_far, everybody),
            )
        )
        over = up_to or over
    return rows


def ratings(found: Mapping[Key, Tally], by: By) -> list[RatingRow]:
    """Return the ratings of every group in which somebody was asked."""
    return [
        RatingRow(
            whose=_whose(key, by),
            asked_to_rate=tally.asked_to_rate,
            rated=tally.marks.total(),
            rating_share=formulas.rating_share(tally),
            mean_rating=formulas.mean_rating(tally),
            satisfied_share=formulas.satisfied_share(tally),
            **{f"mark_{mark}": tally.marks[mark] for mark in MARKS},
        )
        for key, tally in _in_order(found)
        if tally.asked_to_rate
    ]


def answers(found: Mapping[Key, Tally], by: By) -> list[AnswerRow]:
    """Return what was answered to every question of a survey, by group."""
    return [
        AnswerRow(
            whose=_whose(key, by),
            survey=asked.survey,
            question=asked.question,
            asked=asked.asked,
            answered_question=asked.answered,
            answer=answer,
            times=times,
            times_share=share_of(times, asked.answered),
        )
        for key, tally in _in_order(found)
        for asked in questions_of(tally)
        for answer, times in (*asked.answers.items(), *(() if asked.answers else ((None, 0),)))
    ]


def _in_order(found: Mapping[Key, Tally]) -> list[tuple[Key, Tally]]:
    """Return groups by name or time, the rest last; nobody is ranked (G12)."""
    return sorted(found.items(), key=lambda item: (item[0] is None, str(item[0])))


def _whose(key: Key, by: By) -> str | Line | datetime | None:
    return Line(key) if by is By.LINE and key is not None else key


def service_row(call: CallRecord, period: Period) -> ServiceRow | None:
    """Return a call's row of F8; None unless it had a conversation and is over."""
    service = service_time(call)
    if service is None:
        return None
    first, *further = service.steps
    last = next((each for each in reversed(service.steps) if each.agent), first)
    return ServiceRow(
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


def _line_of(queue: QueueId | None, agent: AgentId | None, directory: Directory) -> Line | None:
    line = None if queue is None else directory.queues.get(queue)
    return line if line is not None or agent is None else directory.agents.get(agent)


def _sum(lengths: Iterable[timedelta]) -> timedelta:
    return sum(lengths, timedelta())
