"""
What whoever publishes scripts says to the engine over HTTP, and what it answers.

    POST /api/scripts/take      Authorization: Bearer <the installation's key>
    {"by": "petrova"}

Look at what is published now, and let new calls begin in it. The answer says the number of the
publication that they begin in, and why what was published is not used, if so. Publishing itself is
done in the state folder (`ekc ivr publish`): over HTTP nobody brings a script in.

    GET /api/scripts            the same, looking at nothing

Rule 1: without the key nothing is told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import msgspec
import structlog
from fastapi import APIRouter, Request, Response

from ekc_telephony.adapters.http.gate import Gate, RefusedError, answer, said
from ekc_telephony.core.engine.plan import Published

log = structlog.get_logger(__name__)


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """What is wanted."""

    by: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    """Who wants it."""


class InUse(msgspec.Struct):
    """What new calls begin in."""

    number: int
    versions: list[str]
    """`<script>@<version>`."""
    trouble: str | None
    """Why what was published last is not used; None when it is."""


class ScriptsApi:
    """
    Let the engine look at what is published.

    Args:
        key: The installation's.
        take: Uses what is published now.
        present: Returns what new calls begin in.
        trouble: Returns why what was published last is not used, or None.
    """

    def __init__(
        self,
        *,
        key: str,
        take: Callable[[], Awaitable[object]],
        present: Callable[[], Published],
        trouble: Callable[[], str | None],
    ) -> None:
        self._gate = Gate(key)
        self._take = take
        self._present = present
        self._trouble = trouble
        self.router = APIRouter(prefix="/api")
        self.router.add_api_route("/scripts/take", self.take, methods=["POST"])
        self.router.add_api_route("/scripts", self.look, methods=["GET"])

    async def take(self, request: Request) -> Response:
        """Look at what is published, and use it."""
        try:
            self._gate.check_key(request)
            wish = await said(request, Wish, words=_WORDS)
        except RefusedError as refused:
            return refused.answer()
        log.info("told over HTTP that scripts were published", by=wish.by)
        await self._take()
        return self._told()

    async def look(self, request: Request) -> Response:
        """Tell what new calls begin in."""
        try:
            self._gate.check_key(request)
        except RefusedError as refused:
            return refused.answer()
        return self._told()

    def _told(self) -> Response:
        present = self._present()
        return answer(
            InUse(number=present.number, versions=sorted(present.texts), trouble=self._trouble())
        )


_WORDS: Final = '{"by": "who you are"}'
