"""
What a benchmark's program does around its measurement, whichever it is.

    sys.exit(run_program(bench, width=150))

Rule 1: Ctrl-C and `kill` end it alike, by leaving every `with` block; a shell that starts us in the
background lets us ignore SIGINT, so that is said as well.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from rich.console import Console

from ekc_telephony.adapters.asterisk_conf.conf import InstallationIncompleteError
from ekc_telephony.settings.errors import SettingsError
from lab.asterisk import AsteriskFailedError
from lab.bench.plan import PlanError
from lab.bench.run import WarmUpError
from lab.bench.sipp import SippError
from lab.node import NodeFailedError
from lab.runtime import Runtime, RuntimeMissingError

INTERRUPTED: Final = 130
"""The exit code after Ctrl-C or `kill`."""
_FAILURES: Final = (
    AsteriskFailedError,
    InstallationIncompleteError,
    NodeFailedError,
    PlanError,
    RuntimeMissingError,
    SettingsError,
    SippError,
    WarmUpError,
)


def run_program(bench: Callable[[Console], bool], *, width: int) -> int:
    """
    Run a benchmark and return the exit code: 0 when it is sound, else 1, or 130 when interrupted.

    Args:
        bench: Measures, tells, and returns whether everything is as it must be.
        width: Columns where there is no terminal whose width could be asked.
    """
    console = Console(width=None if sys.stdout.isatty() else width)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.default_int_handler)
    try:
        return 0 if bench(console) else 1
    except _FAILURES as error:
        console.print(str(error), style="red", highlight=False, markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted; everything is stopped.")
        return INTERRUPTED


def asterisk_version(runtime: Runtime) -> str:
    """Return the version of the Asterisk that is measured."""
    return runtime.versions.get("asterisk: asterisk", "unknown")


def write_report(
    name: str, content: Mapping[str, Any], *, runtime: Runtime, console: Console
) -> None:
    """Write `.runtime/reports/<name>.json` and say where it is."""
    path = runtime.reports / f"{name}.json"
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    console.print(f"Report: {path}", highlight=False)
