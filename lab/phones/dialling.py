"""
Dialling, and hearing of what happens at once.

The stack tells the coroutine that dials which call it has begun, and listeners what becomes of it.
On a busy machine both wait in the same turn of the loop: the node's answer is told to listeners
before the coroutine goes on and makes the call's object, so that call would ring for ever.

Rule 1: every event of the call reaches its object once: what came before there was an object is
told to it before anybody else sees it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

import baresip

Listener: TypeAlias = Callable[[baresip.StackEvent], None]


class Events(Protocol):
    """What tells everybody who listens what happens; the stack's runtime does."""

    def subscribe(self, listener: Listener) -> None:
        """Tell a listener from now on."""

    def unsubscribe(self, listener: Listener) -> None:
        """Tell it no more."""


async def dialled(events: Events, dial: Callable[[], Awaitable[baresip.Call]]) -> baresip.Call:
    """
    Dial, and return the call with everything that has happened to it so far.

    Args:
        events: The stack's runtime.
        dial: Dials, with the stack's own means.
    """
    early: list[baresip.StackEvent] = []
    listener = early.append
    events.subscribe(listener)
    try:
        call = await dial()
    finally:
        events.unsubscribe(listener)
    for event in early:
        if event.call == call.handle:
            call._on_stack_event(event)  # noqa: SLF001 (the stack has no other way to catch up)
    return call
