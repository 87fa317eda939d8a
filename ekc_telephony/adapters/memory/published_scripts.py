"""Published scripts that live in memory (the `ScriptStore`), for tests and trying things out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import final

from ekc_telephony.core.ivr.published import Bundle, Present, Publication
from ekc_telephony.core.kernel.ids import ScriptId
from ekc_telephony.runtime.ports import Decision, ScriptStoreError


@final
class InMemoryScripts:
    """Keeps what is published in memory."""

    def __init__(self) -> None:
        self._present = Present()
        self._bundles: dict[tuple[ScriptId, str], Bundle] = {}
        self._publications: list[Publication] = []

    def mark(self) -> object:
        """Return the number of the last publication."""
        return self._present.number

    def present(self) -> Present:
        """Return what callers meet."""
        return self._present

    def bundle(self, script: ScriptId, version: str) -> Bundle:
        """Return a version; raises ScriptStoreError when there is none."""
        found = self._bundles.get((script, version))
        if found is None:
            raise ScriptStoreError(f"found no version {version} of {script}; expected it published")
        return found

    def publications(self) -> Sequence[Publication]:
        """Return what was done."""
        return tuple(self._publications)

    def change(self, decide: Callable[[Present], Decision]) -> Present:
        """Change what callers meet."""
        before = self._present
        decision = decide(before)
        number = before.number + 1
        self._bundles |= {(each.script, each.version): each for each in decision.bundles}
        self._publications.append(replace(decision.publication, number=number, after=before.number))
        self._present = replace(decision.present, number=number)
        return self._present
