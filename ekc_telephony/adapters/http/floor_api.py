"""
What supervisors and other programs may do over HTTP: declare a presence, end or extend a wrap-up.

    PUT /api/agents/<account>/presence      Authorization: Bearer <the installation's key>
    {"presence": "not_ready", "reason": "lunch", "by": "supervisor Petrova"}

    PUT /api/agents/<account>/wrap-up
    {"wish": "extend", "by": "Ivanova"}     or "end"

The answer says how the agent is then. Everything else is read from `/wallboard`; what else may be
done is in `supervisor_api.py`.

Rule 1: without the key nothing is told, not even whether the agent exists.
Rule 2: whoever does it says who he is; that is logged.
Rule 3: it goes the way of every event, through the journal, so it survives a crash and is replayed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
import structlog
from fastapi import APIRouter, Request, Response

from ekc_telephony.adapters.http.gate import Gate, RefusedError, answer, known, said
from ekc_telephony.core.call.events import PresenceDeclared, WrapUpDeclared, WrapUpWish
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.core.engine.wallboard import AgentLine
from ekc_telephony.core.kernel.ids import AgentId

log = structlog.get_logger(__name__)


class Declaration(msgspec.Struct, forbid_unknown_fields=True):
    """What is declared."""

    presence: Presence
    by: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    """Who does it."""
    reason: NotReadyReason | None = None


class WrapUpOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What is wanted of a wrap-up."""

    wish: WrapUpWish
    by: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    """Who wants it."""


class FloorApi:
    """
    Let presences and wrap-ups be declared.

    Args:
        key: The installation's.
        agents: Everybody who can be named.
        declare: Handles the event; returns how the agent is then.
        look: Returns how the agent is.
    """

    def __init__(
        self,
        *,
        key: str,
        agents: Collection[AgentId],
        declare: Callable[[PresenceDeclared | WrapUpDeclared], AgentLine],
        look: Callable[[AgentId], AgentLine],
    ) -> None:
        self._gate = Gate(key)
        self._agents = agents
        self._declare = declare
        self._look = look
        self.router = APIRouter(prefix="/api")
        self.router.add_api_route("/agents/{agent}/presence", self.set_presence, methods=["PUT"])
        self.router.add_api_route("/agents/{agent}/wrap-up", self.set_wrap_up, methods=["PUT"])

    async def set_presence(self, agent: str, request: Request) -> Response:
        """Declare an agent's presence."""
        try:
            return answer(self._declare(await self._declared(agent, request)))
        except RefusedError as refused:
            return refused.answer()

    async def _declared(self, agent: str, request: Request) -> PresenceDeclared:
        self._gate.check_key(request)
        account = AgentId(known("agent", agent, self._agents))
        declared = await said(request, Declaration, words=_WORDS)
        if declared.reason is NotReadyReason.NO_ANSWER:
            raise RefusedError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                found="the reason no_answer, which only the engine sets",
                expected=_WORDS,
            )
        log.info(
            "presence declared over HTTP",
            agent=agent,
            presence=declared.presence.value,
            reason=None if declared.reason is None else declared.reason.value,
            by=declared.by,
        )
        return PresenceDeclared(agent=account, presence=declared.presence, reason=declared.reason)

    async def set_wrap_up(self, agent: str, request: Request) -> Response:
        """End or extend an agent's wrap-up."""
        try:
            return answer(self._declare(await self._wished(agent, request)))
        except RefusedError as refused:
            return refused.answer()

    async def _wished(self, agent: str, request: Request) -> WrapUpDeclared:
        self._gate.check_key(request)
        account = AgentId(known("agent", agent, self._agents))
        order = await said(request, WrapUpOrder, words=_WISHES)
        line = self._look(account)
        if line.activity is not Activity.WRAP_UP:
            raise RefusedError(
                HTTPStatus.CONFLICT,
                found=f"the activity {line.activity.value}",
                expected="an agent in wrap-up",
            )
        if order.wish is WrapUpWish.EXTEND and not line.may_extend_wrap_up:
            raise RefusedError(
                HTTPStatus.CONFLICT,
                found="a wrap-up that was extended often enough",
                expected="a wrap-up that routing.extend_wrap_up of ekc.yaml lets be longer",
            )
        log.info("wrap-up declared over HTTP", agent=agent, wish=order.wish.value, by=order.by)
        return WrapUpDeclared(agent=account, wish=order.wish)


_WISHES: Final = '{"wish": "end | extend", "by": "who you are"}'
_WORDS: Final = (
    '{"presence": "ready | not_ready | signed_out", "by": "who you are", '
    '"reason": "break | lunch | training | other", which may be left out}'
)
