"""
Asks one information system, with patience, a bounded number of questions at once, and a breaker.

One lookup is one deadline: waiting for a turn, connecting, all tries and the pauses between them
happen within the service's patience, for a caller waits on the line. Each service has connections
of its own, so that a slow one takes nothing from the others.

Rule 1: `ask` always returns a result, within its patience.
Rule 2: no redirect is followed, no cookie is kept, no proxy of the environment is used, nothing is
unpacked, and no more is read than an answer may have.
Rule 3: the log says which service and what is wrong with it; nothing of what was asked or answered.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

import aiohttp
import structlog
from yarl import URL

from ekc_telephony import __version__
from ekc_telephony.adapters.services.breaker import Breaker, Permit
from ekc_telephony.adapters.services.question import MisfitError, Question, question
from ekc_telephony.adapters.services.reading import Heard, bad_answer, read
from ekc_telephony.adapters.services.spec import ServiceSpec
from ekc_telephony.core.call.lookup import LARGEST_ANSWER, LookupFailure, LookupResult
from ekc_telephony.core.kernel.ids import RequestId
from ekc_telephony.runtime.ports import Clock

FIRST_PAUSE: Final = timedelta(seconds=0.1)
"""Before the second try, at most; twice as long before each one after. The moment is chosen by
chance, so that many callers do not ask again all at once."""
LONGEST_CONNECTING: Final = timedelta(seconds=1)
"""To one address; half of the patience when that is less, so that there is time to try another."""
_UNREACHABLE: Final = LookupResult.failed(LookupFailure.UNREACHABLE)
_BREAKER_OPEN: Final = LookupResult.failed(LookupFailure.BREAKER_OPEN)

log = structlog.get_logger(__name__)


class ServiceClient:
    """
    Asks one service; to be entered before it is asked.

    Args:
        spec: How it is asked.
        clock: The time, for the breaker.
        chance: Returns a number from 0 to 1: how much of a pause is made.
    """

    def __init__(
        self,
        spec: ServiceSpec,
        *,
        clock: Clock,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.spec: Final = spec
        self._clock = clock
        self._chance = chance
        self._breaker = Breaker(spec.breaker)
        self._turns = asyncio.Semaphore(spec.at_once)
        self._certificates = (
            None if spec.ca_file is None else ssl.create_default_context(cafile=spec.ca_file)
        )
        self._http: aiohttp.ClientSession | None = None

    @property
    def is_left_alone(self) -> bool:
        """Whether its breaker is open."""
        return self._breaker.is_open

    async def __aenter__(self) -> Self:
        """Be ready to connect; nothing is connected before the first question."""
        connector = aiohttp.TCPConnector(
            limit=self.spec.at_once,
            ssl=True if self._certificates is None else self._certificates,
            # A connection that the other side is just closing takes a question with it unanswered.
            # Only where asking again does no harm is that worth the time saved.
            force_close=not self.spec.is_safe,
        )
        connecting = min(LONGEST_CONNECTING, self.spec.patience / 2)
        self._http = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connecting.total_seconds()),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": f"ekc/{__version__}", "Accept-Encoding": "identity"},
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close its connections."""
        if self._http is not None:
            await self._http.close()

    async def ask(self, request: RequestId, fields: Mapping[str, str]) -> LookupResult:
        """Return what the service says, or why it says nothing."""
        try:
            asked = question(self.spec, request, fields)
        except MisfitError as misfit:
            service, why = self.spec.service, str(misfit)
            log.error("a lookup does not fit its service", service=service, why=why)  # noqa: TRY400 - no bug
            return LookupResult.failed(LookupFailure.MISFIT)
        if not self._breaker.lets_through(self._clock.now()):
            return _BREAKER_OPEN
        permit: Permit | None = None
        try:
            async with asyncio.timeout(self.spec.patience.total_seconds()), self._turns:
                permit = self._breaker.permit(self._clock.now())
                if permit is None:
                    return _BREAKER_OPEN
                heard = await self._try(asked, tries=1 if permit.is_probe else None)
        except TimeoutError:
            if permit is None:
                return LookupResult.failed(LookupFailure.OVERLOADED)
            heard = Heard(result=LookupResult.failed(LookupFailure.TIMEOUT), is_well=False)
        self._learn(permit, heard)
        return heard.result

    def _learn(self, permit: Permit, heard: Heard) -> None:
        """Let the breaker, and whoever reads the log, know what came of a question."""
        was_open, service = self._breaker.is_open, self.spec.service
        if heard.is_well:
            self._breaker.worked(permit)
        else:
            self._breaker.failed(permit, self._clock.now())
        failure = heard.result.failure
        if failure is not None:
            log.warning("lookup failed", service=service, why=failure.value, detail=heard.detail)
        if self._breaker.is_open != was_open:
            if was_open:
                log.info("the service works again", service=service)
            else:
                pause_s = self.spec.breaker.pause.total_seconds()
                log.error("the service is left alone", service=service, seconds=pause_s)

    async def _try(self, asked: Question, *, tries: int | None) -> Heard:
        """Ask until it is answered, or until asking again makes no sense."""
        most = 1 + self.spec.retries if tries is None else tries
        for number in range(1, most):
            heard = await self._once(asked)
            if not heard.passes:
                return heard
            longest = FIRST_PAUSE * 2 ** (number - 1)
            await asyncio.sleep(self._chance() * longest.total_seconds())
        return await self._once(asked)

    async def _once(self, asked: Question) -> Heard:
        assert self._http is not None, "entered before it is asked"
        try:
            async with self._http.request(
                asked.method,
                URL(asked.url, encoded=True),
                headers=asked.headers,
                data=asked.body,
                allow_redirects=False,
            ) as response:
                body = await _body_of(response)
                if body is None:
                    response.close()  # the rest is not worth reading to use the connection again
                    return bad_answer(f"an answer of more than {LARGEST_ANSWER} bytes")
                return read(response.status, body, found_by=self.spec.found_by)
        except (aiohttp.ClientError, OSError) as trouble:
            detail = _in_a_word(trouble)
            return Heard(result=_UNREACHABLE, is_well=False, passes=True, detail=detail)


async def _body_of(response: aiohttp.ClientResponse) -> bytes | None:
    """Return the body; None when it is larger than an answer may be."""
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > LARGEST_ANSWER:
            return None
    return bytes(body)


def _in_a_word(trouble: Exception) -> str:
    """Return what went wrong; an exception's own text may hold a URL."""
    reason = trouble.strerror if isinstance(trouble, OSError) else None
    kind = type(trouble).__name__
    return kind if reason is None else f"{kind}: {reason}"
