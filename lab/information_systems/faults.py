"""What an information system does instead of answering, when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
from enum import Enum
from typing import Final

from aiohttp import web

SLOW_S: Final = 30.0
"""Longer than any caller waits."""
_HUGE: Final = 200_000


class Fault(Enum):
    """What goes wrong."""

    SLOW = "slow"
    """It answers after half a minute, or when it is closed."""
    ERROR = "error"
    """Status 500."""
    UNAVAILABLE = "unavailable"
    """Status 503."""
    FORBIDDEN = "forbidden"
    """Status 403."""
    REDIRECT = "redirect"
    """Status 302, to itself."""
    GARBAGE = "garbage"
    """A page for people, as a proxy sends it, with status 200."""
    WRONG_BYTES = "wrong_bytes"
    """No UTF-8."""
    HUGE = "huge"
    """200 KB of JSON."""
    DEEP = "deep"
    """JSON of a thousand blocks within blocks."""
    DROP = "drop"
    """The connection is closed instead of an answer."""
    HALF = "half"
    """It is closed in the middle of one."""
    TRICKLE = "trickle"
    """A blank every tenth of a second, and no end."""


async def misbehave(  # noqa: C901, PLR0911 (one row per fault)
    fault: Fault, request: web.Request, *, closing: asyncio.Event
) -> web.StreamResponse | None:
    """Do what the fault says; None when the true answer is to follow."""
    match fault:
        case Fault.SLOW:
            await _wait(closing, SLOW_S)
            return None
        case Fault.ERROR:
            return web.Response(status=500, text="Internal Server Error")
        case Fault.UNAVAILABLE:
            return web.Response(status=503)
        case Fault.FORBIDDEN:
            return web.Response(status=403)
        case Fault.REDIRECT:
            return web.Response(status=302, headers={"Location": str(request.rel_url)})
        case Fault.GARBAGE:
            return web.Response(text="<html>Технические работы</html>", content_type="text/html")
        case Fault.WRONG_BYTES:
            return _json('{"name": "Анна"}'.encode("cp1251"))
        case Fault.HUGE:
            return _json(b'{"name": "' + b"x" * _HUGE + b'"}')
        case Fault.DEEP:
            return _json(b'{"a":' * 1000 + b"1" + b"}" * 1000)
        case Fault.DROP:
            _cut(request)
            return web.Response()
        case Fault.HALF | Fault.TRICKLE:
            return await _unfinished(fault, request, closing)


async def _unfinished(
    fault: Fault, request: web.Request, closing: asyncio.Event
) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(b'{"name": ')
    if fault is Fault.HALF:
        _cut(request)
    with contextlib.suppress(ConnectionError):
        while fault is Fault.TRICKLE and not closing.is_set():
            await _wait(closing, 0.1)
            await answer.write(b" ")
    return answer


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _wait(closing: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await closing.wait()


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")
