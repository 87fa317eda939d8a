"""
What an operator's desktop may do over HTTP for the caller he talks to: transfers.

    POST /api/agents/<account>/transfer     Authorization: Bearer <the installation's key>
    {"mode": "blind", "to": "petrov", "reason": "нужен специалист по пенсиям"}

`mode` is `blind` (send the caller to `to`), `consult` (ring `to` while the operator goes on
talking; the caller hears music as soon as the colleague answers), and then `hand_over` (the caller
goes to the colleague) or `conference` (all three talk). The answer says how the operator is then.

Rule 1: without the key nothing is told, not even whether the agent exists.
Rule 2: what cannot be done now is answered with 409 and the obstacle, and nothing changes.
Rule 3: the reason goes on the appeal's card, and into no log: it may speak of the citizen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
import structlog
from fastapi import APIRouter, Request, Response

from ekc_telephony.adapters.http.gate import Gate, RefusedError, answer, known, said
from ekc_telephony.core.call.events import TransferMode, TransferOrdered
from ekc_telephony.core.engine.talk_requests import Obstacle
from ekc_telephony.core.engine.wallboard import AgentLine
from ekc_telephony.core.kernel.ids import AgentId

_WITH_A_TARGET: Final = frozenset({TransferMode.BLIND, TransferMode.CONSULT})

OBSTACLES: Final[Mapping[Obstacle, tuple[str, str]]] = {
    Obstacle.NOT_TALKING: ("an operator who talks to no caller of his own", "one who does"),
    Obstacle.NOBODY_HAS_IT: (
        "a target that nobody has",
        "an operator's account, a queue, or a number that `outside` of ekc.yaml allows",
    ),
    Obstacle.CANNOT_BE_HAD: (
        "a target that cannot be had now: busy, on a break, signed out, or a queue without anybody",
        "somebody who is free; look at /wallboard",
    ),
    Obstacle.ADVICE_GOES_ON: (
        "an operator who consults a colleague already",
        "`hand_over`, `conference`, or the end of that consultation first",
    ),
    Obstacle.NO_ADVICE: (
        "an operator who consults nobody, or whose colleague has not answered yet",
        "`consult` first, and an answer",
    ),
    Obstacle.CONFERENCE_GOES_ON: (
        "a conference of three",
        "one of the two operators to hang up; the other one goes on",
    ),
}
"""What was found, and what is expected instead."""

log = structlog.get_logger(__name__)


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked for."""

    mode: TransferMode
    to: Annotated[str, msgspec.Meta(max_length=40)] = ""
    reason: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    by: Annotated[str, msgspec.Meta(max_length=80)] | None = None
    """Who does it; the agent himself when absent."""


class TransferApi:
    """
    Let transfers be ordered.

    Args:
        key: The installation's.
        agents: Everybody who can be named.
        order: Handles the event; returns how the agent is then, or what stands against it.
    """

    def __init__(
        self,
        *,
        key: str,
        agents: Collection[AgentId],
        order: Callable[[TransferOrdered], AgentLine | Obstacle],
    ) -> None:
        self._gate = Gate(key)
        self._agents = agents
        self._order = order
        self.router = APIRouter(prefix="/api")
        self.router.add_api_route("/agents/{agent}/transfer", self.transfer, methods=["POST"])

    async def transfer(self, agent: str, request: Request) -> Response:
        """Do for an agent what he could do with his phone."""
        try:
            return answer(self._ordered(await self._asked(agent, request)))
        except RefusedError as refused:
            return refused.answer()

    async def _asked(self, agent: str, request: Request) -> TransferOrdered:
        self._gate.check_key(request)
        account = AgentId(known("agent", agent, self._agents))
        order = await said(request, Order, words=_WORDS)
        if bool(order.to) is not (order.mode in _WITH_A_TARGET):
            raise RefusedError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                found=f"{order.mode.value} with to={order.to!r}",
                expected=_WORDS,
            )
        by = order.by or agent
        log.info("transfer ordered over HTTP", agent=agent, mode=order.mode.value, by=by)
        return TransferOrdered(agent=account, mode=order.mode, target=order.to, reason=order.reason)

    def _ordered(self, event: TransferOrdered) -> AgentLine:
        outcome = self._order(event)
        if isinstance(outcome, Obstacle):
            found, expected = OBSTACLES[outcome]
            log.info("transfer in vain", agent=event.agent, why=outcome.value)
            raise RefusedError(HTTPStatus.CONFLICT, found=found, expected=expected)
        return outcome


_WORDS: Final = (
    '{"mode": "blind | consult | hand_over | conference", '
    '"to": "for blind and consult only: an account, a queue, a number outside", '
    '"reason": "why, at most 200 characters; may be left out", '
    '"by": "who does it; may be left out"}'
)
