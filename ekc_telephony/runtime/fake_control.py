"""
A `CallControl` without a telephone system: notes the commands and does what it is told to.

It ships with the package and passes the same contract suite as the real one, so whoever tests a
part of the engine needs neither Asterisk nor a mock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

from ekc_telephony.core.call.commands import Command
from ekc_telephony.runtime.ports import CommandRefusedError

Refusal: TypeAlias = Callable[[Command], CommandRefusedError | None]


def refuse_nothing(command: Command) -> None:
    """Carry out every command."""
    del command


class FakeCallControl:
    """
    Notes commands in the order in which they were carried out.

    Args:
        takes: How long each command takes.
        refusal: Says which commands are refused, and how.
    """

    def __init__(
        self, *, takes: timedelta = timedelta(), refusal: Refusal = refuse_nothing
    ) -> None:
        self._takes = takes
        self._refusal = refusal
        self.started: list[Command] = []
        self.finished: list[Command] = []

    async def execute(self, command: Command) -> None:
        """Carry out one command, or refuse it."""
        self.started.append(command)
        await asyncio.sleep(self._takes.total_seconds())
        refused = self._refusal(command)
        if refused is not None:
            raise refused
        self.finished.append(command)
