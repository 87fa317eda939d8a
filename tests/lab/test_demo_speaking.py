"""Nobody looks at a demo that stands still without a word while it speaks its texts."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from rich.console import Console

from lab.demo.speaking import Progress


@pytest.mark.parametrize(
    ("moments", "told"),
    [
        ([0.0, 0.5, 1.0, 1.5], []),
        ([0.0, 1.0, 2.5, 3.0], ["2 of 3", "3 of 3"]),
        ([0.0, 2.0, 4.0, 6.0], ["1 of 3", "2 of 3", "3 of 3"]),
    ],
)
def test_it_is_told_how_far_it_is_every_two_seconds(
    moments: Sequence[float], told: Sequence[str]
) -> None:
    place, shown = 0, io.StringIO()
    progress = Progress(Console(file=shown, width=80), seconds=lambda: moments[place])
    for place in range(1, len(moments)):
        progress(place, 3)
    lines = [f"  {each} texts and numbers" for each in told]
    announced = ["RHVoice speaks what the scripts say, once for this clone:"] if told else []
    assert shown.getvalue().splitlines() == [*announced, *lines]
