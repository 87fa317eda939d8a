"""The page of the codes says of each what the code says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from ekc_telephony.core.ivr.proofs.finding import WARNINGS, Code

PAGE: Final = Path(__file__).parents[4] / "docs/architecture/ivr-proofs.md"


def test_every_code_has_a_row_with_its_severity() -> None:
    rows = re.findall(
        r"^\| (IVR\d+) \| (\w+) \| \S", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    told = [(each.value, "warning" if each in WARNINGS else "error") for each in Code]
    assert rows == told


def test_codes_are_unique_and_in_order() -> None:
    values = [each.value for each in Code]
    assert values == sorted(set(values))
