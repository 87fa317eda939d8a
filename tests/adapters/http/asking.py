"""Asking a server that is just starting."""

from __future__ import annotations

import contextlib
import urllib.request
from urllib.error import HTTPError, URLError

_PATIENCE_S = 60


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
