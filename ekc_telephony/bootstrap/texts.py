"""
The texts of scripts and overlays become prompts before anybody can hear them.

Rule 1: numpy and the engines are loaded only when something is to be rendered, so that `ekc` starts
without the extra `speech`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from ekc_telephony.adapters.speech.engine import SpeechError
from ekc_telephony.adapters.speech.site import SitePrompts, WantedPrompt
from ekc_telephony.settings.ivr.load import LoadedScript
from ekc_telephony.settings.library import shelves
from ekc_telephony.settings.models import Settings


def wanted_of(loaded: LoadedScript) -> list[WantedPrompt]:
    """Return the prompts that the texts of a script need."""
    return [
        WantedPrompt(key=key, text=text, language=language, place=str(loaded.script.script))
        for key, texts in loaded.texts.items()
        for language, text in texts.items()
    ]


def render_missing(settings: Settings, wanted: Iterable[WantedPrompt], *, runtime: Path) -> int:
    """
    Render what is not there yet; return how many that were.

    Args:
        settings: Where the prompts are.
        wanted: The prompts.
        runtime: Where `make setup-speech` put the engines.

    Raises:
        ManifestError: The manifest of the shipped prompts is missing or wrong.
        SpeechError: There is no engine, or it refuses a text.
        OSError: A file cannot be written.
    """
    site = SitePrompts(shelves(settings))
    orders = site.missing(wanted)
    if not orders:
        return 0
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
    asyncio.run(site_rendering.render_for_site(site, orders, open_engine=engine))
    return len(orders)
