"""
What holds for every test: its folder is its category, and says how long it may take.

Rule 1: a test lives in one of the folders of `SECONDS_ALLOWED`; anywhere else it is refused.
Rule 2: hypothesis repeats itself: the same code gives the same examples on every machine. To look
for new ones: `HYPOTHESIS_PROFILE=explore .venv/bin/pytest tests/core`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

TESTS: Final = Path(__file__).parent
SECONDS_ALLOWED: Final = {
    "core": 120,
    "scenarios": 60,
    "simulation": 180,
    "runtime": 120,
    "guard": 120,
    "adapters": 180,
    "lab": 180,
    "asterisk": 300,
}
"""
Seconds for one test before it is taken for hanging, unless it names its own with a marker: many
times what it takes, for a machine that is busy otherwise.
"""

settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def category_of(path: Path) -> str:
    """
    Return the category of the test file: the folder below `tests/` it stands in.

    Raises:
        pytest.UsageError: It stands in none.
    """
    inside = path.relative_to(TESTS).parts[0] if path.is_relative_to(TESTS) else str(path)
    if inside not in SECONDS_ALLOWED:
        raise pytest.UsageError(
            f"{path}: a test in no category; expected in a folder of tests/: "
            f"{', '.join(SECONDS_ALLOWED)}. Move it to the one that says what it proves "
            "(CONTRIBUTING.md)."
        )
    return inside


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Refuse tests in no category, and give the others the time of theirs."""
    for item in items:
        seconds = SECONDS_ALLOWED[category_of(item.path)]
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(seconds))
