"""Whatever calls and however: a defined answer, and never a call without its appeal."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ekc_telephony.adapters.sql.models import CallFault
from ekc_telephony.adapters.sql.queries import CallHistory, CallSummary
from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.presence import Activity
from lab.onlooker import told
from lab.phones.operator import Answer
from lab.phones.raw import raw_call
from lab.stand import Stand
from lab.story_site import FIRST_LINE, HOTLINE, IMPATIENT, UNKNOWN
from lab.waiting import PATIENCE, eventually, happens

AT_ONCE = timedelta()
CITIZEN = "<sip:+79139990000@127.0.0.2>"
REFUSALS = {404, 484}
KEYS = "0123456789*#ABCD"


async def the_new_call(stand: Stand, known: list[CallSummary]) -> CallHistory:
    """Wait until exactly one call more than `known` is over, and return it."""
    old = {each.call for each in known}

    async def look() -> CallHistory | None:
        new = [each for each in await stand.newest_calls() if each.call not in old]
        assert len(new) <= 1, new
        return await stand.history_of(new[0]) if new and new[0].outcome else None

    return await eventually(look, what="the end of a call")


async def test_a_number_that_nobody_serves_is_told_to_be_wrong(stand: Stand) -> None:
    citizen = await stand.call(UNKNOWN)
    await stand.hears(citizen.line, "unknown-number")
    await happens(citizen.line.ended)
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.TECHNICAL_FAILURE
    assert history.summary.did == UNKNOWN
    assert told(history) == ["ivr completed"]


@pytest.mark.parametrize(
    "dialled",
    [
        "",
        "s",
        "nobody.here",
        "8800$%7BSHELL(id)%7D",
        "..%2F..%2Fetc%2Fpasswd",
        "'%3B%20DROP%20TABLE%20appeals%3B--",
        "8" * 300,
    ],
)
async def test_whatever_garbage_is_dialled_there_is_one_appeal(stand: Stand, dialled: str) -> None:
    known = await stand.newest_calls()
    async with raw_call(stand.sip, dialled=dialled, caller=CITIZEN) as call:
        status = await asyncio.wait_for(call.status, PATIENCE.total_seconds())
        assert status == 200
        await happens(call.ended)
    history = await the_new_call(stand, known)
    assert history.summary.outcome is CallOutcome.TECHNICAL_FAILURE


@pytest.mark.parametrize("dialled", ["h", "i", "%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82"])
async def test_what_is_no_number_at_all_is_refused_and_never_becomes_a_call(
    stand: Stand, dialled: str
) -> None:
    known = await stand.newest_calls()
    async with raw_call(stand.sip, dialled=dialled, caller=CITIZEN) as call:
        assert await asyncio.wait_for(call.status, PATIENCE.total_seconds()) in REFUSALS
    assert await stand.newest_calls() == known


@pytest.mark.parametrize(
    ("caller", "number"),
    [
        ("<sip:anonymous@anonymous.invalid>", None),
        ('"Anonymous" <sip:127.0.0.2>', None),
        ('"O\\"Brien \\\\ <b>" <sip:+79139990001@127.0.0.2>', "+79139990001"),
        ('"Ёжик ☎ в тумане" <sip:89139990002@127.0.0.2>', "89139990002"),
        ("\"'; DROP TABLE appeals; --\" <sip:1'%3B--@127.0.0.2>", "1"),
        (f"<sip:{'7' * 300}@127.0.0.2>", None),
        (f'"{"Я" * 300}" <sip:+79139990003@127.0.0.2>', "+79139990003"),
        ("<sip:%D0%B8%D0%B2%D0%B0%D0%BD@127.0.0.2>", None),
    ],
)
async def test_whoever_says_he_calls_is_served_and_shown_safely(
    stand: Stand, caller: str, number: str | None
) -> None:
    ivanova = await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    known = await stand.newest_calls()
    async with raw_call(stand.sip, dialled=FIRST_LINE, caller=caller) as call:
        assert await asyncio.wait_for(call.status, PATIENCE.total_seconds()) == 200
        await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.TALKING)
        call.hang_up()
        history = await the_new_call(stand, known)
    assert history.summary.number == number
    assert history.summary.outcome is CallOutcome.ANSWERED
    (offered,) = ivanova.offers
    assert offered.number == (number or "anonymous")
    assert offered.headers["X-EKC-Appeal"] == history.summary.appeal


async def test_all_sixteen_keys_at_once_and_two_hundred_in_a_row_do_no_harm(stand: Stand) -> None:
    await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    playing, hammering = await stand.call(HOTLINE), await stand.call(HOTLINE)
    for citizen in (playing, hammering):
        await happens(citizen.line.established)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(playing.line.press(KEYS, gap=AT_ONCE))
        tasks.create_task(hammering.line.press("*" * 200, gap=AT_ONCE))
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.TALKING)
    for citizen in (playing, hammering):
        await citizen.line.hang_up()
    assert (await stand.history(playing.number)).summary.outcome is CallOutcome.ANSWERED
    assert told(await stand.history(hammering.number)) == ["ivr abandoned"]
    assert await stand.metric("ekc_engine_bugs") == 0


async def test_without_the_menus_sound_a_caller_still_gets_to_a_person(stand: Stand) -> None:
    sound = stand.settings.sounds / "ru" / "menu-main.wav"
    aside = sound.with_suffix(".aside")
    before = await stand.metric("ekc_prompts_not_heard_total")
    await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    sound.rename(aside)
    try:
        citizen = await stand.call(IMPATIENT)
        await stand.hears(citizen.line, "greeting")
        await stand.until_agent(
            "ivanova",
            lambda agent: agent.activity is Activity.TALKING,
        )
        await citizen.line.hang_up()
    finally:
        aside.rename(sound)
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert (CallFault.PROMPTS_NOT_HEARD, "menu-main") in {
        (each.kind, each.detail) for each in history.faults
    }
    assert await stand.metric("ekc_prompts_not_heard_total") > before
