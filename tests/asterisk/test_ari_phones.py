"""An operator's phone on a real Asterisk: what it shows when ARI dials it, and how it says no."""

from __future__ import annotations

import asyncio

import baresip
import pytest

from ekc_telephony.core.call import commands, events
from ekc_telephony.core.call.events import EndReason
from ekc_telephony.runtime.ports import CommandRefusedError
from lab.waiting import PATIENCE
from tests.adapters.ari.asterisk_rig import AsteriskRig
from tests.adapters.ari.bench import bench
from tests.adapters.ari.sip_phone import scripted_phone


def test_the_phone_shows_number_queue_and_appeal(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        port = asterisk.phone_port("agent1")
        async with bench(asterisk) as b, scripted_phone(port, "180 Ringing") as phone:
            call = await b.citizen_calls()
            leg = await b.dial(call, number="+79000000001", queue='Пособия "и"\r\nвыплаты\\; <b>')
            await phone.requests.get()
            lines = phone.invites[0].split("\r\n")
            title = "Пособия и выплаты ; b"
            assert any(
                line.startswith(f'From: "{title} 2026-000017" <sip:+79000000001@') for line in lines
            ), lines
            assert f"X-EKC-Call: {call}" in lines
            assert f"X-EKC-Queue: {title}" in lines
            assert "X-EKC-Appeal: 2026-000017" in lines
            await b.control.execute(commands.HangUpLeg(call=call, leg=leg))
            while await phone.requests.get() != "CANCEL":
                pass
            phone.invites.clear()
            await b.dial(call)
            while await phone.requests.get() != "INVITE":
                pass
            assert '"Пособия 2026-000017 номер скрыт" <sip:anonymous@' in phone.invites[0]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("486 Busy Here", EndReason.BUSY),
        ("600 Busy Everywhere", EndReason.BUSY),
        ("603 Decline", EndReason.REFUSED),
        ("403 Forbidden", EndReason.REFUSED),
        ("408 Request Timeout", EndReason.NOT_ANSWERED),
        ("480 Temporarily Unavailable", EndReason.NOT_ANSWERED),
        ("404 Not Found", EndReason.UNREACHABLE),
        ("410 Gone", EndReason.UNREACHABLE),
        ("488 Not Acceptable Here", EndReason.FAILED),
        ("500 Server Internal Error", EndReason.FAILED),
        ("503 Service Unavailable", EndReason.FAILED),
    ],
)
def test_a_phones_refusal_is_told_with_its_reason(
    asterisk: AsteriskRig, status: str, reason: EndReason
) -> None:
    async def story() -> None:
        async with bench(asterisk) as b, scripted_phone(asterisk.phone_port("agent1"), status):
            call = await b.citizen_calls()
            leg = await b.dial(call)
            assert (await b.heard.next(events.LegEnded, leg=leg)).reason is reason

    asyncio.run(story())


def test_a_phone_that_rings_for_ever_is_given_up_by_asterisk_itself(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        port = asterisk.phone_port("agent1")
        async with bench(asterisk) as b, scripted_phone(port, "180 Ringing"):
            call = await b.citizen_calls()
            leg = await b.dial(call, ring_s=0)
            ended = await b.heard.next(events.LegEnded, leg=leg)
            assert ended.reason is EndReason.NOT_ANSWERED

    asyncio.run(story())


def test_a_phone_that_never_registered_cannot_be_dialled(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk) as b:
            call = await b.citizen_calls()
            with pytest.raises(CommandRefusedError, match="Allocation failed") as caught:
                await b.dial(call, agent="absent")
            assert not caught.value.is_gone
            assert b.client.commands_failed == 1

    asyncio.run(story())


def test_a_real_phone_shows_the_appeal_and_declines(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        names = ("X-EKC-Call", "X-EKC-Queue", "X-EKC-Appeal")
        stack = baresip.Runtime()
        await stack.start(baresip.Config(net_interface="127.0.0.1", expose_headers=names))
        try:
            domain = f"127.0.0.1:{asterisk.sip_port}"
            phone = await baresip.UserAgent.create(stack, baresip.Account("roaming", domain, ""))
            await phone.register()
            offers: asyncio.Queue[baresip.Call] = asyncio.Queue()
            phone.on_incoming(offers.put_nowait)
            async with bench(asterisk) as b, asyncio.timeout(PATIENCE.total_seconds()):
                call = await b.citizen_calls()
                leg = await b.dial(call, agent="roaming", number="+79000000001")
                offer = await offers.get()
                assert offer.headers == {
                    "X-EKC-Call": call,
                    "X-EKC-Queue": "Пособия",
                    "X-EKC-Appeal": "2026-000017",
                }
                assert offer.peer.startswith("sip:+79000000001@")
                await offer.reject()
                ended = await b.heard.next(events.LegEnded, leg=leg)
                assert ended.reason in {EndReason.BUSY, EndReason.REFUSED}
                again = await b.dial(call, agent="roaming")
                await (await offers.get()).answer()
                await b.heard.next(events.LegAnswered, leg=again)
                await b.control.execute(commands.HangUpLeg(call=call, leg=again))
                await b.heard.next(events.LegEnded, leg=again)
        finally:
            await stack.close()

    asyncio.run(story())
