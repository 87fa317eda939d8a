"""Who calls, and when."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean, variance

import pytest

from ekc_telephony.simulation.dice import Dice
from ekc_telephony.simulation.load import load_scenario
from ekc_telephony.simulation.traffic import callers
from tests.simulation.centre import one_queue

EXPORT = """\
appeal,call,number,did,script,registered_at,answered_at,ended_at,outcome,queue,agent
A-1,ekc-1.1,+79161111111,100,s,2026-02-02T06:00:00Z,2026-02-02T06:00:40Z,2026-02-02T06:03:40Z,\
answered,line,anna
A-2,ekc-1.2,,100,s,2026-02-02T07:00:00Z,,2026-02-02T07:01:30Z,abandoned_in_queue,line,
A-3,ekc-1.3,+79163333333,100,s,2026-02-02T07:00:00Z,,2026-02-02T07:01:30Z,abandoned_in_queue,\
another,
A-4,ekc-1.4,+79164444444,100,s,2026-02-02T23:00:00Z,,2026-02-02T23:01:30Z,abandoned_in_menu,,
"""


def test_the_number_of_calls_has_the_mean_and_the_variance_of_a_poisson_process(
    tmp_path: Path,
) -> None:
    for mean in (3, 400):
        playable = one_queue(tmp_path, agents=1, calls=mean, talk="fixed 1s")
        numbers = [len(callers(playable, Dice(5, day))) for day in range(1_500)]
        assert fmean(numbers) == pytest.approx(mean, rel=0.03)
        assert variance(numbers) == pytest.approx(mean, rel=0.1)


def test_callers_come_in_order_and_within_their_interval(tmp_path: Path) -> None:
    playable = one_queue(tmp_path, agents=1, calls=500, talk="fixed 1s", hours="08:00-09:30")
    arrivals = [each.arrives_s for each in callers(playable, Dice(1, 0))]
    assert arrivals == sorted(arrivals)
    assert 0 <= arrivals[0] < arrivals[-1] < 90 * 60
    assert fmean(arrivals) == pytest.approx(45 * 60, rel=0.05)


def test_two_policies_meet_the_same_people(tmp_path: Path) -> None:
    few = one_queue(tmp_path, agents=2, calls=300, talk="exponential 4m", patience="exponential 2m")
    many = one_queue(
        tmp_path, agents=9, calls=300, talk="exponential 4m", patience="exponential 2m"
    )
    assert callers(few, Dice(1, 0)) == callers(many, Dice(1, 0))
    assert callers(few, Dice(1, 0)) != callers(few, Dice(2, 0))


def test_a_longer_conversation_changes_neither_arrivals_nor_patience(tmp_path: Path) -> None:
    short, long = (
        callers(
            one_queue(tmp_path, agents=2, calls=300, talk=talk, patience="exponential 2m"),
            Dice(1, 0),
        )
        for talk in ("exponential 4m", "lognormal 9m sd 2m")
    )
    assert [(each.arrives_s, each.patience_s) for each in short] == [
        (each.arrives_s, each.patience_s) for each in long
    ]


def test_real_calls_come_at_their_time_of_day_with_what_is_known_of_them(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(EXPORT, encoding="utf-8")
    one_queue(
        tmp_path,
        agents=1,
        calls=1,
        talk="fixed 100s",
        patience="exponential 10s",
        hours="08:00-20:00",
    )
    text = (tmp_path / "scenario.yaml").read_text(encoding="utf-8")
    text = text.replace('arrivals: {"08:00-20:00": 1}', "recorded: calls.csv")
    (tmp_path / "scenario.yaml").write_text(text, encoding="utf-8")
    answered, hung_up = callers(load_scenario(tmp_path / "scenario.yaml"), Dice(1, 0))
    # 06:00 UTC is 09:00 in Moscow, an hour after the beginning.
    assert (answered.arrives_s, answered.number, answered.talk_s) == (3600, "+79161111111", 180)
    assert answered.patience_s > 40, "he was still there when he was answered"
    assert (hung_up.arrives_s, hung_up.patience_s, hung_up.talk_s) == (7200, 90, 100)
    assert hung_up.number.startswith("+7")
