"""
For every proof there is a script that it refuses, at the line where the flaw is, and nowhere else.

The scripts are in `ivr_counter_examples/`; a comment with a code stands on the line to be named.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from ekc_telephony.core.ivr.proofs.finding import Code
from ekc_telephony.settings.ivr.proving import Court, as_text
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings

PROJECT: Final = Path(__file__).parents[3]
FOLDER: Final = Path(__file__).parent / "ivr_counter_examples"
EXAMPLES: Final = sorted(FOLDER.glob("*.yaml"))
NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
ELSEWHERE: Final = {
    Code.CIRCLE_WITHOUT_PAUSE,  # the loader refuses it, as IVR001
    Code.NO_RETRY_LIMIT,  # the same
    Code.NOTHING_ASKED,  # the same
    Code.UNKNOWN_SCHEDULE,  # the same
    Code.LANGUAGE_NOT_OFFERED,  # the same
    Code.NO_PATIENCE,  # ekc.yaml refuses an information system that may take so long
}
"""What no file can say; tests/core/ivr/proofs has them."""
SERVICES: Final = """\
services:
  - id: cases
    url: http://127.0.0.1:1/cases
    timeout: 9s
"""
NEVER: Final = """\
schedules:
  never: {time_zone: Europe/Moscow, weekly: {}, holidays: none}
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The sample's, with an information system and a schedule that is never open."""
    text = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")
    for folder in ("ivr_scripts", "sounds"):
        text = text.replace(f": {folder} ", f": {PROJECT / folder} ")
    text = re.sub(r"^services:.*\n", SERVICES, text, flags=re.MULTILINE)
    text = text.replace("schedules:\n", NEVER, 1)
    file = tmp_path_factory.mktemp("site") / "ekc.yaml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file)


def told_in(file: Path) -> set[tuple[int, str]]:
    """Return line and code of every comment."""
    lines = enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
    return {
        (number, code)
        for number, line in lines
        for code in re.findall(r"IVR\d+", line.partition("#")[2])
    }


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_a_flaw_is_told_where_it_is(settings: Settings, file: Path) -> None:
    judgement = Court(settings, now=NOW).judge_file(file)
    found = {(each.mistake.line, each.code) for each in judgement.complaints}
    assert found == told_in(file), "\n".join(as_text(each) for each in judgement.complaints)
    assert all(each.mistake.file == file for each in judgement.complaints)


def test_every_code_has_a_counter_example() -> None:
    shown = {code for file in EXAMPLES for _, code in told_in(file)}
    assert {each.value for each in Code} - shown == {each.value for each in ELSEWHERE}
