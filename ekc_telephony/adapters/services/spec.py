"""How one information system is asked: what the adapter needs to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path

from ekc_telephony.core.kernel.ids import ServiceId


class Method(Enum):
    """How it is asked."""

    POST = "POST"
    """All fields travel in the body, as a JSON object."""
    GET = "GET"
    """They travel in the URL and in headers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRule:
    """When a service is left alone."""

    failures: int
    """After so many in a row."""
    pause: timedelta
    """For so long; then one question tries it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """One service."""

    service: ServiceId
    method: Method
    url: str
    """With `{field}` for what is filled in, percent-encoded."""
    headers: Mapping[str, str]
    """Header → the field that it carries."""
    patience: timedelta
    """From the question to the answer, whatever is tried meanwhile."""
    retries: int
    is_safe: bool
    """Whether asking twice does no harm."""
    at_once: int
    """Questions under way at the same time."""
    breaker: BreakerRule
    found_by: tuple[str, ...] | None
    """Where in the answer it stands whether something was found; None: the HTTP status says it."""
    secret: tuple[str, str] | None = field(repr=False)
    """A header and its value, by which the service knows us."""
    ca_file: Path | None
    """Whose certificates are believed; None for those that the machine believes."""
