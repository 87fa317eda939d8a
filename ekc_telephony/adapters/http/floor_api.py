"""
What supervisors and other programs may do over HTTP: declare somebody's presence.

    PUT /api/agents/<account>/presence      Authorization: Bearer <the installation's key>
    {"presence": "not_ready", "reason": "lunch", "by": "supervisor Petrova"}

The answer says how the agent is then. Everything else is read from `/wallboard`.

Rule 1: without the key nothing is told, not even whether the agent exists.
Rule 2: whoever does it says who he is; that is logged.
Rule 3: it goes the way of every event, through the journal, so it survives a crash and is replayed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import Annotated, Final

import msgspec
import structlog
from fastapi import APIRouter, Request, Response

from ekc_telephony.core.call.events import PresenceDeclared
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.engine.wallboard import AgentLine
from ekc_telephony.core.kernel.ids import AgentId

BODY_AT_MOST: Final = 4096
_UNAUTHORISED: Final = 401
_NO_SUCH_AGENT: Final = 404
_TOO_LARGE: Final = 413
_UNREADABLE: Final = 422

log = structlog.get_logger(__name__)


class Declaration(msgspec.Struct, forbid_unknown_fields=True):
    """What is declared."""

    presence: Presence
    by: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    """Who does it."""
    reason: NotReadyReason | None = None


class Complaint(msgspec.Struct):
    """Why it was not done."""

    found: str
    expected: str


class FloorApi:
    """
    Let presences be declared.

    Args:
        key: The installation's.
        agents: Everybody who can be named.
        declare: Handles the event; returns how the agent is then.
    """

    def __init__(
        self,
        *,
        key: str,
        agents: Collection[AgentId],
        declare: Callable[[PresenceDeclared], AgentLine],
    ) -> None:
        self._authorisation = f"Bearer {key}".encode()
        self._agents = agents
        self._declare = declare
        self.router = APIRouter(prefix="/api")
        self.router.add_api_route("/agents/{agent}/presence", self.set_presence, methods=["PUT"])

    async def set_presence(self, agent: str, request: Request) -> Response:
        """Declare an agent's presence."""
        shown = request.headers.get("authorization", "").encode()
        if not secrets.compare_digest(shown, self._authorisation):
            return _refused(
                _UNAUTHORISED,
                "no key, or a wrong one",
                "the header `Authorization: Bearer KEY`, with the key `api` of secrets.json",
            )
        if agent not in self._agents:
            return _refused(_NO_SUCH_AGENT, f"the agent {agent}", self._who_there_is(agent))
        body = await request.body()
        if len(body) > BODY_AT_MOST:
            return _refused(_TOO_LARGE, f"{len(body)} bytes", f"at most {BODY_AT_MOST}")
        try:
            said = msgspec.json.decode(body, type=Declaration)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            return _refused(_UNREADABLE, str(error), _WORDS)
        if said.reason is NotReadyReason.NO_ANSWER:
            return _refused(_UNREADABLE, "the reason no_answer, which only the engine sets", _WORDS)
        log.info(
            "presence declared over HTTP",
            agent=agent,
            presence=said.presence.value,
            reason=None if said.reason is None else said.reason.value,
            by=said.by,
        )
        event = PresenceDeclared(agent=AgentId(agent), presence=said.presence, reason=said.reason)
        return Response(msgspec.json.encode(self._declare(event)), media_type="application/json")

    def _who_there_is(self, agent: str) -> str:
        near = get_close_matches(agent, self._agents, n=1)
        return f"an account of ekc.yaml; did you mean {near[0]}?" if near else "one of ekc.yaml"


_WORDS: Final = (
    '{"presence": "ready | not_ready | signed_out", "by": "who you are", '
    '"reason": "break | lunch | training | other", which may be left out}'
)


def _refused(status: int, found: str, expected: str) -> Response:
    body = msgspec.json.encode(Complaint(found=found, expected=expected))
    headers = {"WWW-Authenticate": "Bearer"} if status == _UNAUTHORISED else {}
    return Response(body, status_code=status, media_type="application/json", headers=headers)
