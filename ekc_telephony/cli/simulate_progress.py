"""
How far a simulation is, and how long it will still take.

A person at a terminal sees a bar; a log gets a line for each tenth, at most one in ten seconds.
All of it goes to the standard error, so figures and `--json` stay what they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ekc_telephony.core.ivr.spoken import plural

Watch = Callable[[float], None]
"""Is told how many days are over; a part of one counts, too."""
_TENTHS: Final = 10
_RARELY_S: Final = 10.0


@contextmanager
def progress(days: int, *, jobs: int) -> Iterator[Watch]:
    """Say what is simulated in how many processes, then show how far it is."""
    console = Console(stderr=True, highlight=False)
    console.print(
        f"Моделирование: {days} {plural(days, 'день', 'дня', 'дней')} "
        f"в {jobs} {plural(jobs, 'процессе', 'процессах', 'процессах')}"
    )
    if not console.is_terminal:
        yield Lines(days, write=console.print).tell
        return
    columns = (
        TextColumn("Моделирование"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %, прошло"),
        TimeElapsedColumn(),
        TextColumn("осталось"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=days)
        yield lambda over: bar.update(task, completed=over)


class Lines:
    """
    Tell it line by line.

    Args:
        days: How many there are in all.
        write: Takes a line.
        clock: Seconds from wherever it likes.
    """

    def __init__(
        self,
        days: int,
        *,
        write: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._days = days
        self._write = write
        self._clock = clock
        self._began_s = self._told_s = clock()
        self._tenth = 0

    def tell(self, over: float) -> None:
        """Write a line when another tenth is over, and the last one is not of just now."""
        share, now_s = over / self._days, self._clock()
        tenth = int(share * _TENTHS)
        if not self._tenth < tenth < _TENTHS or now_s - self._told_s < _RARELY_S:
            return
        self._tenth, self._told_s = tenth, now_s
        left_s = (now_s - self._began_s) * (1 - share) / share
        self._write(f"Моделирование: {share:.0%}, осталось около {left_s:.0f} с")
