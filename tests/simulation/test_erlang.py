"""The formulas against published numbers, and the production core against the formulas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from ekc_telephony.simulation.erlang import Queueing, erlang_a, erlang_c, served_within
from ekc_telephony.simulation.figures import Figure
from ekc_telephony.simulation.replications import replicate, report_of
from tests.simulation.centre import one_queue

DAY_S: Final = 86_400
CALLS: Final = 5_500
REPLICATIONS: Final = 6
FIGURES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One queue: agents, their load in erlangs, the patience of callers in conversations."""

    agents: int
    load: float
    patience: float | None = None

    @property
    def talk(self) -> timedelta:
        """The mean conversation with which `CALLS` a day make this load."""
        return timedelta(milliseconds=round(self.load * DAY_S / CALLS * 1000))

    @property
    def mean_patience(self) -> timedelta | None:
        """The callers' mean patience."""
        if self.patience is None:
            return None
        return timedelta(milliseconds=round(self.patience * self.talk / timedelta(milliseconds=1)))

    def theory(self) -> Queueing:
        """Return what Erlang says."""
        calls_per_hour, patience = CALLS / 24, self.mean_patience
        if patience is None:
            return erlang_c(calls_per_hour=calls_per_hour, talk=self.talk, agents=self.agents)
        return erlang_a(
            calls_per_hour=calls_per_hour, talk=self.talk, agents=self.agents, patience=patience
        )


POINTS: Final = (
    Point(agents=1, load=0.5),
    Point(agents=2, load=1.4),
    Point(agents=5, load=3.5),
    Point(agents=10, load=7.5),
    Point(agents=15, load=12.0),
    Point(agents=25, load=20.0),
    Point(agents=55, load=48.0),
    Point(agents=1, load=1.0, patience=1.0),
    Point(agents=5, load=5.5, patience=0.5),
    Point(agents=10, load=9.5, patience=2.0),
    Point(agents=13, load=10.0, patience=5 / 3),
    Point(agents=20, load=24.0, patience=0.5),
    Point(agents=50, load=48.0, patience=2.0),
    Point(agents=30, load=27.0, patience=1.0),
)
# Five figures at each point: so that all of them together agree in 19 runs of 20.
CONFIDENCE: Final = 1 - 0.05 / (FIGURES * len(POINTS))


def test_erlang_c_gives_the_figures_of_the_textbook() -> None:
    # 360 calls in half an hour, four minutes, 55 operators: Pw 0.239, ASA 8.2 s, 84.6 % in 15 s.
    found = erlang_c(calls_per_hour=720, talk=timedelta(minutes=4), agents=55)
    assert found.waits == pytest.approx(0.239, abs=0.0005)
    assert found.speed_of_answer.total_seconds() == pytest.approx(8.2, abs=0.05)
    assert found.occupancy == pytest.approx(0.873, abs=0.0005)
    assert served_within(found, timedelta(seconds=15)) == pytest.approx(0.846, abs=0.0005)


def test_erlang_a_gives_the_figures_of_garnett_mandelbaum_and_reiman() -> None:
    # 48 calls a minute, one minute each, 50 operators, patience two minutes: 3.1 % abandon, the
    # mean wait is 3.7 s and the operators are busy for 93 % of their time.
    found = erlang_a(
        calls_per_hour=2880, talk=timedelta(minutes=1), agents=50, patience=timedelta(minutes=2)
    )
    assert found.abandons == pytest.approx(0.031, abs=0.0005)
    assert found.mean_wait.total_seconds() == pytest.approx(3.7, abs=0.05)
    assert found.occupancy == pytest.approx(0.93, abs=0.005)


def test_erlang_a_gives_the_figures_of_pyworkforce() -> None:
    # Its guide: 100 calls in half an hour, three minutes, 13 positions, patience five minutes.
    found = erlang_a(
        calls_per_hour=200, talk=timedelta(minutes=3), agents=13, patience=timedelta(minutes=5)
    )
    assert found.waits == pytest.approx(0.226, abs=0.0005)
    assert found.abandons == pytest.approx(0.025, abs=0.0005)
    assert found.mean_wait.total_seconds() == pytest.approx(0.125 * 60, abs=0.03)
    assert found.occupancy == pytest.approx(0.750, abs=0.0005)


def test_erlang_a_with_endless_patience_is_erlang_c() -> None:
    talk = timedelta(minutes=4)
    patient = erlang_a(calls_per_hour=720, talk=talk, agents=55, patience=timedelta(days=300))
    endless = erlang_c(calls_per_hour=720, talk=talk, agents=55)
    assert patient.waits == pytest.approx(endless.waits, rel=1e-3)
    assert patient.speed_of_answer / endless.speed_of_answer == pytest.approx(1, rel=1e-3)


def test_erlang_c_refuses_more_work_than_operators_can_do() -> None:
    with pytest.raises(ValueError, match=r"10\.00 erlangs for 10 operators"):
        erlang_c(calls_per_hour=600, talk=timedelta(minutes=1), agents=10)


def test_nobody_waits_where_nobody_calls() -> None:
    found = erlang_c(calls_per_hour=0, talk=timedelta(minutes=1), agents=1)
    assert found.waits == 0
    assert served_within(found, timedelta(seconds=1)) == 1


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_the_core_agrees_with_theory(tmp_path: Path, point: Point) -> None:
    expected = point.theory()
    patience = point.mean_patience
    playable = one_queue(
        tmp_path,
        agents=point.agents,
        calls=CALLS,
        talk=f"exponential {_ms(point.talk)}",
        patience="none" if patience is None else f"exponential {_ms(patience)}",
        level="routing",
        warm_up="2h",
    )
    # Each point throws dice of its own: with common ones all would be right or wrong together.
    seed = POINTS.index(point)
    [days] = replicate([playable], replications=REPLICATIONS, seed=seed, jobs=1)
    found = report_of(playable, days, confidence=CONFIDENCE).total
    theory = {
        Figure.DELAYED: expected.waits,
        Figure.MEAN_WAIT_S: expected.mean_wait.total_seconds(),
        Figure.SPEED_OF_ANSWER_S: expected.speed_of_answer.total_seconds(),
        Figure.OCCUPANCY: expected.occupancy,
        Figure.ABANDONED_SHARE: expected.abandons,
    }
    differing = {
        figure: (value, found[figure])
        for figure, value in theory.items()
        if not found[figure].covers(value)
    }
    assert not differing
    assert found[Figure.OCCUPANCY].margin == pytest.approx(0, abs=0.08)


def _ms(length: timedelta) -> str:
    return f"{round(length.total_seconds() * 1000)}ms"
