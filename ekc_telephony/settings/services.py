"""
The information systems that scripts ask (`services:` of `ekc.yaml`), and how each is asked.

What a citizen tells, or is known of him, is personal. A URL ends up in the logs of every proxy on
the way, so by default everything that is asked travels in the body of a POST.

Rule 1: a field stands in a URL only when the configuration calls it public, and percent-encoded.
Rule 2: plain http leaves the machine only when the configuration says `insecure: true`.
Rule 3: a question is asked twice only when that does no harm: GET, or `safe: true`.
Rule 4: what the information system knows us by is a secret: in `secrets.json`, never here.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from enum import Enum
from ipaddress import ip_address
from typing import Annotated, Final, Self, TypeAlias
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, model_validator

from ekc_telephony.adapters.services.spec import BreakerRule, Method, ServiceSpec
from ekc_telephony.core.kernel.ids import ServiceId
from ekc_telephony.settings.document import Document
from ekc_telephony.settings.errors import Mistake
from ekc_telephony.settings.section import Section
from ekc_telephony.settings.values import FilePath, Name, PositiveDuration

LONGEST_PATIENCE: Final = timedelta(seconds=30)
"""A caller waits on the line; after half a minute he is better off with a person."""
_URL_EXPECTED: Final = (
    "a URL such as https://host/path, with {field} in its path or query only, and without user, "
    "password and #"
)
_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]{0,39})\}")
_SECURE: Final = "https"
_SCHEMES: Final = frozenset({"http", _SECURE})
_OURS: Final = frozenset(
    {
        *("accept", "accept-encoding", "user-agent", "host", "connection", "cookie"),
        *("content-length", "content-type", "idempotency-key", "transfer-encoding"),
    }
)
"""Headers that the engine writes itself."""


def _is_askable(url: str) -> str:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises when it is none
    except ValueError:
        raise ValueError(_URL_EXPECTED) from None
    plain = _PLACEHOLDER.sub("", parts.path + parts.query)
    if parts.scheme not in _SCHEMES or not parts.hostname or "@" in parts.netloc or "#" in url:
        raise ValueError(_URL_EXPECTED)
    if set("{}") & set(parts.netloc + plain) or not url.isascii() or re.search(r"\s", url):
        raise ValueError(_URL_EXPECTED)
    return url


def _is_short(patience: timedelta) -> timedelta:
    if patience > LONGEST_PATIENCE:
        raise ValueError(f"a duration of at most {LONGEST_PATIENCE.seconds}s: a caller waits")
    return patience


def _is_not_ours(header: str) -> str:
    if header.lower() in _OURS:
        raise ValueError(f"another header: {header} is written by the engine")
    return header


FieldName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""What a lookup calls one thing that it asks by."""
FieldPath: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$", max_length=200)
]
"""Where something stands in an answer: keys, with dots between them."""
HeaderName: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,39}$"), AfterValidator(_is_not_ours)
]
ServiceUrl: TypeAlias = Annotated[str, AfterValidator(_is_askable)]
Patience: TypeAlias = Annotated[PositiveDuration, AfterValidator(_is_short)]


class ServiceMethod(Enum):
    """How an information system is asked."""

    POST = "POST"
    """With a JSON object of all fields in the body."""
    GET = "GET"
    """With nothing but the URL and headers."""


class BreakerSettings(Section):
    """When an information system is left alone, so that callers need not wait for it in vain."""

    failures: Annotated[int, Field(ge=1, le=1000, strict=True)] = 5
    """After so many failed lookups in a row; 5 is what pybreaker and resilience4j suggest."""
    pause: PositiveDuration = timedelta(seconds=30)
    """For so long; then one lookup tries it."""


class FoundRule(Section):
    """By what it is told that an information system has nothing for what was asked."""

    field: FieldPath | None = None
    """Found is what has something in this field of the answer: neither false, null, nor empty.
    None: it has nothing when it answers with the status 404, or with 204 and no answer at all."""


