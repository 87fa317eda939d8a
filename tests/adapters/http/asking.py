"""Asking a server that is just starting."""

from __future__ import annotations

import contextlib
import socket
import urllib.request
from urllib.error import HTTPError, URLError

_PATIENCE_S = 5


def free_port() -> int:
    """Return a port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer_when_there(asked: str | urllib.request.Request) -> tuple[int, str]:
    """Ask until somebody answers; return the status and the text."""
    while True:
        with contextlib.suppress(ConnectionError, URLError):
            try:
                with urllib.request.urlopen(asked, timeout=_PATIENCE_S) as answer:
                    return answer.status, answer.read().decode()
            except HTTPError as refusal:
                with refusal:
                    return refusal.code, refusal.read().decode()
