"""What is seen of a talk that goes on: holds, and phones that are lost in the middle."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from ekc_telephony.core.call.presence import Activity
from lab.phones.operator import Answer, OperatorPhone
from lab.phones.voice import whistle
from lab.stand import Citizen, Stand, eventually, happens, told
from lab.story_site import FIRST_LINE

AT_ONCE = timedelta()
LOUD = 200
"""Of 32,767; the noise of a silent line is below ten."""


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
