"""
What the commands that ask the running engine have in common: the key, the question, the refusal.

The key is `api` of this installation's `secrets.json`, so whoever may read that file may ask.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote

from ekc_telephony.adapters.asterisk_conf.secrets import load_or_create_secrets
from ekc_telephony.cli.wallboard import EngineSilentError
from ekc_telephony.settings.models import Settings

_PATIENCE_S: Final = 5


class RefusedError(Exception):
    """The engine refused; the text is for a person."""


def address(settings: Settings, *steps: str) -> str:
    """Return where a page of the engine is."""
    path = "/".join(quote(each, safe="") for each in steps)
    return f"http://{settings.http.bind}:{settings.http.port}/{path}"


def ask_engine(
    settings: Settings, method: str, steps: tuple[str, ...], words: Mapping[str, object]
) -> bytes:
    """
    Ask the engine to do something, and return its answer.

    Args:
        settings: Where the engine is.
        method: The HTTP method.
        steps: The page, step by step: `("api", "agents", "ivanova", "presence")`.
        words: What is said.

    Raises:
        SecretsError: The key cannot be read.
        EngineSilentError: The engine does not answer.
        RefusedError: It refuses.
    """
    key = load_or_create_secrets(settings.secrets_file, settings.accounts).api
    where = address(settings, *steps)
    request = urllib.request.Request(  # noqa: S310 - our own engine's address
        where,
        data=json.dumps(words).encode(),
        method=method,
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310 - as above
            return bytes(answer.read())
    except HTTPError as refusal:
        raise RefusedError(_told(refusal)) from None
    except OSError as error:
        raise EngineSilentError(
            f"the engine does not answer at {where} ({error}); is `ekc serve` running?"
        ) from None


def _told(refusal: HTTPError) -> str:
    with refusal:
        try:
            said: dict[str, Any] = json.loads(refusal.read())
            return f"the engine refused: found {said['found']}; expected {said['expected']}"
        except (ValueError, KeyError, TypeError):
            return f"the engine refused with {refusal.code}; see its log"
