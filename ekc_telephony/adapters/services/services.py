"""
Carries out lookups: every `AskService` becomes exactly one `ServiceAnswered`.

They do not stand in the lanes of the outbox: a slow information system holds up neither the prompts
of its caller nor anybody else. What is under way when the engine ends is forgotten; the next engine
asks again what its callers still wait for.

Rule 1: `submit` never waits.
Rule 2: a request that is under way is not asked a second time; one that was answered is. The
request's id goes along as `Idempotency-Key`, so that the information system can tell.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Final, TypeAlias

import structlog

from ekc_telephony.adapters.services.client import ServiceClient
from ekc_telephony.adapters.services.spec import ServiceSpec
from ekc_telephony.core.call.commands import AskService
from ekc_telephony.core.call.events import ServiceAnswered
from ekc_telephony.core.call.lookup import LookupFailure, LookupResult
from ekc_telephony.core.kernel.ids import RequestId, ServiceId
from ekc_telephony.runtime.ports import Clock
from ekc_telephony.runtime.supervisor import contained

OnAnswer: TypeAlias = Callable[[ServiceId, LookupResult, timedelta], None]
"""Is told of every lookup: which service, what came of it, and how long that took."""

log = structlog.get_logger(__name__)


def tell_nobody(service: ServiceId, result: LookupResult, took: timedelta) -> None:
    """Let nobody know of lookups."""
    del service, result, took


class Services:
    """
    All information systems of a node.

    Args:
        specs: How each is asked.
        deliver: Takes the answers.
        clock: The time.
        on_answer: Is told of every lookup.
    """

    def __init__(
        self,
        specs: Iterable[ServiceSpec],
        *,
        deliver: Callable[[ServiceAnswered], None],
        clock: Clock,
        on_answer: OnAnswer = tell_nobody,
    ) -> None:
        self._clients: Final = {each.service: ServiceClient(each, clock=clock) for each in specs}
        self._deliver = deliver
        self._on_answer = on_answer
        self._under_way: set[RequestId] = set()
        self._early: deque[AskService] = deque()
        """What was submitted before `run`."""
        self._tasks: asyncio.TaskGroup | None = None

    @property
    def names(self) -> tuple[ServiceId, ...]:
        """All services."""
        return tuple(self._clients)

    @property
    def backlog(self) -> int:
        """How many lookups are under way or wait for their turn."""
        return len(self._under_way)

    def is_left_alone(self, service: ServiceId) -> bool:
        """Tell whether the breaker of a service is open."""
        return self._clients[service].is_left_alone

    @property
    def trouble(self) -> str | None:
        """What is wrong, in one sentence; None when all is well."""
        alone = [name for name in self._clients if self.is_left_alone(name)]
        if not alone:
            return None
        return (
            f"lookups at {', '.join(alone)} failed again and again: it is left alone for now, and "
            "scripts take their fallback"
        )

    def submit(self, command: AskService) -> None:
        """Ask, and deliver the answer some day; not again while it is being asked."""
        if command.request in self._under_way:
            return
        self._under_way.add(command.request)
        if self._tasks is None:
            self._early.append(command)
        else:
            self._tasks.create_task(self._answer(command))

    async def run(self) -> None:
        """Ask until cancelled; then what is under way is forgotten."""
        try:
            async with AsyncExitStack() as opened, asyncio.TaskGroup() as tasks:
                for client in self._clients.values():
                    await opened.enter_async_context(client)
                self._tasks = tasks
                while self._early:
                    tasks.create_task(self._answer(self._early.popleft()))
                await asyncio.Event().wait()
        finally:
            self._tasks = None
            self._under_way.clear()

    async def _answer(self, command: AskService) -> None:
        began_s = asyncio.get_running_loop().time()
        result = await contained(
            self._ask(command),
            otherwise=LookupResult.failed(LookupFailure.UNREACHABLE),
            what="a lookup",
        )
        took = timedelta(seconds=asyncio.get_running_loop().time() - began_s)
        self._under_way.discard(command.request)
        self._on_answer(command.service, result, took)
        self._deliver(ServiceAnswered(call=command.call, request=command.request, result=result))

    async def _ask(self, command: AskService) -> LookupResult:
        client = self._clients.get(command.service)
        if client is None:
            log.error("no such service in the configuration", service=command.service)
            return LookupResult.failed(LookupFailure.UNKNOWN_SERVICE)
        return await client.ask(command.request, command.fields)
