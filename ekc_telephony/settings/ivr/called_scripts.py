"""
Scripts that begin in other ones only (those with a `return`): who calls them, and one on its own.

Such a script is proved wherever it is called, with the hours, variables and languages of whoever
calls it. One that nobody calls is met by no caller; still its mistakes are better known before
somebody calls it, so it is proved behind a stand-in that calls it and leads who returns to a queue.

Rule 1: what depends on whoever calls it is not held against a script on its own: variables that it
reads, and what is told to whom.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ekc_telephony.core.ivr.proofs.finding import Code
from ekc_telephony.settings.document import Document, read_document
from ekc_telephony.settings.errors import SettingsError

NEVER_CALLED: Final = "IVR002"
"""The code of a script that could only be called, and is not."""
OF_THE_CALLER: Final = frozenset({Code.UNSET_VARIABLE, Code.SPOKEN_TO_ANYBODY})
_STAND_IN: Final = "stand-in"
_KINDS: Final = ("nodes", "*", "kind")
_CALLED: Final = ("nodes", "*", "script")


def is_called_only(document: Document) -> bool:
    """Tell whether a script has a `return`, and so begins in another one only."""
    return any(each.written == "return" for each in document.scalars_at(_KINDS))


def called_in(folder: Path) -> frozenset[str]:
    """Return the scripts that calls come into out of other ones, as far as files can be read."""
    calls: dict[str, set[str]] = {}
    entries: list[str] = []
    for file in folder.glob("*.yaml"):
        try:
            document = read_document(file)
        except SettingsError:
            continue  # told where it is judged
        calls[file.stem] = {each.written for each in document.scalars_at(_CALLED)}
        if not is_called_only(document):
            entries.append(file.stem)
    found = set[str]()
    ahead = [name for entry in entries for name in calls[entry]]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += calls.get(name, ())
    return frozenset(found)


def stand_in_for_callers(document: Document, *, queue: str) -> Document:
    """
    Return a script that does nothing but call another.

    Args:
        document: The script to be called.
        queue: Where who returns from it is led.
    """
    file = document.file
    languages = [each.written for each in document.scalars_at(("languages", "*"))]
    text = (
        "entry: called\n"
        + (f"languages: [{', '.join(languages)}]\n" if languages else "")
        + "nodes:\n"
        f"  called: {{kind: call, script: {file.stem}, next: back}}\n"
        f"  back: {{kind: enqueue, queue: {queue}}}\n"
    )
    return read_document(file.with_name(f"{file.stem}.{_STAND_IN}{file.suffix}"), text=text)
