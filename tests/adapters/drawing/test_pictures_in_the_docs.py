"""The pictures in docs/scripts/ show the scripts that ship, as `make pictures` draws them."""

from __future__ import annotations

from lab.draw_scripts import PICTURES, pictures


def test_the_pictures_in_the_docs_are_those_of_the_scripts_that_ship() -> None:
    drawn = dict(pictures())
    assert {each.stem for each in PICTURES.glob("*.svg")} == set(drawn)
    stale = [
        name
        for name, picture in drawn.items()
        if (PICTURES / f"{name}.svg").read_text(encoding="utf-8") != picture
    ]
    assert stale == [], "draw them anew: make pictures"
