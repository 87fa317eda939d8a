"""
A real Prometheus beside a real node: the shipped rules and dashboards find what they ask for.

Rule 1: Prometheus runs on the shipped rules, unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ekc_telephony.core.call.facts import CallOutcome
from lab.phones.operator import Answer
from lab.prometheus import Prometheus, running_prometheus
from lab.runtime import Runtime
from lab.stand import Stand
from lab.story_site import FIRST_LINE
from lab.waiting import eventually, happens
from tests.adapters.prometheus.monitoring_files import (
    Expression,
    alert_rules,
    expressions,
    series_in,
)


@pytest.fixture
def prometheus(stand: Stand, tmp_path: Path) -> Iterator[Prometheus]:
    http = stand.settings.http
    target = f"{http.bind}:{http.port}"
    with running_prometheus(tmp_path / "it", target=target, runtime=Runtime.find()) as it:
        yield it


async def has_looked(prometheus: Prometheus, expression: str) -> list[Any]:
    """Wait until an expression has an answer that is not empty, and return it."""

    async def look() -> list[Any]:
        if not await prometheus.is_ready():
            return []
        found = await prometheus.ask("query", query=expression)
        assert isinstance(found["result"], list)
        return found["result"]

    return await eventually(look, what=expression)


async def names_known_to(prometheus: Prometheus) -> set[str]:
    """Return all series, and those of which no label has been counted yet, by their families."""
    series = set(await prometheus.ask("label/__name__/values"))
    families = await prometheus.ask("metadata")
    for family, said in families.items():
        endings = ("_bucket", "_sum", "_count") if said[0]["type"] == "histogram" else ("",)
        series |= {family + ending for ending in endings}
    return series


async def rules_tried_by(prometheus: Prometheus) -> list[dict[str, Any]]:
    """Wait until every rule was evaluated, and return them."""

    async def look() -> list[dict[str, Any]]:
        groups = (await prometheus.ask("rules"))["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return rules if all(rule["health"] != "unknown" for rule in rules) else []

    return await eventually(look, what="that every rule is evaluated")


async def one_call(stand: Stand) -> None:
    """Let a citizen talk to an operator, so that something is counted."""
    await stand.on_duty("ivanova", Answer(after=timedelta()))
    citizen = await stand.call(FIRST_LINE)
    await happens(citizen.line.established)
    await stand.until_agent("ivanova", lambda each: each.activity.value == "talking")
    await citizen.line.hang_up()
    assert await stand.outcome_of(citizen.number) is CallOutcome.ANSWERED


async def every_query_is_answered(prometheus: Prometheus) -> None:
    """Ask what panels, choices and alerts ask; each is understood and names what is there."""
    known = await names_known_to(prometheus)
    asked: list[Expression] = list(expressions())
    assert asked
    for each in asked:
        assert series_in(each.chosen) <= known, each.where
        await prometheus.ask("query", query=each.chosen)


async def test_every_query_of_a_dashboard_and_every_alert_finds_what_it_asks_for(
    stand: Stand, prometheus: Prometheus
) -> None:
    await one_call(stand)
    await has_looked(prometheus, 'ekc_segment_seconds_count{kind="talk"} > 0')
    await every_query_is_answered(prometheus)
    rules = await rules_tried_by(prometheus)
    assert {rule["name"] for rule in rules} == {rule["alert"] for rule in alert_rules()}
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []


async def test_a_dead_engine_raises_the_alarm_and_a_living_one_ends_it(
    stand: Stand, prometheus: Prometheus
) -> None:
    await has_looked(prometheus, 'up{job="ekc"} == 1')
    assert "EkcEngineDown" not in await prometheus.alerts()
    stand.kill_engine()

    async def is_raised() -> bool:
        return (await prometheus.alerts()).get("EkcEngineDown") == "firing"

    await eventually(is_raised, what="the alarm")
    stand.start_engine()

    async def is_over() -> bool:
        return "EkcEngineDown" not in await prometheus.alerts()

    await eventually(is_over, what="the end of the alarm")
