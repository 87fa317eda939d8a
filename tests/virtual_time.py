"""
An event loop whose clock jumps: an hour of timers passes in a millisecond, always in one order.

The loop's time stands still while anything can run, and jumps to the next timer when nothing can.
Real sockets still work, and are served first; threads do not count as «something that can run», so
a test that waits for a thread must not race it against a timer.

Rule 1: a test that waits for something that can never come fails, instead of hanging.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar, final

from typing_extensions import override

ResultT = TypeVar("ResultT")

EPOCH: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""Monday morning; the moment at which every virtual clock starts."""
REAL_PATIENCE_S: Final = 3.0
"""How long to wait for a socket or a thread when no timer is set."""


class NothingCanHappenError(AssertionError):
    """Everything waits, no timer is set, and nothing came from outside."""


class _JumpingSelector(selectors.BaseSelector):
    """Instead of waiting for a timer, moves the time to it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._real = selectors.DefaultSelector()

    @override
    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    @override
    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    @override
    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    @override
    def close(self) -> None:
        self._real.close()

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready or timeout == 0:
            return ready
        if timeout is not None:
            self.seconds += timeout
            return []
        ready = self._real.select(REAL_PATIENCE_S)
        if not ready:
            raise NothingCanHappenError(
                "Every task waits, no timer is set, and nothing came from outside "
                f"within {REAL_PATIENCE_S:g} real seconds."
            )
        return ready


@final
class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The loop; `time()` starts at 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    @override
    def time(self) -> float:
        """Return the virtual seconds since the beginning."""
        return self._jumping.seconds


@final
class VirtualClock:
    """The running loop's time as a `Clock`: UTC, aware, starting at `EPOCH`."""

    def now(self) -> datetime:
        """Return the present virtual moment."""
        return EPOCH + timedelta(seconds=asyncio.get_running_loop().time())


def run_virtual(story: Coroutine[Any, Any, ResultT]) -> ResultT:
    """
    Run a coroutine to its end in virtual time.

    Raises:
        NothingCanHappenError: It waits for what can never come.
    """
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(story)
