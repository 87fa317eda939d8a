"""The benchmark's own installation, its store check, and a short run of it."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ekc_telephony.settings.load import load_settings
from lab.bench.appeals import Appeals, wait_for_appeals
from lab.bench.figures import Measured
from lab.bench.plan import Plan, Target
from lab.bench.run import run
from lab.bench.sipp import SippError, place_calls
from lab.bench.site import CALLER_ADDRESS, Ports, Site
from lab.runtime import Runtime

"""Not those of a benchmark that somebody runs meanwhile."""


def test_the_installation_is_a_valid_one(tmp_path: Path) -> None:
    site = Site(folder=tmp_path, operators=30, ports=Ports(first=20000))

    site.write()

    settings = load_settings(site.config)
    assert len(settings.operators) == 30
    assert all(each.may_serve(settings.queues[0]) for each in settings.operators)
    assert {str(each.contact).rpartition(":")[2] for each in settings.operators} == {"20064"}
    everybody = (site.asterisk / "etc/site/queues-bench.conf").read_text()
    assert everybody.count("member => PJSIP/op") == 30


def test_callers_of_dial_choose_every_operator_in_turn(tmp_path: Path) -> None:
    site = Site(folder=tmp_path, operators=3, ports=Ports(first=20000))

    assert site.dialled(Target.DIAL) == ("700001", "700002", "700003")


def test_appeals_are_counted_beside_the_writer(tmp_path: Path) -> None:
    store = tmp_path / "ekc.sqlite"
    with closing(sqlite3.connect(store)) as db:
        db.execute("CREATE TABLE calls (outcome TEXT)")
        db.execute("INSERT INTO calls VALUES ('answered'), ('short')")
        db.commit()

    expected = Appeals(calls=2, answered=1)

    assert wait_for_appeals(store, expected) == expected


def test_a_port_in_use_is_told_in_sipps_own_words(tmp_path: Path) -> None:
    site = Site(folder=tmp_path, operators=1, ports=Ports.find_free())
    piece = next(Plan().slices(20))

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((CALLER_ADDRESS, site.ports.callers.sip))
        with pytest.raises(SippError, match="Unable to bind"):
            place_calls(Runtime.find(), site, piece, tmp_path / "slice")


@pytest.mark.timeout(60)
def test_a_short_run_measures_every_call(tmp_path: Path) -> None:
    plan = Plan(
        rates=(20,), seconds_per_rate=1, operators=20, targets=(Target.DIAL, Target.APP_QUEUE)
    )
    site = Site(folder=tmp_path, operators=plan.operators, ports=Ports.find_free())
    told: list[Measured] = []

    outcome = run(plan, site=site, runtime=Runtime.find(), on_slice=told.append)

    assert outcome.is_sound
    assert told == outcome.slices
    figures = outcome.figures()[20]
    assert [figures[target].calls for target in plan.targets] == [20, 20]
    assert all(each.p50_ms and each.cpu_ms_per_call for each in figures.values())
    assert not outcome.warnings
    assert 0 <= outcome.used_by_others <= 1
