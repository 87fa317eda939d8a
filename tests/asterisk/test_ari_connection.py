"""A connection to a real Asterisk that breaks or falls silent is noticed, and made anew."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import timedelta

from ekc_telephony.adapters.ari.client import AriClient
from ekc_telephony.adapters.ari.link import ECHO, AriLink
from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.core.call import commands, events
from ekc_telephony.core.call.events import EndReason
from ekc_telephony.core.kernel.ids import CallId, LegId
from lab.child import Starved
from tests.adapters.ari.asterisk_rig import NAME, AsteriskRig
from tests.adapters.ari.bench import AGENT, access, bench, hear_only, past_our_client
from tests.adapters.ari.heard import listening
from tests.adapters.ari.sip_phone import scripted_phone

MANY = 800
"""Calls of two channels each: their list is longer than `STACK`."""
STACK = 496 * 1024
"""Of any thread in Asterisk, in bytes."""


def test_asterisk_survives_being_asked_for_a_thousand_channels(asterisk: AsteriskRig) -> None:
    """It did not: a long reply over the event socket is copied to a stack of 496 KiB."""

    async def story() -> None:
        async with bench(asterisk) as b:
            query = {"endpoint": "Local/880@citizen/n", "context": "citizen"}
            query |= {"extension": "880", "priority": "1"}
            for _ in range(MANY):
                await b.client.ask_apart("POST", "channels", query)
        async with bench(asterisk) as b:
            assert len(await b.client.ask_apart("GET", "channels") or "") > STACK
        asterisk.console("channel request hangup all")

    asyncio.run(story())


def test_after_a_lost_socket_the_calls_are_listed_and_the_lost_hangup_shows(
    asterisk: AsteriskRig,
) -> None:
    async def story() -> None:
        async with bench(asterisk) as b, scripted_phone(asterisk.phone_port("agent1")):
            gone = await b.citizen_calls()
            gone_citizen = b.citizen
            kept = await b.citizen_calls(number="79000000002")
            leg = await b.dial(kept)
            await b.heard.next(events.LegAnswered)
            await asyncio.to_thread(asterisk.console, "ari shutdown websocket sessions")
            # The hangup falls into the gap: it goes over HTTP, past our client.
            async with past_our_client() as session:
                await session.delete(f"{asterisk.ari_url}/channels/{gone_citizen}")
            await b.heard.next(events.ControlLost)
            regained = await b.heard.next(events.ControlRegained)
            listed = {live.leg: live for live in regained.legs}
            if LegId(gone) in listed:
                await b.heard.next(events.LegEnded, leg=LegId(gone))
            assert listed[LegId(kept)].number == "79000000002"
            assert (listed[leg].agent, listed[leg].is_answered) == (AGENT, True)
            assert b.link.connections == 2
            await b.control.execute(commands.HangUpLeg(call=kept, leg=leg))
            await b.heard.next(events.LegEnded, leg=leg)
            arrived = [e for e in b.heard.all if isinstance(e, events.CallArrived)]
            assert [e.call for e in arrived] == [gone, kept], "each arrived once"

    asyncio.run(story())


def test_a_hundred_waiting_calls_are_adopted_by_a_new_engine(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk) as first:
            calls = {await first.citizen_calls() for _ in range(100)}
        client = AriClient(access(asterisk))
        async with listening(AriLink(client, clock=SystemClock()).run) as heard:
            regained = await heard.next(events.ControlRegained)
            assert calls <= {live.leg for live in regained.legs}
            for call in calls:
                await client.ask("DELETE", f"channels/{call}")
            for call in sorted(calls):
                if not any(event == _hung_up(call) for event in heard.all):
                    await heard.next(events.LegEnded, leg=call)

    asyncio.run(story())


def _hung_up(call: CallId) -> events.LegEnded:
    return events.LegEnded(leg=LegId(call), reason=EndReason.HUNG_UP)


def test_a_killed_asterisk_is_found_again_empty(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk) as b:
            call = await b.citizen_calls()
            asterisk.kill()
            await b.heard.next(events.ControlLost)
            assert b.link.trouble is not None
            refusal = await b.refusal_of(commands.AnswerLeg(call=call, leg=LegId(call)))
            assert not refusal.is_gone
            await asyncio.to_thread(asterisk.start)
            assert (await b.heard.next(events.ControlRegained)).legs == ()
            assert b.link.is_up
            assert await b.citizen_calls() != call
            lost = [e for e in b.heard.all if isinstance(e, events.ControlLost)]
            assert len(lost) == 1

    asyncio.run(story())


def test_a_connection_that_brings_no_events_is_noticed_and_made_anew(
    asterisk: AsteriskRig,
) -> None:
    async def story() -> None:
        async with bench(asterisk) as b:
            # Somebody else's filter makes us deaf, while every request is still answered.
            await hear_only(asterisk, "RESTResponse")
            starved, deaf = Starved(os.getpid()), time.monotonic()
            await b.heard.next(events.ControlLost)
            assert time.monotonic() - deaf - starved.so_long_s < 5.0
            await b.heard.next(events.ControlRegained)
            await b.citizen_calls()

    asyncio.run(story())


def test_a_connection_that_brings_other_events_is_kept_when_our_own_is_late(
    asterisk: AsteriskRig,
) -> None:
    async def story() -> None:
        async with bench(asterisk) as b:
            await hear_only(asterisk, "RESTResponse", "StasisStart", "StasisEnd")
            late = time.monotonic()
            while time.monotonic() - late < 5.0:  # longer than a deaf one is kept
                await b.citizen_calls()
                await b.citizen_hangs_up()
                await b.heard.next(events.LegEnded)
            assert b.link.connections == 1

    asyncio.run(story())


def test_a_frozen_asterisk_is_noticed_within_five_seconds(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk, patience=timedelta(seconds=2)) as b:
            call = await b.citizen_calls()
            asterisk.freeze()
            starved, frozen = Starved(os.getpid()), time.monotonic()
            # Side by side: one after the other, the second may end with the connection.
            for refusal in await asyncio.gather(
                b.refusal_of(commands.SignalRinging(call=call, leg=LegId(call))),
                b.refusal_of(commands.AnswerLeg(call=call, leg=LegId(call))),
            ):
                assert not refusal.is_gone
                assert "No reply within 2 s" in refusal.detail
            await b.heard.next(events.ControlLost)
            assert time.monotonic() - frozen - starved.so_long_s < 5.0
            asterisk.thaw()
            await b.heard.next(events.ControlRegained)

    asyncio.run(story())


def test_an_echo_of_an_earlier_connection_is_not_taken_for_our_own(asterisk: AsteriskRig) -> None:
    """It comes before the first reply when Asterisk was frozen; the engine died of it."""

    async def call_everybody() -> None:
        url = f"{asterisk.ari_url}/events/user/{ECHO}?application={NAME}"
        async with past_our_client() as session:
            while True:
                async with session.post(url):
                    pass

    async def story() -> None:
        others = [asyncio.create_task(call_everybody()) for _ in range(4)]
        for _ in range(10):
            async with bench(asterisk) as b:
                assert b.link.is_up
        for each in others:
            each.cancel()

    asyncio.run(story())


def test_requests_under_way_end_with_the_connection(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk) as b:
            call = await b.citizen_calls()
            asterisk.freeze()
            asked = asyncio.create_task(
                b.refusal_of(commands.SignalRinging(call=call, leg=LegId(call)))
            )
            await asyncio.sleep(0)
            asterisk.kill()
            starved, begun = Starved(os.getpid()), time.monotonic()
            assert not (await asked).is_gone
            assert time.monotonic() - begun - starved.so_long_s < 2.0
            await asyncio.to_thread(asterisk.start)
            await b.heard.next(events.ControlRegained)

    asyncio.run(story())
