"""
Rendering what scripts say, for every command that needs it: publishing, listening, `ekc sounds`.

Progress goes to the standard error. numpy and the engines are loaded only when there is something
to speak, so that a site whose prompts are all there needs no extra `speech`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ekc_telephony.adapters.asterisk_conf.folder import link_sounds
from ekc_telephony.adapters.speech.engine import EngineMissingError, TtsEngine
from ekc_telephony.adapters.speech.manifest import EngineName
from ekc_telephony.adapters.speech.site import Order, SitePrompts, WantedPrompt
from ekc_telephony.settings.ivr.rendered import shelves_of
from ekc_telephony.settings.models import Settings

RUNTIME: Final = Path(".runtime")
"""Where `make setup-speech` puts the engines."""


def render_what_is_wanted(
    settings: Settings, wanted: Iterable[WantedPrompt], *, runtime: Path = RUNTIME
) -> int:
    """
    Render what is not there yet, let Asterisk find it, and return how many prompts it was.

    Args:
        settings: The site.
        wanted: What `settings.ivr.rendered.wanted_by` has told of each script.
        runtime: Where the engines are.

    Raises:
        ManifestError: The manifest of the shipped prompts is wrong.
        EngineMissingError: An engine, or what shapes its sound, is not installed.
        SpeechError: A text could not be spoken; the message names it and its place.
        FolderUnusableError: Asterisk's folder cannot be linked.
        OSError: A file could not be written.
    """
    site = SitePrompts(shelves_of(settings))
    orders = site.missing(wanted)
    if orders:
        _render(site, orders, runtime)
    link_sounds(
        settings.asterisk_folder,
        shipped=settings.sounds,
        rendered=settings.rendered_sounds,
        studio=settings.studio_sounds,
    )
    return len(orders)


def _render(site: SitePrompts, orders: Sequence[Order], runtime: Path) -> None:
    try:
        # numpy and soxr come with an optional extra.
        from ekc_telephony.adapters.speech import (  # noqa: PLC0415 optional dependency
            rendering,
            site_rendering,
        )
    except ImportError as error:
        message = f"Rendering needs {error.name}, which is not installed. Run `make setup-speech`."
        raise EngineMissingError(message) from error

    def open_engine(name: EngineName) -> TtsEngine:
        return rendering.installed_engine(name, runtime=runtime)

    columns = (TextColumn("prompts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=len(orders))

        def tell(rendered: site_rendering.RenderedPrompt) -> None:
            bar.update(task, completed=rendered.done)

        work = site_rendering.render_for_site(site, orders, open_engine=open_engine, tell=tell)
        asyncio.run(work)
