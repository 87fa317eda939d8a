"""The scripts that ship keep what they promise: proved without a warning, every way tried."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from ekc_telephony.settings.ivr.proving import Court, as_text
from ekc_telephony.settings.library import script_file
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.rehearsing.stage import Stage
from ekc_telephony.settings.rehearsing.trials import run_tests

SETTINGS: Final = load_settings(Path(__file__).parents[3] / "ekc.yaml")
MONDAY: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize("script", ["federal", "regional_122"])
def test_nothing_stands_against_a_script_that_ships(script: str) -> None:
    judgement = Court(SETTINGS, now=MONDAY).judge_file(script_file(SETTINGS, script))
    assert [as_text(each) for each in judgement.complaints] == []


@pytest.mark.parametrize("script", ["federal", "regional_122", "hotline", "overload"])
def test_every_way_of_a_script_that_ships_is_tried(script: str) -> None:
    loaded = Stage(SETTINGS).load(script_file(SETTINGS, script))
    (report,) = run_tests(SETTINGS, [loaded]).scripts
    assert [each.case.name for each in report.trials if not each.has_passed] == []
    assert report.coverage.untried == ()
