"""Fills the disk its argument lies on, frees it, makes it read-only, and prints what it saw."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from ekc_telephony.adapters.journal.journal import RETRY_PAUSE, Journal
from tests.adapters.journal.folders import HandClock, everything_in, journal_in


def main(disk: Path) -> None:
    """Go through one story of a small disk."""
    clock = HandClock()
    filler = disk / "filler"
    filler.write_bytes(bytes(20_000))
    journal = journal_in(disk / "journal", clock)
    written = [journal.begin_segment(b"opening")]
    written += _append_until_trouble(journal)
    seen: dict[str, object] = {"when_full": journal.trouble}
    filler.unlink()
    clock.advance(RETRY_PAUSE)
    written.append(journal.begin_segment(b"opening"))
    seen["after_making_room"] = journal.trouble
    written += _append_until_trouble(journal)
    # A disk with a file open for writing cannot be made read-only.
    journal.close()
    _remount(disk, "ro")
    clock.advance(RETRY_PAUSE)
    journal.begin_segment(b"refused")
    seen["when_read_only"] = journal.trouble
    _remount(disk, "rw,size=1m")
    clock.advance(RETRY_PAUSE)
    written.append(journal.begin_segment(b"opening"))
    seen["after_remounting"] = journal.trouble
    journal.close()
    seen |= {
        "written": written,
        "read": [position for position, _ in everything_in(disk / "journal")],
        "lost": journal.lost,
    }
    sys.stdout.write(json.dumps(seen))


def _append_until_trouble(journal: Journal) -> list[int]:
    written = []
    while journal.trouble is None:
        lost = journal.lost
        position = journal.append(bytes(3_000))
        if journal.lost == lost:
            written.append(position)
    return written


def _remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
