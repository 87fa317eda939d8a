"""A supervisor listens, whispers and joins on real phones: who hears whom, and the talk goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final

import pytest

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.presence import Activity
from lab.hearing import THRESHOLD, Sound, find_prompt
from lab.onlooker import told
from lab.phones.line import Line
from lab.phones.operator import Answer, Refuse
from lab.phones.voice import HIGH_HZ, LOW_HZ, whistle
from lab.stand import Citizen, Stand, reacting
from lab.story_site import FIRST_LINE
from lab.waiting import eventually, happens

AT_ONCE: Final = timedelta()
NIKITINA: Final = "nikitina"
"""The supervisor of the sample configuration."""
CALLER: Final = whistle()
AGENT: Final = whistle(HIGH_HZ, to_hz=LOW_HZ)
SUPERVISOR: Final = whistle(2200, to_hz=2600)
STILLNESS: Final = timedelta(seconds=2.5)
"""So much more must be heard by whoever is to hear nothing: two whistles' time."""


@dataclass(frozen=True, slots=True)
class Talk:
    """A talk with its supervisor."""

    citizen: Citizen
    agent: Line
    supervisor: Line


async def talk_with_ivanova(stand: Stand) -> tuple[Citizen, Line]:
    """Let a citizen talk to Ivanova."""
    ivanova = await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    citizen = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.TALKING)
    await happens(ivanova.lines[0].established)
    return citizen, ivanova.lines[0]


async def supervised(stand: Stand, mode: str) -> Talk:
    """Let Nikitina take part in a talk of Ivanova's."""
    citizen, agent = await talk_with_ivanova(stand)
    nikitina = await stand.phone(NIKITINA)
    nikitina.react = reacting(Answer(after=AT_ONCE))
    nikitina.lines.clear()
    status, answer = await supervise(stand, mode)
    assert status == HTTPStatus.OK, answer
    await until_supervised(stand, mode)
    await happens(nikitina.lines[0].established)
    return Talk(citizen, agent, nikitina.lines[0])


async def supervise(stand: Stand, mode: str) -> tuple[int, object]:
    """Ask for it over HTTP."""
    wanted = {"by": NIKITINA, "mode": mode}
    return await stand.ask_engine("POST", "api/agents/ivanova/supervise", wanted)


async def until_supervised(stand: Stand, mode: str) -> None:
    """Wait until the supervisor takes part in this way."""
    await stand.until(
        lambda board: any(
            (each.mode.value, each.is_ringing) == (mode, False)
            for call in board.calls
            for each in call.supervisors
        ),
        what=mode,
    )


async def until_not_supervised(stand: Stand) -> None:
    """Wait until no supervisor takes part in anything."""
    await stand.until(lambda board: not any(call.supervisors for call in board.calls))


async def speaks(
    stand: Stand, line: Line, voice: Sound, *, heard_by: list[Line], not_by: list[Line]
) -> None:
    """Let one speak, be heard by these and by none of those, and be silent again."""
    since = {id(each): each.heard_so_far.duration for each in (*heard_by, *not_by)}
    line.say(voice, is_repeated=True)
    for each in heard_by:
        await stand.hears(each, voice, since=since[id(each)])
    for each in not_by:
        by_now = each.heard_so_far.duration

        async def has_listened(line: Line = each, until: timedelta = by_now + STILLNESS) -> bool:
            return line.heard_so_far.duration > until

        await eventually(has_listened, what="that he has listened")
        match = find_prompt(after(each, since[id(each)]), voice)
        assert match.score < THRESHOLD, match
    line.say(Sound(samples=voice.samples * 0, rate=voice.rate))


def after(line: Line, moment: timedelta) -> Sound:
    """Return what the phone has heard since."""
    heard = line.heard_so_far
    return Sound(samples=heard.samples[int(moment.total_seconds() * heard.rate) :], rate=heard.rate)


async def check_who_hears_whom(stand: Stand, talk: Talk, mode: str) -> None:
    """Let all three speak, one after the other."""
    caller = talk.citizen.line
    await speaks(stand, caller, CALLER, heard_by=[talk.agent, talk.supervisor], not_by=[])
    await speaks(stand, talk.agent, AGENT, heard_by=[caller, talk.supervisor], not_by=[])
    hearers = {"listen": [], "whisper": [talk.agent], "barge": [talk.agent, caller]}[mode]
    deaf = [each for each in (talk.agent, caller) if each not in hearers]
    await speaks(stand, talk.supervisor, SUPERVISOR, heard_by=hearers, not_by=deaf)


@pytest.mark.parametrize("mode", ["listen", "whisper", "barge"])
async def test_who_hears_whom(stand: Stand, mode: str) -> None:
    talk = await supervised(stand, mode)
    await check_who_hears_whom(stand, talk, mode)
    await talk.citizen.line.hang_up()
    await happens(talk.supervisor.ended)
    recorded = await recording(stand, talk.citizen)
    for voice, is_recorded in ((CALLER, True), (AGENT, True), (SUPERVISOR, mode == "barge")):
        assert find_prompt(recorded, voice).is_heard is is_recorded


