"""A citizen talks to an operator: what both see and hear, and what the appeal tells afterwards."""

from __future__ import annotations

from datetime import timedelta

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.presence import Activity
from lab.hearing import Sound, find_prompt
from lab.onlooker import told
from lab.phones.operator import Answer
from lab.phones.voice import WHISTLE, whistle
from lab.stand import Stand
from lab.story_site import FIRST_LINE, HOTLINE
from lab.waiting import happens

AT_ONCE = timedelta()


async def test_a_citizen_is_greeted_chooses_the_first_line_and_talks_to_its_operator(
    stand: Stand,
) -> None:
    words = stand.prompt("presence-not-ready")
    ivanova = await stand.on_duty("ivanova", Answer(after=AT_ONCE, words=words))
    citizen = await stand.call(HOTLINE)
    await stand.hears(citizen.line, "greeting")
    await stand.hears(citizen.line, "menu-main")
    await citizen.line.press("1")
    await stand.hears(citizen.line, "to-first-line")
    assert await citizen.line.hear(words)
    citizen.line.say(whistle(), is_repeated=True)
    await stand.hears(ivanova.lines[0], whistle())
    # Once more, when nobody speaks at the same time: that is what is looked for in the recording.
    await stand.hears(ivanova.lines[0], whistle(), since=ivanova.lines[0].heard_so_far.duration)
    await citizen.line.hang_up()
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.IDLE)

    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert told(history) == [
        "ivr completed",
        "waiting completed",
        "offer ivanova accepted",
        "talk ivanova caller_hung_up",
        "wrap_up ivanova time_is_up",
    ]
    assert history.faults == ()
    (offered,) = ivanova.offers
    appeal = history.summary.appeal
    assert offered.number == citizen.number
    assert offered.name == f"Первая линия {appeal}"
    assert offered.headers["X-EKC-Appeal"] == appeal
    assert offered.headers["X-EKC-Call"] == history.summary.call
    assert offered.headers["X-EKC-Queue"] == "Первая линия"
    recording = next(each.recording for each in history.segments if each.recording)
    recorded = Sound.read(stand.recordings / f"{recording}.wav")
    assert find_prompt(recorded, words).is_heard
    assert find_prompt(recorded, whistle(), beginning=WHISTLE).is_heard


async def test_when_the_operator_hangs_up_the_citizens_call_ends(stand: Stand) -> None:
    await stand.on_duty("petrov", Answer(after=AT_ONCE, talk=timedelta(seconds=0.5)))
    citizen = await stand.call(FIRST_LINE)
    await happens(citizen.line.ended)
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert told(history)[3:] == [
        "talk petrov agent_hung_up",
        "wrap_up petrov time_is_up",
    ]


async def test_holding_at_the_operators_phone_ends_nothing(stand: Stand) -> None:
    sidorova = await stand.on_duty("sidorova", Answer(after=AT_ONCE))
    citizen = await stand.call(FIRST_LINE)
    await stand.until_agent("sidorova", lambda agent: agent.activity is Activity.TALKING)
    line = sidorova.lines[0]
    await happens(line.established)
    citizen.line.say(whistle(), is_repeated=True)
    assert await line.hear(whistle())
    await line.hold()
    await line.resume()
    line.say(whistle(), is_repeated=True)
    assert await citizen.line.hear(whistle())
    assert not citizen.line.ended.is_set()
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert told(history)[3:] == [
        "talk sidorova caller_hung_up",
        "hold sidorova completed",
        "wrap_up sidorova time_is_up",
    ]
