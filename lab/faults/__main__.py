"""
`python -m lab.faults`: the proof that nobody is lost.

Environment: MINUTES (5), SEED (drawn), FAULTS (all; a list with commas, or `none`), STORE
(`postgresql` for another store than SQLite), RECORD (0: conversations are not recorded),
POPULATION (callers at once).

For `store_full` it runs itself again in a mount namespace of its own (see `stores.py`).

Exit status: 0 when every rule held, 1 when not or when something did not start, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from random import SystemRandom
from typing import Final

import uvloop
from rich.console import Console

from lab.faults.recovery import measure_recovery
from lab.faults.report import Verdict, lines, violation_line
from lab.faults.run import POPULATION, Order, chosen_kinds, run, write_report
from lab.faults.schedule import FaultKind
from lab.faults.stores import (
    PostgresqlStore,
    SqliteStore,
    Store,
    enter_namespace,
    small_disk,
)
from lab.faults.world import WorldFailedError
from lab.postgresql import postgresql_server
from lab.runtime import Runtime

_PLAIN_WIDTH: Final = 170
_INTERRUPTED: Final = 130


def main() -> int:
    """Run the proof, or the measurement, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lab.faults", description=__doc__)
    parser.add_argument("--recovery", type=int, metavar="CALLS", help="measure adoption instead")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH)
    runtime = Runtime.find()
    kinds = chosen_kinds(os.environ.get("FAULTS", ""))
    if FaultKind.STORE_FULL in kinds and options.recovery is None:
        enter_namespace()
    # `kill` ends us as Ctrl-C does: by leaving every `with` block.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        with ExitStack() as stack:
            order = _order(runtime, console, stack, kinds=kinds)
            if options.recovery is not None:
                return _measure(order, runtime, calls=options.recovery)
            return _prove(order, runtime)
    except WorldFailedError as error:
        console.print(str(error), style="red", highlight=False, markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted; everything is stopped.")
        return _INTERRUPTED


def _order(
    runtime: Runtime, console: Console, stack: ExitStack, *, kinds: frozenset[FaultKind]
) -> Order:
    folder = runtime.folder / "faults"
    shutil.rmtree(folder, ignore_errors=True)
    return Order(
        lasting=timedelta(minutes=float(os.environ.get("MINUTES") or 5)),
        seed=int(os.environ.get("SEED") or SystemRandom().randrange(1_000_000)),
        kinds=kinds,
        population=int(os.environ.get("POPULATION") or POPULATION),
        is_recorded=os.environ.get("RECORD", "1") != "0",
        store=_store(folder, stack),
        folder=folder,
        console=console,
    )


def _store(folder: Path, stack: ExitStack) -> Store:
    if os.environ.get("STORE") == "postgresql":
        disk = stack.enter_context(small_disk(folder / "store"))
        server = PostgresqlStore(stack.enter_context(postgresql_server()), disk=disk)
        asyncio.run(server.prepare())
        return server
    state = folder / "state"
    disk = stack.enter_context(small_disk(state / "store"))
    file = SqliteStore(state if disk is None else disk.folder, disk=disk)
    stack.callback(file.copy_to, state / file.file.name)
    return file


def _prove(order: Order, runtime: Runtime) -> int:
    order.console.print(
        f"EKC faults: {order.lasting} under load, seed {order.seed}", highlight=False
    )
    for kind, why in order.store.left_out.items():
        if kind in order.kinds:
            order.console.print(f"left out: {kind.value}: {why}", highlight=False)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        verdict = runner.run(run(order, runtime))
    path = write_report(verdict, runtime.reports)
    _conclude(verdict, path, order)
    return 0 if verdict.is_good else 1


def _measure(order: Order, runtime: Runtime, *, calls: int) -> int:
    order.console.print(f"EKC recovery with {calls} calls up", highlight=False)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure_recovery(order, runtime, calls=calls))


def _conclude(verdict: Verdict, path: Path, order: Order) -> None:
    def tell(text: str, style: str = "") -> None:
        order.console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)

    for each in verdict.violations:
        tell(violation_line(each, since=verdict.span.began), "red")
    for line in lines(verdict):
        tell(line)
    word, style = ("GOOD: nobody is lost", "green") if verdict.is_good else ("NOT GOOD", "red")
    tell(
        f"{word}. Report: {path}, picture: {path.with_suffix('.svg')}, logs: {order.folder}", style
    )


if __name__ == "__main__":
    sys.exit(main())
