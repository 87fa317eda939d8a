"""The heartbeat against an Asterisk that answers late, not at all, or again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import web

from ekc_telephony.adapters.ari.client import AriAccess, AriClient
from ekc_telephony.adapters.ari.heartbeat import GUARD_PATIENCE, Heartbeat
from ekc_telephony.adapters.clock import SystemClock
from lab.waiting import PATIENCE as HANGS


class Asterisk:
    """Keeps global variables; `answer` may be made to hang."""

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        self.changed = asyncio.Condition()
        self.hangs = False
        self.ahead = timedelta()
        self._never = asyncio.Event()

    async def set(self, request: web.Request) -> web.Response:
        if self.hangs:
            self.hangs = False  # this one request only
            await self._never.wait()
        self.variables[request.query["variable"]] = request.query["value"]
        async with self.changed:
            self.changed.notify_all()
        return web.Response(status=204)

    async def get(self, request: web.Request) -> web.Response:
        shown = {"EPOCH": str(int((SystemClock().now() + self.ahead).timestamp()))}
        value = (shown | self.variables).get(request.query["variable"])
        if value is None:
            return web.json_response({"message": "Variable not found"}, status=404)
        return web.json_response({"value": value})

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(HANGS.total_seconds()), self.changed:
            await self.changed.wait_for(is_so)


@asynccontextmanager
async def beating(
    asterisk: Asterisk, *, is_fit: Callable[[], bool] = lambda: True
) -> AsyncIterator[Heartbeat]:
    application = web.Application()
    application.router.add_post("/ari/asterisk/variable", asterisk.set)
    application.router.add_get("/ari/asterisk/variable", asterisk.get)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    (address,) = runner.addresses
    access = AriAccess(url=f"http://127.0.0.1:{address[1]}/ari", user="ekc", password="x")
    client = AriClient(access)
    heartbeat = Heartbeat(client, life="ekc-1/now", is_fit=is_fit, clock=SystemClock())
    async with client.opened():
        beats = asyncio.create_task(heartbeat.run())
        try:
            yield heartbeat
        finally:
            beats.cancel()
            await runner.cleanup()


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def told() -> None:
        await story()

    asyncio.run(told())


def trouble(heartbeat: Heartbeat) -> str:
    return heartbeat.guard_trouble or ""


def clock_trouble(heartbeat: Heartbeat) -> str:
    return heartbeat.clock_trouble or ""


def test_every_beat_differs_from_the_one_before_and_names_the_life() -> None:
    async def story() -> None:
        asterisk = Asterisk()
        async with beating(asterisk) as heartbeat:
            await asterisk.until(lambda: asterisk.variables.get("EKC_ENGINE") == "ekc-1/now#2")
            assert asterisk.variables["EKC_ALIVE_AT"].isdigit()
            assert await heartbeat.engine_alive() == (
                "ekc-1/now",
                asterisk.variables["EKC_ENGINE"],
            )

    run(story)


def test_a_beat_is_dated_by_asterisk_s_own_clock_and_a_clock_that_is_not_ours_is_told() -> None:
    async def story() -> None:
        asterisk = Asterisk()
        async with beating(asterisk) as heartbeat:
            await asterisk.until(lambda: "EKC_ALIVE_AT" in asterisk.variables)
            assert clock_trouble(heartbeat) == ""
            asterisk.ahead = timedelta(hours=1)
            soon = SystemClock().now() + timedelta(minutes=59)
            await asterisk.until(lambda: int(asterisk.variables["EKC_ALIVE_AT"]) > soon.timestamp())
            assert re.match("Asterisk's clock is 3(599|600) s ahead", clock_trouble(heartbeat))

    run(story)


def test_a_beat_that_is_stuck_in_a_dead_connection_does_not_hold_up_the_next() -> None:
    async def story() -> None:
        asterisk = Asterisk()
        async with beating(asterisk):
            await asterisk.until(lambda: "EKC_ENGINE" in asterisk.variables)
            before = asterisk.variables["EKC_ENGINE"]
            asterisk.hangs = True
            await asterisk.until(
                lambda: not asterisk.hangs and asterisk.variables["EKC_ENGINE"] != before
            )

    run(story)


def test_an_engine_that_is_not_fit_does_not_beat() -> None:
    async def story() -> None:
        asterisk = Asterisk()
        async with beating(asterisk, is_fit=lambda: False):
            with pytest.raises(TimeoutError):
                await asterisk.until(lambda: "EKC_ENGINE" in asterisk.variables)

    run(story)


def test_nobody_ever_beat_on_a_new_asterisk() -> None:
    async def story() -> None:
        async with beating(Asterisk(), is_fit=lambda: False) as heartbeat:
            assert await heartbeat.engine_alive() == ("", "")

    run(story)


def test_a_guard_that_never_came_is_missed_after_its_patience() -> None:
    async def story() -> None:
        asterisk = Asterisk()
        async with beating(asterisk) as heartbeat:
            assert trouble(heartbeat) == ""
            heartbeat._began_at -= GUARD_PATIENCE.total_seconds()
            assert "no guard runs" in trouble(heartbeat)
            asterisk.variables["EKC_GUARD_AT"] = "17"
            await asterisk.until(lambda: not trouble(heartbeat))
            assert heartbeat._guard_changed_at is not None
            heartbeat._guard_changed_at -= GUARD_PATIENCE.total_seconds()
            assert "the guard has been silent for" in trouble(heartbeat)

    run(story)
