"""What the engine of a node has to do with what is published: at its start, and from then on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import final

import structlog

from ekc_telephony.adapters.published.folder import ScriptFolder
from ekc_telephony.adapters.systemd import prolong_start
from ekc_telephony.bootstrap.gate import LOADING, SPEECH, Draft, GateRefusedError, pass_gate
from ekc_telephony.bootstrap.publishing import Publisher, differing
from ekc_telephony.core.call.events import ScriptsPublished
from ekc_telephony.core.engine.plan import Published
from ekc_telephony.core.ivr.published import Present
from ekc_telephony.core.kernel.ids import ScriptId
from ekc_telephony.runtime.ports import Clock, ScriptsUnreadableError
from ekc_telephony.runtime.published_texts import published_now, unpack
from ekc_telephony.runtime.scripts_watch import ScriptsWatch
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.library import ScriptLibrary, entry_names
from ekc_telephony.settings.models import Settings

log = structlog.get_logger(__name__)


@final
class PublishedScripts:
    """
    The published scripts as the engine meets them.

    Args:
        settings: The configuration.
        library: Makes scripts of texts.
        clock: The time.
    """

    def __init__(self, settings: Settings, library: ScriptLibrary, *, clock: Clock) -> None:
        self._settings = settings
        self._library = library
        self._clock = clock
        self._store = ScriptFolder(settings.published_folder)
        self._wanted = entry_names(settings)
        self._number = 0
        self._seen: object = None
        self._trouble: str | None = None

    def at_start(self) -> Published:
        """
        Return what is published, which can be used; scripts never published are, by it.

        An overlay that cannot be used any more is left out, and said: it shall not keep the
        hotline from its callers.

        Raises:
            SettingsError: A script cannot be used.
            ScriptStoreError: What is published cannot be read.
        """
        self._publish_first()
        self._seen = self._store.mark()
        present = self._store.present()
        for script in differing(self._settings, present, of=self._wanted):
            log.warning("a script on disk is not what callers meet", advice=_advice(script))
        published = self._usable(present)
        self._number = published.number
        self._speak(published)
        log.info("scripts taken", number=published.number, versions=sorted(published.texts))
        return published

    def watch(self, deliver: Callable[[ScriptsPublished], None]) -> ScriptsWatch:
        """Return what watches for other scripts; `at_start` was called."""
        return ScriptsWatch(
            self._store,
            wanted=self._wanted,
            read=self._read,
            deliver=deliver,
            clock=self._clock,
            seen=self._seen,
            number=self._number,
            trouble=self._trouble,
        )

    def _publish_first(self) -> None:
        first = Publisher(
            self._settings, self._store, clock=self._clock, gate=(LOADING,)
        ).publish_first()
        if first is not None:
            log.info("scripts published", scripts=[each.script for each in first.changes])

    def _usable(self, present: Present) -> Published:
        now = self._clock.now()
        published = published_now(self._store, present, wanted=self._wanted, now=now)
        try:
            self._library.read(published.texts)
        except SettingsError as error:
            bare = published_now(
                self._store, present, wanted=self._wanted, now=now, without_overlays=True
            )
            if bare == published:
                raise
            self._library.read(bare.texts)
            self._trouble = f"an overlay cannot be used and was left out. {error}"
            log.error("overlays left out", why=str(error))  # noqa: TRY400 - the text says all
            # Not that publication yet: it can still be taken, when its prompt is there again.
            return replace(bare, number=present.number - 1)
        return published

    def _read(self, published: Published) -> None:
        try:
            self._library.read(published.texts)
        except SettingsError as error:
            raise ScriptsUnreadableError(str(error)) from error
        if unspoken := self._library.unspoken(published.texts):
            raise ScriptsUnreadableError(_without_prompts(unspoken))

    def _speak(self, published: Published) -> None:
        """Render what texts need, at a start; what cannot be is said, and silent for callers."""
        if not self._library.unspoken(published.texts):
            return
        log.info("speaking the texts of scripts; `ekc sounds prepare` does it before a start")
        bundles = [unpack(name, text).bundle for name, text in published.texts.items()]
        try:
            pass_gate([SPEECH], Draft(settings=self._settings, bundles=bundles, tell=_prolong))
        except GateRefusedError as error:
            log.error("texts cannot be spoken", why=str(error))  # noqa: TRY400 - the text says all
        if unspoken := self._library.unspoken(published.texts):
            self._trouble = _without_prompts(unspoken)


def _prolong(done: int, due: int) -> None:
    """Let the service manager wait: all texts may take longer than it gives a start."""
    prolong_start(f"speaking the texts of scripts: {done} of {due}")


def _without_prompts(unspoken: Sequence[str]) -> str:
    return (
        f"found no prompt for texts of scripts: {', '.join(unspoken)}; expected them rendered on "
        "this machine. Publish the script here: `ekc ivr publish`."
    )


def _advice(script: ScriptId) -> str:
    return f"{script} differs from the published version; `ekc ivr publish {script}` makes it live"
