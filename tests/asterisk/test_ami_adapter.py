"""The AMI adapter and a real Asterisk."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from ekc_telephony.adapters.ami.client import AmiAccess, AmiDownError, AmiRefusedError
from ekc_telephony.adapters.ami.link import AmiLink
from ekc_telephony.core.call.events import PhoneLost, PhoneReached
from ekc_telephony.core.kernel.ids import AgentId
from lab.child import Starved
from tests.adapters.ari.asterisk_rig import NAME, SECRET, AsteriskRig
from tests.adapters.ari.heard import Heard, listening
from tests.adapters.ari.sip_phone import registering_phone

ROAMING = AgentId("roaming")
FIXED = AgentId("agent1")


def link_to(rig: AsteriskRig, secret: str = SECRET) -> AmiLink:
    access = AmiAccess(host="127.0.0.1", port=rig.ami_port, user=NAME, secret=secret)
    return AmiLink(access, accounts=(FIXED, ROAMING))


async def up(heard: Heard) -> None:
    """Wait for the first list."""
    await heard.next(PhoneReached, agent=FIXED)
    await heard.next(PhoneLost, agent=ROAMING)


def test_phones_are_told_as_they_come_move_and_go(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        old, new = asterisk.first_port + 30, asterisk.first_port + 31
        async with listening(link_to(asterisk).run) as heard:
            await up(heard)
            async with (
                registering_phone(old, "roaming", asterisk.sip_port) as first,
                registering_phone(new, "roaming", asterisk.sip_port) as second,
            ):
                await first.register()
                await heard.next(PhoneReached, agent=ROAMING)
                await first.register()
                await second.register()
                await second.register(expires_s=0)
                await heard.next(PhoneLost, agent=ROAMING)
            assert len(heard.all) == 4, "registering again and moving were no loss"

    asyncio.run(story())


def test_a_module_is_reloaded_and_an_unknown_one_refused(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        link = link_to(asterisk)
        with pytest.raises(AmiDownError):
            await link.reload("res_pjsip.so")
        async with listening(link.run) as heard:
            await up(heard)
            await link.reload("res_pjsip.so")
            await link.reload("pbx_config.so")
            with pytest.raises(AmiRefusedError, match="No such module"):
                await link.reload("res_nonsense.so")
            assert link.is_up

    asyncio.run(story())


def test_a_killed_asterisk_is_found_again(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        link = link_to(asterisk)
        async with listening(link.run) as heard:
            await up(heard)
            async with registering_phone(
                asterisk.first_port + 30, "roaming", asterisk.sip_port
            ) as phone:
                await phone.register()
                await heard.next(PhoneReached, agent=ROAMING)
                asterisk.kill()
                with pytest.raises(AmiDownError):
                    await link.reload("res_pjsip.so")
                await asyncio.to_thread(asterisk.start)
                await phone.register(expires_s=0)
                await heard.next(PhoneLost, agent=ROAMING)
            assert link.connections == 2

    asyncio.run(story())


def test_a_frozen_asterisk_is_noticed_within_five_seconds(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        link = link_to(asterisk)
        async with listening(link.run) as heard:
            await up(heard)
            asterisk.freeze()
            starved, frozen = Starved(os.getpid()), time.monotonic()
            with pytest.raises(AmiDownError, match="broke"):
                await link.reload("res_pjsip.so")
            assert time.monotonic() - frozen - starved.so_long_s < 5.0
            assert not link.is_up
            asterisk.thaw()

    asyncio.run(story())


def test_a_wrong_secret_ends_the_link_with_a_clear_sentence(asterisk: AsteriskRig) -> None:
    with pytest.raises(AmiRefusedError, match="Authentication failed") as caught:
        asyncio.run(link_to(asterisk, secret="wrong-one").run(lambda _: None))
    assert "wrong-one" not in str(caught.value)
