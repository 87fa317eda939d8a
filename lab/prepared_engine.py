"""
The real `ekc serve`, ready to begin: everything is imported, and it begins when it is told to.

    EKC_READY=FILE python -m lab.prepared_engine serve --config FILE

It makes the file when it is ready, and begins on SIGUSR1. So a story can put an engine in the place
of a dead one at once, however long a busy machine takes to import one.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Final

from ekc_telephony.__main__ import main

READY: Final = "EKC_READY"
"""Names the file, in the environment."""
BEGIN: Final = signal.SIGUSR1

if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {BEGIN})
    Path(os.environ[READY]).touch()
    signal.sigwait({BEGIN})
    main()
