"""
How far the rendering of prompts is, shown by every command that may have to wait for it.

Progress goes to the standard error, so figures and `--json` stay what they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ekc_telephony.adapters.speech.site import WantedPrompt
from ekc_telephony.bootstrap.texts import render_missing
from ekc_telephony.settings.models import Settings

RUNTIME: Final = Path(".runtime")
"""Where `make setup-speech` puts the engines."""


def render_with_progress(
    settings: Settings, wanted: Iterable[WantedPrompt], *, runtime: Path = RUNTIME
) -> int:
    """
    Render what is not there yet, show how far it is, and return how many prompts it was.

    Raises what `bootstrap.texts.render_missing` does.
    """
    columns = (TextColumn("prompts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, visible=False)

        def tell(done: int, due: int) -> None:
            bar.update(task, completed=done, total=due, visible=True)

        return render_missing(settings, wanted, runtime=runtime, tell=tell)
