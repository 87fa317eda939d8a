"""One engine at a time serves a real Asterisk, and one that may not is told why."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from ekc_telephony.adapters.ari.client import (
    ApplicationTakenError,
    AriAccess,
    AriAccessRefusedError,
    AriClient,
)
from ekc_telephony.adapters.ari.link import AriLink
from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.core.call import events
from lab.waiting import eventually
from tests.adapters.ari.asterisk_rig import NAME, SECRET, AsteriskRig
from tests.adapters.ari.bench import access, bench


def test_a_second_engine_is_refused_and_the_first_undisturbed(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        async with bench(asterisk, life="first/1") as first:
            second = AriLink(AriClient(access(asterisk)), clock=SystemClock(), life="second/1")
            with pytest.raises(ApplicationTakenError, match=r"Another engine \(first/1\) serves"):
                await second.run(lambda _: None)
            assert first.link.connections == 1
            await first.citizen_calls(number="+79000000009")

    asyncio.run(story())


def test_an_engine_whose_place_another_one_takes_ends_with_a_clear_sentence(
    asterisk: AsteriskRig,
) -> None:
    async def take_the_place(client: AriClient) -> None:
        async with client.opened(), client.connected():
            while True:
                beat = {"variable": "EKC_ENGINE", "value": "rude/1#1"}
                await client.ask_apart("POST", "asterisk/variable", beat)
                await asyncio.sleep(0.05)

    async def story() -> None:
        first = AriLink(AriClient(access(asterisk)), clock=SystemClock(), life="polite/1")
        up = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(first.run(lambda _: up.set()))
            await up.wait()
            rude = tasks.create_task(take_the_place(AriClient(access(asterisk))))
            try:
                await serving
            finally:
                rude.cancel()

    with pytest.raises(ExceptionGroup) as ended:
        asyncio.run(story())
    assert ended.group_contains(ApplicationTakenError, match="Another program connected")


def test_a_connection_of_ours_that_comes_late_and_takes_our_place_is_replaced(
    asterisk: AsteriskRig,
) -> None:
    async def story() -> None:
        async with bench(asterisk, life="late/1") as b:
            late = AriClient(access(asterisk))
            async with late.opened(), late.connected():
                await b.heard.next(events.ControlLost)
                await b.heard.next(events.ControlRegained)
            await b.citizen_calls(number="+79000000010")

    asyncio.run(story())


def test_a_wrong_password_ends_the_engine_with_a_clear_sentence(asterisk: AsteriskRig) -> None:
    link = AriLink(AriClient(access(asterisk, password="wrong")), clock=SystemClock())
    with pytest.raises(AriAccessRefusedError, match=r"refuses the ARI user 'ekc' \(401\)"):
        asyncio.run(link.run(lambda _: None))


def test_an_address_without_ari_is_named(asterisk: AsteriskRig) -> None:
    async def story() -> None:
        url = asterisk.ari_url.removesuffix("/ari") + "/nothing"
        client = AriClient(AriAccess(url=url, user=NAME, password=SECRET))
        link = AriLink(client, clock=SystemClock())

        async def is_named() -> bool:
            return str(link.trouble).startswith(f"There is no ARI at {url} (404).")

        running = asyncio.create_task(link.run(lambda _: None))
        await eventually(is_named, what=f"that {url} is named")
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    asyncio.run(story())


def test_credentials_show_up_nowhere() -> None:
    shown = repr(AriAccess(url="http://x/ari", user="u", password="p4ss"))
    assert "p4ss" not in shown
