"""
A phone that answers 302 calls nobody, wherever it points, with the engine and without it.

docs/architecture/queue-scenarios.md, «Phones that forward», tells what Asterisk does of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import pytest

from ekc_telephony.core.call.presence import Activity
from lab.onlooker import told
from lab.phones.operator import Answer, Ignore, Refuse
from lab.ports import PortBlock
from lab.stand import Stand, reacting, running_stand
from lab.story_site import FIRST_LINE, FIXED, write_story_site
from lab.waiting import PATIENCE, eventually
from tests.adapters.ari.sip_phone import ScriptedPhone, scripted_phone

ANSWER: Final = Answer(after=timedelta())
TRUNK: Final = "city"
MOVED: Final = "302 Moved Temporarily"
RINGS: Final = "180 Ringing"


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run a node."""
    folder = tmp_path_factory.mktemp("forwarding")
    with running_stand(write_story_site(folder, ports=PortBlock.find_free())) as stand:
        yield stand


def port_of_fixed(stand: Stand) -> int:
    """Return where the node looks for the phone at a fixed address; the next ones are free."""
    (contact,) = [each.contact for each in stand.settings.operators if each.account == FIXED]
    return int(str(contact).rpartition(":")[2])


def through(endpoint: str, *, port: int) -> str:
    """Return what a 302 must name to make Asterisk dial a number through an endpoint."""
    return f"sip:PJSIP/{endpoint}/sip%3A89160000000%40127.0.0.1%3A{port}@127.0.0.1"


@asynccontextmanager
async def phone_that_forwards(stand: Stand, *, through_endpoint: str) -> AsyncIterator[list[str]]:
    """Let the phone at a fixed address forward to a place, and yield what was asked of the two."""
    first = port_of_fixed(stand)
    contact = through(through_endpoint, port=first + 1)
    async with (
        scripted_phone(first, MOVED, contact=contact) as phone,
        scripted_phone(first + 1, RINGS) as place,
    ):
        heard: list[str] = []
        async with asyncio.TaskGroup() as group:
            listeners = [
                group.create_task(note(heard, name, each))
                for name, each in (("phone", phone), ("place", place))
            ]
            yield heard
            for listener in listeners:
                listener.cancel()


async def note(heard: list[str], name: str, phone: ScriptedPhone) -> None:
    """Write down what is asked of a phone, for ever."""
    while True:
        heard.append(f"{name} {await phone.requests.get()}")


async def until_heard(heard: list[str], request: str) -> None:
    async def look() -> bool:
        return request in heard

    await eventually(look, what=request)


async def until_nothing_is_dialled(stand: Stand) -> None:
    async def look() -> bool:
        return "AppDial2" not in stand.asterisk.command("core show channels concise")

    await eventually(look, what="that Asterisk dials nobody")


@pytest.mark.parametrize("endpoint", [TRUNK, FIXED])
async def test_what_a_302_makes_asterisk_dial_is_hung_up_on_before_it_is_answered(
    stand: Stand, endpoint: str
) -> None:
    before = await stand.metric("ekc_forwarded_calls_ended")
    async with phone_that_forwards(stand, through_endpoint=endpoint) as heard:
        await stand.on_duty(FIXED, Ignore())
        await stand.on_duty("petrov", ANSWER)
        citizen = await stand.call(FIRST_LINE)
        await until_heard(heard, "place CANCEL")
        await stand.until_agent("petrov", lambda agent: agent.activity is Activity.TALKING)
        await until_nothing_is_dialled(stand)
        assert heard.count("phone INVITE") == 1
        assert "place ACK" not in heard
        assert len((await stand.board()).calls) == 1
        await citizen.line.hang_up()
        assert told(await stand.history(citizen.number))[3] == "offer petrov accepted"
        assert await stand.metric("ekc_forwarded_calls_ended") == before + 1
        await stand.off_duty(FIXED)


async def test_a_place_that_forwards_on_is_followed_until_nothing_is_dialled(stand: Stand) -> None:
    first = port_of_fixed(stand)
    there = through(TRUNK, port=first + 1)
    further = through(TRUNK, port=first + 2)
    before = await stand.metric("ekc_forwarded_calls_ended")
    async with (
        scripted_phone(first, MOVED, contact=there),
        scripted_phone(first + 1, MOVED, contact=further) as place,
        scripted_phone(first + 2, RINGS) as place_further,
    ):
        await stand.on_duty(FIXED, Ignore())
        await stand.on_duty("petrov", ANSWER)
        citizen = await stand.call(FIRST_LINE)
        async with asyncio.timeout(PATIENCE.total_seconds()):
            asked = [await place_further.requests.get() for _ in range(2)]
        assert asked == ["INVITE", "CANCEL"]
        assert await place.requests.get() == "INVITE"
        await until_nothing_is_dialled(stand)
        assert await stand.metric("ekc_forwarded_calls_ended") > before
        await stand.until_agent("petrov", lambda agent: agent.activity is Activity.TALKING)
        await citizen.line.hang_up()
        await stand.off_duty(FIXED)


async def test_a_caller_talks_on_while_calls_that_nobody_ordered_are_hung_up_on(
    stand: Stand,
) -> None:
    ivanova = await stand.on_duty("ivanova", ANSWER)
    talking = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.TALKING)
    before = await stand.metric("ekc_forwarded_calls_ended")
    async with phone_that_forwards(stand, through_endpoint=TRUNK) as heard:
        await stand.on_duty(FIXED, Ignore())
        waiting = await stand.call(FIRST_LINE)
        await until_heard(heard, "place CANCEL")
        await until_nothing_is_dialled(stand)
        assert await stand.metric("ekc_forwarded_calls_ended") == before + 1
        assert not talking.line.ended.is_set()
        assert not ivanova.lines[0].ended.is_set()
        assert not waiting.line.ended.is_set()
        await waiting.line.hang_up()
        await stand.off_duty(FIXED)


async def test_without_the_engine_asterisks_own_queue_follows_no_302(stand: Stand) -> None:
    # Whom the engine has paused by now is rung a little later; everybody gets his turn, and again.
    stand.asterisk.command("dialplan set global EKC_FALLBACK_READY_WAIT 1")
    for account in ("ivanova", "petrov"):
        (await stand.phone(account)).react = reacting(Refuse(after=timedelta()))
    async with phone_that_forwards(stand, through_endpoint=TRUNK) as heard:
        stand.kill_engine()
        try:
            citizen = await stand.call(FIRST_LINE)

            async def he_is_passed_over_and_tried_again() -> bool:
                return heard.count("phone INVITE") > 1

            await eventually(he_is_passed_over_and_tried_again)
            assert "place INVITE" not in heard
            await citizen.line.hang_up()
        finally:
            stand.start_engine()
