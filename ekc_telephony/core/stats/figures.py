"""All figures of one tally at once, by name; what a report, a page or an export shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from ekc_telephony.core.acd.service_level import ServiceLevelFormula
from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.stats import formulas
from ekc_telephony.core.stats.lengths import Lengths
from ekc_telephony.core.stats.opinions import MARKS
from ekc_telephony.core.stats.tally import Tally
from ekc_telephony.core.stats.visits import VisitEnding


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A mean with what must stand beside it (G6)."""

    mean: timedelta | None
    longest: timedelta | None
    edges: tuple[timedelta, ...]
    counts: tuple[int, ...]
    """How many were no longer than each edge and longer than the one before; the last: longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionFigures:
    """What was answered to one question of a survey."""

    survey: str | None
    """None: its name was not noted."""
    question: str
    asked: int
    answered: int
    answer_share: float | None
    """Answered ÷ asked."""
    answers: Mapping[str, int]
    """Those that somebody gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Figures of a period, a queue, a line or an agent; shares are 0 to 1; None: nothing to say."""

    received: int
    outcomes: Mapping[CallOutcome, int]
    """Of the received that have ended; their sum is how many have."""
    people: int | None
    """Numbers the calls came from (G3), hidden ones left out; None: not known."""
    offered: int
    """Visits to queues = answered + abandoned + flowed_out + broken + waiting."""
    answered: int
    abandoned: int
    flowed_out: int
    broken: int
    waiting: int
    short: int
    """Of the abandoned, within 5 s."""
    answer_share: float | None
    abandon_share: float | None
    service_levels: Mapping[str, float | None]
    """SL-1 … SL-5, by `formulas.SERVICE_LEVELS`."""
    service_level: float | None
    """By the formula that was chosen; None when none was, too."""
    wait: Spread
    """Of those answered, from the queue; the mean is ASA."""
    wait_of_abandoned: Spread
    handled: int
    handling: Spread
    """Talk, hold and wrap-up; the mean is AHT."""
    mean_talk: timedelta | None
    """Without hold."""
    mean_hold: timedelta | None
    """None: not measured."""
    mean_wrap_up: timedelta | None
    service: Spread
    """The service time of S1.13."""
    transfer_share: float | None
    """None: not measured."""
    hold_share: float | None
    """None: not measured."""
    cut_off: int
    caller_silent: int | None
    """Talks in which the caller was not heard for longer than his queue allows (S1.19); None: not
    measured."""
    caller_silences: int | None
    """How often that was."""
    agent_silent: int | None
    """Talks in which the agent was not; None: not measured."""
    agent_silences: int | None
    """How often that was."""
    asked_to_rate: int
    """Callers, once for each time they were asked."""
    rated: int
    rating_share: float | None
    """Rated ÷ asked to rate."""
    mean_rating: float | None
    satisfied_share: float | None
    """CSAT: marks of 4 and 5 ÷ marks."""
    marks: Mapping[str, int]
    """How many gave 1, 2, 3, 4 and 5."""
    questions: tuple[QuestionFigures, ...]
    """Of surveys, by name."""
    agents: float | None
    """Signed in, on average over the period."""
    occupancy_share: float | None
    advising: timedelta
    """Spent by agents on advice to colleagues, beside their own calls."""
    longest_queue: int


def figures_of(
    tally: Tally,
    *,
    target: timedelta,
    period: timedelta,
    formula: ServiceLevelFormula | None = None,
) -> Figures:
    """
    Work out all figures.

    Args:
        tally: What was counted.
        target: T of the service levels; an edge of the tally's waits.
        period: How long the period was.
        formula: The service level that this centre is measured by, if it has one.

    Raises:
        ValueError: The target is no edge of the histogram.
    """
    return Figures(
        received=tally.received,
        outcomes={outcome: tally.outcomes[outcome] for outcome in CallOutcome},
        people=tally.people,
        offered=tally.offered,
        answered=tally.answered,
        abandoned=tally.abandoned,
        flowed_out=tally.visits[VisitEnding.FLOWED_OUT],
        broken=tally.visits[VisitEnding.BROKEN],
        waiting=tally.visits[VisitEnding.WAITING],
        short=tally.from_queue.short,
        answer_share=formulas.answer_share(tally),
        abandon_share=formulas.abandon_share(tally),
        service_levels=formulas.service_levels(tally, target),
        service_level=None
        if formula is None
        else formulas.service_level(
            tally.from_queue, received=tally.offered, target=target, formula=formula
        ),
        wait=spread(tally.from_queue.answered),
        wait_of_abandoned=spread(tally.from_queue.abandoned),
        handled=tally.handlings.count,
        handling=spread(tally.handlings),
        mean_talk=formulas.average_talk(tally),
        mean_hold=formulas.average_hold(tally),
        mean_wrap_up=formulas.average_wrap_up(tally),
        service=spread(tally.service),
        transfer_share=formulas.transfer_share(tally),
        hold_share=formulas.hold_share(tally),
        cut_off=tally.cut_off,
        caller_silent=tally.caller_silent,
        caller_silences=tally.caller_silences,
        agent_silent=tally.agent_silent,
        agent_silences=tally.agent_silences,
        asked_to_rate=tally.asked_to_rate,
        rated=tally.marks.total(),
        rating_share=formulas.rating_share(tally),
        mean_rating=formulas.mean_rating(tally),
        satisfied_share=formulas.satisfied_share(tally),
        marks={mark: tally.marks[mark] for mark in MARKS},
        questions=questions_of(tally),
        agents=formulas.mean_agents(tally, period),
        occupancy_share=formulas.occupancy_share(tally),
        advising=tally.advising,
        longest_queue=tally.longest_queue,
    )


def questions_of(tally: Tally) -> tuple[QuestionFigures, ...]:
    """Return what was answered to each question of a survey, by name."""
    return tuple(_question(tally, name) for name in sorted(tally.asked))


def spread(lengths: Lengths) -> Spread:
    """Return the mean of lengths with their maximum and histogram."""
    return Spread(
        mean=lengths.mean,
        longest=lengths.longest,
        edges=lengths.edges,
        counts=tuple(lengths.counts),
    )


def _question(tally: Tally, name: str) -> QuestionFigures:
    survey, _, question = name.rpartition(".")
    answers = {
        answer: count for (asked, answer), count in sorted(tally.answers.items()) if asked == name
    }
    answered, asked = sum(answers.values()), tally.asked[name]
    return QuestionFigures(
        survey=survey or None,
        question=question,
        asked=asked,
        answered=answered,
        answer_share=answered / asked if asked else None,
        answers=answers,
    )