async def recording(stand: Stand, citizen: Citizen) -> Sound:
    """Return what was recorded of the citizen's talk, when it is over."""
    history = await stand.history(citizen.number)
    (name,) = [each.recording for each in history.segments if each.recording]
    return Sound.read(stand.recordings / f"{name}.wav")


async def test_keys_of_the_supervisors_phone_change_how_he_takes_part(stand: Stand) -> None:
    talk = await supervised(stand, "listen")
    for key, mode in (("5", "whisper"), ("6", "barge"), ("4", "listen"), ("6", "barge")):
        await talk.supervisor.press(key)
        await until_supervised(stand, mode)
        await check_who_hears_whom(stand, talk, mode)
    await talk.citizen.line.hang_up()
    await happens(talk.supervisor.ended)


@pytest.mark.parametrize("mode", ["listen", "whisper", "barge"])
async def test_the_talk_goes_on_when_the_supervisor_hangs_up(stand: Stand, mode: str) -> None:
    talk = await supervised(stand, mode)
    await talk.supervisor.hang_up()
    await until_not_supervised(stand)
    caller = talk.citizen.line
    await speaks(stand, caller, CALLER, heard_by=[talk.agent], not_by=[])
    await speaks(stand, talk.agent, AGENT, heard_by=[caller], not_by=[])
    await caller.hang_up()
    history = await stand.history(talk.citizen.number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert told(history)[3:] == [
        "talk ivanova caller_hung_up",
        "supervision nikitina completed",
        "wrap_up ivanova time_is_up",
    ]
    notes = [(each.kind.value, each.agent, each.target, each.reason) for each in history.notes]
    assert notes == [("supervised", NIKITINA, "ivanova", mode)]


def channels(stand: Stand) -> list[str]:
    """Return what Asterisk holds, by the names of its channels."""
    lines = stand.asterisk.command("core show channels concise").splitlines()
    return sorted(line.partition("!")[0].rpartition("-")[0] for line in lines if "!" in line)


async def until_only_the_talk_is_left(stand: Stand) -> None:
    """Wait until Asterisk holds nothing of the supervisor's any more."""

    async def look() -> bool:
        held = channels(stand)
        return bool(held) and not any("Snoop" in each or NIKITINA in each for each in held)

    await eventually(look, what="that the supervisor's channels are gone")


async def until_nothing_is_left(stand: Stand) -> None:
    """Wait until Asterisk holds no channel."""

    async def look() -> bool:
        return not channels(stand)

    await eventually(look, what="that every channel is gone")


@pytest.mark.parametrize("who", ["the agent", "a transfer"])
async def test_it_ends_with_the_talk(stand: Stand, who: str) -> None:
    talk = await supervised(stand, "whisper")
    if who == "the agent":
        await talk.agent.hang_up()
        await happens(talk.citizen.line.ended)
    else:
        petrov = await stand.on_duty("petrov", Answer(after=AT_ONCE))
        await talk.agent.transfer("petrov")
        await stand.until_agent("petrov", lambda agent: agent.activity is Activity.TALKING)
        await happens(petrov.lines[0].established)
        caller = talk.citizen.line
        await speaks(stand, caller, CALLER, heard_by=[petrov.lines[0]], not_by=[])
    await happens(talk.supervisor.ended)
    await talk.citizen.line.hang_up()
    segments = told(await stand.history(talk.citizen.number))
    assert segments.count("supervision nikitina completed") == 1
    await until_nothing_is_left(stand)


@pytest.mark.parametrize("mode", ["listen", "barge"])
async def test_an_engine_that_is_killed_takes_the_supervisor_out_when_it_is_back(
    stand: Stand, mode: str
) -> None:
    talk = await supervised(stand, mode)
    stand.kill_engine()
    stand.start_engine()
    await happens(talk.supervisor.ended)
    await until_only_the_talk_is_left(stand)
    caller = talk.citizen.line
    await speaks(stand, caller, CALLER, heard_by=[talk.agent], not_by=[])
    await speaks(stand, talk.agent, AGENT, heard_by=[caller], not_by=[])
    await caller.hang_up()
    history = await stand.history(talk.citizen.number)
    assert told(history)[3:] == [
        "talk ivanova caller_hung_up",
        "supervision nikitina completed",
        "wrap_up ivanova time_is_up",
    ]


async def test_a_supervisor_who_does_not_answer_disturbs_nobody(stand: Stand) -> None:
    citizen, agent = await talk_with_ivanova(stand)
    nikitina = await stand.phone(NIKITINA)
    nikitina.react = reacting(Refuse(after=AT_ONCE))
    nikitina.lines.clear()
    status, answer = await supervise(stand, "listen")
    assert status == HTTPStatus.OK, answer
    await until_not_supervised(stand)
    await until_only_the_talk_is_left(stand)
    await speaks(stand, citizen.line, CALLER, heard_by=[agent], not_by=[])
    await citizen.line.hang_up()
    assert not (await stand.history(citizen.number)).notes
