"""
From the settings of a node to what the core is built from: queues, agents, hours, scripts.

The seam between `ekc.yaml` and the core, which knows nothing of files.

Rule 1: public holidays and moved working days are worked out here, for the years around today;
the core sees dates only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Final

import holidays

from ekc_telephony.core.acd.specs import AgentSpec, QueueSpec
from ekc_telephony.core.engine.engine import EnginePlan
from ekc_telephony.core.engine.features import FeatureCodes
from ekc_telephony.core.ivr.hours import BusinessHours, Interval
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.kernel.ids import AgentId, Did, QueueId, SkillId
from ekc_telephony.settings import values
from ekc_telephony.settings.models import Schedule, Settings
from ekc_telephony.settings.scripts import KnownNames, load_script

_FRIDAY: Final = 4
_YEARS_AHEAD: Final = 2
_MIDNIGHT: Final = timedelta(hours=24)


def queue_specs(settings: Settings) -> list[QueueSpec]:
    """Return the queues."""
    return [
        QueueSpec(
            queue=QueueId(queue.id),
            title=queue.title,
            line=queue.line,
            requires={SkillId(skill): level for skill, level in queue.skills.items()},
            ring_time=queue.ring_time,
            wrap_up=queue.wrap_up,
            refusal_rest=queue.after_refusal,
            announce_every=queue.announce_every,
            is_recorded=queue.record,
            when_no_agents=queue.when_no_agents,
        )
        for queue in settings.queues
    ]


def agent_specs(settings: Settings) -> list[AgentSpec]:
    """Return the agents."""
    return [
        AgentSpec(
            agent=AgentId(operator.account),
            name=operator.name,
            line=operator.line,
            skills={SkillId(skill): level for skill, level in operator.skills.items()},
            initial_presence=operator.initial_presence,
        )
        for operator in settings.operators
    ]


def engine_plan(settings: Settings, *, today: date) -> EnginePlan:
    """
    Return numbers, scripts, hours and feature codes.

    Raises:
        SettingsError: A script cannot be used.
    """
    codes = settings.feature_codes
    return EnginePlan(
        scripts=_scripts(settings),
        schedules={
            name: business_hours(schedule, today=today)
            for name, schedule in settings.schedules.items()
        },
        feature_codes=FeatureCodes(
            ready=codes.ready,
            not_ready=codes.not_ready_codes(),
            signed_out=codes.signed_out,
            end_of_wrap_up=codes.end_of_wrap_up,
        ),
    )


def _scripts(settings: Settings) -> Mapping[Did, Script]:
    """Return the entry script of every number; a script is read once."""
    known = KnownNames(
        queues=frozenset(queue.id for queue in settings.queues),
        schedules=frozenset(settings.schedules),
        prompts=frozenset(file.stem for file in (settings.sounds / "ru").glob("*.wav")),
    )
    names = sorted({number.script for number in settings.numbers})
    scripts = {name: load_script(settings.scripts / f"{name}.yaml", known=known) for name in names}
    return {Did(number.did): scripts[number.script] for number in settings.numbers}


def business_hours(schedule: Schedule, *, today: date) -> BusinessHours:
    """Return the hours of a schedule, with the dates that differ from their weekday."""
    dates: dict[date, tuple[Interval, ...]] = {}
    if schedule.holidays is values.HolidayCalendar.RU:
        years = range(today.year - 1, today.year + _YEARS_AHEAD + 1)
        calendar = holidays.country_holidays("RU", years=years)
        dates |= dict.fromkeys(calendar, ())
        # A weekend day that is worked instead of a moved holiday has the hours of a Friday.
        dates |= dict.fromkeys(calendar.weekend_workdays, _intervals(schedule.hours_of(_FRIDAY)))
    dates |= dict.fromkeys(schedule.closed, ())
    dates |= {day: _intervals(hours) for day, hours in schedule.open.items()}
    return BusinessHours(
        zone=schedule.time_zone,
        weekly=tuple(_intervals(schedule.hours_of(weekday)) for weekday in range(7)),
        dates=dates,
    )


def _intervals(hours: tuple[values.Interval, ...]) -> tuple[Interval, ...]:
    return tuple(Interval(_time_of_day(each.opens), _time_of_day(each.closes)) for each in hours)


def _time_of_day(since_midnight: timedelta) -> time:
    if since_midnight >= _MIDNIGHT:
        return time.max
    minutes = int(since_midnight.total_seconds() // 60)
    return time(minutes // 60, minutes % 60)
