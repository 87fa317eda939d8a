"""
The engine's own pages, `/healthz`, `/metrics` and `/wallboard`, and what may be done.

The pages are read by machines and by `ekc wallboard`; they change nothing and hold no personal
data. What may be done is in `floor_api`, `supervisor_api`, `transfer_api` and `scripts_api`.
The server runs inside the engine's event loop, so a page that answers also proves that the loop
turns.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Generator
from typing import Any

import msgspec
import uvicorn
from fastapi import FastAPI, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from typing_extensions import override

from ekc_telephony.adapters.http.floor_api import FloorApi
from ekc_telephony.adapters.http.scripts_api import ScriptsApi
from ekc_telephony.adapters.http.supervisor_api import SupervisorApi
from ekc_telephony.adapters.http.transfer_api import TransferApi
from ekc_telephony.core.engine.wallboard import Wallboard
from ekc_telephony.runtime.health import Health

_UNHEALTHY = 503


def make_app(
    *,
    health: Callable[[], Health],
    wallboard: Callable[[], Wallboard],
    registry: CollectorRegistry,
    floor: FloorApi | None = None,
    supervisors: SupervisorApi | None = None,
    transfers: TransferApi | None = None,
    scripts: ScriptsApi | None = None,
) -> FastAPI:
    """Return the application; without `floor` and its like it can only be read."""
    app = FastAPI(title="EKC", docs_url=None, redoc_url=None, openapi_url=None)
    for api in (floor, supervisors, transfers, scripts):
        if api is not None:
            app.include_router(api.router)

    @app.get("/healthz")
    async def healthz() -> Response:
        """Tell whether a call that comes now is served: 200 or 503, with the reasons."""
        found = health()
        return _json(found, status=200 if found.is_healthy else _UNHEALTHY)

    @app.get("/metrics")
    async def metrics() -> Response:
        """Return the metrics in Prometheus' text format."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/wallboard")
    async def board() -> Response:
        """Return queues, agents and calls at this moment."""
        return _json(wallboard())

    return app


def _json(answer: object, *, status: int = 200) -> Response:
    body = msgspec.json.encode(answer)
    return Response(body, status_code=status, media_type="application/json")


class _QuietServer(uvicorn.Server):
    """Leaves the process's signals to whoever runs the process."""

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def serve_pages(app: Any, *, host: str, port: int) -> None:
    """
    Serve until cancelled.

    Raises:
        PortTakenError: Something else listens there.
    """
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    server = _QuietServer(config)
    with _listening(host, port) as listener:
        try:
            await server.serve(sockets=[listener])
        finally:
            for each in getattr(server, "servers", []):  # cancelled: uvicorn leaves them open
                each.close()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise PortTakenError(
            f"the engine's pages cannot listen at {host}:{port} ({error.strerror}); "
            "is another engine running? Otherwise change `http.port` in ekc.yaml"
        ) from None


class PortTakenError(Exception):
    """The port of the engine's pages is not free; the text is for a person."""
