"""An engine that starts has callers waiting: it does not load what only publishing needs."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

ASKING: Final = "import sys, ekc_telephony.cli.serve; print(*sys.modules, sep=chr(10))"
ONLY_TO_PUBLISH: Final = ("proofs", "proving", "rehears", "bootstrap.overlays", "full_gate")


def test_an_engine_starts_without_proofs_and_rehearsals() -> None:
    """They take a fifth of a second to import, after every crash."""
    told = subprocess.run(
        [sys.executable, "-c", ASKING], check=True, capture_output=True, text=True
    )
    ours = [each for each in told.stdout.split() if each.startswith("ekc_telephony")]
    assert "ekc_telephony.bootstrap.node" in ours
    assert not [each for each in ours if any(word in each for word in ONLY_TO_PUBLISH)]
