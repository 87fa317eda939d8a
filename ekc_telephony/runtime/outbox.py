"""
The outbox: carries commands out, in order for each call and side by side for different calls.

Rule 1: within one call a command starts when the one before it has been answered.
Rule 2: a command that fails is reported as one `CommandFailed`; the following ones still run.
Rule 3: `submit` never waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import timedelta

import structlog

from ekc_telephony.core.call.commands import Command
from ekc_telephony.core.call.events import CommandFailed
from ekc_telephony.core.kernel.ids import CallId
from ekc_telephony.runtime.ports import CallControl, CommandRefusedError

log = structlog.get_logger(__name__)


class Outbox:
    """
    Carry out commands.

    Args:
        control: What carries them out.
        report: Takes the failures.
        tasks: The group in which the work runs.
    """

    def __init__(
        self,
        control: CallControl,
        *,
        report: Callable[[CommandFailed], None],
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._control = control
        self._report = report
        self._tasks = tasks
        self._lanes: dict[CallId, deque[Command]] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self.refused = 0
        """How many commands were not carried out."""

    @property
    def backlog(self) -> int:
        """How many commands are under way or wait."""
        return sum(len(lane) for lane in self._lanes.values())

    async def drained(self, patience: timedelta) -> bool:
        """Wait until every command is carried out, but not longer; return whether it is."""
        try:
            async with asyncio.timeout(patience.total_seconds()):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def submit(self, command: Command) -> None:
        """Carry the command out after those of the same call."""
        lane = self._lanes.get(command.call)
        if lane is not None:
            lane.append(command)
            return
        lane = self._lanes[command.call] = deque([command])
        self._idle.clear()
        self._tasks.create_task(self._work_off(command.call, lane))

    async def _work_off(self, call: CallId, lane: deque[Command]) -> None:
        while lane:
            await self._execute(lane[0])
            lane.popleft()
        del self._lanes[call]
        if not self._lanes:
            self._idle.set()

    async def _execute(self, command: Command) -> None:
        try:
            await self._control.execute(command)
        except CommandRefusedError as refused:
            self.refused += 1
            if not refused.is_gone:  # a race with a hangup is no news
                kind = type(command).__name__
                log.warning("command refused", command=kind, call=command.call, why=refused.detail)
            self._report(
                CommandFailed(command=command, is_gone=refused.is_gone, detail=refused.detail)
            )
