"""A transfer is ordered over HTTP by whoever has the key; what cannot be done changes nothing."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from http import HTTPStatus

import pytest
from prometheus_client import CollectorRegistry

from ekc_telephony.adapters.http.app import make_app, serve_pages
from ekc_telephony.adapters.http.gate import BODY_AT_MOST
from ekc_telephony.adapters.http.transfer_api import OBSTACLES, TransferApi
from ekc_telephony.core.call.events import TransferOrdered
from ekc_telephony.core.engine.talk_requests import Obstacle
from ekc_telephony.core.engine.wallboard import AgentLine, wallboard_of
from ekc_telephony.runtime.health import examine
from lab.ports import free_port
from tests.adapters.http.asking import answer_when_there
from tests.core.engine.hall import Hall, at
from tests.core.office import ANNA, BORIS, NOON

KEY = "the-key"
BLIND = {"mode": "blind", "to": "boris", "reason": "пенсия по потере кормильца"}


class Desktop:
    """An engine in which Anna talks to a caller, behind its pages."""

    def __init__(self) -> None:
        self.hall = Hall(BORIS)

    def order(self, event: TransferOrdered) -> AgentLine | Obstacle:
        """Do as the node does."""
        obstacle = self.hall.engine.obstacle_to(event)
        if obstacle is not None:
            return obstacle
        self.hall.tell(60, event)
        lines = wallboard_of(self.hall.engine, at(60)).agents
        return next(line for line in lines if line.agent == event.agent)

    def post(self, agent: str, body: object, *, key: str = KEY) -> tuple[int, dict[str, str]]:
        """Serve the page, ask once, and stop serving."""
        app = make_app(
            health=lambda: examine({}),
            wallboard=lambda: wallboard_of(self.hall.engine, NOON),
            registry=CollectorRegistry(),
            transfers=TransferApi(
                key=KEY, agents=self.hall.engine.acd.agents.keys(), order=self.order
            ),
        )
        port = free_port()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/agents/{agent}/transfer",
            data=body if isinstance(body, bytes) else json.dumps(body).encode(),
            method="POST",
            headers={"Authorization": f"Bearer {key}"},
        )

        async def story() -> tuple[int, str]:
            async with asyncio.TaskGroup() as tasks:
                server = tasks.create_task(serve_pages(app, host="127.0.0.1", port=port))
                answer = await asyncio.to_thread(answer_when_there, request)
                server.cancel()
            return answer

        status, text = asyncio.run(story())
        return status, json.loads(text)


def test_a_caller_is_sent_on_and_the_reason_is_noted() -> None:
    desktop = Desktop()
    status, told = desktop.post(ANNA, BLIND)
    assert (status, told["agent"], told["activity"]) == (HTTPStatus.OK, ANNA, "wrap_up")
    assert desktop.hall.notes == [(ANNA, BORIS, BLIND["reason"])]


def test_what_cannot_be_done_is_told_in_words_and_changes_nothing() -> None:
    desktop = Desktop()
    status, told = desktop.post(ANNA, BLIND | {"to": "vera"})
    assert status == HTTPStatus.CONFLICT
    assert "cannot be had now" in told["found"]
    assert desktop.post(BORIS, BLIND)[0] == HTTPStatus.CONFLICT
    assert desktop.hall.notes == []


def test_every_obstacle_has_its_words() -> None:
    assert set(OBSTACLES) == set(Obstacle)


def test_without_the_key_nothing_is_done() -> None:
    desktop = Desktop()
    assert desktop.post(ANNA, BLIND, key="wrong")[0] == HTTPStatus.UNAUTHORIZED
    assert desktop.hall.notes == []


@pytest.mark.parametrize(
    ("agent", "body", "status", "words"),
    [
        ("ana", BLIND, HTTPStatus.NOT_FOUND, "did you mean anna?"),
        (ANNA, b"{", HTTPStatus.UNPROCESSABLE_ENTITY, "hand_over"),
        (ANNA, {"mode": "blind"}, HTTPStatus.UNPROCESSABLE_ENTITY, "for blind and consult only"),
        (ANNA, BLIND | {"mode": "hand_over"}, HTTPStatus.UNPROCESSABLE_ENTITY, "consult only"),
        (ANNA, BLIND | {"reason": "x" * 201}, HTTPStatus.UNPROCESSABLE_ENTITY, "200"),
        (ANNA, b" " * (BODY_AT_MOST + 1), HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "at most"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_words(
    agent: str, body: object, status: HTTPStatus, words: str
) -> None:
    found, told = Desktop().post(agent, body)
    assert found == status
    assert words in told["expected"]
