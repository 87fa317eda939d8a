"""
The real `ekc serve` with one bug put in: a session raises when its caller presses the key D.

    python -m lab.faults.poisoned_engine serve --config FILE

Everything else is the program that is shipped; nobody but `make faults` has a telephone with a D.
"""

from __future__ import annotations

import functools
from typing import Any

from ekc_telephony.__main__ import main
from ekc_telephony.core.engine.session import Session
from lab.faults.plan import POISON


class PoisonedError(Exception):
    """The bug."""


def poison() -> None:
    """Put the bug in."""
    heals = Session.on_key

    @functools.wraps(heals)
    def on_key(self: Session, leg: Any, key: str, now: Any) -> Any:
        if key == POISON:
            raise PoisonedError("the lab has put this bug in")
        return heals(self, leg, key, now)

    Session.on_key = on_key  # type: ignore[method-assign]  # a bug is not made by subclassing


if __name__ == "__main__":
    poison()
    main()
