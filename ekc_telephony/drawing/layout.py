"""
Where each card of a picture stands: a tree that grows to the right.

A card's own cards stand in the next column, from its height on downwards; nothing else stands
beside them. So no line crosses a card or another line, and a person reads a script as he reads a
table of contents.

Lengths are in pixels of the picture at its natural size.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ekc_telephony.drawing.cards import Card, Picture

WIDTH: Final = 290
GAP: Final = 90
"""Between two columns; the lines are there."""
PITCH: Final = 18
"""Between two lines of text; between two cards of a column."""
HEAD: Final = 30
PAD: Final = 8
MARGIN: Final = 30
TITLE: Final = 86
"""The height of title and legend."""
_LETTERS: Final = 36
"""So many fit into a line of a card, in a font of 12 pixels."""
_MOST_LINES: Final = 6
"""Of what is heard; the rest is an ellipsis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A card where it stands."""

    card: Card
    x: int
    y: int
    says: tuple[str, ...]
    """In lines."""

    @property
    def height(self) -> int:
        """Of the whole card."""
        return HEAD + PITCH * (len(self.says) + len(self.card.rows)) + 2 * PAD

    def row_y(self, index: int) -> int:
        """Return the middle of a row."""
        return self.y + HEAD + PAD + PITCH * (len(self.says) + index) + PITCH // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A picture with everything in its place."""

    placed: Mapping[str, Placed]
    width: int
    height: int


def lay_out(picture: Picture) -> Layout:
    """Return where each card stands."""
    placed: dict[str, Placed] = {}
    below = TITLE + MARGIN
    for root in (picture.entry, *picture.apart):
        below = _place(picture, root, 0, below, placed) + PITCH
    right = max(each.x for each in placed.values()) + WIDTH
    return Layout(placed=placed, width=max(right + MARGIN, 2 * WIDTH), height=below + MARGIN)


def _place(picture: Picture, name: str, column: int, top: int, placed: dict[str, Placed]) -> int:
    """Place a card and its own cards; return where the next one of the column may begin."""
    # No recursion: a script of 500 nodes in a row is deeper than Python's stack.
    floors: list[int] = []
    ahead: list[tuple[str, int]] = [(name, column)]
    while ahead:
        name, column = ahead.pop()
        while len(floors) <= column:
            floors.append(top)
        card = picture.cards[name]
        y = max(floors[column:]) if column and len(floors) > column else floors[column]
        here = Placed(
            card=card, x=MARGIN + column * (WIDTH + GAP), y=y, says=tuple(_lines(card.says))
        )
        placed[name] = here
        own = [row.to for row in card.rows if row.is_drawn_here]
        for deeper in range(column + 1, len(floors)):
            floors[deeper] = max(floors[deeper], y)
        floors[column] = y + here.height + PITCH
        ahead += [(each, column + 1) for each in reversed(own)]
    return max(floors)


def _lines(says: tuple[str, ...]) -> list[str]:
    lines = [line for each in says for line in textwrap.wrap(each, _LETTERS, break_long_words=True)]
    if len(lines) <= _MOST_LINES:
        return lines
    return [*lines[: _MOST_LINES - 1], lines[_MOST_LINES - 1][: _LETTERS - 1] + "…"]
