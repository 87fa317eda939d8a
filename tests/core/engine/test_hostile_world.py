"""Whatever happens, every call gets one record with one ending, and nothing is left behind."""

from __future__ import annotations

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.core.engine.hostile_world import HostileWorld


def test_a_hostile_world_breaks_no_rule_and_leaves_nothing_behind() -> None:
    run_state_machine_as_test(
        HostileWorld, settings=settings(max_examples=100, stateful_step_count=50)
    )
