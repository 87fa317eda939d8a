"""
Moves the sound of all calls of this process, in a thread of its own.

The SIP stack keeps little: sound that nobody takes for a second or two is thrown away, and whose
words have run out is silent. The loop that stories run on may stand still for longer than that,
while an engine is started or a console is asked; this thread does not.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

_TURN_S: Final = 0.06
"""How often sound is moved: three packets."""


class Sounding(Protocol):
    """Somebody who hears and speaks."""

    def move_sound(self) -> None:
        """Take what was heard, give what is to be said; any thread may call it."""


class SoundMover:
    """Calls everybody who hears and speaks, many times a second."""

    def __init__(self) -> None:
        self._sounding: set[Sounding] = set()
        self._changing = threading.Lock()
        self._is_over = threading.Event()

    def add(self, sounding: Sounding) -> None:
        """Begin with somebody."""
        with self._changing:
            self._sounding.add(sounding)

    def remove(self, sounding: Sounding) -> None:
        """End with somebody."""
        with self._changing:
            self._sounding.discard(sounding)

    def run(self) -> None:
        """Move sound until it is over."""
        while not self._is_over.wait(_TURN_S):
            with self._changing:
                sounding = tuple(self._sounding)
            for each in sounding:
                each.move_sound()

    def end(self) -> None:
        """Let `run` return."""
        self._is_over.set()


@contextmanager
def sound_mover() -> Iterator[SoundMover]:
    """Move sound until the block is left."""
    mover = SoundMover()
    thread = threading.Thread(target=mover.run, name="sound", daemon=True)
    thread.start()
    try:
        yield mover
    finally:
        mover.end()
        thread.join()
