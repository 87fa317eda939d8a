"""
The real `ekc serve` that dies, as by a kill, between two records of its journal.

    EKC_DIES_IN=LegAnswered python -m lab.mortal_engine serve --config FILE

It dies in the first step of that event when the commands are leaving, before it has written up what
came of it: the moment that no signal from outside can hit on purpose.
"""

from __future__ import annotations

import functools
import os
import signal
from typing import Final

from ekc_telephony.__main__ import main
from ekc_telephony.runtime.recorder import Recorder

DIES_IN: Final = "EKC_DIES_IN"
"""Names the event's class, in the environment."""


def make_mortal(kind: str) -> None:
    """Let the engine die in the first step of this kind of event."""
    goes_on = Recorder.write_up

    @functools.wraps(goes_on)
    def write_up(self: Recorder) -> None:
        step = self._unwritten
        if step is not None and type(step.event).__name__ == kind:
            os.kill(os.getpid(), signal.SIGKILL)
        goes_on(self)

    Recorder.write_up = write_up  # type: ignore[method-assign]  # death is not made by subclassing


if __name__ == "__main__":
    make_mortal(os.environ[DIES_IN])
    main()
