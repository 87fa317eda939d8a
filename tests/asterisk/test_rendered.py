"""An engine says when Asterisk does not live by what this release renders, and when it does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from ekc_telephony.adapters.ari.client import AriAccess, AriClient
from ekc_telephony.adapters.ari.link import AriLink
from ekc_telephony.adapters.asterisk_conf.secrets import load_or_create_secrets
from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.bootstrap.rendered import FIRST_LOOK, RenderedFolder
from ekc_telephony.settings.models import Settings
from lab.node import engine_log, render_node
from lab.ports import PortBlock
from lab.stand import Stand, running_stand
from lab.story_site import write_story_site
from lab.waiting import eventually

TOLD_WITHIN: Final = FIRST_LOOK + timedelta(seconds=25)


def as_before_an_upgrade(settings: Settings) -> None:
    """Let channels have the language of an older release: texts would not be found."""
    pjsip = settings.asterisk_folder / "etc" / "pjsip.conf"
    today = pjsip.read_text(encoding="utf-8")
    assert "ru_site_studio" in today
    pjsip.write_text(today.replace("ru_site_studio", "ru"), encoding="utf-8")


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """Run a node whose folder was rendered by an older release."""
    config = write_story_site(tmp_path, ports=PortBlock.find_free())
    with running_stand(config, prepare=as_before_an_upgrade) as stand:
        yield stand


def watch_beside_the_engine(stand: Stand, link: AriLink) -> RenderedFolder:
    """Return what looks as the engine does, but when it is told to."""
    settings = stand.settings
    return RenderedFolder(
        settings,
        load_or_create_secrets(settings.secrets_file, settings.accounts),
        loaded_at=link.asterisk_loaded_at,
        clock_ahead=SystemClock(settings.clock_file).ahead_of_the_machine,
    )


@pytest.mark.timeout(120)
async def test_after_an_upgrade_it_is_told_to_render_then_to_reload_and_then_nothing(
    stand: Stand,
) -> None:
    async def warning() -> str | None:
        return (await stand.health()).warnings.get("asterisk_files")

    told = await eventually(warning, within=TOLD_WITHIN, what="a warning of /healthz")
    assert "found 1 files or links that this release would write otherwise (etc/pjsip.conf)" in told
    assert "run `ekc conf render`, then `asterisk -C" in told
    assert (await stand.health()).is_healthy
    log = engine_log(stand.settings).read_text(encoding="utf-8")
    assert "Asterisk's configuration is out of date" in log

    ari = stand.settings.asterisk.ari
    secrets = load_or_create_secrets(stand.settings.secrets_file, stand.settings.accounts)
    access = AriAccess(url=f"http://{ari.bind}:{ari.port}/ari", user="ekc", password=secrets.ari)
    client = AriClient(access)
    async with client.opened():
        watch = watch_beside_the_engine(stand, AriLink(client, clock=SystemClock()))
        render_node(stand.config)
        await watch.look()
        assert watch.trouble is not None
        assert "found 1 files (pjsip.conf) that were written after Asterisk had" in watch.trouble

        async def is_loaded() -> bool:
            await asyncio.to_thread(stand.asterisk.command, "core reload")
            await watch.look()
            return watch.trouble is None

        await eventually(is_loaded, within=timedelta(seconds=30), what="Asterisk to have reloaded")
