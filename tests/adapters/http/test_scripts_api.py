"""Whoever publishes scripts tells the engine over HTTP, and is told what came of it."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from http import HTTPStatus
from typing import Any

from prometheus_client import CollectorRegistry

from ekc_telephony.adapters.http.app import make_app, serve_pages
from ekc_telephony.adapters.http.scripts_api import ScriptsApi
from ekc_telephony.core.engine.plan import Published
from ekc_telephony.core.engine.wallboard import wallboard_of
from ekc_telephony.runtime.health import examine
from lab.ports import free_port
from tests.adapters.http.asking import answer_when_there
from tests.core.office import NOON, engine

KEY = "the-key"


class Watch:
    """What the engine would do."""

    def __init__(self, trouble: str | None = None) -> None:
        self.published = Published(number=1, texts={"hotline@a": "…"})
        self.trouble = trouble
        self.taken = 0

    async def take(self) -> None:
        self.taken += 1
        if self.trouble is None:
            self.published = Published(number=2, texts={"night@c": "…", "hotline@b": "…"})

    def ask(
        self, method: str, page: str, body: object = None, *, key: str = KEY
    ) -> tuple[int, dict[str, Any]]:
        """Serve the pages, ask once, and stop serving."""
        core = engine()
        app = make_app(
            health=lambda: examine({}),
            wallboard=lambda: wallboard_of(core, NOON),
            registry=CollectorRegistry(),
            scripts=ScriptsApi(
                key=KEY,
                take=self.take,
                present=lambda: self.published,
                trouble=lambda: self.trouble,
            ),
        )
        port = free_port()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/{page}",
            data=json.dumps(body).encode(),
            method=method,
            headers={"Authorization": f"Bearer {key}"},
        )

        async def asked() -> tuple[int, str]:
            serving = asyncio.create_task(serve_pages(app, host="127.0.0.1", port=port))
            try:
                return await asyncio.to_thread(answer_when_there, request)
            finally:
                serving.cancel()
                await asyncio.wait({serving})

        status, text = asyncio.run(asked())
        return status, json.loads(text)


def test_told_that_something_is_published_the_engine_takes_it() -> None:
    watch = Watch()
    status, told = watch.ask("POST", "api/scripts/take", {"by": "petrova"})
    assert status == HTTPStatus.OK
    assert told == {"number": 2, "versions": ["hotline@b", "night@c"], "trouble": None}


def test_what_it_cannot_use_is_told() -> None:
    watch = Watch("found no prompt")
    _, told = watch.ask("POST", "api/scripts/take", {"by": "petrova"})
    assert told == {"number": 1, "versions": ["hotline@a"], "trouble": "found no prompt"}


def test_looking_takes_nothing() -> None:
    watch = Watch()
    assert watch.ask("GET", "api/scripts")[1]["number"] == 1
    assert watch.taken == 0


def test_without_the_key_nothing_is_told_and_nothing_taken() -> None:
    watch = Watch()
    for method, page in (("GET", "api/scripts"), ("POST", "api/scripts/take")):
        status, told = watch.ask(method, page, {"by": "petrova"}, key="wrong")
        assert status == HTTPStatus.UNAUTHORIZED
        assert "number" not in told
    assert watch.taken == 0


def test_whoever_wants_it_says_who_he_is() -> None:
    watch = Watch()
    status, told = watch.ask("POST", "api/scripts/take", {})
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert told["expected"] == '{"by": "who you are"}'
    assert watch.taken == 0
