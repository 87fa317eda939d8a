"""
What a scenario file may say: who calls, who answers, and how both behave.

Queues, skills and operators are written in the words of `ekc.yaml`, or taken from one; an operator
here may be a group of equal ones, with a shift and breaks. Lengths of time that chance decides are
written as laws: `exponential 4m`, `lognormal 4m sd 3m` (`dice.py`).

Rule 1: an unknown key is a mistake.
Rule 2: times of day are by the clock of `time_zone`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Annotated, Final, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from ekc_telephony.core.call.presence import NotReadyReason
from ekc_telephony.settings.models import Operator, Queue, Routing, ServiceLevel, Skill
from ekc_telephony.settings.section import Section
from ekc_telephony.settings.values import (
    Dialled,
    Duration,
    FilePath,
    Interval,
    Name,
    OpenInterval,
    PositiveDuration,
    Title,
    WrittenInt,
)
from ekc_telephony.simulation.dice import AT_ONCE, Law, Lengths, read_lengths

_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")


def read_share(written: object) -> float:
    """
    Read `8%` or `0.08`.

    Raises:
        ValueError: It is something else, or not between nothing and all.
    """
    share: float = -1
    if isinstance(written, int | float) and not isinstance(written, bool):
        share = float(written)
    elif isinstance(written, str) and (found := _PERCENT.fullmatch(written)):
        share = float(found[1]) / 100
    if not 0 <= share <= 1:
        raise ValueError("a share of all, such as 8% or 0.08")
    return share


def _not_none(lengths: Lengths) -> Lengths:
    if lengths.law is Law.NONE:
        raise ValueError("a length with an end: fixed, exponential, lognormal, weibull, empirical")
    return lengths


def _not_negative(written: object) -> float:
    if isinstance(written, bool) or not isinstance(written, int | float) or written < 0:
        raise ValueError("a number of calls, 0 or more")
    return float(written)


def _keys(written: object) -> object:
    return written.written if isinstance(written, WrittenInt) else written


Share: TypeAlias = Annotated[float, BeforeValidator(read_share)]
Patience: TypeAlias = Annotated[Lengths, BeforeValidator(read_lengths)]
Length: TypeAlias = Annotated[Lengths, AfterValidator(_not_none), BeforeValidator(read_lengths)]
HowMany: TypeAlias = Annotated[float, BeforeValidator(_not_negative)]
Keys: TypeAlias = Annotated[str, BeforeValidator(_keys), Field(pattern=r"^[0-9*#]*$")]
Profile: TypeAlias = Mapping[OpenInterval, HowMany]
"""How calls are spread over the day: interval → weight, or number of calls."""


class Level(Enum):
    """How much of the production core a scenario runs."""

    ENGINE = "engine"
    """All of it: scripts, prompts, sessions, legs, offers."""
    ROUTING = "routing"
    """The ACD alone, which decides who talks to whom: several times as fast."""


class Redial(Section):
    """Callers who gave up and call once more."""

    share: Share
    after: Length


class Calls(Section):
    """One kind of caller."""

    name: Name | None = None
    """By default the name of the queue or the number."""
    queue: Name | None = None
    """Where he waits. Instead of it `number` lets him walk through the number's script."""
    number: Dialled | None = None
    keys: Keys = ""
    """What he presses in the menus of the script, one key each."""
    arrivals: Profile = Field(default_factory=dict)
    """How many calls each interval brings, in the mean."""
    total: HowMany | None = None
    """How many calls the day brings, in the mean; `profile` spreads them."""
    profile: Name | None = None
    recorded: FilePath | None = None
    """Real calls instead: what `ekc appeals export` wrote."""
    menu: Length = AT_ONCE
    """Time from his arrival until he waits in `queue`."""
    patience: Patience
    talk: Length
    wrap_up: Length | None = None
    """After-call work; the queue's `wrap_up` limits it, and is all of it by default."""
    redial: Redial | None = None
    callback: Share = 0.0
    """How many take it when they are offered to be called back instead of waiting."""

    @property
    def title(self) -> str:
        """What it is called in the traffic."""
        return self.name or self.queue or self.number or ""


class Break(Section):
    """Time off within a shift, spread evenly over a group."""

    between: OpenInterval
    """The first begins at its beginning, the last ends at its end."""
    lasting: PositiveDuration
    reason: NotReadyReason = NotReadyReason.BREAK


class Staff(Operator):
    """An operator as in `ekc.yaml`, or a group of equal ones."""

    name: Title = "Оператор"
    count: int = Field(default=1, ge=1, le=20_000)
    """More than one are called `<account>-1`, `<account>-2`, …"""
    shift: OpenInterval | None = None
    """From when to when he is signed in; all the time by default."""
    breaks: tuple[Break, ...] = ()
    absent: Share | None = None
    """How likely he does not come at all; by default what `behaviour` says."""

    def operators(self) -> list[Operator]:
        """Return each of them."""
        words = {
            field: getattr(self, field) for field in Operator.model_fields if field != "account"
        }
        return [Operator.model_construct(account=account, **words) for account in self.accounts()]

    def accounts(self) -> list[str]:
        """Return the account of each of them."""
        if self.count == 1:
            return [self.account]
        return [f"{self.account}-{number}" for number in range(1, self.count + 1)]


class Behaviour(Section):
    """What operators do when their phones ring."""

    answer: Length = AT_ONCE
    """How long a phone rings until it is picked up."""
    no_answer: Share = 0.0
    """How often nobody picks it up; he is then not ready for `back_after`."""
    refusal: Share = 0.0
    """How often it is declined at once."""
    back_after: PositiveDuration = timedelta(minutes=2)
    absent: Share = 0.0
    """How many do not come to work."""


class Scenario(Section):
    """The whole file."""

    title: Title
    configuration: FilePath | None = None
    """An `ekc.yaml`: queues, operators, scripts and service level are its own unless given here."""
    level: Level = Level.ENGINE
    day: date
    time_zone: ZoneInfo
    hours: OpenInterval
    """When calls arrive."""
    warm_up: Duration = timedelta()
    """Its first stretch, which is not measured."""
    drain: PositiveDuration = timedelta(hours=2)
    """How long after `hours` the last callers are looked after at most."""
    service_level: ServiceLevel | None = None
    routing: Routing | None = None
    skills: tuple[Skill, ...] = ()
    queues: tuple[Queue, ...] = ()
    operators: tuple[Staff, ...] = ()
    behaviour: Behaviour = Behaviour()
    profiles: Mapping[Name, Profile] = Field(default_factory=dict)
    calls: tuple[Calls, ...] = Field(min_length=1)

    def moment(self, since_midnight: timedelta) -> datetime:
        """Return the moment at which the clock shows this on the day."""
        midnight = datetime.combine(self.day, time(), self.time_zone)
        return (midnight + since_midnight).astimezone(ZoneInfo("UTC"))

    def profile_of(self, calls: Calls) -> dict[Interval, float]:
        """Return how many of these calls each interval brings, in the mean."""
        if calls.total is None or calls.profile is None:
            return dict(calls.arrivals)
        weights = self.profiles[calls.profile]
        everything = sum(weights.values())
        return {each: calls.total * weight / everything for each, weight in weights.items()}