class ServiceSettings(Section):
    """One information system, or one of its operations."""

    id: Name
    """What scripts call it."""
    url: ServiceUrl
    """With `{field}` for fields that are `public`."""
    method: ServiceMethod = ServiceMethod.POST
    public: tuple[FieldName, ...] = ()
    """Fields that are about nobody, such as a region: only these may stand in the URL."""
    headers: Mapping[HeaderName, FieldName] = Field(default_factory=dict)
    """Header → the field that it carries, percent-encoded where it is no plain ASCII."""
    timeout: Patience = timedelta(seconds=3)
    """From the question to the answer, with all retries and all waiting for a turn."""
    retries: Annotated[int, Field(ge=0, le=5, strict=True)] | None = None
    """How often it is asked again within `timeout`; by default once, where that does no harm."""
    safe: bool = False
    """Whether asking twice by POST does no harm; GET is always safe (RFC 9110, 9.2.1)."""
    at_once: Annotated[int, Field(ge=1, le=1000, strict=True)] = 20
    """Lookups under way at the same time; more wait for their turn."""
    breaker: BreakerSettings = BreakerSettings()
    found: FoundRule = FoundRule()
    secret_header: HeaderName | None = None
    """The header that carries the secret `services: {<id>: …}` of `secrets.json`, all of it."""
    ca_file: FilePath | None = None
    """Whose certificates are believed, in PEM; by default those that the machine believes."""
    insecure: bool = False
    """Whether it may be asked over plain http outside of this machine."""

    @property
    def is_safe(self) -> bool:
        """Whether asking twice does no harm."""
        return self.safe or self.method is ServiceMethod.GET

    @property
    def url_fields(self) -> frozenset[str]:
        """The fields that its URL needs."""
        return frozenset(_PLACEHOLDER.findall(self.url))

    @property
    def needed_fields(self) -> frozenset[str]:
        """The fields without which it cannot be asked."""
        return self.url_fields | frozenset(self.headers.values())

    def misfit(self, fields: Iterable[str], *, personal: Iterable[str] = ()) -> str | None:
        """
        Return why a lookup cannot ask by these fields, in one sentence; None when it can.

        Args:
            fields: What it asks by.
            personal: Those whose values are about somebody.
        """
        given = frozenset(fields)
        if missing := self.needed_fields - given:
            return f"the service {self.id} needs {_listed(missing)}, too"
        if self.method is ServiceMethod.GET and (more := given - self.needed_fields):
            return f"the service {self.id} is asked by GET, which has no place for {_listed(more)}"
        if told := self.url_fields & frozenset(personal):
            return f"{_listed(told)} would stand in the URL of the service {self.id}"
        return None

    @model_validator(mode="after")
    def _is_asked_with_care(self) -> Self:
        if secret := self.url_fields - frozenset(self.public):
            raise ValueError(
                f"{_listed(secret)} in the body or in a header, or under `public:` if it is about "
                "nobody: what stands in a URL stands in logs"
            )
        parts = urlsplit(self.url)
        if parts.scheme != _SECURE and not (self.insecure or _is_loopback(parts)):
            raise ValueError(
                "https, or `insecure: true` for plain http over a network that nobody else hears"
            )
        if parts.scheme != _SECURE and self.ca_file is not None:
            raise ValueError("https with `ca_file`: plain http shows no certificate")
        if self.retries and not self.is_safe:
            raise ValueError(
                "`safe: true` with `retries`: asked twice, a POST may be carried out twice"
            )
        if self.secret_header is not None and self.secret_header.lower() in _lower(self.headers):
            raise ValueError("every header once: `secret_header` is under `headers`, too")
        return self


def _lower(headers: Iterable[str]) -> set[str]:
    return {each.lower() for each in headers}


def _listed(fields: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in sorted(fields))


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def service_mistakes(document: Document, services: Sequence[ServiceSettings]) -> Iterator[Mistake]:
    """Yield what is wrong with the certificates of services."""
    for number, service in enumerate(services):
        trouble = None if service.ca_file is None else _trouble_with(service)
        if trouble is not None:
            yield document.mistake(
                ("services", number, "ca_file"),
                found=trouble,
                expected="a file of certificates in PEM",
                advice="ask whoever runs the information system for the certificate of its CA",
            )


def _trouble_with(service: ServiceSettings) -> str | None:
    try:
        ssl.create_default_context(cafile=service.ca_file)
    except ssl.SSLError:
        return "a file without certificates"
    except OSError as error:
        return f"a file that cannot be read ({error.strerror})"
    return None


def service_specs(
    services: Iterable[ServiceSettings], secrets: Mapping[str, str]
) -> tuple[ServiceSpec, ...]:
    """
    Return how each service is asked.

    Args:
        services: What `ekc.yaml` says.
        secrets: By the service's id, what it knows us by.

    Raises:
        SecretMissingError: There is none for a service that needs one.
    """
    return tuple(_spec(each, secrets) for each in services)


class SecretMissingError(Exception):
    """A service cannot be asked, as its secret is not known; the text says what to do."""


def _spec(service: ServiceSettings, secrets: Mapping[str, str]) -> ServiceSpec:
    secret: tuple[str, str] | None = None
    if service.secret_header is not None:
        if service.id not in secrets:
            raise SecretMissingError(
                f"found no secret for the service {service.id}; expected one, as ekc.yaml gives it "
                f"a `secret_header`. Run `ekc services secret {service.id}` and type it in."
            )
        secret = service.secret_header, secrets[service.id]
    usual_retries = 1 if service.is_safe else 0
    return ServiceSpec(
        service=ServiceId(service.id),
        method=Method(service.method.value),
        url=service.url,
        headers=service.headers,
        patience=service.timeout,
        retries=usual_retries if service.retries is None else service.retries,
        is_safe=service.is_safe,
        at_once=service.at_once,
        breaker=BreakerRule(failures=service.breaker.failures, pause=service.breaker.pause),
        found_by=None if service.found.field is None else tuple(service.found.field.split(".")),
        secret=secret,
        ca_file=service.ca_file,
    )
