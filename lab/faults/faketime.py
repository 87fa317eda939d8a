"""
The machine's wall clock, set forward and back for Asterisk, engine and guard alone.

For them it stands for the kernel's: Asterisk's steady clock is loaded before it.

libfaketime comes between a program and its clock; it reads the shift from a file once a second. The
monotonic clock is left alone, as setting a machine's clock leaves it alone.

Rule 1: the machine's own clock is never touched.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

READ_EVERY: Final = timedelta(seconds=1)
_LIBRARY: Final = "libfaketime.so.1"
_VARIABLE: Final = "EKC_FAKETIME"
"""Names the library where it is somewhere else."""
_FOLDERS: Final = ("usr/lib/x86_64-linux-gnu/faketime", "usr/lib/aarch64-linux-gnu/faketime")


@dataclass(frozen=True, slots=True, kw_only=True)
class WallClock:
    """A clock that can be set."""

    library: Path
    shift: Path
    """The file that holds by how much it is wrong."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What a program needs to see it."""
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.shift),
            "FAKETIME_CACHE_DURATION": f"{READ_EVERY.total_seconds():g}",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Files bear the time of the kernel, which nobody sets here.
            "NO_FAKE_STAT": "1",
        }

    def put(self, shift: timedelta) -> None:
        """Set it wrong by so much."""
        new = self.shift.with_suffix(".new")
        new.write_text(f"{shift.total_seconds():+.0f}\n", encoding="ascii")
        new.replace(self.shift)


def find_library(runtime: Path) -> Path | None:
    """
    Return libfaketime; None when it is not there.

    Args:
        runtime: The `.runtime` folder, where `make setup` puts programs of Debian.
    """
    named = os.environ.get(_VARIABLE)
    roots = (runtime / "faketime", Path("/"))
    places = [Path(named)] if named else []
    places += [root / folder / _LIBRARY for root in roots for folder in _FOLDERS]
    return next((place for place in places if place.exists()), None)
