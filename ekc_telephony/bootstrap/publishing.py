"""
Publishing: from the files that an admin works on to what callers meet, and back again.

Who publishes passes the gate first (`full_gate.py`), which may take its time; the change itself is
made by the store in one go, against whatever is published at that moment.

Rule 1: whatever the gate objects to changes nothing.
Rule 2: nothing is published without a person and a reason; the first start of an installation
publishes what it finds in the name of `FIRST_START`.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

from ekc_telephony.bootstrap.gate import GATE_BACK, LOADING, Check, Draft, pass_gate
from ekc_telephony.bootstrap.texts import Tell, tell_nobody
from ekc_telephony.core.ivr.published import (
    Bundle,
    Change,
    Deed,
    Person,
    Present,
    Publication,
)
from ekc_telephony.core.kernel.ids import ScriptId
from ekc_telephony.runtime.ports import Clock, Decision, ScriptStore
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.library import (
    bundle_on_disk,
    bundles_on_disk,
    entry_names,
    mistakes_in,
)
from ekc_telephony.settings.models import Settings

FIRST_START: Final = Person(name="first start", login="first start")
_WHY_FIRST: Final = "nothing of it was published before"


class NothingToPublishError(Exception):
    """What is asked for is what callers meet already, or does not exist; the text says which."""


class Publisher:
    """
    Changes which versions of scripts callers meet.

    Args:
        settings: The configuration.
        store: Where it is published.
        clock: The time.
        gate: What is asked before.
        gate_back: What is asked before a former version is made live again.
        tell: Told how far the speaking of texts is.
    """

    def __init__(
        self,
        settings: Settings,
        store: ScriptStore,
        *,
        clock: Clock,
        gate: Iterable[Check],
        gate_back: Iterable[Check] = GATE_BACK,
        tell: Tell = tell_nobody,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._gates = {Deed.PUBLISHED: tuple(gate), Deed.ROLLED_BACK: tuple(gate_back)}
        self._tell = tell

    def publish(self, scripts: Sequence[ScriptId], *, who: Person, why: str) -> Publication:
        """
        Let new calls meet these scripts as they are on disk.

        Raises:
            SettingsError: A file cannot be read.
            GateRefusedError: Something stands against them.
            NothingToPublishError: They are published as they are.
            ScriptStoreError: The store cannot be used.
        """
        drafts = bundles_on_disk(self._settings, dict.fromkeys(scripts))
        return self._change(Deed.PUBLISHED, drafts, who=who, why=why)

    def roll_back(
        self, script: ScriptId, version: str | None, *, who: Person, why: str
    ) -> Publication:
        """
        Let new calls meet a former version again.

        Args:
            script: Of which script.
            version: As `versions` shows it, or its beginning; None for the one before the present.
            who: Who does it.
            why: Why.

        Raises:
            NothingToPublishError: There is no such version, or it is the present one.
            GateRefusedError: It does not fit any more: a prompt or a queue of it is gone.
            ScriptStoreError: The store cannot be used.
        """
        wanted = self._former(script) if version is None else self.version(script, version)
        bundle = self._store.bundle(script, wanted)
        return self._change(Deed.ROLLED_BACK, [bundle], who=who, why=why)

    def publish_first(self) -> Publication | None:
        """
        Publish the scripts of which nothing was ever published; return None when there are none.

        Raises:
            SettingsError: One cannot be used; names every mistake of all of them.
            ScriptStoreError: The store cannot be used.
        """
        missing = sorted(entry_names(self._settings) - self._store.present().scripts.keys())
        if not missing:
            return None
        drafts = bundles_on_disk(self._settings, missing)
        if mistakes := mistakes_in(drafts, settings=self._settings):
            raise SettingsError(mistakes)
        return self._published(
            Deed.PUBLISHED, drafts, who=FIRST_START, why=_WHY_FIRST, asked=(LOADING.name,)
        )

    def _change(
        self, deed: Deed, drafts: Sequence[Bundle], *, who: Person, why: str
    ) -> Publication:
        draft = Draft(settings=self._settings, bundles=drafts, tell=self._tell)
        asked = pass_gate(self._gates[deed], draft)
        return self._published(deed, drafts, who=who, why=why, asked=asked)

    def _published(
        self,
        deed: Deed,
        drafts: Sequence[Bundle],
        *,
        who: Person,
        why: str,
        asked: tuple[str, ...],
    ) -> Publication:
        made: list[Publication] = []

        def decide(present: Present) -> Decision:
            changed = [each for each in drafts if present.scripts.get(each.script) != each.version]
            if not changed:
                names = ", ".join(each.script for each in drafts)
                raise NothingToPublishError(
                    f"{names}: found the version that callers meet already; expected another one. "
                    "Edit the file first, or see `ekc ivr versions`."
                )
            publication = Publication(
                deed=deed,
                at=self._clock.now(),
                who=who,
                why=why,
                changes=tuple(self._change_of(each, present) for each in changed),
                gate=asked,
            )
            made.append(publication)
            versions = {each.script: each.version for each in changed}
            return Decision(
                present=replace(present, scripts={**present.scripts, **versions}),
                publication=publication,
                bundles=changed,
            )

        present = self._store.change(decide)
        return replace(made[-1], number=present.number)

    def _change_of(self, bundle: Bundle, present: Present) -> Change:
        before = present.scripts.get(bundle.script)
        former = None if before is None else self._store.bundle(bundle.script, before)
        return Change(
            script=bundle.script,
            version=bundle.version,
            before=before,
            diff="" if former is None else diff_of(former, bundle),
        )

    def version(self, script: ScriptId, beginning: str) -> str:
        """
        Return the version of a script that begins so.

        Raises:
            NothingToPublishError: There is none, or there are several.
            ScriptStoreError: The store cannot be used.
        """
        changes = self._changes_of(script)
        found = sorted({each.version for each in changes if each.version.startswith(beginning)})
        if len(found) != 1:
            many = "several" if found else "no"
            raise NothingToPublishError(
                f"{script}: found {many} versions that begin with {beginning}; expected one, as "
                f"`ekc ivr versions {script}` lists them."
            )
        return found[0]

    def _former(self, script: ScriptId) -> str:
        """Return the version before the present one."""
        former = self._changes_of(script)[-1].before
        if former is None:
            raise NothingToPublishError(
                f"{script}: found one version only; expected one before it to go back to."
            )
        return former

    def _changes_of(self, script: ScriptId) -> list[Change]:
        changes = [
            change
            for each in self._store.publications()
            for change in each.changes
            if change.script == script
        ]
        if not changes:
            raise NothingToPublishError(
                f"{script}: found no version of it; expected the name of a script that was "
                "published. `ekc ivr versions` lists them."
            )
        return changes


def differing(settings: Settings, present: Present, *, of: Collection[ScriptId]) -> list[ScriptId]:
    """Return which of these scripts are on disk otherwise than published, or cannot be read."""
    found: list[ScriptId] = []
    for script, version in sorted(present.scripts.items()):
        draft = draft_of(settings, script)
        if script in of and (draft is None or draft.version != version):
            found.append(script)
    return found


def draft_of(settings: Settings, script: ScriptId) -> Bundle | None:
    """Return a script as it is on disk; None when it cannot be read."""
    try:
        return bundle_on_disk(settings, script)
    except SettingsError:
        return None


def diff_of(before: Bundle, after: Bundle) -> str:
    """Return what differs, as `diff -u` shows it."""
    names = sorted(before.texts.keys() | after.texts.keys())
    lines = [
        line
        for name in names
        for line in difflib.unified_diff(
            before.texts.get(name, "").splitlines(),
            after.texts.get(name, "").splitlines(),
            fromfile=f"{name}.yaml ({before.version})",
            tofile=f"{name}.yaml ({after.version})",
            lineterm="",
        )
    ]
    return "\n".join(lines)
