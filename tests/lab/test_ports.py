"""A block of ports belongs to one process of the lab, as long as it lives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lab.ports import PortBlock

PROJECT = Path(__file__).parents[2]
TAKE_ONE = "from lab.ports import PortBlock; print(PortBlock.find_free().first)"


def taken_by_another_process() -> tuple[int, str]:
    """Let another process take a block; return which, and what it complained of at its end."""
    words = [sys.executable, "-X", "dev", "-c", TAKE_ONE]
    told = subprocess.run(
        words, cwd=PROJECT, capture_output=True, check=True, text=True, timeout=30
    )
    return int(told.stdout), told.stderr


def test_a_block_is_nobody_elses_while_its_process_lives() -> None:
    ours = PortBlock.find_free()
    assert taken_by_another_process()[0] != ours.first


def test_a_process_ends_without_a_word_about_its_block() -> None:
    assert taken_by_another_process()[1] == ""
