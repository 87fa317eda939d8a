"""
The library: from the texts of scripts to the scripts that calls begin with.

Texts come from files on disk (what an admin works on), from the store of what is published, or
from the journal (what an engine worked by). They are named `<script>@<version>`.

Rule 1: what was read is not read again to be found; a version never means anything else later.
Rule 2: scripts that were read are kept as long as their texts: `forget_but`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.speech.site import Shelves
from ekc_telephony.core.engine.plan import EntryScripts
from ekc_telephony.core.ivr.overlay import Leads, Overlay, overlaid
from ekc_telephony.core.ivr.published import Bundle
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.kernel.ids import Did, PromptKey, ScriptId
from ekc_telephony.runtime.published_texts import Unpacked, mark, pack, unpack
from ekc_telephony.settings.document import read_document
from ekc_telephony.settings.errors import Mistake, SettingsError
from ekc_telephony.settings.ivr.load import LoadedScript, load_bundle
from ekc_telephony.settings.ivr.rendered import wanted_by
from ekc_telephony.settings.ivr.site import KnownNames
from ekc_telephony.settings.models import Settings

_CALLED: Final = ("nodes", "*", "script")
"""Where a script names others that it calls."""


def entry_names(settings: Settings) -> frozenset[ScriptId]:
    """Return the scripts that calls begin with."""
    names = {ScriptId(each.script) for each in settings.numbers}
    return frozenset(names | ({ScriptId(a.script)} if (a := settings.admission) else set()))


def script_file(settings: Settings, script: str) -> Path:
    """Return the file that an admin works on."""
    return settings.scripts / f"{script}.yaml"


def bundle_on_disk(settings: Settings, script: ScriptId) -> Bundle:
    """
    Read a script with all that it calls.

    Raises:
        SettingsError: A file cannot be read.
    """
    texts: dict[str, str] = {}
    ahead = [str(script)]
    while ahead:
        name = ahead.pop()
        if name not in texts:
            document = read_document(script_file(settings, name))
            texts[name] = document.text
            called = [each.written for each in document.scalars_at(_CALLED)]
            # One that is not there is a mistake of the script that calls it, told by the loader.
            ahead += [each for each in called if script_file(settings, each).exists()]
    return Bundle(script=script, texts=texts)


def bundles_on_disk(settings: Settings, scripts: Iterable[ScriptId]) -> list[Bundle]:
    """
    Read scripts with all that they call.

    Raises:
        SettingsError: A file cannot be read; names every mistake of all of them.
    """
    bundles, mistakes = list[Bundle](), list[Mistake]()
    for script in scripts:
        try:
            bundles.append(bundle_on_disk(settings, script))
        except SettingsError as error:
            mistakes += error.mistakes
    if mistakes:
        raise SettingsError(mistakes)
    return bundles


def texts_on_disk(settings: Settings) -> Mapping[str, str]:
    """
    Return the scripts that calls begin with as they are on disk.

    Raises:
        SettingsError: A file cannot be read; names every mistake of all of them.
    """
    return dict(pack(each) for each in bundles_on_disk(settings, sorted(entry_names(settings))))


def scripts_on_disk(settings: Settings) -> list[LoadedScript]:
    """
    Read the scripts that calls begin with as they are on disk.

    Raises:
        SettingsError: One cannot be used.
    """
    known = known_names(settings)
    bundles = bundles_on_disk(settings, sorted(entry_names(settings)))
    return [load_published(each, settings=settings, known=known) for each in bundles]


def mistakes_in(bundles: Iterable[Bundle], *, settings: Settings) -> list[Mistake]:
    """Return everything that is wrong with scripts."""
    known = known_names(settings)
    mistakes: list[Mistake] = []
    for each in bundles:
        try:
            load_published(each, settings=settings, known=known)
        except SettingsError as error:
            mistakes += error.mistakes
    return mistakes


def known_names(settings: Settings) -> KnownNames:
    """Return what a script may name."""
    return KnownNames(
        queues=frozenset(queue.id for queue in settings.queues),
        skills=frozenset(skill.name for skill in settings.skills),
        schedules=frozenset(settings.schedules),
        prompts=frozenset(shelves(settings).keys()),
        services={each.id: each.timeout for each in settings.services},
        service_rules={each.id: each for each in settings.services},
        outside=frozenset(each.number for each in settings.outside),
    )


def shelves(settings: Settings) -> Shelves:
    """Return where the prompts are."""
    return Shelves(
        shipped=settings.sounds, rendered=settings.rendered_sounds, studio=settings.studio_sounds
    )


def load_published(bundle: Bundle, *, settings: Settings, known: KnownNames) -> LoadedScript:
    """
    Check a script with all that it calls.

    Raises:
        SettingsError: It cannot be used; mistakes stand in the file on disk if it is the same,
            otherwise in that of the published version.
    """
    file = script_file(settings, bundle.script)
    if not _says(file, bundle.texts[bundle.script]):
        folder = settings.published_folder / "bundles" / mark(bundle.script, bundle.version)
        file = folder / file.name
    loaded = load_bundle(file, bundle.joined, known=known)
    return replace(loaded, script=replace(loaded.script, version=bundle.version))


class ScriptLibrary:
    """
    Makes scripts of texts (the engine's `Library`).

    Args:
        settings: The configuration; what a text means depends on it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._scripts: dict[str, Script] = {}
        self._texts: dict[str, str] = {}
        self._unusable: set[str] = set()
        """Marks that were looked for in vain: hundreds of calls may be in one version."""
        self._spoken: dict[str, frozenset[tuple[PromptKey, str]]] = {}
        """The prompts that texts and values need, with their languages, by mark."""

    def read(self, texts: Mapping[str, str]) -> EntryScripts:
        """
        Return the scripts that calls begin with; all is looked at anew: a prompt may be gone.

        Args:
            texts: One version of each script, by mark.

        Raises:
            SettingsError: One cannot be used; names every mistake of all of them.
        """
        for name in texts:
            self._scripts.pop(name, None)
            self._unusable.discard(name)
        return self._entry_scripts(texts)

    def open(self, texts: Mapping[str, str]) -> EntryScripts | None:
        """Return the same at once if they were read before; None when one cannot be used."""
        try:
            return self._entry_scripts(texts)
        except SettingsError:
            return None

    def _entry_scripts(self, texts: Mapping[str, str]) -> EntryScripts:
        mistakes: list[Mistake] = []
        named: dict[str, Script] = {}
        for name, text in sorted(texts.items()):
            try:
                script = self._script(name, text)
            except SettingsError as error:
                mistakes += error.mistakes
            else:
                named[script.script] = script
        missing = sorted(entry_names(self._settings) - named.keys())
        if not mistakes:
            mistakes += [_unpublished(self._settings, each) for each in missing]
        if mistakes:
            raise SettingsError(mistakes)
        beyond = self._settings.admission
        return EntryScripts(
            by_number={Did(each.did): named[each.script] for each in self._settings.numbers},
            beyond=None if beyond is None else named[beyond.script],
        )

    def unspoken(self, texts: Mapping[str, str]) -> tuple[str, ...]:
        """Return the prompts of these texts, read before, that nobody has rendered here."""
        found = shelves(self._settings)
        spoken = {each for name in texts for each in self._spoken.get(name, ())}
        return tuple(f"{key} ({lang})" for key, lang in sorted(spoken) if not found.find(key, lang))

    def keep(self, texts: Mapping[str, str]) -> None:
        """Keep texts of former versions, which calls may still be in."""
        self._texts |= {name: text for name, text in texts.items() if "@" in name}

    def forget_but(self, in_use: Iterable[tuple[str, str]], present: Collection[str]) -> None:
        """
        Forget what nobody is in.

        Args:
            in_use: Script and version of every call.
            present: The marks of what new calls begin with.
        """
        wanted = {mark(script, version) for script, version in in_use} | set(present)
        for gone in set(self._texts) - wanted:
            del self._texts[gone]
            self._scripts.pop(gone, None)
            self._spoken.pop(gone, None)

    @property
    def texts(self) -> Mapping[str, str]:
        """The texts that are kept, by mark."""
        return dict(sorted(self._texts.items()))

    def find(self, script: ScriptId | None, version: str) -> Script | None:
        """
        Return a version of a script; None when it is not kept, or cannot be used any more.

        An old version becomes unusable when a prompt or a queue of it is gone.
        """
        name = mark(script or "", version)
        text = self._texts.get(name)
        if text is None or name in self._unusable:
            return None
        try:
            return self._script(name, text)
        except SettingsError:
            self._unusable.add(name)
            return None

    def _script(self, name: str, text: str) -> Script:
        if name not in self._scripts:
            self._scripts[name] = self._made_of(name, unpack(name, text))
        self._texts[name] = text
        return self._scripts[name]

    def _made_of(self, name: str, unpacked: Unpacked) -> Script:
        known = known_names(self._settings)
        loaded = load_published(unpacked.bundle, settings=self._settings, known=known)
        self._spoken[name] = frozenset((each.key, each.language) for each in wanted_by(loaded))
        mistakes = [
            mistake
            for each in unpacked.overlays
            for mistake in overlay_mistakes(each, settings=self._settings, known=known)
        ]
        if mistakes:
            raise SettingsError(mistakes)
        return replace(overlaid(loaded.script, unpacked.overlays), version=unpacked.version)


def overlay_mistakes(overlay: Overlay, *, settings: Settings, known: KnownNames) -> list[Mistake]:
    """Return what stands against laying an overlay over scripts."""
    item = overlay.item
    prompts = [*overlay.prompts]
    if item is not None and item.leads is Leads.PROMPT:
        prompts.append(PromptKey(item.to))
    unknown = [("prompt", each) for each in prompts if each not in known.prompts]
    if item is not None and item.leads is Leads.QUEUE and item.to not in known.queues:
        unknown.append(("queue", PromptKey(item.to)))
    return [
        Mistake(
            file=settings.published_folder / "present.json",
            line=1,
            column=1,
            found=f"the {what} {name} in the overlay {overlay.overlay}, which does not exist",
            expected=f"the name of a {what}",
            advice=f"take the overlay away: `ekc ivr overlay remove {overlay.overlay}`",
        )
        for what, name in unknown
    ]


def _unpublished(settings: Settings, script: ScriptId) -> Mistake:
    return Mistake(
        file=script_file(settings, script),
        line=1,
        column=1,
        found=f"the script {script}, of which nothing is published",
        expected="a published version of every script that a number begins with",
        advice=f"`ekc ivr publish {script}`",
    )


def _says(file: Path, text: str) -> bool:
    try:
        return file.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False
