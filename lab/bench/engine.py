"""The engine as a site would run it: `ekc serve` on its `ekc.yaml`, with its usual log level."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from lab.bench.child import last_words, running
from lab.bench.site import Site
from lab.runtime import PROJECT

START_LIMIT: Final = timedelta(seconds=30)
_POLL_S: Final = 0.05


class EngineFailedError(Exception):
    """The engine did not start or did not last; the text holds what it said last."""


@contextmanager
def running_engine(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    """
    Run the engine until the block is left; it is healthy when the block begins.

    Raises:
        EngineFailedError: It was not healthy within `START_LIMIT`, or ended before the block did.
    """
    log = site.folder / "engine.log"
    # The same as `.venv/bin/ekc serve`, but of this clone in any case.
    command: list[str | Path] = [sys.executable, "-m", "ekc_telephony", "serve"]
    command += ["--config", site.config]
    with running(command, folder=PROJECT, log=log) as process:
        _wait_until_healthy(site, process, log)
        yield process
        if process.poll() is not None:
            raise EngineFailedError(
                f"The engine ended with {process.returncode} during the run; it wrote:\n"
                f"{last_words(log)}"
            )


def _wait_until_healthy(site: Site, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + START_LIMIT.total_seconds()
    while process.poll() is None and time.monotonic() < give_up_at:
        if _is_healthy(site):
            return
        time.sleep(_POLL_S)
    raise EngineFailedError(f"The engine did not start; it wrote:\n{last_words(log)}")


def _is_healthy(site: Site) -> bool:
    url = f"http://127.0.0.1:{site.ports.http}/healthz"
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's OK
    except (urllib.error.URLError, OSError):
        return False
