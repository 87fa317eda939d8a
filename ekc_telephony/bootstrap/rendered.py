"""
Whether Asterisk lives by what this release renders from this configuration.

An upgrade or a changed `ekc.yaml` asks for two steps of a person: `ekc conf render`, and letting
Asterisk load what it wrote. Who forgets one has callers who miss prompts, or phones that cannot
register, and nothing else would say why. So the engine looks when it has begun to serve; as long
as something is not as it should be, it looks again, and the warning ends without a restart.

Rule 1: no call waits for it: it is looked in a thread, when whoever was there is served.
Rule 2: nothing is written and nothing reloaded here: when that may be done, a person knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from ekc_telephony.adapters.asterisk_conf.conf import (
    Installation,
    InstallationIncompleteError,
    NodeConf,
)
from ekc_telephony.adapters.asterisk_conf.folder import pending_changes
from ekc_telephony.adapters.asterisk_conf.render import render
from ekc_telephony.adapters.asterisk_conf.secrets import Secrets
from ekc_telephony.settings.asterisk import node_conf
from ekc_telephony.settings.models import Settings

FIRST_LOOK: Final = timedelta(seconds=5)
"""After the start: the callers who were there have been taken over, and the first have come."""
LOOK_EVERY: Final = timedelta(minutes=1)
_TOLERANCE: Final = timedelta(seconds=1)
"""Files tell when they were written by the machine's clock, Asterisk by the node's."""
_CLOCK_TOLERANCE: Final = timedelta(seconds=2)
"""With a clock that was set meanwhile nobody knows what came first."""
_NAMED: Final = 3

log = structlog.get_logger(__name__)


class RenderedFolder:
    """
    Watches the folder that Asterisk lives in.

    Args:
        settings: The configuration.
        secrets: The passwords in it.
        loaded_at: Tells when Asterisk loaded its configuration last; None when it does not say.
        clock_ahead: Tells by how much the node's clock is ahead of the machine's.
    """

    def __init__(
        self,
        settings: Settings,
        secrets: Secrets,
        *,
        loaded_at: Callable[[], Awaitable[datetime | None]],
        clock_ahead: Callable[[], timedelta],
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._loaded_at = loaded_at
        self._clock_ahead = clock_ahead
        self.trouble: str | None = None
        """What is not as it should be, and what to do; None when all is well."""

    async def run(self, is_serving: asyncio.Event) -> None:
        """
        Look when the engine serves, and again while something is wrong.

        Args:
            is_serving: Is set when whoever was there has been taken over.
        """
        await is_serving.wait()
        await asyncio.sleep(FIRST_LOOK.total_seconds())
        await self.look()
        while self.trouble is not None:
            await asyncio.sleep(LOOK_EVERY.total_seconds())
            await self.look()

    async def look(self) -> None:
        """Look once; what is new is logged."""
        before = self.trouble
        try:
            conf = _conf_of(self._settings, self._secrets)
            stale = await asyncio.to_thread(_stale, conf)
            self.trouble = stale or await self._not_loaded(conf)
        except (InstallationIncompleteError, OSError) as error:
            log.warning("Asterisk's files cannot be compared", why=str(error))
            self.trouble = None
            return
        if self.trouble is not None and before is None:
            log.warning("Asterisk's configuration is out of date", trouble=self.trouble)
        elif self.trouble is None and before is not None:
            log.info("Asterisk's configuration is up to date again")

    async def _not_loaded(self, conf: NodeConf) -> str | None:
        ahead = self._clock_ahead()
        loaded_at = await self._loaded_at()
        if loaded_at is None or abs(ahead) > _CLOCK_TOLERANCE:
            return None
        return await asyncio.to_thread(_newer, conf, loaded_at - ahead)


def _conf_of(settings: Settings, secrets: Secrets) -> NodeConf:
    return node_conf(settings, secrets, installation=Installation.find(settings.asterisk.root))


def _stale(conf: NodeConf) -> str | None:
    """Say which files this release would write otherwise."""
    due = pending_changes(conf, render(conf))
    if not due:
        return None
    names = _some([str(each.path.relative_to(conf.folder)) for each in due])
    return (
        f"{conf.folder}: found {len(due)} files or links that this release would write otherwise "
        f"({names}); expected what `ekc conf render` writes. Until then callers may miss prompts. "
        f"`ekc conf diff` shows what differs; run `ekc conf render`, then {_reload(conf)}."
    )


def _newer(conf: NodeConf, loaded_at: datetime) -> str | None:
    """Say which files Asterisk has not loaded; `loaded_at` is by the machine's clock."""
    files = sorted((conf.folder / "etc").glob("*.conf"))
    newer = [each.name for each in files if _written_at(each) > loaded_at + _TOLERANCE]
    if not newer:
        return None
    return (
        f"{conf.folder / 'etc'}: found {len(newer)} files ({_some(newer)}) that were written after "
        f"Asterisk had loaded its configuration ({loaded_at:%d.%m.%Y %H:%M:%S} UTC); expected them "
        f"loaded. Run {_reload(conf)}; other addresses, ports and modules need Asterisk's restart "
        "(`core restart when convenient`)."
    )


def _written_at(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _reload(conf: NodeConf) -> str:
    return f'`asterisk -C {conf.folder}/etc/asterisk.conf -rx "core reload"`'


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
