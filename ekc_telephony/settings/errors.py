"""
What is wrong with `ekc.yaml`, said so that a person can put it right without asking.

Rule 1: every mistake says where it is, what was found, what is expected and what to do.
Rule 2: all mistakes are told at once, in the order of the file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from typing_extensions import override


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing to put right."""

    file: Path
    line: int
    """From 1."""
    column: int
    """From 1."""
    found: str
    expected: str
    advice: str

    @override
    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}:{self.column}: found {self.found}\n"
            f"    expected: {self.expected}\n"
            f"    what to do: {self.advice}"
        )


class SettingsError(Exception):
    """
    The file cannot be used; nothing was started.

    Args:
        mistakes: All of them; at least one.
    """

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(
            sorted(
                mistakes,
                key=lambda mistake: (
                    str(mistake.file),
                    mistake.line,
                    mistake.column,
                    mistake.found,
                ),
            )
        )
        count = len(self.mistakes)
        heading = f"{count} mistake{'s' if count > 1 else ''} in the configuration:"
        super().__init__("\n".join([heading, *map(str, self.mistakes)]))


def suggest(written: str, known: Iterable[str], otherwise: str) -> str:
    """Return «did you mean …?» when a known word is close to what was written."""
    words = sorted(known)
    close = get_close_matches(written, words, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"{otherwise} (known: {', '.join(words[:12])})" if words else otherwise
