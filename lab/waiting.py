"""
Waiting for something to happen, never for a time.

    await eventually(look, what="that nobody calls")     # looks again and again
    await happens(line.established)                      # something that a phone tells

Rule 1: whatever is waited for in vain is named, in words.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

ResultT = TypeVar("ResultT")
SOON: Final = timedelta(seconds=10)
"""What happens at once happens within this on a machine that is busy otherwise."""
_LOOK_EVERY_S: Final = 0.05


class NotInTimeError(AssertionError):
    """What was waited for did not come; the text says what was there instead."""


async def eventually(
    look: Callable[[], Awaitable[ResultT | None]], *, within: timedelta = SOON, what: str = ""
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


async def happens(event: asyncio.Event, *, within: timedelta = SOON) -> None:
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
