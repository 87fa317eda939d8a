"""
What supervisors may do over HTTP: take part in an operator's talk, move a waiting caller.

    POST   /api/agents/<account>/supervise   {"by": "nikitina", "mode": "listen | whisper | barge"}
    DELETE /api/agents/<account>/supervise   {"by": "nikitina"}
    POST   /api/calls/<call or appeal>/move  {"queue": "pensions", "by": "who you are",
                                              "raise_priority": 5}

All with `Authorization: Bearer <the installation's key>`. `by` of the first two is the account of
one of `supervisors:` in ekc.yaml: his phone rings, and asking again changes the mode. The answer
says how the call is then.

Rule 1: without the key nothing is told.
Rule 2: whoever does it says who he is; that is logged, and a talk's or caller's appeal says it.
Rule 3: what cannot be done is refused in words, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final, TypeAlias

import msgspec
import structlog
from fastapi import APIRouter, Request, Response

from ekc_telephony.adapters.http.gate import Gate, RefusedError, answer, known, said
from ekc_telephony.core.call.events import MoveAsked, SupervisionAsked, SupervisionGivenUp
from ekc_telephony.core.call.supervision import SupervisionMode
from ekc_telephony.core.engine.supervisor_requests import Refusal
from ekc_telephony.core.engine.wallboard import CallLine
from ekc_telephony.core.kernel.ids import AgentId, CallId, QueueId

Asked: TypeAlias = SupervisionAsked | SupervisionGivenUp | MoveAsked
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
HIGHEST_RAISE: Final = 1000
"""With a minute for each priority this is more than any caller waits."""

log = structlog.get_logger(__name__)


class SupervisionWanted(msgspec.Struct, forbid_unknown_fields=True):
    """In which talk a supervisor wants to take part, and how."""

    by: Name
    """His account."""
    mode: SupervisionMode = SupervisionMode.LISTEN


class SupervisionDone(msgspec.Struct, forbid_unknown_fields=True):
    """Who wants to take part no more."""

    by: Name


class MoveWanted(msgspec.Struct, forbid_unknown_fields=True):
    """Where a waiting caller is to be."""

    queue: str
    by: Name
    """Who wants it."""
    raise_priority: Annotated[int, msgspec.Meta(ge=0, le=HIGHEST_RAISE)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """
    What the requests are about.

    Args:
        agents: Everybody whose talks can be listened to.
        supervisors: Everybody who can do it.
        queues: Where callers can be moved.
        find_call: Returns the call of this id or appeal.
        grant: Handles the event; returns why it cannot be, or how the call is then: None when it
            is over.
    """

    agents: Collection[AgentId]
    supervisors: Collection[AgentId]
    queues: Collection[QueueId]
    find_call: Callable[[str], CallId | None]
    grant: Callable[[Asked], CallLine | Refusal | None]


class SupervisorApi:
    """
    Let supervisors act.

    Args:
        key: The installation's.
        floor: What the requests are about.
    """

    def __init__(self, *, key: str, floor: Floor) -> None:
        self._gate = Gate(key)
        self._floor = floor
        self.router = APIRouter(prefix="/api")
        add = self.router.add_api_route
        add("/agents/{agent}/supervise", self.supervise, methods=["POST"])
        add("/agents/{agent}/supervise", self.end_supervision, methods=["DELETE"])
        add("/calls/{call}/move", self.move, methods=["POST"])

    async def supervise(self, agent: str, request: Request) -> Response:
        """Ring a supervisor's phone for an agent's talk, or change how he takes part."""
        return await self._answered(self._supervision(agent, request))

    async def end_supervision(self, agent: str, request: Request) -> Response:
        """Let a supervisor take part no more."""
        return await self._answered(self._end(agent, request))

    async def move(self, call: str, request: Request) -> Response:
        """Let a waiting caller wait elsewhere, or before others."""
        return await self._answered(self._move(call, request))

    async def _answered(self, asking: Awaitable[Asked]) -> Response:
        try:
            return answer(self._granted(await asking))
        except RefusedError as refused:
            return refused.answer()

    def _granted(self, event: Asked) -> CallLine | None:
        granted = self._floor.grant(event)
        if isinstance(granted, Refusal):
            found, expected = _REFUSALS[granted]
            log.info("supervisor's request refused", why=granted.value)
            raise RefusedError(HTTPStatus.CONFLICT, found=found, expected=expected)
        return granted

    async def _supervision(self, agent: str, request: Request) -> SupervisionAsked:
        self._gate.check_key(request)
        account = AgentId(known("agent", agent, self._floor.agents))
        wanted = await said(request, SupervisionWanted, words=_SUPERVISE)
        supervisor = AgentId(known("supervisor", wanted.by, self._floor.supervisors))
        log.info("supervision asked over HTTP", agent=agent, mode=wanted.mode.value, by=wanted.by)
        return SupervisionAsked(supervisor=supervisor, agent=account, mode=wanted.mode)

    async def _end(self, agent: str, request: Request) -> SupervisionGivenUp:
        self._gate.check_key(request)
        account = AgentId(known("agent", agent, self._floor.agents))
        wanted = await said(request, SupervisionDone, words=_END)
        supervisor = AgentId(known("supervisor", wanted.by, self._floor.supervisors))
        log.info("supervision given up over HTTP", agent=agent, by=wanted.by)
        return SupervisionGivenUp(supervisor=supervisor, agent=account)

    async def _move(self, call: str, request: Request) -> MoveAsked:
        self._gate.check_key(request)
        wanted = await said(request, MoveWanted, words=_MOVE)
        queue = QueueId(known("queue", wanted.queue, self._floor.queues))
        found = self._floor.find_call(call)
        if found is None:
            raise RefusedError(
                HTTPStatus.NOT_FOUND, found=f"the call {call}", expected="one of `ekc calls`"
            )
        log.info(
            "move asked over HTTP",
            call=found,
            queue=queue,
            raise_priority=wanted.raise_priority,
            by=wanted.by,
        )
        return MoveAsked(
            call=found, queue=queue, by=wanted.by, raise_priority=wanted.raise_priority
        )


_SUPERVISE: Final = (
    '{"by": "the account of one of supervisors: in ekc.yaml", "mode": "listen | whisper | barge"}'
)
_END: Final = '{"by": "the account of one of supervisors: in ekc.yaml"}'
_MOVE: Final = (
    '{"queue": "the id of a queue", "by": "who you are", "raise_priority": a whole number from 0 '
    f"to {HIGHEST_RAISE}, which may be left out}}"
)
_REFUSALS: Final = {
    Refusal.BLIND: (
        "no connection between the engine and Asterisk",
        "that it comes back; /healthz says why it is gone",
    ),
    Refusal.NOT_TALKING: (
        "an agent who talks to no caller now",
        "one who does; `ekc calls` shows them",
    ),
    Refusal.SUPERVISES_ANOTHER: (
        "a supervisor who takes part in another talk",
        "that he hangs up there first",
    ),
    Refusal.NOT_SUPERVISED: (
        "no talk of this agent in which the supervisor takes part",
        "one; `ekc calls` shows them",
    ),
    Refusal.NOT_WAITING: ("a call that does not wait in a queue", "one that does"),
    Refusal.IS_OFFERED: (
        "a call for which an agent's phone rings",
        "that he does not answer; ask again then",
    ),
    Refusal.QUEUE_UNKNOWN: ("a queue that is not there", "one of ekc.yaml"),
    Refusal.NOBODY_THERE: (
        "a queue to which nobody is signed in and which sends its callers away",
        "that somebody signs in, or another queue",
    ),
    Refusal.STANDS_THERE: (
        "the queue that the caller stands in, and no `raise_priority`",
        "another queue, or a priority to raise",
    ),
}
