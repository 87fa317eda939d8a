"""
Information systems that answer each caller what his test case says.

Rule 1: a caller is known by his number, which every question of a walk carries; who hides his is
answered what was said for `HIDDEN`.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from typing_extensions import override

from ekc_telephony.core.call.lookup import LookupOutcome, LookupResult
from ekc_telephony.core.ivr.rehearsed import Rehearsed
from ekc_telephony.core.kernel.ids import ServiceId

HIDDEN: Final = ""
"""The number of who hides his."""


@dataclass(slots=True, kw_only=True)
class RehearsedSystems:
    """What is answered to whom, and what was asked."""

    url: str = ""
    _answers: dict[str, Mapping[ServiceId, Rehearsed]] = field(default_factory=dict)
    _asked: dict[str, list[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url_of(self, service: Mapping[str, Any]) -> str:
        """Return where a service of `ekc.yaml` is answered."""
        return f"{self.url}/{service['id']}"

    def expect(self, number: str, answers: Mapping[ServiceId, Rehearsed]) -> None:
        """Answer so from now on to whoever calls from this number."""
        with self._lock:
            self._answers[number] = answers
            self._asked[number] = []

    def asked_for(self, number: str) -> list[str]:
        """Return the services that were asked for a caller, in order."""
        with self._lock:
            return list(self._asked[number])

    def answer(self, service: str, fields: Mapping[str, Any]) -> LookupResult | None:
        """Return what the caller's test case says; None when it says nothing."""
        number = str(fields.get("number", HIDDEN))
        with self._lock:
            before = Counter(self._asked.get(number, ()))[service]
            self._asked.setdefault(number, []).append(service)
            answers = self._answers.get(number, {}).get(ServiceId(service))
        return None if answers is None else answers.answer(before)


@contextmanager
def rehearsed_systems() -> Iterator[RehearsedSystems]:
    """Run them until the block is left."""
    systems = RehearsedSystems()

    class Handler(BaseHTTPRequestHandler):
        """One question."""

        def do_POST(self) -> None:
            """Answer it."""
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            result = systems.answer(self.path.strip("/"), json.loads(body or b"{}"))
            if result is not None and result.answer is not None:
                self._send(HTTPStatus.OK, result.answer.value())
            elif result is not None and result.outcome is LookupOutcome.NOT_FOUND:
                self._send(HTTPStatus.NOT_FOUND, {})
            else:
                self._send(HTTPStatus.INTERNAL_SERVER_ERROR, {})

        def _send(self, status: HTTPStatus, answer: Mapping[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Write nothing: what is asked may be personal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="rehearsed-systems")
        thread.start()
        systems.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield systems
        finally:
            server.shutdown()
            thread.join()
