"""What the engine says of the folder that Asterisk lives in; `tests/asterisk` asks a real one."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ekc_telephony.adapters.asterisk_conf.conf import Installation
from ekc_telephony.adapters.asterisk_conf.folder import write_folder
from ekc_telephony.adapters.asterisk_conf.render import render
from ekc_telephony.adapters.asterisk_conf.secrets import load_or_create_secrets
from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.bootstrap.rendered import RenderedFolder
from ekc_telephony.settings.asterisk import node_conf
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from tests.adapters.asterisk_conf.test_cli import sample_in

HOUR = timedelta(hours=1)


@pytest.fixture
def settings() -> Iterator[Settings]:
    """Return the sample, rendered; its folder has a name short enough for Asterisk's socket."""
    with tempfile.TemporaryDirectory(prefix="ekc-") as folder:
        settings = load_settings(sample_in(Path(folder)))
        render_anew(settings)
        yield settings


def render_anew(settings: Settings) -> None:
    secrets = load_or_create_secrets(settings.secrets_file, settings.accounts)
    conf = node_conf(settings, secrets, installation=Installation.find(settings.asterisk.root))
    write_folder(conf, render(conf))


def saying(moment: datetime | None) -> Callable[[], Awaitable[datetime | None]]:
    async def loaded_at() -> datetime | None:
        return moment

    return loaded_at


def trouble_of(
    settings: Settings, *, loaded_at: datetime | None, ahead: timedelta = timedelta()
) -> str | None:
    watch = RenderedFolder(
        settings,
        load_or_create_secrets(settings.secrets_file, settings.accounts),
        loaded_at=saying(loaded_at),
        clock_ahead=lambda: ahead,
    )
    asyncio.run(watch.look())
    return watch.trouble


def now() -> datetime:
    return SystemClock().now()


def test_of_a_folder_that_is_rendered_and_loaded_nothing_is_said(settings: Settings) -> None:
    assert trouble_of(settings, loaded_at=now() + timedelta(seconds=1)) is None


def test_an_asterisk_that_does_not_answer_is_no_old_asterisk(settings: Settings) -> None:
    assert trouble_of(settings, loaded_at=None) is None


def test_what_this_release_would_write_otherwise_is_named_with_what_to_do(
    settings: Settings,
) -> None:
    etc = settings.asterisk_folder / "etc"
    for name in ("pjsip", "rtp", "ari", "http"):
        (etc / f"{name}.conf").write_text("; of an older release\n", encoding="utf-8")
    said = trouble_of(settings, loaded_at=now() + HOUR) or ""
    assert said.startswith(f"{settings.asterisk_folder}: found 4 files or links")
    assert "(etc/ari.conf, etc/http.conf, etc/pjsip.conf and 1 more)" in said
    assert "`ekc conf diff` shows what differs; run `ekc conf render`, then `asterisk -C" in said


def test_what_asterisk_has_not_loaded_is_named_with_both_moments(settings: Settings) -> None:
    said = trouble_of(settings, loaded_at=datetime(2026, 3, 2, 9, 5, tzinfo=UTC)) or ""
    assert "written after Asterisk had loaded its configuration (02.03.2026 09:05:00 UTC)" in said
    assert 'asterisk.conf -rx "core reload"`' in said


def test_with_a_clock_that_was_set_nobody_knows_what_came_first(settings: Settings) -> None:
    assert trouble_of(settings, loaded_at=now() - HOUR, ahead=-HOUR) is None


def test_a_folder_that_cannot_be_compared_keeps_no_engine_from_working(settings: Settings) -> None:
    (settings.asterisk.root / "usr/lib/asterisk/modules/res_ari.so").unlink()
    assert trouble_of(settings, loaded_at=now() - HOUR) is None
