"""What `ekc stats` is asked: the period, T, the store, and the names that are configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final

from ekc_telephony.cli.asking import WRONG_INPUT, begin_of, end_of, fail
from ekc_telephony.core.acd.service_level import ServiceLevelFormula
from ekc_telephony.core.kernel.ids import AgentId, QueueId
from ekc_telephony.core.stats.grouping import Directory
from ekc_telephony.core.stats.lengths import WAIT_EDGES
from ekc_telephony.core.stats.spans import DAY, cut_before, next_cut
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings

USUAL_TARGET: Final = timedelta(seconds=20)
"""T when no configuration is at hand: Voximplant Kit's and ERA's default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about."""

    since: datetime
    until: datetime
    zone: tzinfo | None
    target: timedelta
    formula: ServiceLevelFormula | None
    """Of the service level that this centre is measured by; None without a configuration."""
    names: Mapping[str, str]
    """Titles of queues and names of operators, by id."""
    directory: Directory
    store: str
    is_kept: bool = False
    """Whether figures are read from what has been counted before, see `aggregates.py`."""

    @property
    def wait_edges(self) -> tuple[timedelta, ...]:
        """Buckets of waits with T among them."""
        return tuple(sorted({*WAIT_EDGES, self.target}))


def question_of(
    period: tuple[datetime, datetime],
    *,
    zone: tzinfo | None,
    target_s: float | None,
    formula: ServiceLevelFormula | None,
    store: str | None,
    config: Path,
) -> Question:
    """
    Return what is asked, with the titles and lines of the configuration.

    Args:
        period: What it is about.
        zone: Whose days and hours.
        target_s: T in seconds, instead of the configured one.
        formula: Of the service level, instead of the configured one.
        store: The store's address, instead of the configured one.
        config: The configuration; it may be missing when the store is named.

    Raises:
        typer.Exit: The configuration is wrong; the person has been told.
    """
    settings = _settings(store, config)
    usual = USUAL_TARGET if settings is None else settings.service_level.target
    queues = () if settings is None else settings.queues
    operators = () if settings is None else settings.operators
    return Question(
        since=period[0],
        until=period[1],
        zone=zone,
        target=usual if target_s is None else timedelta(seconds=target_s),
        formula=formula or (None if settings is None else settings.service_level.formula),
        names={
            **{queue.id: queue.title for queue in queues},
            **{operator.account: operator.name for operator in operators},
        },
        directory=Directory(
            queues={QueueId(queue.id): queue.line for queue in queues},
            agents={AgentId(operator.account): operator.line for operator in operators},
        ),
        store=store or ("" if settings is None else settings.store_url),
    )


def _settings(store: str | None, config: Path) -> Settings | None:
    """Return the configuration; None when the store is named and there is no such file."""
    if store is not None and not config.exists():
        return None
    try:
        return load_settings(config)
    except SettingsError as error:
        fail(str(error), code=WRONG_INPUT)


def period_of(
    day: str | None, since: str | None, until: str | None, *, zone: tzinfo | None, now: datetime
) -> tuple[datetime, datetime]:
    """
    Return the period that is meant, up to the present moment at most.

    Args:
        day: A day, `today` or `yesterday`; today when nothing is said.
        since: From this day or moment on, instead of a day.
        until: To the end of this day, or this moment.
        zone: Whose days; None is the machine's own.
        now: The present moment.

    Raises:
        typer.Exit: It cannot be understood; the person has been told.
    """
    if day is not None and (since is not None or until is not None):
        fail("--day: found together with --from or --to; leave one of them out", code=WRONG_INPUT)
    today = cut_before(now, DAY, zone)
    if since is None and until is None:
        begin = _day_begin(day or "today", today, zone)
        end = next_cut(begin, DAY, zone)
    else:
        begin = today if since is None else begin_of("--from", since, zone)
        end = now if until is None else end_of("--to", until, zone)
    end = min(end, now)
    if begin >= end:
        fail(
            f"The period begins at {begin.isoformat()} and ends at {end.isoformat()}: expected "
            "a beginning in the past and an end after it",
            code=WRONG_INPUT,
        )
    return begin, end


def _day_begin(day: str, today: datetime, zone: tzinfo | None) -> datetime:
    match day:
        case "today":
            return today
        case "yesterday":
            return cut_before(today - timedelta(hours=1), DAY, zone)
        case _:
            return begin_of("--day", day, zone)
