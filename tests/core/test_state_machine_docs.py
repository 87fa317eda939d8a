"""The page of state machines says what the code does."""

from __future__ import annotations

from ekc_telephony.core.acd.agent import ACTIVITY_TRANSITIONS
from ekc_telephony.core.engine.state import Phase
from lab.generate_state_machines import PAGE, page


def test_the_page_of_state_machines_is_up_to_date() -> None:
    stale = "run: .venv/bin/python -m lab.generate_state_machines"
    assert PAGE.read_text(encoding="utf-8") == page(), stale


def test_every_row_of_the_table_is_an_arrow_of_the_drawing() -> None:
    arrows = [line for line in page().splitlines() if " --> " in line and "[*]" not in line]
    assert len(arrows) == sum(len(rows) for rows in ACTIVITY_TRANSITIONS.values())


def test_every_phase_is_in_the_picture_of_the_session() -> None:
    picture = page().partition("```text\n")[2].partition("```")[0]
    assert [each.name for each in Phase if each.name not in picture] == []
