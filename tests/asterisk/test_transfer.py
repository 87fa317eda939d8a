"""Operators transfer callers with their phones' own Transfer button: what the appeal tells then."""

from __future__ import annotations

from datetime import timedelta

import baresip
import pytest

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.presence import Activity
from lab.onlooker import told
from lab.phones.operator import Answer, Ignore, OperatorPhone, Refuse
from lab.phones.voice import whistle
from lab.stand import Citizen, Stand
from lab.story_site import FIRST_LINE
from lab.waiting import happens

AT_ONCE = timedelta()


async def talk_with_ivanova(stand: Stand) -> tuple[OperatorPhone, Citizen]:
    """Let a citizen talk to Ivanova, who is alone at first."""
    ivanova = await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    citizen = await stand.call(FIRST_LINE)
    await talks(stand, "ivanova")
    await happens(ivanova.lines[0].established)
    return ivanova, citizen


async def talks(stand: Stand, account: str) -> None:
    """Wait until an operator talks."""
    await stand.until_agent(account, lambda agent: agent.activity is Activity.TALKING)


async def hear_each_other(stand: Stand, citizen: Citizen, phone: OperatorPhone) -> None:
    """Let both speak, one after the other, and be heard."""
    line = phone.lines[-1]
    citizen.line.say(whistle(), is_repeated=True)
    await stand.hears(line, whistle(), since=line.heard_so_far.duration)
    line.say(whistle(), is_repeated=True)
    await stand.hears(citizen.line, whistle(), since=citizen.line.heard_so_far.duration)


async def test_a_blind_transfer_brings_the_caller_to_a_colleague(stand: Stand) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    petrov = await stand.on_duty("petrov", Answer(after=AT_ONCE))
    await ivanova.lines[0].transfer("petrov")
    await happens(ivanova.lines[0].ended)
    await talks(stand, "petrov")
    await hear_each_other(stand, citizen, petrov)
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert sorted(told(history)[3:]) == sorted(
        [
            "talk ivanova transferred",
            "waiting completed",
            "offer petrov accepted",
            "wrap_up ivanova time_is_up",
            "talk petrov caller_hung_up",
            "wrap_up petrov time_is_up",
        ]
    )
    assert [each.headers["X-EKC-Appeal"] for each in petrov.offers] == [history.summary.appeal]


async def test_a_blind_transfer_to_a_queue_brings_the_caller_to_the_second_line(
    stand: Stand,
) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    smirnova = await stand.on_duty("smirnova", Answer(after=AT_ONCE))
    await ivanova.lines[0].transfer("pensions")
    await talks(stand, "smirnova")
    await hear_each_other(stand, citizen, smirnova)
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    queues = {(each.kind.value, each.queue) for each in history.segments}
    assert {("waiting", "first_line"), ("waiting", "pensions")} <= queues


async def test_a_transfer_that_nobody_takes_comes_back_to_its_sender(stand: Stand) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    petrov = await stand.on_duty("petrov", Refuse(after=AT_ONCE))
    await ivanova.lines[0].transfer("petrov")
    await stand.until(lambda _: len(ivanova.lines) == 2, what="that her phone rings again")
    await talks(stand, "ivanova")
    assert len(petrov.offers) == 1
    await hear_each_other(stand, citizen, ivanova)
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    segments = told(history)
    assert segments.count("talk ivanova transferred") == 1
    assert segments.count("offer petrov refused") == 1
    assert segments.count("talk ivanova caller_hung_up") == 1


@pytest.mark.parametrize("target", ["petrov", "pensions", "nobody", "88001000001"])
async def test_the_phone_is_told_that_a_transfer_is_in_vain_and_the_talk_goes_on(
    stand: Stand, target: str
) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    with pytest.raises(baresip.TransferFailed, match="503"):
        await ivanova.lines[0].transfer(target)
    await hear_each_other(stand, citizen, ivanova)
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert told(history)[3:] == ["talk ivanova caller_hung_up", "wrap_up ivanova time_is_up"]


