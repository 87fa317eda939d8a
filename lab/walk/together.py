"""
Walks side by side: callers of several test cases call at the same time.

Rule 1: who meets an operator, or hides his number, calls alone: nobody else could be taken for him.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from lab.stand import Stand
from lab.walk.caller import hides_number, meets_operator, walk
from lab.walk.duty import operators_on_duty
from lab.walk.site import Errand
from lab.walk.systems import RehearsedSystems

AT_ONCE: Final = 6
"""Callers on a machine with two cores."""
Row: TypeAlias = dict[str, Any]
"""What the report says of one walk."""


def tell_nobody(_row: Row) -> None:
    """Let nobody know how far the walks are."""


@dataclass(slots=True, kw_only=True)
class Walks:
    """
    Walks on one stand.

    Args:
        stand: The stand.
        systems: Its information systems.
        tell: Is told of every walk.
    """

    stand: Stand
    systems: RehearsedSystems
    tell: Callable[[Row], None] = tell_nobody
    rows: list[Row] = field(default_factory=list)

    async def all(self, chosen: Sequence[Errand], *, at_once: int) -> None:
        """Walk them all: many at once, then those who need the operators or nobody beside them."""
        turns = asyncio.Semaphore(at_once)
        alone = [each for each in chosen if hides_number(each) and not meets_operator(each)]
        served = [each for each in chosen if meets_operator(each)]
        free = [each for each in chosen if each not in alone and each not in served]
        async with asyncio.TaskGroup() as group:
            for errand in free:
                group.create_task(self._in_turn(errand, turns))
        for errand in alone:
            await self._one(errand)
        if served:
            await operators_on_duty(self.stand)
        for errand in served:
            await self._one(errand)

    async def _in_turn(self, errand: Errand, turns: asyncio.Semaphore) -> None:
        async with turns:
            await self._one(errand)

    async def _one(self, errand: Errand) -> None:
        begun = time.monotonic()
        row: Row = {"case": errand.name, "failure": ""}
        try:
            walked = await walk(self.stand, errand, self.systems)
        except (AssertionError, TimeoutError) as error:
            row["failure"] = str(error) or type(error).__name__
        else:
            row |= {"prompts": walked.prompts, "keys": walked.keys}
        row["seconds"] = round(time.monotonic() - begun, 1)
        self.rows.append(row)
        self.tell(row)
