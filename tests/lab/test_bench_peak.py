"""The peak: its plan, its installation, what it judges by, and a small one on the real Asterisk."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.call.facts import CallOutcome, SegmentKind, SegmentOutcome
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.routing import acd_of
from lab.bench.peak_plan import PeakPlan
from lab.bench.peak_report import peak_json
from lab.bench.peak_run import run_peak
from lab.bench.peak_site import QUEUE, write_peak_site
from lab.bench.peak_verdict import Verdict, judge_peak
from lab.bench.peak_watch import Look, cores_at_the_top, read_levels
from lab.bench.plan import PlanError
from lab.bench.sipp import SippError
from lab.bench.site import CALLER_ADDRESS, Ports
from lab.faults.stored import StoredCall, StoredSegment
from lab.runtime import Runtime

"""Not those of a peak that somebody runs meanwhile, nor of the other tests' nodes."""
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
TALK = timedelta(seconds=11)


def moment(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def stretch(
    kind: SegmentKind, began: float, ended: float, outcome: SegmentOutcome
) -> StoredSegment:
    return StoredSegment(
        kind=kind,
        queue=QUEUE,
        agent="op00001" if kind in {SegmentKind.OFFER, SegmentKind.TALK} else None,
        began=moment(began),
        ended=moment(ended),
        outcome=outcome,
    )


def served(number: int, *, came: float, rung: float) -> StoredCall:
    """Return a caller who joined the queue ten seconds after he came, and talked for eleven."""
    return StoredCall(
        appeal=f"appeal {number}",
        call=f"call {number}",
        number=f"{79000000000 + number}",
        began=moment(came),
        ended=moment(rung + 12.1),
        outcome=CallOutcome.ANSWERED,
        segments=(
            stretch(SegmentKind.IVR, came, came + 10, SegmentOutcome.COMPLETED),
            stretch(SegmentKind.WAITING, came + 10, rung + 1, SegmentOutcome.COMPLETED),
            stretch(SegmentKind.OFFER, rung, rung + 1, SegmentOutcome.ACCEPTED),
            stretch(SegmentKind.TALK, rung + 1, rung + 12, SegmentOutcome.AGENT_HUNG_UP),
        ),
        faults=(),
    )


ALL_WELL = (served(1, came=0, rung=20), served(2, came=2, rung=33), served(3, came=4, rung=46))


def judged(calls: tuple[StoredCall, ...], *, connected: int = 3, witnessed: int = 3) -> Verdict:
    return judge_peak(calls, arrivals=3, connected=connected, witnessed=witnessed, talk=TALK)


def test_an_empty_environment_gives_the_peak_that_was_promised() -> None:
    plan = PeakPlan.from_environment({"MINUTES": "", "SEED": "7"})

    assert plan == PeakPlan()
    assert (plan.rate, plan.calls, plan.operators) == (10, 6000, 130)


def test_a_shorter_and_smaller_peak_may_be_asked_for() -> None:
    plan = PeakPlan.from_environment(
        {"MINUTES": "0.5", "RATES": "2", "OPERATORS": "30", "RECORD": "0"}
    )

    assert (plan.calls, plan.operators, plan.is_recorded) == (60, 30, False)


@pytest.mark.parametrize(
    "environment",
    [{"MINUTES": "long"}, {"MINUTES": "-1"}, {"RATES": "2.5"}, {"RATES": "5 10"}, {"RATES": "11"}],
)
def test_what_cannot_be_run_is_refused_by_name(environment: Mapping[str, str]) -> None:
    with pytest.raises(PlanError, match=next(iter(environment))):
        PeakPlan.from_environment(environment)


def test_the_installation_is_the_sample_with_all_that_a_busy_centre_switches_on(
    tmp_path: Path,
) -> None:
    settings = load_settings(write_peak_site(tmp_path, PeakPlan(), ports=Ports(first=20000)))

    acd: Acd = acd_of(settings)
    queue = next(each for each in settings.queues if each.id == QUEUE)
    trained = sum(each.may_serve(queue) for each in settings.operators)
    assert trained == 65
    assert len(acd.agents) == 130 + 2
    assert all((queue.ease, queue.overflow, queue.keys, queue.announce_every))
    assert queue.record
    assert settings.asterisk.rtp.last < 32768
    assert settings.asterisk.rtp.last - settings.asterisk.rtp.first > 2 * 1000


def test_a_run_without_a_fault_is_sound() -> None:
    verdict = judged(ALL_WELL)

    assert verdict.is_sound
    assert (verdict.appeals, verdict.served, verdict.most_at_once) == (3, 3, 3)
    assert verdict.menu_s == (10, 10, 10)
    assert verdict.wait_s == (11, 22, 33)


def test_who_got_no_answer_was_refused() -> None:
    verdict = judged(ALL_WELL, connected=2)

    assert (verdict.refused, verdict.cut_off) == (1, 0)
    assert not verdict.is_sound


def test_who_ended_without_an_operator_was_cut_off() -> None:
    hung_up_on = dataclasses.replace(
        ALL_WELL[2], outcome=CallOutcome.ABANDONED_IN_QUEUE, segments=ALL_WELL[2].segments[:2]
    )

    verdict = judged((*ALL_WELL[:2], hung_up_on))

    assert verdict.cut_off == 1
    assert verdict.outcomes == {"abandoned_in_queue": 1}


def test_a_conversation_that_ended_early_was_cut_off() -> None:
    talk = stretch(SegmentKind.TALK, 47, 52, SegmentOutcome.AGENT_HUNG_UP)
    short = dataclasses.replace(ALL_WELL[2], segments=(*ALL_WELL[2].segments[:3], talk))

    assert judged((*ALL_WELL[:2], short)).cut_off == 1


def test_a_conversation_that_no_phone_had_to_its_end_was_cut_off() -> None:
    assert judged(ALL_WELL, witnessed=2).cut_off == 1


def test_a_call_without_an_appeal_is_not_sound() -> None:
    verdict = judged(ALL_WELL[:2])

    assert verdict.appeals == 2
    assert not verdict.is_sound


def test_who_was_rung_for_after_a_younger_one_was_passed_over() -> None:
    calls = (ALL_WELL[0], served(2, came=2, rung=46), served(3, came=4, rung=33))

    verdict = judged(calls)

    assert verdict.out_of_order == 1
    assert not verdict.is_sound


def test_two_who_came_together_are_equals() -> None:
    calls = (ALL_WELL[0], served(2, came=2, rung=46), served(3, came=2.3, rung=33))

    assert judged(calls).out_of_order == 0


def test_an_operator_with_two_callers_is_counted() -> None:
    assert judged((*ALL_WELL[:2], served(3, came=4, rung=34))).doubly_busy == 1


def test_a_fault_that_the_store_tells_of_is_counted() -> None:
    faulty = dataclasses.replace(ALL_WELL[0], faults=("recording_lost",))

    assert judged((faulty, *ALL_WELL[1:])).with_faults == 1


def test_levels_are_read_by_name_and_calls_by_phase() -> None:
    page = (
        "# TYPE ekc_calls gauge\n"
        'ekc_calls{phase="menu"} 400\n'
        'ekc_calls{phase="waiting"} 230\n'
        "# TYPE ekc_engine_inbox gauge\n"
        "ekc_engine_inbox 2\n"
    )

    seen = Look(at=0, answer_ms=1, levels=read_levels(page), cpu={})

    assert seen.waiting == 630
    assert seen.level("ekc_engine_inbox") == 2
    assert seen.level("talking") == 0


def test_cores_are_counted_while_most_of_the_crowd_is_there() -> None:
    crowd = (0, 600, 630, 610, 20)
    cpu_s = (0.0, 1.0, 2.5, 4.0, 4.1)
    looks = [
        Look(
            at=float(at),
            answer_ms=1,
            levels={"menu": there},
            cpu={"asterisk": timedelta(seconds=used)},
        )
        for at, (there, used) in enumerate(zip(crowd, cpu_s, strict=True))
    ]

    assert cores_at_the_top(looks, "asterisk") == 1.5
    assert cores_at_the_top(looks[:2], "asterisk") is None


@pytest.fixture
def short_scripts(tmp_path: Path) -> Path:
    """A hotline without a menu."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "hotline.yaml").write_text(
        f"entry: queue\nnodes:\n  queue: {{kind: enqueue, queue: {QUEUE}}}\n"
    )
    return scripts


def test_a_port_in_use_is_told_in_sipps_own_words(tmp_path: Path, short_scripts: Path) -> None:
    plan = PeakPlan(rate=1, lasting=timedelta(seconds=1), operators=2)
    ports = Ports.find_free()
    config = write_peak_site(tmp_path / "site", plan, ports=ports, scripts=short_scripts)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((CALLER_ADDRESS, ports.callers.sip))
        with pytest.raises(SippError, match="Unable to bind"):
            run_peak(plan, config, ports=ports, runtime=Runtime.find(), on_look=lambda _: None)


@pytest.mark.timeout(90)
def test_a_small_peak_serves_everybody_and_says_so(tmp_path: Path, short_scripts: Path) -> None:
    plan = PeakPlan(rate=3, lasting=timedelta(seconds=2), operators=8, talk=timedelta(seconds=1))
    ports = Ports.find_free()
    config = write_peak_site(tmp_path / "site", plan, ports=ports, scripts=short_scripts)
    looks: list[Look] = []

    peak = run_peak(plan, config, ports=ports, runtime=Runtime.find(), on_look=looks.append)

    report = peak_json(peak, asterisk_version="22")
    assert not peak.sipp_errors
    assert peak.verdict.is_sound, report
    assert [report[key] for key in ("arrivals", "refused", "cut_off", "appeals")] == [6, 0, 0, 6]
    assert 1 <= report["most_at_once"] <= 6
    assert looks == peak.looks[:-1]
    assert not peak.warnings