async def test_an_attended_transfer_is_accounted_leg_by_leg(stand: Stand) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    petrov = await stand.on_duty("petrov", Answer(after=AT_ONCE))
    await ivanova.lines[0].hold()
    consultation = await ivanova.dial("petrov")
    await happens(consultation.established)
    await talks(stand, "petrov")
    consultation.say(whistle(), is_repeated=True)
    await stand.hears(petrov.lines[0], whistle())
    await ivanova.lines[0].transfer_to(consultation)
    await happens(ivanova.lines[0].ended)
    await happens(consultation.ended)
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.IDLE)
    await hear_each_other(stand, citizen, petrov)
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    # How the phone held the caller meanwhile is its own affair.
    assert [each for each in told(history)[3:] if not each.startswith("hold")] == [
        "talk ivanova transferred",
        "consultation ivanova transferred",
        "consultation petrov transferred",
        "talk petrov caller_hung_up",
        "wrap_up ivanova time_is_up",
        "wrap_up petrov time_is_up",
    ]
    by_kind = {(each.kind.value, each.agent): each for each in history.segments}
    first, second = by_kind["talk", "ivanova"], by_kind["talk", "petrov"]
    asked, advised = by_kind["consultation", "ivanova"], by_kind["consultation", "petrov"]
    assert first.started_at < asked.started_at == advised.started_at
    assert first.ended_at == asked.ended_at == advised.ended_at == second.started_at
    assert first.recording != second.recording


async def test_after_asking_a_colleague_the_operator_goes_back_to_his_caller(stand: Stand) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    await stand.on_duty("petrov", Answer(after=AT_ONCE))
    await ivanova.lines[0].hold()
    consultation = await ivanova.dial("first_line")
    await happens(consultation.established)
    await talks(stand, "petrov")
    await consultation.hang_up()
    await stand.until_agent("petrov", lambda agent: agent.activity is Activity.IDLE)
    await ivanova.lines[0].resume()
    await hear_each_other(stand, citizen, ivanova)
    await citizen.line.hang_up()
    segments = told(await stand.history(citizen.number))[3:]
    assert [each for each in segments if not each.startswith("hold")] == [
        "talk ivanova caller_hung_up",
        "consultation ivanova completed",
        "consultation petrov completed",
        "wrap_up ivanova time_is_up",
    ]


async def test_who_is_asked_and_does_not_answer_keeps_nobody_waiting(stand: Stand) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    await stand.on_duty("petrov", Refuse(after=AT_ONCE))
    consultation = await ivanova.dial("petrov")
    await happens(consultation.ended)
    await stand.until_agent("petrov", lambda agent: agent.activity is Activity.IDLE)
    await hear_each_other(stand, citizen, ivanova)
    await citizen.line.hang_up()
    assert told(await stand.history(citizen.number))[3:] == [
        "talk ivanova caller_hung_up",
        "wrap_up ivanova time_is_up",
    ]


async def test_an_engine_killed_during_advice_and_another_one_lose_nobody(stand: Stand) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    petrov = await stand.on_duty("petrov", Answer(after=AT_ONCE))
    await ivanova.lines[0].hold()
    consultation = await ivanova.dial("petrov")
    await happens(consultation.established)
    await talks(stand, "petrov")
    consultation.say(whistle(), is_repeated=True)
    await stand.hears(petrov.lines[0], whistle())
    stand.kill_engine()
    stand.start_engine()
    await talks(stand, "petrov")
    await ivanova.lines[0].transfer_to(consultation)
    await hear_each_other(stand, citizen, petrov)
    await citizen.line.hang_up()
    segments = told(await stand.history(citizen.number))
    assert segments.count("talk ivanova transferred") == 1
    assert segments.count("talk petrov caller_hung_up") == 1


async def test_a_caller_sent_on_to_a_phone_that_rings_may_hang_up(stand: Stand) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    await stand.on_duty("petrov", Ignore())
    await ivanova.lines[0].transfer("petrov")
    await stand.until_agent("petrov", lambda agent: agent.activity is Activity.RESERVED)
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert "offer petrov withdrawn" in told(history)
