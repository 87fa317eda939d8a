"""
The real `ekc serve`, ready to begin: everything is imported, and it begins when it is told to.

    EKC_READY=FILE python -m lab.prepared_engine serve --config FILE

It makes the file when it is ready, and begins on SIGUSR1. So a story can put an engine in the place
of a dead one at once, however long a busy machine takes to import one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ekc_telephony.__main__ import main
from lab.child import last_words, running
from lab.runtime import PROJECT

READY: Final = "EKC_READY"
"""Names the file, in the environment."""
_BEGIN: Final = signal.SIGUSR1


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedEngine:
    """An engine that has yet to begin."""

    process: subprocess.Popen[bytes]
    ready: Path
    log: Path

    async def is_ready(self) -> bool:
        """Tell whether it can begin at once."""
        assert self.process.poll() is None, last_words(self.log)
        return self.ready.exists()

    def begin(self) -> None:
        """Let it begin."""
        self.process.send_signal(_BEGIN)


@contextmanager
def prepared_engine(config: Path, *, state: Path) -> Iterator[PreparedEngine]:
    """
    Run an engine that has yet to begin until the block is left.

    Args:
        config: The `ekc.yaml`.
        state: Where its log goes.
    """
    ready, log = state / "next-engine.ready", state / "next-engine.log"
    ready.unlink(missing_ok=True)
    command: list[str | Path] = [sys.executable, "-m", "lab.prepared_engine", "serve"]
    command += ["--config", config]
    with running(command, folder=PROJECT, log=log, environment={READY: str(ready)}) as process:
        yield PreparedEngine(process=process, ready=ready, log=log)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {_BEGIN})
    Path(os.environ[READY]).touch()
    signal.sigwait({_BEGIN})
    main()
