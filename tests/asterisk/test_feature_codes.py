"""Operators say with their phones whether they take calls, and hear that it was understood."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from lab.hearing import Sound, find_prompt
from lab.node import Document
from lab.onlooker import told
from lab.phones.operator import Answer
from lab.ports import PortBlock
from lab.stand import Stand, running_stand
from lab.story_site import FIRST_LINE, write_story_site
from lab.waiting import happens
from tests.asterisk.test_queue_scenarios import UNHURRIED, add_unhurried_queue

LINE = "first_line"


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run a node with a queue whose wrap-up ends by a code only."""
    folder = tmp_path_factory.mktemp("stand")

    def change(document: Document) -> None:
        add_unhurried_queue(document, folder / "scripts")

    config = write_story_site(folder, ports=PortBlock.find_free(), change=change)
    with running_stand(config) as stand:
        yield stand


@pytest.mark.parametrize(
    ("code", "prompt", "presence", "reason"),
    [
        ("*45", "presence-ready", Presence.READY, None),
        ("*46", "presence-not-ready-other", Presence.NOT_READY, NotReadyReason.OTHER),
        ("*461", "presence-not-ready-break", Presence.NOT_READY, NotReadyReason.BREAK),
        ("*462", "presence-not-ready-lunch", Presence.NOT_READY, NotReadyReason.LUNCH),
        ("*463", "presence-not-ready-training", Presence.NOT_READY, NotReadyReason.TRAINING),
        ("*48", "wrap-up-ended", Presence.READY, None),
        ("*49", "wrap-up-not-extended", Presence.READY, None),
        ("*47", "presence-signed-out", Presence.SIGNED_OUT, None),
    ],
)
async def test_a_code_is_confirmed_by_voice_and_seen_on_the_wallboard(
    stand: Stand, code: str, prompt: str, presence: Presence, reason: NotReadyReason | None
) -> None:
    await stand.on_duty("orlov", Answer(after=timedelta()))
    orlov = await stand.phone("orlov")
    heard = Sound.read((await orlov.dial_code(code)).recording)
    assert find_prompt(heard, stand.prompt(prompt)).is_heard
    await stand.until_agent(
        "orlov", lambda agent: (agent.presence, agent.reason) == (presence, reason)
    )


@pytest.mark.parametrize("code", ["*59", "88001000001", "112", "*"])
async def test_a_code_that_nobody_knows_is_told_to_be_unknown(stand: Stand, code: str) -> None:
    await stand.on_duty("orlov", Answer(after=timedelta()))
    orlov = await stand.phone("orlov")
    heard = Sound.read((await orlov.dial_code(code)).recording)
    assert find_prompt(heard, stand.prompt("unknown-code")).is_heard
    await stand.until_agent("orlov", lambda agent: agent.presence is Presence.READY)


async def test_the_end_of_wrap_up_is_dialled(stand: Stand) -> None:
    ivanova = await stand.on_duty("ivanova", Answer(after=timedelta()))
    citizen = await stand.call(UNHURRIED)
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.TALKING)
    await citizen.line.hang_up()
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.WRAP_UP)
    await stand.declare(ivanova, "*48")
    history = await stand.history(citizen.number)
    assert told(history)[-1] == "wrap_up ivanova finished_early"


async def test_a_break_declared_while_talking_begins_after_the_call(stand: Stand) -> None:
    ivanova = await stand.on_duty("ivanova", Answer(after=timedelta()))
    citizen = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.TALKING)
    await stand.declare(ivanova, "*461")
    agent = await stand.until_agent("ivanova", lambda each: each.presence is Presence.NOT_READY)
    assert agent.activity is Activity.TALKING
    assert not citizen.line.ended.is_set()
    await citizen.line.hang_up()
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.IDLE)
    waiting = await stand.call(FIRST_LINE)
    await stand.until_waiting(1, queue=LINE)
    assert len(ivanova.offers) == 1
    await waiting.line.hang_up()


async def test_what_was_declared_is_known_after_a_restart_of_the_engine(stand: Stand) -> None:
    await stand.on_duty("sidorova", Answer(after=timedelta()))
    await stand.on_duty("petrov", Answer(after=timedelta()))
    await stand.declare(await stand.phone("petrov"), "*462")
    await stand.until_agent("petrov", lambda agent: agent.reason is NotReadyReason.LUNCH)
    stand.stop_engine()
    stand.start_engine()
    await stand.until_agent("sidorova", lambda agent: agent.presence is Presence.READY)
    await stand.until_agent("petrov", lambda agent: agent.reason is NotReadyReason.LUNCH)
    citizen = await stand.call(FIRST_LINE)
    await stand.until_agent("sidorova", lambda agent: agent.activity is Activity.TALKING)
    await citizen.line.hang_up()
    await happens(citizen.line.ended)
