"""
What is sent to an information system: URL, headers and body of one question.

Rule 1: a value stands in a URL or a header percent-encoded, so it cannot end or change it.
Rule 2: a value that is nothing but dots stands in no URL: it would lead out of its folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from ekc_telephony.adapters.services.spec import Method, ServiceSpec
from ekc_telephony.core.kernel.ids import RequestId

_PLACEHOLDER: Final = re.compile(r"\{([a-z0-9_]+)\}")
_PLAIN_IN_HEADERS: Final = " !#$&'()*+,-./:;=?@[]^_`{|}~"
"""Visible ASCII that no parser of headers trips over (RFC 9110, 5.5)."""


class MisfitError(Exception):
    """The fields are not those that the service can be asked by; says which, and no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One HTTP request."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)


def question(spec: ServiceSpec, request: RequestId, fields: Mapping[str, str]) -> Question:
    """
    Return what is sent.

    Raises:
        MisfitError: A field is missing, cannot stand where it is to stand, or has no place.
    """
    in_url = frozenset(_PLACEHOLDER.findall(spec.url))
    if missing := (in_url | frozenset(spec.headers.values())) - fields.keys():
        raise MisfitError(f"without {', '.join(sorted(missing))}")
    headers = {"Accept": "application/json", "Idempotency-Key": request}
    headers |= {name: _in_header(fields[of]) for name, of in spec.headers.items()}
    if spec.secret is not None:
        name, secret = spec.secret
        headers[name] = secret
    url = _PLACEHOLDER.sub(lambda found: _in_url(found[1], fields[found[1]]), spec.url)
    if spec.method is Method.POST:
        body = json.dumps(dict(fields), ensure_ascii=False).encode(errors="replace")
        headers["Content-Type"] = "application/json"
        return Question(method="POST", url=url, headers=headers, body=body)
    if more := fields.keys() - in_url - frozenset(spec.headers.values()):
        raise MisfitError(f"with {', '.join(sorted(more))}, which GET has no place for")
    return Question(method="GET", url=url, headers=headers, body=None)


def _in_url(name: str, value: str) -> str:
    if value and not value.strip("."):
        raise MisfitError(f"with nothing but dots in {name}")
    return quote(value, safe="", errors="replace")


def _in_header(value: str) -> str:
    return quote(value, safe=_PLAIN_IN_HEADERS, errors="replace")
