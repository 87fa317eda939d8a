"""A day as a whole: it can be repeated, loses nobody, and both levels tell the same story."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.simulation.day import Day, simulate_day
from ekc_telephony.simulation.figures import Figure
from ekc_telephony.simulation.ledger import Doing, Entry
from ekc_telephony.simulation.load import Playable
from ekc_telephony.simulation.replications import differences, replicate
from ekc_telephony.simulation.routing_only import NotRoutingAloneError
from tests.simulation.centre import one_queue, written

BUSY = "answer: lognormal 4s sd 3s, no_answer: 3%, refusal: 2%, back_after: 1m, absent: 10%"


def busy(folder: Path, **changes: str) -> Playable:
    """Return a centre in which everything happens: absence, refusals, breaks, second calls."""
    words = {
        "talk": "lognormal 4m sd 3m",
        "patience": "weibull 3m shape 0.8",
        "hours": "08:00-14:00",
        "wrap_up": "45s",
        "behaviour": BUSY,
        "staff": 'shift: "08:30-13:30", breaks: [{between: "10:00-12:00", lasting: 20m}]',
        "more": "menu: fixed 20s, wrap_up: exponential 40s, "
        "redial: {share: 50%, after: exponential 3m}",
    }
    return one_queue(folder, agents=12, calls=700, **{**words, **changes})


def passed(playable: Playable, *, seed: int = 1, replication: int = 0) -> Day:
    """Return a day that is over."""
    day = Day(playable, seed=seed, replication=replication)
    day.pass_by()
    return day


def story(entry: Entry) -> tuple[object, ...]:
    """Return what one caller met, without the names of calls."""
    return (
        *(entry.caller.number, entry.arrived_s, entry.joined_s, entry.offered_s, entry.offers),
        *(entry.answered_s, entry.talk_ended_s, entry.ended_s, entry.outcome),
    )


def test_the_same_seed_gives_the_same_day(tmp_path: Path) -> None:
    one, two = (passed(busy(tmp_path), seed=3) for _ in range(2))
    assert list(map(story, one.ledger.entries)) == list(map(story, two.ledger.entries))
    assert one.ledger.spent_s == two.ledger.spent_s


def test_another_seed_and_another_replication_give_other_days(tmp_path: Path) -> None:
    playable = busy(tmp_path)
    days = [
        passed(playable, seed=seed, replication=replication).ledger.entries[0].arrived_s
        for seed, replication in ((1, 0), (1, 1), (2, 0))
    ]
    assert len(set(days)) == len(days)


def test_the_whole_engine_and_the_routing_alone_agree_on_every_caller(tmp_path: Path) -> None:
    engine, routing = (passed(busy(tmp_path, level=level)) for level in ("engine", "routing"))
    assert len(engine.ledger.entries) > 700
    assert list(map(story, engine.ledger.entries)) == list(map(story, routing.ledger.entries))
    assert engine.ledger.spent_s == pytest.approx(routing.ledger.spent_s)


def test_announcements_change_nothing_about_who_talks_to_whom(tmp_path: Path) -> None:
    quiet, talkative = (passed(busy(tmp_path, announce_every=every)) for every in ("null", "15s"))
    assert list(map(story, quiet.ledger.entries)) == list(map(story, talkative.ledger.entries))
    assert talkative.happenings > quiet.happenings


@settings(max_examples=12)
@given(
    agents=st.integers(1, 15),
    calls=st.integers(0, 400),
    seed=st.integers(0, 10_000),
    level=st.sampled_from(["engine", "routing"]),
    policy=st.sampled_from(["wait", "inform"]),
)
def test_no_caller_is_lost_or_cut_off(
    tmp_path_factory: pytest.TempPathFactory,
    *,
    agents: int,
    calls: int,
    seed: int,
    level: str,
    policy: str,
) -> None:
    playable = one_queue(
        tmp_path_factory.mktemp("any"),
        agents=agents,
        calls=calls,
        talk="lognormal 4m sd 3m",
        patience="exponential 2m",
        hours="08:00-12:00",
        level=level,
        wrap_up="30s",
        announce_every="30s",
        when_no_agents=policy,
        behaviour=BUSY,
        staff='shift: "08:10-11:30"',
        more="redial: {share: 60%, after: exponential 2m}",
    )
    day = passed(playable, seed=seed)
    entries = day.ledger.entries
    assert len(entries) >= len(day.callers), "everybody who wanted to call has called"
    assert all(each.outcome is not None and each.ended_s is not None for each in entries)
    assert not [each for each in entries if each.is_cut_off]
    for each in entries:
        assert (each.outcome is CallOutcome.ANSWERED) is (each.answered_s is not None)
        if each.outcome is CallOutcome.ABANDONED_IN_QUEUE:
            assert each.waited_s == pytest.approx(each.caller.patience_s, abs=1e-3)
    counted = Counter(each.outcome for each in entries)
    assert sum(counted.values()) == len(entries)


@pytest.mark.parametrize(
    ("outcome", "has_hung_up", "is_cut_off"),
    [
        (CallOutcome.ANSWERED, True, False),
        (CallOutcome.ANSWERED, False, True),
        (CallOutcome.ABANDONED_IN_QUEUE, False, True),
        (CallOutcome.SENT_TO_FALLBACK, False, True),
        (CallOutcome.TECHNICAL_FAILURE, True, True),
        (CallOutcome.CALLBACK_PROMISED, False, False),
        (None, False, False),
    ],
)
def test_a_call_that_we_end_before_its_time_is_cut_off(
    tmp_path: Path, *, outcome: CallOutcome | None, has_hung_up: bool, is_cut_off: bool
) -> None:
    playable = one_queue(tmp_path, agents=1, calls=20, talk="fixed 1m", hours="08:00-09:00")
    [caller, *_] = Day(playable, seed=1, replication=0).callers
    entry = Entry(caller=caller, arrived_s=0.0, outcome=outcome, has_hung_up=has_hung_up)
    assert entry.is_cut_off is is_cut_off


def test_callers_of_equal_rights_are_answered_in_the_order_in_which_they_came(
    tmp_path: Path,
) -> None:
    playable = one_queue(
        tmp_path, agents=3, calls=100, talk="fixed 6m", hours="08:00-12:00", wrap_up="10s"
    )
    entries = passed(playable).ledger.entries
    offered = [each.offered_s for each in entries if each.offered_s is not None]
    assert len(offered) == len(entries)
    assert offered == sorted(offered)


def test_patience_without_end_in_front_of_nobody_is_unfinished_and_not_hidden(
    tmp_path: Path,
) -> None:
    playable = one_queue(
        tmp_path,
        agents=1,
        calls=20,
        talk="fixed 1m",
        hours="08:00-10:00",
        staff='shift: "06:00-07:00"',
    )
    total = simulate_day(playable, seed=1, replication=0).total
    assert total[Figure.CALLS] == total[Figure.UNFINISHED] != 0
    assert total[Figure.ANSWERED] == 0
    assert total[Figure.SPEED_OF_ANSWER_S] is None


def test_an_operator_is_at_work_from_the_beginning_to_the_end_of_his_shift(
    tmp_path: Path,
) -> None:
    playable = one_queue(
        tmp_path,
        agents=4,
        calls=0,
        talk="fixed 1m",
        hours="08:00-18:00",
        staff='shift: "09:00-17:00", breaks: [{between: "12:00-14:00", lasting: 30m}]',
    )
    spent = passed(playable).ledger.spent_s
    assert spent[Doing.IDLE] == 4 * 7.5 * 3600
    assert spent[Doing.NOT_READY] == 4 * 0.5 * 3600


def test_the_warm_up_is_not_measured(tmp_path: Path) -> None:
    whole, half = (
        simulate_day(
            one_queue(
                tmp_path,
                agents=5,
                calls=400,
                talk="fixed 1m",
                hours="08:00-12:00",
                warm_up=warm_up,
            ),
            seed=1,
            replication=0,
        )
        for warm_up in ("0s", "2h")
    )
    assert set(half.stretches) == {4, 5, 6, 7}
    assert half.total[Figure.STAFF] == pytest.approx(5)
    assert whole.total[Figure.CALLS] == pytest.approx(
        sum(each[Figure.CALLS] or 0 for each in whole.stretches.values())
    )


def test_processes_change_nothing_about_the_answer(tmp_path: Path) -> None:
    playable = busy(tmp_path)
    told: list[float] = []
    alone, together = (
        replicate([playable], replications=2, seed=1, jobs=jobs, watch=told.append)[0]
        for jobs in (1, 2)
    )
    assert [each.total for each in alone] == [each.total for each in together]
    assert told[-1] == 2


def test_a_comparison_lets_the_callers_of_the_first_call_in_both(tmp_path: Path) -> None:
    few = one_queue(tmp_path, agents=5, calls=300, talk="exponential 4m", hours="08:00-12:00")
    more = one_queue(tmp_path, agents=6, calls=9, talk="exponential 9m", hours="08:00-12:00")
    told: list[float] = []
    days = replicate([few, more], replications=3, seed=1, jobs=1, watch=told.append)
    assert [each.total[Figure.CALLS] for each in days[0]] == [
        each.total[Figure.CALLS] for each in days[1]
    ]
    assert differences(*days)[Figure.SPEED_OF_ANSWER_S].mean < 0
    assert told[-1] == 6
    assert told == sorted(told)


@pytest.mark.parametrize("level", ["engine", "routing"])
def test_who_waits_long_is_called_back_if_he_likes(tmp_path: Path, level: str) -> None:
    playable = one_queue(
        tmp_path,
        agents=1,
        calls=120,
        talk="fixed 4m",
        hours="08:00-10:00",
        level=level,
        routing='keys: {"1": callback}, overflow: [{when: waited, after: 1m, to: callback}]',
        more="callback: 70%",
    )
    entries = passed(playable).ledger.entries
    outcomes = Counter(each.outcome for each in entries)
    assert outcomes[CallOutcome.CALLBACK_PROMISED] > len(entries) / 2
    assert not [each for each in entries if each.is_cut_off]
    for each in entries:
        if each.outcome is CallOutcome.CALLBACK_PROMISED:
            assert each.caller.takes_callback
            assert each.waited_s is not None
            assert 60 < each.waited_s < 90


@pytest.mark.parametrize("level", ["engine", "routing"])
def test_who_overflows_waits_on_in_another_queue_and_counts_where_he_came(
    tmp_path: Path, level: str
) -> None:
    playable = written(
        tmp_path,
        f"""
        title: Перелив
        level: {level}
        day: 2026-03-02
        time_zone: Europe/Moscow
        hours: "10:00-11:00"
        service_level: {{target: 20s, formula: abandons_count}}
        skills: [{{name: rare, title: Редкая}}, {{name: general, title: Общие}}]
        queues:
          - {{id: rare, title: Редкая, line: first, skills: {{rare: 1}}, ring_time: 20s,
             wrap_up: 0s, after_refusal: 5s, announce_every: 30s, record: false,
             when_no_agents: wait, overflow: [{{when: waited, after: 20s, to: general}}]}}
          - {{id: general, title: Общие, line: first, skills: {{general: 1}}, ring_time: 20s,
             wrap_up: 0s, after_refusal: 5s, announce_every: 30s, record: false,
             when_no_agents: wait}}
        operators:
          - {{account: many, line: first, skills: {{general: 5}}, count: 9}}
        calls:
          - {{queue: rare, arrivals: {{"10:00-11:00": 60}}, patience: none, talk: fixed 1m}}
        """,
    )
    entries = passed(playable).ledger.entries
    assert {each.queue for each in entries} == {"rare"}
    assert {each.outcome for each in entries} == {CallOutcome.ANSWERED}
    assert [each.waited_s for each in entries] == [pytest.approx(20)] * len(entries)


OUTSIDE = 'overflow: [{when: waited, after: 1m, to: outside, number: "112"}]'


def test_who_overflows_outside_is_answered_there(tmp_path: Path) -> None:
    playable = one_queue(
        tmp_path,
        agents=1,
        calls=60,
        talk="fixed 4m",
        hours="08:00-10:00",
        level="engine",
        routing=OUTSIDE,
    )
    entries = passed(playable).ledger.entries
    assert {each.outcome for each in entries} == {CallOutcome.ANSWERED}
    assert not [each for each in entries if each.is_cut_off]
    waited = [each.waited_s for each in entries if each.waited_s is not None]
    assert max(waited) == pytest.approx(70, abs=1)


def test_numbers_outside_need_the_whole_engine(tmp_path: Path) -> None:
    playable = one_queue(
        tmp_path,
        agents=1,
        calls=60,
        talk="fixed 4m",
        hours="08:00-10:00",
        level="routing",
        routing=OUTSIDE,
    )
    with pytest.raises(NotRoutingAloneError, match="CallerSentOutside"):
        passed(playable)


def test_whoever_comes_beyond_is_told_so_and_nobody_is_cut_off(tmp_path: Path) -> None:
    project = Path(__file__).parents[2]
    text = (project / "ekc.yaml").read_text(encoding="utf-8")
    for folder in ("ivr_scripts", "sounds"):
        text = text.replace(f": {folder} ", f": {project / folder} ")
    admission = "# admission: {most_calls: 200, script: overload}"
    config = tmp_path / "ekc.yaml"
    config.write_text(
        text.replace(admission, "admission: {most_calls: 8, script: overload}"), encoding="utf-8"
    )
    playable = written(
        tmp_path,
        f"""
        title: Слишком много звонков
        configuration: {config}
        level: engine
        day: 2026-03-02
        time_zone: Europe/Moscow
        hours: "10:00-11:00"
        calls:
          - {{number: "88001000001", arrivals: {{"10:00-11:00": 300}}, patience: none,
             talk: fixed 4m}}
        """,
    )
    entries = passed(playable).ledger.entries
    outcomes = Counter(each.outcome for each in entries)
    assert outcomes[CallOutcome.ANSWERED] > 0
    assert outcomes[CallOutcome.INFORMED_NO_AGENTS] > 0
    assert not [each for each in entries if each.is_cut_off]


def test_callers_of_a_script_need_the_whole_engine(tmp_path: Path) -> None:
    project = Path(__file__).parents[2]
    playable = written(
        tmp_path,
        f"""
        title: Меню
        configuration: {project / "ekc.yaml"}
        level: routing
        day: 2026-03-02
        time_zone: Europe/Moscow
        hours: "10:00-11:00"
        calls:
          - {{number: "88001000001", arrivals: {{"10:00-11:00": 30}}, patience: none,
             talk: fixed 1m}}
        """,
    )
    with pytest.raises(NotRoutingAloneError, match="level: engine"):
        passed(playable)


def test_a_caller_walks_through_the_real_script_by_his_keys(tmp_path: Path) -> None:
    project = Path(__file__).parents[2]
    playable = written(
        tmp_path,
        f"""
        title: Меню
        configuration: {project / "ekc.yaml"}
        day: 2026-03-02
        time_zone: Europe/Moscow
        hours: "08:30-11:00"
        operators:
          - {{account: one, line: first, skills: {{general: 5}}, count: 5}}
          - {{account: two, line: second, skills: {{pensions: 7}}, count: 5}}
        calls:
          - {{name: early, number: "88001000001", arrivals: {{"08:30-08:50": 10}}, patience: none,
             talk: fixed 1m}}
          - {{name: first, number: "88001000001", keys: "1", arrivals: {{"10:00-11:00": 30}},
             patience: none, talk: fixed 1m}}
          - {{name: second, number: "88001000001", keys: "2", arrivals: {{"10:00-11:00": 30}},
             patience: none, talk: fixed 1m}}
          - {{name: silent, number: "88001000001", arrivals: {{"10:00-11:00": 30}},
             patience: none, talk: fixed 1m}}
        """,
    )
    entries = passed(playable).ledger.entries
    reached = Counter((each.caller.keys, each.queue, each.outcome) for each in entries)
    assert set(reached) == {
        ("", None, CallOutcome.INFORMED_AFTER_HOURS),
        ("", "first_line", CallOutcome.ANSWERED),
        ("1", "first_line", CallOutcome.ANSWERED),
        ("2", "pensions", CallOutcome.ANSWERED),
    }
    silent = next(each for each in entries if each.queue and not each.caller.keys)
    assert silent.joined_s is not None
    assert silent.joined_s - silent.arrived_s > 20, "he heard greeting and menu, twice"


def test_the_clock_of_the_scenario_is_that_of_its_time_zone(tmp_path: Path) -> None:
    playable = one_queue(tmp_path, agents=1, calls=1, talk="fixed 1s", hours="08:00-09:00")
    start = Day(playable, seed=1, replication=0).ledger.start
    assert start == datetime.fromisoformat("2026-03-02T08:00:00+03:00")
    assert start.utcoffset() == timedelta()
