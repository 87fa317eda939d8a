"""
Rendered prompts that nobody needs any more are removed, beside an engine that runs.

A text is rendered ahead of publishing (`ekc ivr publish`, `ekc ivr run --listen`, `ekc ivr overlay
put`), under a key that is a checksum of it. So a draft that is written anew ten times leaves ten
files, of which one is heard.

Rule 1: kept is what any published version needs that can be read, and so gone back to; what any
script on disk needs; what any overlay needs that lies, waits, or ended less than `YOUNG` ago; what
`ekc.yaml` names. Calls are in published versions and under such overlays only.
Rule 2: kept is whatever was rendered, or was found there by whoever publishes, less than `YOUNG`
ago. So a publication that is being made is safe, though the register does not know it yet.
Rule 3: the register is read after the files' ages: who published in between was here lately.
Rule 4: when a version cannot be read that calls may be in, nothing is removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.speech.site import SitePrompts
from ekc_telephony.core.ivr.overlay import Leads, Overlay
from ekc_telephony.core.ivr.published import Publication
from ekc_telephony.core.ivr.utterance import Insert
from ekc_telephony.core.ivr.ways import utterances_of
from ekc_telephony.core.kernel.ids import PromptKey, ScriptId
from ekc_telephony.runtime.ports import ScriptStore, ScriptStoreError
from ekc_telephony.settings.document import Document, read_document
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.ivr.called_scripts import is_called_only, stand_in_for_callers
from ekc_telephony.settings.ivr.load import LoadedScript, load
from ekc_telephony.settings.ivr.rendered import wanted_by
from ekc_telephony.settings.ivr.site import KnownNames
from ekc_telephony.settings.library import known_names, load_published, shelves
from ekc_telephony.settings.models import Settings

YOUNG: Final = timedelta(days=1)
"""Longer than any call, and than anybody takes from rendering to publishing."""


class NothingPrunedError(Exception):
    """It is not known what calls need; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """What can be removed, and what was looked at."""

    files: tuple[Path, ...]
    size_bytes: int
    kept: int
    """So many files are needed, or young."""
    passed_over: tuple[str, ...]
    """Versions and files on disk that cannot be read; their texts are needed by nobody, or are
    rendered again when they are published."""


def prunable(settings: Settings, store: ScriptStore, *, config: Path, now: datetime) -> Pruning:
    """
    Return the rendered prompts that nobody needs.

    Args:
        settings: The configuration.
        store: What is published.
        config: The file of the configuration; prompts that it names are kept.
        now: The time.

    Raises:
        NothingPrunedError: A version that calls may be in cannot be read.
        ScriptStoreError: The store cannot be used.
    """
    there = sorted(settings.rendered_sounds.glob("*/*.wav"))
    old = {file: at for file in there if now - (at := _changed(file)) >= YOUNG}
    needs = _Needs(settings, store, now=now)
    written = config.read_text(encoding="utf-8")
    files = tuple(
        file for file in old if PromptKey(file.stem) not in needs.keys and file.stem not in written
    )
    return Pruning(
        files=files,
        size_bytes=sum(file.stat().st_size for file in files),
        kept=len(there) - len(files),
        passed_over=tuple(needs.passed_over),
    )


def prune(settings: Settings, pruning: Pruning, *, now: datetime) -> int:
    """
    Remove what `prunable` has found, but what somebody wanted meanwhile; return how many files.

    Raises:
        ManifestError: The manifest of the shipped prompts is missing or wrong.
        OSError: A file cannot be removed.
    """
    still_old = [file for file in pruning.files if now - _changed(file) >= YOUNG]
    SitePrompts(shelves(settings)).remove(still_old)
    return len(still_old)


def _changed(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


class _Needs:
    """The prompts that somebody needs."""

    def __init__(self, settings: Settings, store: ScriptStore, *, now: datetime) -> None:
        self._settings, self._store, self._now = settings, store, now
        self._known: KnownNames = known_names(settings)
        self.keys = set[PromptKey]()
        self.passed_over: list[str] = []
        publications = store.publications()
        self._published(publications)
        self._overlays(each.overlay for each in publications if each.overlay is not None)
        self._on_disk()

    def _published(self, publications: Iterable[Publication]) -> None:
        """Take what every published version needs."""
        for (script, version), until in self._last_met(publications).items():
            try:
                bundle = self._store.bundle(script, version)
                loaded = load_published(bundle, settings=self._settings, known=self._known)
            except (SettingsError, ScriptStoreError) as error:
                if until is None or self._now - until < YOUNG:
                    raise NothingPrunedError(_unreadable(script, version, error)) from error
                self.passed_over.append(f"{script} {version}: nobody can go back to it")
            else:
                self._take(loaded)

    def _last_met(
        self, publications: Iterable[Publication]
    ) -> dict[tuple[ScriptId, str], datetime | None]:
        """Return until when new calls met each version; None: they do now."""
        met: dict[tuple[ScriptId, str], datetime | None] = {}
        for made in publications:
            for each in made.changes:
                if each.before is not None:
                    met[each.script, each.before] = made.at
                met[each.script, each.version] = None
        return met

    def _overlays(self, overlays: Iterable[Overlay]) -> None:
        """Take what overlays say that lie or wait, or that calls may still be under."""
        for each in overlays:
            if self._now - each.until < YOUNG:
                self.keys |= {*each.prompts}
                if each.item is not None and each.item.leads is Leads.PROMPT:
                    self.keys.add(PromptKey(each.item.to))

    def _on_disk(self) -> None:
        for file in sorted(self._settings.scripts.glob("*.yaml")):
            try:
                document = read_document(file)
                self._take(load(self._beginning(document), known=self._known))
            except SettingsError:
                self.passed_over.append(
                    f"{file}: `ekc ivr check` says why; rendered when published"
                )

    def _beginning(self, document: Document) -> Document:
        if not is_called_only(document):
            return document
        return stand_in_for_callers(document, queue=min(self._known.queues))

    def _take(self, loaded: LoadedScript) -> None:
        self.keys |= {each.key for each in wanted_by(loaded)}
        self.keys |= set(_named(loaded))


def _named(loaded: LoadedScript) -> Iterator[PromptKey]:
    """Yield the prompts that a script names by their keys."""
    for node in loaded.script.nodes.values():
        for utterance in utterances_of(node):
            yield from (part for part in utterance if not isinstance(part, Insert))


def _unreadable(script: ScriptId, version: str, error: Exception) -> str:
    return (
        f"{script} {version}: found a published version that calls may be in and that cannot be "
        f"read; expected to learn which prompts it needs. Nothing was removed.\n{error}\n"
        f"Mend that, or wait a day after another version was published."
    )
