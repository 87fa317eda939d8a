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
from ekc_telephony.core.call.events import PresenceDeclared
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.engine.wallboard import AgentLine, wallboard_of
from ekc_telephony.runtime.health import examine
from tests.adapters.http.asking import answer_when_there, free_port
from tests.core.office import ANNA, NOON, engine

KEY = "the-key"
LUNCH = {"presence": "not_ready", "reason": "lunch", "by": "Petrova"}


class Office:
    """An engine behind its pages."""

    def __init__(self) -> None:
        self.engine = engine(ready=[ANNA])

    def declare(self, event: PresenceDeclared) -> AgentLine:
        self.engine.handle(event, NOON)
        lines = wallboard_of(self.engine, NOON).agents
        return next(line for line in lines if line.agent == event.agent)

    def put(self, agent: str, body: object, *, key: str | None = KEY) -> tuple[int, dict[str, str]]:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, text = self.ask(f"api/agents/{agent}/presence", content, headers)
        return status, json.loads(text)

    def ask(
        self, page: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Serve the pages, ask once, and stop serving."""
        app = make_app(
            health=lambda: examine({}),
            wallboard=lambda: wallboard_of(self.engine, NOON),
            registry=CollectorRegistry(),
            floor=FloorApi(key=KEY, agents=self.engine.acd.agents.keys(), declare=self.declare),
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


def test_the_pages_describe_themselves_to_nobody() -> None:
    assert Office().ask("openapi.json")[0] == HTTPStatus.NOT_FOUND
