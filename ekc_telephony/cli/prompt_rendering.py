"""
How far the rendering of prompts is, shown by every command that may have to wait for it.

The bar goes to the standard error, so figures and `--json` stay what they are, and is not there
while nothing is rendered.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ekc_telephony.bootstrap.texts import Tell


@contextmanager
def rendering_progress() -> Iterator[Tell]:
    """Give what `bootstrap.texts.render_missing` tells how far it is."""
    columns = (TextColumn("prompts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    # Its own habit is to take over the standard output, which is not the bar's.
    bar = Progress(*columns, console=console, transient=True, redirect_stdout=False)
    task = bar.add_task("", total=None)

    def tell(done: int, due: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=due)
        if done == due:
            bar.stop()

    try:
        yield tell
    finally:
        bar.stop()
