"""
The information systems over HTTP.

`POST /<operation>` with the fields as a JSON object, or `GET /<operation>?region=04`; the answer is
a JSON object, or 404 when there is nothing. `PUT /faults/<operation>` with `{"fault": "slow",
"times": 3}` makes it fail (`times` is left out for always, `fault` is null for never again).

Rule 1: what was asked is kept in memory only, for whoever tests; nothing is printed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from ekc_telephony.adapters.clock import SystemClock
from lab.information_systems.faults import Fault, misbehave
from lab.information_systems.registry import (
    OPERATIONS,
    FieldMissingError,
    Registry,
)

MOST_REMEMBERED: Final = 1000
HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, as it came."""

    method: str
    url: str
    """Path and query, as they stood on the wire."""
    headers: Mapping[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        """What was asked, such as `cases/status`."""
        return urlsplit(self.url).path.strip("/")


@dataclass(slots=True, kw_only=True)
class _Failing:
    fault: Fault
    times: int | None


@dataclass(slots=True)
class InformationSystems:
    """
    What runs: where it is, what it was asked, and how to make it fail.

    Args:
        registry: What it knows.
        bearer: What callers must know to be answered; None: everybody is.
    """

    registry: Registry
    bearer: str | None = None
    port: int = 0
    asked: deque[Asked] = field(default_factory=lambda: deque(maxlen=MOST_REMEMBERED))
    """The last requests, the newest last; written by another thread."""
    _failing: dict[str, _Failing] = field(default_factory=dict)
    _came: threading.Condition = field(default_factory=threading.Condition)

    def url(self, operation: str) -> str:
        """Return where an operation is."""
        return f"http://{HOST}:{self.port}/{operation}"

    def url_of(self, service: Mapping[str, Any]) -> str:
        """Return where a service of `ekc.yaml` is answered: the path of its URL stays."""
        return self.url(urlsplit(service["url"]).path.strip("/"))

    def note(self, asked: Asked) -> None:
        """Remember a request."""
        with self._came:
            self.asked.append(asked)
            self._came.notify_all()

    def wait_until_asked(self, count: int) -> None:
        """Return when so many requests have come; a test's time limit is the patience."""
        with self._came:
            self._came.wait_for(lambda: len(self.asked) >= count)

    def fail(self, operation: str, fault: Fault | None, *, times: int | None = None) -> None:
        """Let an operation fail from now on, or so many times; None for never again."""
        if fault is None:
            self._failing.pop(operation, None)
        else:
            self._failing[operation] = _Failing(fault=fault, times=times)

    def next_fault(self, operation: str) -> Fault | None:
        """Return how the operation is to fail now, and count that."""
        failing = self._failing.get(operation)
        if failing is None:
            return None
        if failing.times is not None:
            failing.times -= 1
            if failing.times <= 0:
                del self._failing[operation]
        return failing.fault


def make_app(systems: InformationSystems, *, closing: asyncio.Event) -> web.Application:
    """Return the application that serves them."""

    async def answer(request: web.Request) -> web.StreamResponse:
        operation, body = request.match_info["operation"], await request.read()
        headers = dict(request.headers)
        url = request.raw_path
        systems.note(Asked(method=request.method, url=url, headers=headers, body=body))
        if systems.bearer and request.headers.get("Authorization") != f"Bearer {systems.bearer}":
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        fault = systems.next_fault(operation)
        if fault is not None:
            failed = await misbehave(fault, request, closing=closing)
            if failed is not None:
                return failed
        return _answer(systems.registry, operation, request, body)

    async def set_fault(request: web.Request) -> web.StreamResponse:
        said: dict[str, Any] = json.loads(await request.read())
        fault = None if said.get("fault") is None else Fault(said["fault"])
        systems.fail(request.match_info["operation"], fault, times=said.get("times"))
        return web.Response(status=HTTPStatus.NO_CONTENT)

    app = web.Application()
    app.router.add_put("/faults/{operation:.+}", set_fault)
    app.router.add_route("POST", "/{operation:.+}", answer)
    app.router.add_route("GET", "/{operation:.+}", answer)
    return app


def _answer(
    registry: Registry, operation: str, request: web.Request, body: bytes
) -> web.StreamResponse:
    if operation not in OPERATIONS:
        return web.json_response({"error": "no such operation"}, status=HTTPStatus.GONE)
    try:
        fields: Any = json.loads(body) if body else dict(request.query)
        found = registry.ask(operation, fields, key=request.headers.get("Idempotency-Key"))
    except (ValueError, AttributeError, FieldMissingError) as error:
        return web.json_response({"error": str(error)}, status=HTTPStatus.BAD_REQUEST)
    if found is None:
        return web.json_response({"error": "nothing found"}, status=HTTPStatus.NOT_FOUND)
    return web.json_response(found)


async def serve(
    systems: InformationSystems, *, stop: asyncio.Event, host: str = HOST, ready: threading.Event
) -> None:
    """Serve until told to stop; `ready` is set when the port is known."""
    runner = web.AppRunner(
        make_app(systems, closing=stop),
        access_log=None,
        shutdown_timeout=1,
        handler_cancellation=True,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, systems.port).start()
        systems.port = runner.addresses[0][1]
        ready.set()
        await stop.wait()
    finally:
        await runner.cleanup()
        await asyncio.sleep(0)  # connections that were cut close their sockets in the next turn


def new_registry() -> Registry:
    """Return the made-up world of `people.yaml`, counted from today."""
    clock = SystemClock()
    return Registry(lambda: clock.now().date())


@contextlib.contextmanager
def running_information_systems(
    *, port: int = 0, registry: Registry | None = None, bearer: str | None = None
) -> Iterator[InformationSystems]:
    """
    Run them in a thread of their own until the block is left.

    Args:
        port: Where they listen; 0 for a port that is free.
        registry: What they know; the made-up world of `people.yaml` by default.
        bearer: What must stand behind `Authorization: Bearer`; None: nothing must.

    Raises:
        OSError: They cannot listen there.
    """
    systems = InformationSystems(registry or new_registry(), bearer=bearer, port=port)
    ready, stop = threading.Event(), asyncio.Event()
    runner = asyncio.Runner()
    loop = runner.get_loop()
    troubles: list[OSError] = []

    def work() -> None:
        try:
            with runner:
                runner.run(serve(systems, stop=stop, ready=ready))
        except OSError as trouble:  # the port is taken
            troubles.append(trouble)
            ready.set()

    thread = threading.Thread(target=work, name="information-systems")
    thread.start()
    try:
        ready.wait()
        if troubles:
            raise troubles[0]
        yield systems
    finally:
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            loop.call_soon_threadsafe(stop.set)
        thread.join()
