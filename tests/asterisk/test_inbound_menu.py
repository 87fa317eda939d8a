"""What citizens make of the menu, and what becomes of those who do not get to a person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ekc_telephony.core.call.facts import SHORT_CALL, CallOutcome
from lab.hearing import Sound
from lab.onlooker import told
from lab.phones.operator import Answer, Ignore
from lab.stand import Citizen, Stand
from lab.story_site import FIRST_LINE, HOTLINE, IMPATIENT, NIGHT, PENSIONS
from lab.waiting import happens

ANSWER = Answer(after=timedelta())


async def in_the_menu(stand: Stand, *, did: str = HOTLINE) -> Citizen:
    """Call the hotline and skip the greeting with a key that the menu does not have."""
    citizen = await stand.call(did)
    await happens(citizen.line.established)
    await citizen.line.press("9")
    await stand.hears(citizen.line, "menu-main")
    return citizen


async def talk_and_hang_up(stand: Stand, citizen: Citizen) -> None:
    await stand.until(lambda board: any(each.phase.value == "talking" for each in board.calls))
    await citizen.line.hang_up()


async def test_the_menu_leads_to_the_second_line(stand: Stand) -> None:
    smirnova = await stand.on_duty("smirnova", ANSWER)
    citizen = await in_the_menu(stand)
    await citizen.line.press("2")
    await stand.hears(citizen.line, "to-second-line")
    await talk_and_hang_up(stand, citizen)
    history = await stand.history(citizen.number)
    assert history.summary.queue == "pensions"
    assert told(history)[1:4] == [
        "waiting completed",
        "offer smirnova accepted",
        "talk smirnova caller_hung_up",
    ]
    assert smirnova.offers[0].headers["X-EKC-Queue"] == "Вторая линия, пенсии"


async def test_a_wrong_key_is_forgiven_once(stand: Stand) -> None:
    await stand.on_duty("orlov", ANSWER)
    citizen = await in_the_menu(stand)
    await citizen.line.press("7")
    await stand.hears(citizen.line, "menu-wrong-key")
    await citizen.line.press("2")
    await stand.hears(citizen.line, "to-second-line")
    await talk_and_hang_up(stand, citizen)
    assert "talk orlov caller_hung_up" in told(await stand.history(citizen.number))


async def test_the_second_wrong_key_leads_to_a_person(stand: Stand) -> None:
    await stand.on_duty("ivanova", ANSWER)
    citizen = await in_the_menu(stand)
    await citizen.line.press("7")
    await stand.hears(citizen.line, "menu-wrong-key")
    await citizen.line.press("8")
    await stand.hears(citizen.line, "menu-goodbye")
    await talk_and_hang_up(stand, citizen)
    assert "talk ivanova caller_hung_up" in told(await stand.history(citizen.number))


async def test_silence_twice_leads_to_a_person(stand: Stand) -> None:
    await stand.on_duty("ivanova", ANSWER)
    citizen = await in_the_menu(stand, did=IMPATIENT)
    await stand.hears(citizen.line, "menu-silence")
    await stand.hears(citizen.line, "menu-goodbye")
    await talk_and_hang_up(stand, citizen)
    assert "talk ivanova caller_hung_up" in told(await stand.history(citizen.number))


async def test_the_star_repeats_the_menu(stand: Stand) -> None:
    citizen = await in_the_menu(stand)
    before = citizen.line.heard_so_far.duration
    await citizen.line.press("*")
    await stand.hears(citizen.line, "menu-main", since=before)
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert told(history) == ["ivr abandoned"]


async def test_who_hangs_up_in_the_menu_has_abandoned_it(stand: Stand) -> None:
    citizen = await in_the_menu(stand)
    await stand.until(lambda board: any(each.lasting > SHORT_CALL for each in board.calls))
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ABANDONED_IN_MENU
    assert told(history) == ["ivr abandoned"]


async def test_a_call_of_a_moment_is_short(stand: Stand) -> None:
    citizen = await stand.call(HOTLINE)
    await stand.hears(citizen.line, "greeting")
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.SHORT
    assert told(history) == ["ivr abandoned"]


async def test_who_waits_hears_his_place_and_music_and_may_give_up(stand: Stand) -> None:
    await stand.on_duty("ivanova", Answer(after=timedelta()))
    talking = await stand.call(FIRST_LINE)
    await stand.until(lambda board: any(each.phase.value == "talking" for each in board.calls))
    citizen = await stand.call(FIRST_LINE)
    await stand.hears(citizen.line, "queue-welcome")
    await stand.hears(citizen.line, "queue-position-intro")
    await stand.hears(citizen.line, "position-1")
    music = Sound.read(stand.settings.sounds / "moh" / "calm.wav")
    assert await citizen.line.hear(music)
    await stand.until(lambda board: all(each.lasting > SHORT_CALL for each in board.calls))
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ABANDONED_IN_QUEUE
    assert told(history) == ["ivr completed", "waiting abandoned"]
    await talking.line.hang_up()
    assert (await stand.history(talking.number)).summary.outcome is CallOutcome.ANSWERED


async def test_who_gives_up_while_a_phone_rings_leaves_it_silent(stand: Stand) -> None:
    ivanova = await stand.on_duty("ivanova", Ignore())
    citizen = await stand.call(FIRST_LINE)
    await stand.until(lambda _: bool(ivanova.offers))
    await citizen.line.hang_up()
    await happens(ivanova.lines[0].ended)
    history = await stand.history(citizen.number)
    assert told(history)[2:] == ["offer ivanova withdrawn"]


async def test_after_hours_a_citizen_is_told_so_and_it_is_an_appeal(stand: Stand) -> None:
    citizen = await stand.call(NIGHT)
    await stand.hears(citizen.line, "after-hours")
    await happens(citizen.line.ended)
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.INFORMED_AFTER_HOURS
    assert told(history) == ["ivr completed"]


async def test_a_queue_without_signed_in_operators_says_so(stand: Stand) -> None:
    citizen = await stand.call(PENSIONS)
    await stand.hears(citizen.line, "no-agents")
    await happens(citizen.line.ended)
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.INFORMED_NO_AGENTS
    assert told(history) == ["ivr completed", "waiting no_agents"]


@pytest.mark.parametrize("key", ["1", "0"])
async def test_a_key_during_the_greeting_counts_at_once(stand: Stand, key: str) -> None:
    await stand.on_duty("ivanova", ANSWER)
    citizen = await stand.call(HOTLINE)
    await happens(citizen.line.established)
    await citizen.line.press(key)
    await stand.hears(citizen.line, "to-first-line")
    await talk_and_hang_up(stand, citizen)
    assert not stand.was_heard(citizen.line, "menu-main").is_heard
