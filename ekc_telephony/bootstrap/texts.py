"""
The texts of scripts and overlays become prompts before anybody can hear them.

Rule 1: numpy and the engines are loaded only when something is to be rendered, so that `ekc` starts
without the extra `speech`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from ekc_telephony.adapters.asterisk_conf.folder import link_sounds
from ekc_telephony.adapters.speech.engine import SpeechError
from ekc_telephony.adapters.speech.site import Order, SitePrompts, WantedPrompt
from ekc_telephony.settings.library import shelves
from ekc_telephony.settings.models import Settings

Tell: TypeAlias = Callable[[int, int], None]
"""Is told how many prompts are done, and how many are due."""


def tell_nobody(_done: int, _due: int) -> None:
    """Let nobody know how far the work is."""


def render_missing(
    settings: Settings,
    wanted: Iterable[WantedPrompt],
    *,
    runtime: Path,
    tell: Tell = tell_nobody,
) -> int:
    """
    Render what is not there yet, let Asterisk find it, and return how many prompts it was.

    Args:
        settings: Where the prompts are.
        wanted: What `settings.ivr.rendered.wanted_by` says of each script.
        runtime: Where `make setup-speech` put the engines.
        tell: Told of every prompt when it is in its place.

    Raises:
        ManifestError: The manifest of the shipped prompts is missing or wrong.
        SpeechError: There is no engine, or it refuses a text.
        FolderUnusableError: Asterisk's folder cannot be linked.
        OSError: A file cannot be written.
    """
    made = speak_missing(settings, wanted, runtime=runtime, tell=tell)
    link_sounds(
        settings.asterisk_folder,
        shipped=settings.sounds,
        rendered=settings.rendered_sounds,
        studio=settings.studio_sounds,
    )
    return made


def speak_missing(
    settings: Settings,
    wanted: Iterable[WantedPrompt],
    *,
    runtime: Path,
    tell: Tell = tell_nobody,
) -> int:
    """
    Render what is not there yet, without telling Asterisk; return how many prompts it was.

    Raises:
        ManifestError: The manifest of the shipped prompts is missing or wrong.
        SpeechError: There is no engine, or it refuses a text.
        OSError: A file cannot be written.
    """
    site = SitePrompts(shelves(settings))
    wanted = tuple(wanted)
    site.want(wanted)  # first: what is there now is not removed before it is published
    orders = site.missing(wanted)
    if orders:
        _render(site, orders, runtime, tell)
    return len(orders)


def _render(site: SitePrompts, orders: Sequence[Order], runtime: Path, tell: Tell) -> None:
    try:
        # numpy and soxr come with an optional extra (rule 1 above).
        from ekc_telephony.adapters.speech import (  # noqa: PLC0415 optional dependency
            rendering,
            site_rendering,
        )
    except ImportError as error:
        message = f"rendering needs {error.name}, which is not installed. Run `make setup-speech`."
        raise SpeechError(message) from error
    engine = partial(rendering.installed_engine, runtime=runtime)

    def done(rendered: site_rendering.RenderedPrompt) -> None:
        tell(rendered.done, rendered.due)

    work = site_rendering.render_for_site(site, orders, open_engine=engine, tell=done)
    asyncio.run(work)
