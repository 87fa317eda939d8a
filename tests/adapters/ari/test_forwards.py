"""What Asterisk dials of its own accord is ended, and nothing else is."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ekc_telephony.adapters.ari.client import AriAccess, AriClient
from ekc_telephony.adapters.ari.forwards import LOOKS, Forwards
from ekc_telephony.adapters.ari.models import (
    CallerID,
    Channel,
    ChannelDestroyed,
    DialplanCEP,
    StasisEnd,
)

DIALLED = DialplanCEP(app_name="AppDial2", app_data="(Outgoing Line)")
EARLIER, THEN, LATER = (f"2026-11-22T12:00:0{second}.500+0300" for second in (1, 2, 3))


def channel(
    identity: str,
    *,
    name: str = "PJSIP/city-0000000a",
    dialplan: DialplanCEP = DIALLED,
    made_at: str = LATER,
) -> Channel:
    return Channel(
        id=identity,
        name=name,
        state="Ringing",
        caller=CallerID(number=""),
        dialplan=dialplan,
        creationtime=made_at,
    )


LEG = channel("ekc-17.4-offer-1", name="PJSIP/ivanova-00000009", made_at=THEN)
STRAY = channel("ekc-17.5")


class Exchange:
    """An Asterisk with channels, and who is told what ended there."""

    def __init__(self, *channels: Channel) -> None:
        self.channels = {each.id: each for each in channels}
        self.forwards_on: dict[str, Channel] = {}
        """What is dialled in a channel's place before it can be ended."""
        self.ended: list[str] = []
        self.looks = 0
        self.is_away = False
        self._client = AriClient(_access("http://127.0.0.1:9/ari"))
        self.forwards = Forwards(self._client)

    def hear(self, *, cause: int = 23, sip: int | None = 302) -> None:
        self.forwards.hear(ChannelDestroyed(cause=cause, tech_cause=sip, channel=LEG))

    def look(self, times: int = 1) -> None:
        asyncio.run(self._look(times))

    async def _look(self, times: int) -> None:
        application = web.Application()
        application.router.add_get("/ari/channels", self._list)
        application.router.add_delete("/ari/channels/{channel}", self._end)
        async with TestServer(application) as server:
            client = AriClient(_access(str(server.make_url("/ari"))))
            self.forwards._client = client
            async with client.opened():
                for _ in range(times):
                    await self.forwards.look()

    async def _list(self, request: web.Request) -> web.Response:
        del request
        self.looks += 1
        if self.is_away:
            return web.json_response({"message": "busy"}, status=503)
        return web.Response(body=msgspec.json.encode(list(self.channels.values())))

    async def _end(self, request: web.Request) -> web.Response:
        identity = request.match_info["channel"]
        del self.channels[identity]
        if (further := self.forwards_on.pop(identity, None)) is not None:
            self.channels[further.id] = further
            return web.json_response({"message": "Channel not found"}, status=404)
        self.ended.append(identity)
        return web.Response(status=204)


def _access(url: str) -> AriAccess:
    return AriAccess(url=url, user="ekc", password="x")


def test_a_call_that_asterisk_made_where_a_phone_forwarded_is_ended_and_counted() -> None:
    exchange = Exchange(STRAY)
    exchange.hear()
    exchange.look(1 + LOOKS)
    assert exchange.ended == [STRAY.id]
    assert exchange.forwards.ended == 1


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(LEG, id="a leg that we dial"),
        pytest.param(channel("ekc-17.4-outside-1"), id="a number outside that we dial"),
        pytest.param(channel("ekc-17.1", made_at=EARLIER), id="dialled before, by somebody else"),
        pytest.param(
            channel(
                "ekc-17.6", dialplan=DialplanCEP(app_name="Stasis", app_data="ekc,inbound,880")
            ),
            id="a caller of ours",
        ),
        pytest.param(
            channel("ekc-17.7", dialplan=DialplanCEP(app_name="Queue", app_data="ekc-fallback")),
            id="a caller in the fallback",
        ),
        pytest.param(
            channel("ekc-17.8", dialplan=DialplanCEP(app_name="AppQueue", app_data="")),
            id="an operator's phone that the fallback rings",
        ),
    ],
)
def test_nobody_else_is_hung_up_on(other: Channel) -> None:
    exchange = Exchange(STRAY, other)
    exchange.hear()
    exchange.look(1 + LOOKS)
    assert exchange.ended == [STRAY.id]


@pytest.mark.parametrize(
    ("cause", "sip", "is_looked"),
    [
        (23, 302, True),
        (0, 301, True),
        (23, None, True),
        (0, None, True),
        (16, None, False),
        (17, 486, False),
        (26, None, False),
        (0, 480, False),
    ],
)
def test_it_is_looked_only_when_a_leg_may_have_been_forwarded(
    cause: int, sip: int | None, *, is_looked: bool
) -> None:
    exchange = Exchange()
    exchange.hear(cause=cause, sip=sip)
    exchange.look()
    assert exchange.looks == int(is_looked)


def test_a_caller_who_leaves_starts_no_look() -> None:
    exchange = Exchange(STRAY)
    exchange.forwards.hear(StasisEnd(channel=LEG))
    exchange.look()
    assert exchange.looks == 0


def test_it_is_looked_until_nothing_was_found_twice() -> None:
    exchange = Exchange()
    exchange.hear()
    exchange.look(LOOKS + 5)
    assert exchange.looks == LOOKS


def test_who_is_called_there_may_forward_on() -> None:
    exchange = Exchange(STRAY)
    exchange.forwards_on[STRAY.id] = channel("ekc-17.6")
    exchange.hear()
    exchange.look(2 + LOOKS)
    assert exchange.ended == ["ekc-17.6"]
    assert exchange.forwards.ended == 1


def test_while_asterisk_does_not_answer_it_is_asked_again() -> None:
    exchange = Exchange(STRAY)
    exchange.hear()
    exchange.is_away = True
    exchange.look(5)
    exchange.is_away = False
    exchange.look()
    assert exchange.ended == [STRAY.id]
