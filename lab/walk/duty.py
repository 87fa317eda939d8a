"""Operators for walks: they answer at once, say a word, and hang up, so that the script goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from lab.phones.operator import Answer
from lab.stand import Stand

ACCOUNTS: Final = ("ivanova", "smirnova", "orlov")
"""Who serves the queues of the scripts that ship, between them."""
BRIEFLY: Final = Answer(after=timedelta(), talk=timedelta(milliseconds=500))


async def operators_on_duty(stand: Stand) -> None:
    """Let them sit down; they serve whoever comes until the stand is cleared."""
    for account in ACCOUNTS:
        await stand.on_duty(account, BRIEFLY)
