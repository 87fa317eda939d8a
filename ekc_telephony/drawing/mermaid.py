"""The picture of a script as Mermaid text, which GitLab, GitHub and editors draw."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from ekc_telephony.drawing.cards import Card, Look, Picture

_SHAPES: Final[Mapping[Look, tuple[str, str]]] = {
    Look.SAYS: ("[", "]"),
    Look.ASKS: ("[/", "/]"),
    Look.DIVIDES: ("{", "}"),
    Look.LOOKS_UP: ("[(", ")]"),
    Look.PERSON: ("([", "])"),
    Look.APPEAL: ("([", "])"),
    Look.GOODBYE: ("([", "])"),
}
_MOST: Final = 60


def mermaid(picture: Picture) -> str:
    """Return the flowchart."""
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    yield "flowchart LR"
    ids = {name: f"n{index}" for index, name in enumerate(picture.cards)}
    for name, card in picture.cards.items():
        opening, closing = _SHAPES[card.look]
        yield f"  {ids[name]}{opening}{_quoted(_words(card))}{closing}"
    worst: list[str] = []
    number = 0
    for name, card in picture.cards.items():
        for row in card.rows:
            yield f"  {ids[name]} -->|{_quoted(row.label)}| {ids[row.to]}"
            if row.is_worst:
                worst.append(str(number))
            number += 1
    if worst:
        yield f"  linkStyle {','.join(worst)} stroke:#c62828,stroke-width:3px"


def _words(card: Card) -> str:
    said = " ".join(card.says)
    shown = said if len(said) <= _MOST else said[: _MOST - 1] + "…"
    return "<br>".join(filter(None, (f"{card.name}: {card.heading}", shown)))


def _quoted(text: str) -> str:
    # Mermaid's own escapes; `<br>` is the one mark-up that stays.
    escaped = re.sub(r'["#;|`]', lambda found: f"#{ord(found.group())};", text)
    return f'"{escaped}"'
