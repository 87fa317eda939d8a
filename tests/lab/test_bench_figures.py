"""From slices to figures, goals and the report."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from lab.bench.appeals import Appeals
from lab.bench.figures import Measured, Outcome, percentile
from lab.bench.goals import judge
from lab.bench.plan import Slice, Target
from lab.bench.report import as_json, tell
from lab.bench.sipp import Callers, read_callers

NONE = Appeals(calls=0, answered=0)


def _measured(
    target: Target, times: Sequence[float], *, rate: int = 50, failed: int = 0, engine_ms: int = 0
) -> Measured:
    calls = len(times) + failed
    is_engine = target is Target.ENGINE
    return Measured(
        piece=Slice(target=target, rate=rate, calls=calls, talk=timedelta(milliseconds=500)),
        callers=Callers(connect_ms=tuple(times), failed=failed, retransmitted=0),
        asterisk_cpu=timedelta(milliseconds=4 * calls),
        engine_cpu=timedelta(milliseconds=engine_ms * calls) if is_engine else None,
    )


def _outcome(
    *slices: Measured, operators: int = 100, found: Appeals = NONE, others: float = 0.0
) -> Outcome:
    return Outcome(
        operators=operators,
        slices=slices,
        expected_appeals=NONE,
        found_appeals=found,
        warnings=[],
        used_by_others=others,
    )


def _judged(*slices: Measured, operators: int = 100) -> dict[str, bool]:
    outcome = _outcome(*slices, operators=operators)
    goals = judge(outcome.figures(), operators=operators)
    return {goal.sentence: goal.is_met for goal in goals}


@given(st.lists(st.floats(0, 1000), min_size=1), st.sampled_from([0.5, 0.9, 0.99]))
def test_a_percentile_is_a_time_that_was_measured_and_covers_its_share(
    times: list[float], share: float
) -> None:
    found = percentile(times, share)

    assert found in times
    assert sum(time <= found for time in times) >= share * len(times)
    assert sum(time < found for time in times) <= share * len(times)


def test_nobody_answered_has_no_percentile() -> None:
    assert percentile([], 0.5) is None


def test_slices_of_one_rate_are_counted_together() -> None:
    outcome = _outcome(
        _measured(Target.ENGINE, [1, 2, 3], engine_ms=2),
        _measured(Target.DIAL, [9]),
        _measured(Target.ENGINE, [4, 5], failed=1, engine_ms=5),
    )

    engine = outcome.figures()[50][Target.ENGINE]

    assert (engine.calls, engine.failed, engine.p50_ms, engine.p99_ms) == (6, 1, 3, 5)
    assert engine.cpu_ms_per_call == 4
    assert engine.engine_cpu_ms_per_call == pytest.approx(3.5)


def test_speed_is_judged_against_bare_dial() -> None:
    judged = _judged(
        _measured(Target.DIAL, [4.0, 4.0, 6.0]),
        _measured(Target.ENGINE, [4.4, 4.4, 13.0], engine_ms=2),
    )

    assert judged == {
        "50/s: engine's p50 ÷ bare Dial's: 1.10 (goal: at most 1.25)": True,
        "50/s: engine's p99 ÷ bare Dial's: 2.17 (goal: at most 2.00)": False,
        "50/s: engine CPU per call, ms: 2.00 (goal: at most 3.00)": True,
    }


def test_with_two_thousand_operators_app_queue_is_a_rival_too() -> None:
    slices = (_measured(Target.APP_QUEUE, [7.0]), _measured(Target.ENGINE, [7.1], engine_ms=1))

    assert len(_judged(*slices, operators=100)) == 1
    assert (
        _judged(*slices, operators=2000)[
            "50/s: engine's p50 ÷ app_queue's: 1.01 (goal: at most 1.00)"
        ]
        is False
    )


def test_no_call_may_fail_at_the_highest_rate() -> None:
    judged = _judged(_measured(Target.ENGINE, [4.0], rate=150, failed=2))

    assert judged["150/s: 2 calls failed (goal: none)"] is False


def test_a_failed_call_or_a_missing_appeal_is_no_sound_run() -> None:
    good = _measured(Target.ENGINE, [4.0])

    assert _outcome(good).is_sound
    assert not _outcome(_measured(Target.DIAL, [4.0], failed=1)).is_sound
    assert not _outcome(good, found=Appeals(calls=1, answered=0)).is_sound


def test_the_report_has_the_shape_that_others_read() -> None:
    outcome = _outcome(
        *(_measured(target, [4.0, 5.0], engine_ms=1) for target in Target), operators=7
    )

    report = json.loads(json.dumps(as_json(outcome, asterisk_version="22.10.1")))

    assert report["operators"] == 7
    assert set(report["rates"]) == {"50"}
    dial = report["rates"]["50"]["dial"]
    assert dial.items() >= {"p50_ms": 4, "p99_ms": 5, "failed": 0, "cpu_ms_per_call": 4}.items()
    assert "engine_cpu_ms_per_call" not in dial
    assert report["rates"]["50"]["engine"]["engine_cpu_ms_per_call"] == 1
    assert report["ratios"]["50"]["engine_to_app_queue"] == {"p50": 1, "p99": 1}


def test_a_person_reads_goals_and_troubles() -> None:
    outcome = _outcome(
        _measured(Target.DIAL, [4.0]),
        _measured(Target.ENGINE, [4.0], failed=1, engine_ms=9),
        found=Appeals(calls=1, answered=1),
        others=0.25,
    )
    paper = io.StringIO()

    tell(outcome, Console(file=paper, width=150))

    text = paper.getvalue()
    assert "met    50/s: engine's p50 ÷ bare Dial's: 1.00" in text
    assert "missed 50/s: engine CPU per call" in text
    assert "1 calls failed" in text
    assert "Other programs used 25% of this machine" in text
    assert "The store holds 1 calls" in text


def test_sipp_files_are_read_and_missing_calls_have_failed(tmp_path: Path) -> None:
    (tmp_path / "statistics.csv").write_text(
        "StartTime;SuccessfulCall(C);Retransmissions(C);\nx;1;0;\nx;3;2;\n"
    )
    (tmp_path / "caller_1_rtt.csv").write_text(
        "Date_ms;response_time_ms;rtd_no\n57.1;3.376;1\n106.7;3.255;1\n"
    )

    callers = read_callers(tmp_path, calls=5)

    assert callers == Callers(connect_ms=(3.376, 3.255), failed=2, retransmitted=2)
