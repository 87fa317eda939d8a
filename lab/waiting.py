"""
Waiting for something to happen, never for a time.

    await eventually(look, what="that nobody calls")     # looks again and again
    await happens(line.established)                      # something that a phone tells

Rule 1: whatever is waited for in vain is named, in words.
Rule 2: there is one limit, for hanging, and it is generous: who waits for a condition goes on as
soon as it holds, so a longer limit makes no test slower, and a shorter one makes it fail on a busy
machine. What must be quick is measured, and the machine's own slowness taken off
(`lab.child.Starved`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

ResultT = TypeVar("ResultT")
PATIENCE: Final = timedelta(seconds=60)
"""What has not happened within this never will, however busy the machine is."""
_LOOK_EVERY_S: Final = 0.05


class NotInTimeError(AssertionError):
    """What was waited for did not come; the text says what was there instead."""


async def eventually(
    look: Callable[[], Awaitable[ResultT | None]], *, within: timedelta = PATIENCE, what: str = ""
) -> ResultT:
    """
    Look again and again until there is something to see, and return it.

    Args:
        look: Returns what is waited for; anything false means «not yet».
        within: For how long.
        what: What is waited for, in words.

    Raises:
        NotInTimeError: It did not come.
    """
    give_up_at = time.monotonic() + within.total_seconds()
    while True:
        seen = await look()
        if seen:
            return seen
        if time.monotonic() > give_up_at:
            raise NotInTimeError(f"not within {within.total_seconds():g} s: {what or look!r}")
        await asyncio.sleep(_LOOK_EVERY_S)


async def happens(event: asyncio.Event, *, within: timedelta = PATIENCE) -> None:
    """
    Wait for an event of a phone.

    Raises:
        NotInTimeError: It did not come.
    """
    try:
        async with asyncio.timeout(within.total_seconds()):
            await event.wait()
    except TimeoutError:
        raise NotInTimeError(f"not within {within.total_seconds():g} s") from None
