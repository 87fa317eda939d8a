"""
The rows of the report forms: what each form has in its columns.

A form is a list of rows of one dataclass; its fields are the columns, in their order, and the words
for them stand with the command. A field whose name ends in `_share` holds 0 to 1.

Rule 1: a column for which no fact exists is there, is None in every row, and is named in
`NOT_MEASURED`, so that a report says «not measured» and nobody reads a zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import Enum
from types import MappingProxyType
from typing import Final

from ekc_telephony.core.acd.specs import Line
from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.kernel.ids import AgentId, AppealId
from ekc_telephony.core.stats.grouping import Directory
from ekc_telephony.core.stats.norms import Norm


class Form(Enum):
    """The forms that facts can fill today."""

    F1 = "F1"
    F2 = "F2"
    F3 = "F3"
    F4 = "F4"
    F5 = "F5"
    F6 = "F6"
    F8 = "F8"
    RATINGS = "ratings"
    SURVEYS = "surveys"


NOT_MEASURED: Final[Mapping[Form, tuple[str, ...]]] = MappingProxyType(
    {
        Form.F1: (),
        Form.F2: ("agents_planned",),
        Form.F3: (),
        Form.F4: ("menu_path",),
        Form.F5: (),
        Form.F6: ("redialled",),
        Form.F8: (),
        Form.RATINGS: (),
        Form.SURVEYS: (),
    }
)
"""Columns for which no fact exists yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a form is about."""

    since: datetime
    until: datetime
    """The present moment at the latest."""
    zone: tzinfo | None
    """Whose days and hours; None is the machine's own."""
    norm: Norm
    """By which the service level is measured."""
    wait_edges: tuple[timedelta, ...]
    """Buckets of waits; they hold the norm's target."""
    directory: Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class DailySummary:
    """F1: one day of one line."""

    day: date
    line: Line | None
    """None: of no line, as calls that ended in the menu are."""
    received: int
    unique_numbers: int | None
    """People, not attempts (G3); hidden numbers are left out. None: not known."""
    closed_by_menu: int
    queued: int
    answered: int
    not_answered: int
    not_answered_share: float | None
    mean_wait: timedelta | None
    longest_wait: timedelta | None
    service_level_share: float | None
    agents: int
    """Who was signed in, or talked."""
    received_so_far: int
    """Since the beginning of the period."""
    to_last_week_share: float | None
    """Received ÷ received on the same day a week ago − 1; None when that day is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalRow:
    """F2: one interval."""

    begins_at: datetime
    received: int
    answered: int
    lost: int
    service_level_share: float | None
    mean_wait: timedelta | None
    longest_wait: timedelta | None
    mean_handling: timedelta | None
    mean_wrap_up: timedelta | None
    agents_planned: None = None
    agents: float | None
    """Signed in, on average."""
    occupancy_share: float | None
    longest_queue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitRow:
    """F3: one bucket of the profile of waiting."""

    over: timedelta
    """Longer than this …"""
    up_to: timedelta | None
    """… and no longer than this; None: any length."""
    answered: int
    answered_share: float | None
    abandoned: int
    abandoned_share: float | None
    up_to_here_share: float | None
    """Of all who were answered or gave up, those up to this bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostRow:
    """F5: a citizen who did not get through, and whether he and we met later."""

    number: str
    attempts: int
    first_at: datetime
    last_at: datetime
    cause: CallOutcome
    """Of the last attempt."""
    was_working_time: bool
    called_again: bool
    """He called again and talked to a person."""
    called_back: bool
    """We called him back."""
    is_left: bool
    """Neither."""
    closed_within: timedelta | None
    """From the last attempt to his own next conversation; when we called back is not noted yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftRow:
    """F6: one agent's shift."""

    agent: AgentId
    line: Line | None
    signed_in_at: datetime | None
    signed_out_at: datetime | None
    """None while he is there, or when nothing is known."""
    signed_in: timedelta
    ready: timedelta
    on_break: timedelta
    at_lunch: timedelta
    in_training: timedelta
    after_no_answer: timedelta
    """Set not ready by the engine: his phone rang and he did not answer."""
    otherwise: timedelta
    offered: int
    accepted: int
    not_answered: int
    refused: int
    mean_handling: timedelta | None
    longest_handling: timedelta | None
    mean_talk: timedelta | None
    """Without hold."""
    mean_hold: timedelta | None
    """None: not measured, as in the fallback."""
    mean_wrap_up: timedelta | None
    load: timedelta
    """Talk, hold and wrap-up since the beginning of the period."""
    advising: timedelta
    """Advice to colleagues, beside his own calls; not part of the load."""
    occupancy_share: float | None
    transferred: int | None
    """Conversations he ended by sending the caller on; None: not measured."""
    cut_off: int
    """Conversations that a failure ended."""
    redialled: None = None
    rating: float | None
    """The mean of the marks that callers gave him; None: nobody did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow:
    """F8: the service time of one call (S1.13, order 442n §72)."""

    appeal: AppealId
    registered_at: datetime
    first_waited: timedelta
    first_answer: timedelta
    next_waited: timedelta | None
    """All further levels; None when there were none."""
    next_answer: timedelta | None
    recorded: timedelta | None
    """None: nothing says how long, as in the fallback."""
    total: timedelta
    line: Line | None
    """Of the level that served him last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingRow:
    """Ratings of one queue, line, agent or interval; or of all."""

    whose: str | Line | datetime | None
    """None: all, or what belongs to none."""
    asked_to_rate: int
    rated: int
    rating_share: float | None
    """Rated ÷ asked to rate."""
    mean_rating: float | None
    satisfied_share: float | None
    """CSAT: marks of 4 and 5 ÷ marks."""
    mark_1: int
    mark_2: int
    mark_3: int
    mark_4: int
    mark_5: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """One answer to one question of a survey; a question nobody answered has a row without one."""

    whose: str | Line | datetime | None
    """As in `RatingRow`."""
    survey: str | None
    """None: its name was not noted."""
    question: str
    asked: int
    answered_question: int
    answer: str | None
    times: int
    """How many answered so."""
    times_share: float | None
    """Of those who answered the question."""


def share_of(part: int, whole: int) -> float | None:
    """Return what share a part is; None of nothing."""
    return part / whole if whole else None
