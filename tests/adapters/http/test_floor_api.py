"""A presence is declared over HTTP by whoever has the key, and by nobody else."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from ekc_telephony.adapters.http.app import make_app, serve_pages
from ekc_telephony.adapters.http.floor_api import FloorApi
from ekc_telephony.adapters.http.gate import BODY_AT_MOST
from ekc_telephony.core.call.events import (
    CallArrived,
    ControlRegained,
    EndReason,
    LegAnswered,
    LegEnded,
    PresenceDeclared,
    WrapUpDeclared,
)
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.engine.wallboard import AgentLine, wallboard_of
from ekc_telephony.core.kernel.ids import AgentId, CallId, Did, LegId
from ekc_telephony.runtime.health import examine
from lab.ports import free_port
from tests.adapters.http.asking import answer_when_there
from tests.core.office import ANNA, NOON, engine, seconds

KEY = "the-key"
LUNCH = {"presence": "not_ready", "reason": "lunch", "by": "Petrova"}


class Office:
    """An engine behind its pages."""

    def __init__(self) -> None:
        self.engine = engine(ready=[ANNA])

    def wraps_up(self) -> None:
        call = CallId("ekc1-1.1")
        for event in (
            ControlRegained(legs=(), bridges=frozenset()),
            CallArrived(call=call, did=Did("200"), number=None),
            LegAnswered(leg=LegId(f"{call}-offer-1")),
            LegEnded(leg=LegId(call), reason=EndReason.HUNG_UP),
        ):
            self.engine.handle(event, NOON)

    def declare(self, event: PresenceDeclared | WrapUpDeclared) -> AgentLine:
        self.engine.handle(event, NOON)
        return self.look(event.agent)

    def look(self, agent: AgentId) -> AgentLine:
        lines = wallboard_of(self.engine, NOON).agents
        return next(line for line in lines if line.agent == agent)

    def put(
        self, agent: str, body: object, *, key: str | None = KEY, what: str = "presence"
    ) -> tuple[int, dict[str, str]]:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, text = self.ask(f"api/agents/{agent}/{what}", content, headers)
        return status, json.loads(text)

    def ask(
        self, page: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Serve the pages, ask once, and stop serving."""
        app = make_app(
            health=lambda: examine({}),
            wallboard=lambda: wallboard_of(self.engine, NOON),
            registry=CollectorRegistry(),
            floor=FloorApi(
                key=KEY,
                agents=self.engine.acd.agents.keys(),
                declare=self.declare,
                look=self.look,
            ),
        )
        port = free_port()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/{page}",
            data=body,
            method="GET" if body is None else "PUT",
            headers=dict(headers or {}),
        )

        async def story() -> tuple[int, str]:
            async with asyncio.TaskGroup() as tasks:
                server = tasks.create_task(serve_pages(app, host="127.0.0.1", port=port))
                answer = await asyncio.to_thread(answer_when_there, request)
                server.cancel()
            return answer

        return asyncio.run(story())


def test_a_presence_is_declared_and_told_back() -> None:
    office = Office()
    with capture_logs() as logs:
        status, told = office.put(ANNA, LUNCH)
    assert status == HTTPStatus.OK
    assert [(each["agent"], each["presence"], each["reason"], each["by"]) for each in logs] == [
        (ANNA, "not_ready", "lunch", "Petrova")
    ]
    assert (told["agent"], told["presence"], told["reason"]) == (ANNA, "not_ready", "lunch")
    agent = office.engine.acd.agents[ANNA]
    assert (agent.presence, agent.reason) == (Presence.NOT_READY, NotReadyReason.LUNCH)


@pytest.mark.parametrize("key", [None, "", "wrong", f"{KEY}-"])
def test_without_the_key_nothing_is_done_and_nothing_is_told(key: str | None) -> None:
    office = Office()
    assert office.put("nobody", LUNCH, key=key)[0] == HTTPStatus.UNAUTHORIZED
    status, told = office.put(ANNA, LUNCH, key=key)
    assert status == HTTPStatus.UNAUTHORIZED
    assert "Authorization: Bearer KEY" in told["expected"]
    assert office.engine.acd.agents[ANNA].presence is Presence.READY


@pytest.mark.parametrize(
    ("agent", "body", "status", "words"),
    [
        ("ana", LUNCH, HTTPStatus.NOT_FOUND, "did you mean anna?"),
        (ANNA, b"{", HTTPStatus.UNPROCESSABLE_ENTITY, "ready | not_ready | signed_out"),
        (ANNA, {"presence": "away", "by": "P"}, HTTPStatus.UNPROCESSABLE_ENTITY, "ready |"),
        (ANNA, {"presence": "ready"}, HTTPStatus.UNPROCESSABLE_ENTITY, "who you are"),
        (ANNA, LUNCH | {"by": ""}, HTTPStatus.UNPROCESSABLE_ENTITY, "who you are"),
        (ANNA, LUNCH | {"reason": "no_answer"}, HTTPStatus.UNPROCESSABLE_ENTITY, "lunch"),
        (ANNA, LUNCH | {"extra": 1}, HTTPStatus.UNPROCESSABLE_ENTITY, "presence"),
        (ANNA, b" " * (BODY_AT_MOST + 1), HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "at most"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_words(
    agent: str, body: object, status: HTTPStatus, words: str
) -> None:
    office = Office()
    found, told = office.put(agent, body)
    assert found == status
    assert words in told["expected"]
    assert office.engine.acd.agents[ANNA].presence is Presence.READY


def test_a_wrap_up_is_extended_as_often_as_may_be_and_ended() -> None:
    office = Office()
    office.wraps_up()
    more = {"wish": "extend", "by": "Anna"}
    status, told = office.put(ANNA, more, what="wrap-up")
    assert (status, told["activity"]) == (HTTPStatus.OK, "wrap_up")
    status, told = office.put(ANNA, more, what="wrap-up")
    assert status == HTTPStatus.OK
    assert told["activity_ends"] == (NOON + seconds(75)).isoformat().replace("+00:00", "Z")
    status, told = office.put(ANNA, more, what="wrap-up")
    assert status == HTTPStatus.CONFLICT
    assert "extend_wrap_up" in told["expected"]
    status, told = office.put(ANNA, {"wish": "end", "by": "Anna"}, what="wrap-up")
    assert (status, told["activity"]) == (HTTPStatus.OK, "idle")
    status, told = office.put(ANNA, more, what="wrap-up")
    assert (status, told["found"]) == (HTTPStatus.CONFLICT, "the activity idle")


def test_a_wrap_up_is_nobodys_business_without_the_key() -> None:
    office = Office()
    office.wraps_up()
    status, _ = office.put(ANNA, {"wish": "end", "by": "Anna"}, key=None, what="wrap-up")
    assert status == HTTPStatus.UNAUTHORIZED
    status, told = office.put(ANNA, {"wish": "longer", "by": "Anna"}, what="wrap-up")
    assert (status, told["expected"][:8]) == (HTTPStatus.UNPROCESSABLE_ENTITY, '{"wish":')


def test_the_pages_describe_themselves_to_nobody() -> None:
    assert Office().ask("openapi.json")[0] == HTTPStatus.NOT_FOUND
