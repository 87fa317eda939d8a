"""What is seen of a talk that goes on: holds, and phones that are lost in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest

from ekc_telephony.core.call.presence import Activity
from ekc_telephony.settings.phones import AUTO_ANSWER, PhoneModel
from lab.hearing import Sound
from lab.node import Document, PortBlock
from lab.phones.operator import Answer, OperatorPhone
from lab.phones.voice import whistle
from lab.stand import Citizen, Stand, eventually, happens, running_stand, told
from lab.story_site import FIRST_LINE, write_story_site

AT_ONCE = timedelta()
SILENCE = Sound(samples=np.zeros(8000, dtype=np.float32), rate=8000)
LOUD = 200
"""Of 32,767; the noise of a silent line is below ten."""


def change(document: Document) -> None:
    """Let the phones of two operators answer by themselves, and one say only whose it is."""
    operators = {each["account"]: each for each in document["operators"]}
    operators["ivanova"] |= {"phone": "yealink", "auto_answer": True}
    operators["petrov"] |= {"phone": "grandstream", "auto_answer": True}
    operators["sidorova"] |= {"phone": "snom"}


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run a node where more is seen and told than elsewhere."""
    folder = tmp_path_factory.mktemp("attention")
    site = write_story_site(folder, ports=PortBlock.find_free(), change=change)
    with running_stand(site) as stand:
        yield stand


async def talk_with_ivanova(stand: Stand) -> tuple[OperatorPhone, Citizen]:
    """Let a citizen talk to Ivanova."""
    ivanova = await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    citizen = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.TALKING)
    await happens(ivanova.lines[0].established)
    return ivanova, citizen


async def hear_each_other(stand: Stand, citizen: Citizen, phone: OperatorPhone) -> None:
    """Let both speak, one after the other, and be heard."""
    line = phone.lines[-1]
    citizen.line.say(whistle(), is_repeated=True)
    await stand.hears(line, whistle(), since=line.heard_so_far.duration)
    line.say(whistle(), is_repeated=True)
    await stand.hears(citizen.line, whistle(), since=citizen.line.heard_so_far.duration)


async def hears_something(citizen: Citizen) -> bool:
    """Tell whether the last half second was loud; nobody speaks, so it is music."""
    heard = citizen.line.heard_so_far
    return bool(np.sqrt(np.mean(heard.samples[-heard.rate // 2 :] ** 2)) > LOUD)


async def test_a_hold_is_shown_survives_the_engine_and_is_a_segment_of_the_talk(
    stand: Stand,
) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    await hear_each_other(stand, citizen, ivanova)  # a phone that has just answered resumes at once
    ivanova.lines[0].say(SILENCE)
    await ivanova.lines[0].hold()
    await stand.until_agent("ivanova", lambda agent: agent.is_holding)
    await eventually(lambda: hears_something(citizen), what="music for the caller")
    stand.kill_engine()
    stand.start_engine()
    await stand.until_agent("ivanova", lambda agent: agent.is_holding)
    await ivanova.lines[0].resume()
    await stand.until_agent("ivanova", lambda agent: not agent.is_holding)
    await hear_each_other(stand, citizen, ivanova)
    await citizen.line.hang_up()

    assert told(await stand.history(citizen.number))[3:] == [
        "talk ivanova caller_hung_up",
        "hold ivanova completed",
        "wrap_up ivanova time_is_up",
    ]


async def test_a_phone_that_loses_its_registration_goes_on_talking_and_is_shown_as_lost(
    stand: Stand,
) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    await ivanova.unregister()
    shown = await stand.until_agent("ivanova", lambda agent: not agent.is_reachable)
    assert shown.activity is Activity.TALKING
    await hear_each_other(stand, citizen, ivanova)
    await ivanova.register()
    shown = await stand.until_agent("ivanova", lambda agent: agent.is_reachable)
    assert shown.activity is Activity.TALKING
    await citizen.line.hang_up()

    assert told(await stand.history(citizen.number))[3:] == [
        "talk ivanova caller_hung_up",
        "wrap_up ivanova time_is_up",
    ]


@pytest.mark.parametrize(
    ("account", "model"),
    [
        ("ivanova", PhoneModel.YEALINK),
        ("petrov", PhoneModel.GRANDSTREAM),
        ("sidorova", None),
    ],
)
async def test_a_phone_is_told_to_answer_by_itself_in_its_makers_words_if_it_shall(
    stand: Stand, account: str, model: PhoneModel | None
) -> None:
    phone = await stand.on_duty(account, Answer(after=AT_ONCE))
    citizen = await stand.call(FIRST_LINE)
    await stand.until_agent(account, lambda agent: agent.activity is Activity.TALKING)
    told_to = None if model is None else AUTO_ANSWER[model].value
    assert phone.offers[0].headers.get("Alert-Info") == told_to
    await citizen.line.hang_up()
