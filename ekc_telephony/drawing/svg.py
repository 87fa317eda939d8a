"""
The picture of a script as SVG: one file, no script in it, readable in any browser and on paper.

Its text can be searched and copied; a name of a card that stands elsewhere leads there by a click.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ekc_telephony.drawing.cards import Look, Picture, Row
from ekc_telephony.drawing.layout import (
    GAP,
    HEAD,
    MARGIN,
    PAD,
    PITCH,
    WIDTH,
    Layout,
    Placed,
    lay_out,
)

COLOURS: Final[Mapping[Look, tuple[str, str]]] = {
    Look.SAYS: ("#dbe7f5", "фраза"),
    Look.ASKS: ("#fff1c9", "вопрос к звонящему"),
    Look.DIVIDES: ("#e9e9ee", "развилка"),
    Look.LOOKS_UP: ("#e6dcf5", "информационная система"),
    Look.PERSON: ("#cfeecf", "человек"),
    Look.APPEAL: ("#d6f1ee", "обращение принято"),
    Look.GOODBYE: ("#f6dcd6", "до свидания"),
}
"""The colour of each card's heading, and what it means."""
_FONT: Final = "'DejaVu Sans', 'Liberation Sans', Arial, sans-serif"
_INK: Final = "#20242c"
_LINE: Final = "#8a93a3"
_WORST: Final = "#c62828"
_LINK: Final = "#1a4f8a"
_LEGEND: Final = 200
_BASELINE: Final = 5
"""From the middle of a line of text down to where its letters stand."""


def svg(picture: Picture, *, subtitle: str) -> str:
    """
    Return the picture.

    Args:
        picture: What to draw.
        subtitle: Version, file: what stands under the title.
    """
    layout = lay_out(picture)
    width = max(layout.width, MARGIN * 2 + _LEGEND * len(COLOURS))
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": str(width),
            "height": str(layout.height),
            "viewBox": f"0 0 {width} {layout.height}",
            "font-family": _FONT,
            "font-size": "12",
            "fill": _INK,
        },
    )
    SubElement(root, "title").text = picture.title
    SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": "#ffffff"})
    _head(root, picture, subtitle)
    for line in _lines(layout):
        root.append(line)
    for placed in layout.placed.values():
        _card(root, placed)
    indent(root)
    return tostring(root, encoding="unicode") + "\n"


def _head(root: Element, picture: Picture, subtitle: str) -> None:
    _text(root, MARGIN, 26, picture.title, size=18, weight="bold")
    _text(root, MARGIN, 46, subtitle, colour="#5b6472")
    if picture.note:
        _text(root, MARGIN, 64, picture.note, colour=_WORST)
    for index, (colour, meaning) in enumerate(COLOURS.values()):
        x = MARGIN + index * _LEGEND
        swatch = {"x": str(x), "y": "76", "width": "14", "height": "14", "rx": "3"}
        SubElement(root, "rect", {**swatch, "fill": colour, "stroke": _LINE})
        _text(root, x + 20, 87, meaning)


def _lines(layout: Layout) -> Iterator[Element]:
    """Yield the lines from rows to the cards drawn for them."""
    for placed in layout.placed.values():
        for index, row in enumerate(placed.card.rows):
            if row.is_drawn_here:
                to = layout.placed[row.to]
                begin = (placed.x + WIDTH, placed.row_y(index))
                yield _line(begin, (to.x, to.y + HEAD // 2), is_worst=row.is_worst)


def _line(begin: tuple[int, int], end: tuple[int, int], *, is_worst: bool) -> Element:
    half = GAP // 2
    path = (
        f"M {begin[0]} {begin[1]} C {begin[0] + half} {begin[1]}, "
        f"{end[0] - half} {end[1]}, {end[0]} {end[1]}"
    )
    return Element(
        "path",
        {
            "d": path,
            "fill": "none",
            "stroke": _WORST if is_worst else _LINE,
            "stroke-width": "2.5" if is_worst else "1.3",
        },
    )


def _card(root: Element, placed: Placed) -> None:
    card = placed.card
    group = SubElement(root, "g", {"id": card.name})
    SubElement(group, "title").text = card.written_at or card.name
    frame = {
        "x": str(placed.x),
        "y": str(placed.y),
        "width": str(WIDTH),
        "rx": "6",
        "stroke": _WORST if card.is_worst else _LINE,
        "stroke-width": "2.5" if card.is_worst else "1",
    }
    SubElement(group, "rect", {**frame, "height": str(placed.height), "fill": "#ffffff"})
    SubElement(group, "rect", {**frame, "height": str(HEAD), "fill": COLOURS[card.look][0]})
    middle = placed.y + HEAD // 2 + _BASELINE
    _text(group, placed.x + PAD, middle, _shortened(card.name, 20), weight="bold")
    _text(
        group,
        placed.x + WIDTH - PAD,
        middle,
        _shortened(card.heading, 22),
        anchor="end",
        colour="#444b57",
    )
    for index, line in enumerate(placed.says):
        y = placed.y + HEAD + PAD + PITCH * index + PITCH // 2 + _BASELINE
        _text(group, placed.x + PAD, y, line, style="italic")
    for index, row in enumerate(card.rows):
        _row(group, placed, index, row)


def _row(group: Element, placed: Placed, index: int, row: Row) -> None:
    y = placed.row_y(index) + _BASELINE
    colour = _WORST if row.is_worst else _INK
    _text(group, placed.x + PAD, y, _shortened(row.label, 26), colour=colour)
    if row.is_drawn_here:
        _text(group, placed.x + WIDTH - PAD, y, "→", anchor="end", colour=colour)
        return
    link = SubElement(group, "a", {"href": f"#{row.to}"})
    name = f"↪ {_shortened(row.to, 18)}"
    colour = _WORST if row.is_worst else _LINK
    _text(link, placed.x + WIDTH - PAD, y, name, anchor="end", colour=colour)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _text(
    parent: Element,
    x: int,
    y: int,
    text: str,
    *,
    size: int = 12,
    weight: str = "normal",
    anchor: str = "start",
    colour: str = _INK,
    style: str = "normal",
) -> None:
    attributes = {"x": str(x), "y": str(y), "fill": colour}
    if size != 12:  # noqa: PLR2004 -- that of the whole picture
        attributes["font-size"] = str(size)
    if weight != "normal":
        attributes["font-weight"] = weight
    if anchor != "start":
        attributes["text-anchor"] = anchor
    if style != "normal":
        attributes["font-style"] = style
    SubElement(parent, "text", attributes).text = text
