"""Scripts in files for tests of their loader: what they may name, and what is complained of."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from ekc_telephony.settings.document import read_document
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.ivr.load import LoadedScript, load
from ekc_telephony.settings.ivr.site import KnownNames

PROJECT: Final = Path(__file__).parents[3]
KNOWN: Final = KnownNames(
    skills=frozenset({"pensions"}),
    queues=frozenset({"first_line", "pensions"}),
    schedules=frozenset({"federal"}),
    prompts=frozenset(file.stem for file in (PROJECT / "sounds/ru").glob("*.wav")),
    services={"cases": timedelta(seconds=4)},
    outside=frozenset({"112"}),
)
END: Final = "  end: {kind: goodbye, prompts: [goodbye], outcome: self_served}\n"


def loaded(folder: Path, text: str, **called: str) -> LoadedScript:
    """Return a script and those it calls."""
    for name, each in called.items():
        (folder / f"{name}.yaml").write_text(each, encoding="utf-8")
    file = folder / "script.yaml"
    file.write_text(text, encoding="utf-8")
    return load(read_document(file), known=KNOWN)


def mistakes(folder: Path, text: str, **called: str) -> list[str]:
    """Return each mistake as `line:column found`; of a called script, its file before."""
    with pytest.raises(SettingsError) as error:
        loaded(folder, text, **called)
    return [
        f"{'' if each.file.stem == 'script' else each.file.name + ':'}{each.line}:{each.column} "
        f"{each.found}"
        for each in error.value.mistakes
    ]
