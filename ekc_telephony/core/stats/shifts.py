"""F6: the shifts of agents, who are listed by their ids and never ranked (G12)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import final

from ekc_telephony.core.call.facts import SegmentOutcome
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId
from ekc_telephony.core.stats import formulas
from ekc_telephony.core.stats.form_rows import Period, ShiftRow
from ekc_telephony.core.stats.grouping import By, CountBy, Key, PartCount
from ekc_telephony.core.stats.records import CallRecord, PresenceSpan
from ekc_telephony.core.stats.spans import Stretch
from ekc_telephony.core.stats.tally import Tally


@final
class Shifts:
    """
    Counts what each agent did, and remembers when he came and left; see `grouping.Counting`.

    Args:
        period: What the form is about.
    """

    def __init__(self, period: Period) -> None:
        self._period = period
        self._count = CountBy(
            By.OPERATOR,
            since=period.since,
            until=period.until,
            zone=period.zone,
            directory=period.directory,
            wait_edges=period.wait_edges,
        )
        self._there: dict[AgentId, tuple[PresenceSpan, PresenceSpan]] = {}

    @property
    def cuts(self) -> tuple[datetime, ...]:
        """Midnights."""
        return self._count.cuts

    def part(self, *, since: datetime, until: datetime) -> _PartOfShifts:
        """Begin with the next day."""
        count = self._count.part(since=since, until=until)
        return _PartOfShifts(count, self._there, (since, until))

    def rows(self) -> list[ShiftRow]:
        """Return the form, by agent."""
        found = self._count.tallies()
        agents = sorted(AgentId(agent) for agent in found if isinstance(agent, str))
        return [
            _shift_row(agent, found[agent], self._there.get(agent), self._period)
            for agent in agents
        ]


@final
class _PartOfShifts:
    """One day, with the first and the last stretch in which each agent was there."""

    def __init__(
        self,
        count: PartCount[Key],
        there: dict[AgentId, tuple[PresenceSpan, PresenceSpan]],
        stretch: Stretch,
    ) -> None:
        self._count = count
        self._there = there
        self._since, self._until = stretch

    def add(self, calls: Sequence[CallRecord]) -> None:
        """Count calls that touch the day."""
        self._count.add(calls)

    def end(self, presences: Sequence[PresenceSpan]) -> None:
        """Count what agents declared that day."""
        self._count.end(presences)
        for span in presences:
            is_over = span.ended_at is not None and span.ended_at <= self._since
            if span.presence is Presence.SIGNED_OUT or is_over or span.began_at >= self._until:
                continue
            first, last = self._there.get(span.agent, (span, span))
            # A stretch that goes on past midnight is told again by the next day, with its end.
            self._there[span.agent] = (
                min(first, span, key=_beginning),
                max(span, last, key=_beginning),
            )


def _beginning(span: PresenceSpan) -> datetime:
    return span.began_at


def _shift_row(
    agent: AgentId,
    tally: Tally,
    there: tuple[PresenceSpan, PresenceSpan] | None,
    period: Period,
) -> ShiftRow:
    def spent(reason: NotReadyReason) -> timedelta:
        return timedelta(microseconds=tally.not_ready[reason])

    came, left = (None, None) if there is None else _came_and_left(*there, period)
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
        rating=formulas.mean_rating(tally),
    )


def _came_and_left(
    first: PresenceSpan, last: PresenceSpan, period: Period
) -> tuple[datetime, datetime | None]:
    left = last.ended_at
    return (
        max(first.began_at, period.since),
        None if left is None or left >= period.until else left,
    )
