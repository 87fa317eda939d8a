"""Small scenarios for tests, written as the files that people write."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from ekc_telephony.simulation.load import Playable, load_scenario

ONE_QUEUE = """
    title: Проба
    level: {level}
    day: 2026-03-02
    time_zone: Europe/Moscow
    hours: "{hours}"
    warm_up: {warm_up}
    service_level: {{target: 20s, formula: abandons_count}}
    skills: [{{name: general, title: Общие}}]
    queues:
      - {{id: line, title: Линия, line: first, skills: {{general: 1}}, ring_time: 20s,
         wrap_up: {wrap_up}, after_refusal: 5s, announce_every: {announce_every}, record: false,
         when_no_agents: {when_no_agents}{routing}}}
    operators:
      - {{account: operator, line: first, skills: {{general: 5}}, count: {agents}{staff}}}
    behaviour: {{{behaviour}}}
    calls:
      - {{queue: line, arrivals: {{"{hours}": {calls}}}, patience: {patience}, talk: {talk}{more}}}
"""


def one_queue(
    folder: Path,
    *,
    agents: int,
    calls: float,
    talk: str,
    patience: str = "none",
    level: str = "engine",
    hours: str = "00:00-24:00",
    warm_up: str = "0s",
    wrap_up: str = "0s",
    announce_every: str = "null",
    when_no_agents: str = "wait",
    behaviour: str = "",
    routing: str = "",
    staff: str = "",
    more: str = "",
    name: str = "scenario.yaml",
) -> Playable:
    """Return a centre with one queue; `routing`, `staff` and `more` are further keys of it."""
    text = ONE_QUEUE.format(
        agents=agents,
        calls=calls,
        talk=talk,
        patience=patience,
        level=level,
        hours=hours,
        warm_up=warm_up,
        wrap_up=wrap_up,
        announce_every=announce_every,
        when_no_agents=when_no_agents,
        behaviour=behaviour,
        routing=routing and f", {routing}",
        staff=staff and f", {staff}",
        more=more and f", {more}",
    )
    return written(folder, text, name=name)


def written(folder: Path, text: str, *, name: str = "scenario.yaml") -> Playable:
    """Write a scenario and load it."""
    file = folder / name
    file.write_text(dedent(text), encoding="utf-8")
    return load_scenario(file)
