"""Keys are dropped in calls that had one before the clock was set back, and in no others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ekc_telephony.adapters.ari.client import AriAccess, AriClient
from ekc_telephony.adapters.ari.models import (
    CallerID,
    Channel,
    ChannelDestroyed,
    ChannelDtmfReceived,
    DialplanCEP,
)
from ekc_telephony.adapters.ari.stale_keys import LEAST, StaleKeys

HOUR = timedelta(hours=1)
OLGA, PAUL = "ekc-1.1", "ekc-1.2"


class Desk:
    """Keys and a clock, and an Asterisk that notes whose keys it was told to drop."""

    def __init__(self) -> None:
        self.back = timedelta()
        self.told: dict[str, Mapping[str, str]] = {}
        self.left: set[str] = set()
        self.keys = StaleKeys(AriClient(_access("http://127.0.0.1:9/ari")), ahead=self.ahead)

    def ahead(self) -> timedelta:
        return self.back

    def press(self, channel: str) -> None:
        self.keys.hear(ChannelDtmfReceived(digit="1", channel=_channel(channel)))

    def leave(self, channel: str) -> None:
        self.keys.hear(ChannelDestroyed(cause=16, channel=_channel(channel)))

    def look(self) -> set[str]:
        """Let the clock be looked at, and return whose keys were dropped up to now."""
        asyncio.run(self._look())
        return set(self.told)

    async def _look(self) -> None:
        application = web.Application()
        application.router.add_post("/ari/channels/{channel}/variable", self._set)
        async with TestServer(application) as server:
            client = AriClient(_access(str(server.make_url("/ari"))))
            self.keys._client = client
            async with client.opened():
                await self.keys.look()

    async def _set(self, request: web.Request) -> web.Response:
        channel = request.match_info["channel"]
        if channel in self.left:
            return web.json_response({"message": "Channel not found"}, status=404)
        assert channel not in self.told, "told twice"
        self.told[channel] = dict(request.query)
        return web.Response(status=204)


def _access(url: str) -> AriAccess:
    return AriAccess(url=url, user="ekc", password="x")


def _channel(identity: str) -> Channel:
    return Channel(
        id=identity,
        name="PJSIP/trunk-00000001",
        state="Up",
        caller=CallerID(number="79000000001"),
        dialplan=DialplanCEP(app_name="Stasis", app_data="ekc,inbound,880"),
        creationtime="2026-11-22T00:00:00.123+0300",
    )


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_who_pressed_a_key_before_can_press_no_more_and_is_told_once(desk: Desk) -> None:
    desk.press(OLGA)
    desk.back += HOUR
    desk.press(PAUL)
    assert desk.look() == {OLGA}
    assert desk.told[OLGA] == {"variable": "FRAME_DROP(RX)", "value": "DTMF_BEGIN,DTMF_END"}
    assert desk.look() == {OLGA}
    assert desk.keys.dropped == 1


@pytest.mark.parametrize("back", [-HOUR, timedelta(), LEAST / 2])
def test_a_clock_set_forward_or_a_little_back_changes_nothing(desk: Desk, back: timedelta) -> None:
    desk.press(OLGA)
    desk.back += back
    assert desk.look() == set()


def test_a_clock_set_back_to_what_it_was_at_the_key_changes_nothing(desk: Desk) -> None:
    desk.press(OLGA)
    desk.back -= HOUR
    assert desk.look() == set()
    desk.press(PAUL)
    desk.back += HOUR
    assert desk.look() == {PAUL}


def test_who_has_left_is_forgotten(desk: Desk) -> None:
    for channel in (OLGA, PAUL, "ekc-1.3"):
        desk.press(channel)
    desk.leave(OLGA)
    desk.keys.forget_all_but([PAUL, "ekc-1.9"])
    desk.back += HOUR
    assert desk.look() == {PAUL}


def test_who_leaves_at_that_moment_is_in_nobody_s_way(desk: Desk) -> None:
    desk.press(OLGA)
    desk.press(PAUL)
    desk.left.add(OLGA)
    desk.back += HOUR
    assert desk.look() == {PAUL}
    assert desk.keys.dropped == 1
