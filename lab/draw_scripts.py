"""
`make pictures`: draw the scripts that ship for the docs, into docs/scripts/.

A script that is called by others stands in the pictures of those.

Rule 1: the same pictures on every machine: how long a text is, is estimated, never measured,
whatever this machine has rendered.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ekc_telephony.cli.ivr.draw import drawn
from ekc_telephony.drawing.svg import svg
from ekc_telephony.settings.ivr.load import load
from ekc_telephony.settings.ivr.proving import scripts_of_folder
from ekc_telephony.settings.library import known_names
from ekc_telephony.settings.load import load_settings

PROJECT: Final = Path(__file__).parents[1]
PICTURES: Final = PROJECT / "docs" / "scripts"


def pictures() -> Iterator[tuple[str, str]]:
    """Yield the name and the picture of each script that a call may begin with."""
    with TemporaryDirectory() as nothing_rendered:
        written = load_settings(PROJECT / "ekc.yaml")
        settings = written.model_copy(update={"state": Path(nothing_rendered)})
        for document in scripts_of_folder(settings.scripts):
            script = load(document, known=known_names(settings))
            picture = drawn(script, settings, language="ru")
            yield document.file.stem, svg(picture, subtitle=document.file.name)


def main() -> None:
    """Draw them all."""
    for name, told in pictures():
        target = PICTURES / f"{name}.svg"
        target.write_text(told, encoding="utf-8")
        print(target.relative_to(PROJECT))


if __name__ == "__main__":
    main()
