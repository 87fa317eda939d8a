"""Supervisors act over HTTP; what cannot be done is refused in words, and who did it is logged."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from http import HTTPStatus
from typing import Any, Final

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from ekc_telephony.adapters.http.app import make_app, serve_pages
from ekc_telephony.adapters.http.supervisor_api import Floor, SupervisorApi
from ekc_telephony.core.call.events import CallArrived, LegAnswered
from ekc_telephony.core.engine.supervisor_requests import Refusal, Request
from ekc_telephony.core.engine.wallboard import CallLine, call_line, wallboard_of
from ekc_telephony.core.kernel.ids import AgentId, CallId, Did, LegId
from ekc_telephony.runtime.health import examine
from lab.ports import free_port
from tests.adapters.http.asking import answer_when_there
from tests.core.office import ANNA, BORIS, NOON, engine

KEY: Final = "the-key"
TALKS: Final = CallId("ekc1-1795253112.1")
WAITS: Final = CallId("ekc1-1795253112.2")
NINA: Final = AgentId("nina")
LISTEN: Final = {"by": NINA, "mode": "listen"}
SUPERVISE: Final = f"api/agents/{ANNA}/supervise"
MOVE: Final = f"api/calls/{WAITS}/move"


class Office:
    """An engine behind its pages: Anna talks, another caller waits."""

    def __init__(self) -> None:
        self.engine = engine(ready=[ANNA])
        for call in (TALKS, WAITS):
            self.engine.handle(CallArrived(call=call, did=Did("200"), number=None), NOON)
        self.engine.handle(LegAnswered(leg=LegId(f"{TALKS}-offer-1")), NOON)

    def grant(self, request: Request) -> CallLine | Refusal | None:
        refusal = self.engine.refusal(request)
        if refusal is not None:
            return refusal
        call = self.engine.call_of(request)
        self.engine.handle(request, NOON)
        session = None if call is None else self.engine.sessions.get(call)
        return None if session is None else call_line(self.engine, session, NOON)

    def ask(
        self, method: str, page: str, said: object, *, key: str | None = KEY
    ) -> tuple[int, dict[str, Any]]:
        """Serve the pages, ask once, and stop serving."""
        floor = Floor(
            agents=self.engine.acd.agents.keys(),
            supervisors=[NINA],
            queues=self.engine.acd.queues.keys(),
            find_call=self.engine.find_call,
            grant=self.grant,
        )
        app = make_app(
            health=lambda: examine({}),
            wallboard=lambda: wallboard_of(self.engine, NOON),
            registry=CollectorRegistry(),
            supervisors=SupervisorApi(key=KEY, floor=floor),
        )
        port = free_port()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/{page}",
            data=said if isinstance(said, bytes) else json.dumps(said).encode(),
            method=method,
            headers={} if key is None else {"Authorization": f"Bearer {key}"},
        )

        async def story() -> tuple[int, str]:
            async with asyncio.TaskGroup() as tasks:
                server = tasks.create_task(serve_pages(app, host="127.0.0.1", port=port))
                answer = await asyncio.to_thread(answer_when_there, request)
                server.cancel()
            return answer

        status, text = asyncio.run(story())
        return status, json.loads(text)


def test_a_supervisors_phone_is_rung_and_he_is_taken_out_again() -> None:
    office = Office()
    with capture_logs() as logs:
        status, told = office.ask("POST", SUPERVISE, LISTEN)
    assert status == HTTPStatus.OK
    assert told["supervisors"] == [
        {"supervisor": NINA, "agent": ANNA, "mode": "listen", "is_ringing": True}
    ]
    assert [(each["event"], each["agent"], each["mode"], each["by"]) for each in logs] == [
        ("supervision asked over HTTP", ANNA, "listen", NINA)
    ]
    status, told = office.ask("POST", SUPERVISE, LISTEN | {"mode": "barge"})
    assert (status, told["supervisors"][0]["mode"]) == (HTTPStatus.OK, "barge")
    status, told = office.ask("DELETE", SUPERVISE, {"by": NINA})
    assert (status, told["supervisors"]) == (HTTPStatus.OK, [])


@pytest.mark.parametrize("is_by_appeal", [True, False])
def test_a_waiting_caller_is_moved(*, is_by_appeal: bool) -> None:
    office = Office()
    named = office.engine.sessions[WAITS].appeal if is_by_appeal else WAITS
    moved = {"queue": "german", "by": "Petrova", "raise_priority": 2}
    with capture_logs() as logs:
        status, told = office.ask("POST", f"api/calls/{named}/move", moved)
    assert (status, told["queue"], told["phase"]) == (HTTPStatus.OK, "german", "waiting")
    assert [(each["call"], each["queue"], each["by"]) for each in logs] == [
        (WAITS, "german", "Petrova")
    ]
    place = office.engine.acd.place(WAITS)
    assert place is not None
    assert place.priority == 2


@pytest.mark.parametrize("key", [None, "", "wrong"])
@pytest.mark.parametrize(
    ("method", "page", "said"),
    [
        ("POST", SUPERVISE, LISTEN),
        ("DELETE", SUPERVISE, LISTEN),
        ("POST", "api/agents/nobody/supervise", LISTEN),
        ("POST", MOVE, {"queue": "german", "by": "P"}),
    ],
)
def test_without_the_key_nothing_is_told(
    key: str | None, method: str, page: str, said: object
) -> None:
    status, told = Office().ask(method, page, said, key=key)
    assert status == HTTPStatus.UNAUTHORIZED
    assert "Authorization: Bearer KEY" in told["expected"]


@pytest.mark.parametrize(
    ("method", "page", "said", "status", "words"),
    [
        ("POST", "api/agents/ana/supervise", LISTEN, 404, "did you mean anna?"),
        ("POST", SUPERVISE, {"by": "nino"}, 404, "did you mean nina?"),
        ("POST", SUPERVISE, {"mode": "listen"}, 422, "supervisors: in ekc.yaml"),
        ("POST", SUPERVISE, LISTEN | {"mode": "shout"}, 422, "listen | whisper | barge"),
        ("POST", f"api/agents/{BORIS}/supervise", LISTEN, 409, "ekc calls"),
        ("DELETE", SUPERVISE, {"by": NINA}, 409, "ekc calls"),
        ("DELETE", SUPERVISE, b"{", 422, "supervisors: in ekc.yaml"),
        ("POST", MOVE, {"queue": "germen", "by": "P"}, 404, "did you mean german?"),
        ("POST", MOVE, {"queue": "german"}, 422, "who you are"),
        ("POST", MOVE, {"queue": "german", "by": "P", "raise_priority": -1}, 422, "from 0"),
        ("POST", MOVE, {"queue": "urgent", "by": "P"}, 409, "a priority to raise"),
        ("POST", MOVE, {"queue": "second", "by": "P"}, 409, "that somebody signs in"),
        ("POST", f"api/calls/{TALKS}/move", {"queue": "german", "by": "P"}, 409, "one that does"),
        ("POST", "api/calls/none/move", {"queue": "german", "by": "P"}, 404, "ekc calls"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(
    method: str, page: str, said: object, status: int, words: str
) -> None:
    office = Office()
    before = office.engine.state()
    found, told = office.ask(method, page, said)
    assert (found, words in told["expected"]) == (status, True), told
    assert office.engine.state() == before
