"""What is wrong with a scenario is told with its place; the project's own are right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.simulation.day import Day
from ekc_telephony.simulation.load import Playable, load_scenario
from tests.simulation.centre import one_queue, written

SAMPLES = sorted((Path(__file__).parents[2] / "simulations").glob("*.yaml"))
CALLS_OF_A_SAMPLE = 1_000

RIGHT = """\
title: Проба
day: 2026-03-02
time_zone: Europe/Moscow
hours: "08:00-12:00"
service_level: {target: 20s, formula: abandons_count}
skills: [{name: general, title: Общие}]
profiles:
  day: {"08:00-10:00": 1, "10:00-12:00": 2}
queues:
  - {id: line, title: Линия, line: first, skills: {general: 1}, ring_time: 20s, wrap_up: 0s,
     after_refusal: 5s, announce_every: null, record: false, when_no_agents: wait}
operators:
  - {account: north, line: first, skills: {general: 5}, count: 3}
calls:
  - {queue: line, total: 40, profile: day, patience: none, talk: fixed 1m}
"""


def scaled(playable: Playable) -> Playable:
    """Return the same centre with fewer calls."""
    scenario = playable.scenario
    everything = sum(sum(scenario.profile_of(each).values()) for each in scenario.calls)
    factor = min(1.0, CALLS_OF_A_SAMPLE / everything)
    calls = tuple(
        each.model_copy(
            update={
                "total": None if each.total is None else each.total * factor,
                "arrivals": {at: number * factor for at, number in each.arrivals.items()},
            }
        )
        for each in scenario.calls
    )
    return replace(playable, scenario=scenario.model_copy(update={"calls": calls}))


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_every_sample_can_be_played(file: Path) -> None:
    day = Day(scaled(load_scenario(file)), seed=1, replication=0)
    day.pass_by()
    entries = day.ledger.entries
    assert len(entries) > CALLS_OF_A_SAMPLE / 2
    assert all(each.outcome is not None for each in entries)
    assert not [each for each in entries if each.is_cut_off]
    assert sum(each.answered_s is not None for each in entries) > len(entries) / 2


def test_the_federal_day_has_the_size_that_is_asked_for() -> None:
    [file] = [each for each in SAMPLES if each.stem == "federal_day"]
    playable = load_scenario(file)
    scenario = playable.scenario
    assert sum(each.total or 0 for each in scenario.calls) == 150_000
    assert len(playable.centre.operators) == 3_000
    assert len(scenario.skills) == 40
    assert len(playable.centre.queues) == 60


def test_profiles_and_groups_become_callers_and_operators(tmp_path: Path) -> None:
    playable = written(tmp_path, RIGHT)
    assert [each.account for each in playable.centre.operators] == ["north-1", "north-2", "north-3"]
    [calls] = playable.scenario.calls
    assert sum(playable.scenario.profile_of(calls).values()) == pytest.approx(40)


def place_of(text: str, words: str) -> str:
    """Return where the words stand in the text, as a mistake names a place."""
    before = text[: text.index(words)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


@pytest.mark.parametrize(
    ("old", "new", "at", "told"),
    [
        ("day: 2026", "weekday: mon\nday: 2026", "weekday", "the unknown key weekday"),
        ("title: Проба\n", "", "day", "no `title:` here"),
        ("count: 3}", "coutn: 3}", "coutn", "did you mean count?"),
        ("count: 3", "count: 0", "0}\ncalls", '"0" for `operators.1.count`'),
        ("patience: none", "patience: 3m", "3m", "none, fixed 4m, exponential 4m"),
        ("talk: fixed 1m", "talk: none", "none}", "a length with an end"),
        ("queue: line", "queue: lime", "queue: lime", "did you mean line?"),
        ("queue: line", "number: '880'", "number: '880'", "the unknown number 880"),
        ("queue: line, ", "", "{total", "callers who reach nobody"),
        ("queue: line, ", "queue: line, number: '88', ", "{queue", "two ways in"),
        ("profile: day", "profile: dey", "profile: dey", "did you mean day?"),
        (", profile: day", "", "{queue", "`total:` with `profile:`"),
        ("total: 40, profile: day, ", "", "{queue", "nothing to say when these callers call"),
        ("total: 40", "total: many", "many", "a number of calls, 0 or more"),
        ("total: 40", "recorded: no.csv, total: 40", "{queue", "total and recorded"),
        ("{general: 5}", "{genral: 5}", "genral", "did you mean general?"),
        ('"10:00-12:00": 2', '"09:00-12:00": 2', '"09:00', "overlaps another interval"),
        ('"10:00-12:00": 2', '"10:00-13:00": 2', '"10:00-13', "lies outside `hours`"),
        ('1, "10:00-12:00": 2', '0, "10:00-12:00": 0', '{"08', "a profile without weight"),
        ("day: 2026", "warm_up: 4h\nday: 2026", "4h", "leaves nothing to measure"),
        ("profiles:", "behaviour: {absent: 8}\nprofiles:", "8}\nprof", "such as 8%"),
        ("service_level: {target: 20s, formula: abandons_count}\n", "", "title", "service_level"),
        ("calls:", "  - {account: north-2, line: first}\ncalls:", "{account: north-2", "north-2 f"),
        ("patience: none, ", "", "{queue", "no `patience:` here"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, *, old: str, new: str, at: str, told: str
) -> None:
    assert old in RIGHT
    text = RIGHT.replace(old, new)
    with pytest.raises(SettingsError) as refused:
        written(tmp_path, text)
    words = str(refused.value)
    assert told in words
    if at not in {"day", "title"}:  # what is missing in the file as a whole is told at its head
        assert f"scenario.yaml:{place_of(text, at)}:" in words
    else:
        assert "scenario.yaml:1:1:" in words


def test_a_file_that_is_no_export_is_told(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    text = RIGHT.replace("total: 40, profile: day", "recorded: calls.csv")
    with pytest.raises(SettingsError, match=r"scenario.yaml:15:29: found .* no column"):
        written(tmp_path, text)


def test_a_configuration_lends_what_the_scenario_does_not_say(tmp_path: Path) -> None:
    project = Path(__file__).parents[2]
    playable = written(
        tmp_path,
        f"""
        title: Своя настройка
        configuration: {project / "ekc.yaml"}
        day: 2026-03-02
        time_zone: Europe/Moscow
        hours: "09:00-10:00"
        calls:
          - {{queue: first_line, arrivals: {{"09:00-10:00": 20}}, patience: none, talk: fixed 1m}}
        """,
    )
    assert len(playable.centre.operators) == 6
    assert {each.id for each in playable.centre.queues} >= {"first_line", "pensions"}
    assert {each.silence_after for each in playable.centre.queues} == {None}  # nobody speaks here
    assert playable.service_level.target.total_seconds() == 20


def test_a_broken_configuration_is_told_by_its_own_place(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("node: ekc\n", encoding="utf-8")
    text = RIGHT.replace("title: Проба", "title: Проба\nconfiguration: broken.yaml")
    with pytest.raises(SettingsError, match=r"broken.yaml:1:1"):
        written(tmp_path, text)


def test_a_scenario_of_one_queue_is_right(tmp_path: Path) -> None:
    assert one_queue(tmp_path, agents=2, calls=5, talk="fixed 1m").plan.scripts
