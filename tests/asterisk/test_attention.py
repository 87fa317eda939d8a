"""What is seen of a talk that goes on: holds, silence, phones lost; what phones are told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

import numpy as np
import pytest
from ruamel.yaml import YAML

from ekc_telephony.core.call.facts import CallOutcome, NoteKind
from ekc_telephony.core.call.presence import Activity
from ekc_telephony.settings.phones import AUTO_ANSWER, PhoneModel
from lab.faults.sip import Message, SipSocket, new_branch, new_tag, request_text
from lab.hearing import Sound, find_prompt
from lab.node import Document
from lab.onlooker import told
from lab.phones.line import Line
from lab.phones.operator import Answer, OperatorPhone
from lab.phones.stack import TRUNK_ADDRESS
from lab.phones.voice import whistle
from lab.ports import PortBlock
from lab.stand import Citizen, Stand, reacting, running_stand
from lab.story_site import FIRST_LINE, FIXED, PENSIONS, fixed_port, write_story_site
from lab.waiting import PATIENCE, eventually, happens
from tests.adapters.ari.sip_phone import scripted_phone

AT_ONCE = timedelta()
NOT_FOUND = 404
BRIEFED = "88001000005"
"""Straight into a queue whose operators hear its name before the citizen."""
BENEFITS = {"entry": "wait", "nodes": {"wait": {"kind": "enqueue", "queue": "benefits"}}}
PORTS = PortBlock.find_free()
SILENCE = Sound(samples=np.zeros(8000, dtype=np.float32), rate=8000)
SHOWN = ["Вас не слышно больше 2 секунд", "Гражданин молчит больше 2 секунд"]
LONG_SILENCE = timedelta(seconds=7)
"""Until 2.5 s after the last word Asterisk takes somebody for speaking; then 2 s are allowed."""
SUPERVISOR = "nikitina"
LOUD = 200
"""Of 32,767; the noise of a silent line is below ten."""


def change(document: Document) -> None:
    """Let the phones of two operators answer by themselves, and one say only whose it is."""
    operators = {each["account"]: each for each in document["operators"]}
    operators["ivanova"] |= {"phone": "yealink", "auto_answer": True}
    operators["petrov"] |= {"phone": "grandstream", "auto_answer": True}
    operators["sidorova"] |= {"phone": "snom"}
    operators[FIXED] |= {"line": "second", "skills": {"pensions": 5}, "initial_presence": "ready"}
    for queue in document["queues"]:
        queue["silence_after"] = "2s"
    document["queues"] = [each for each in document["queues"] if each["id"] != "benefits"]
    briefed = {"id": "benefits", "title": "Пособия", "skills": {"benefits": 6}}
    document["queues"].append(
        dict(document["queues"][1]) | briefed | {"briefing": "queue-pensions", "ring_time": "10s"}
    )
    document["numbers"].append({"did": BRIEFED, "script": "benefits"})


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run a node where more is seen and told than elsewhere."""
    folder = tmp_path_factory.mktemp("attention")
    site = write_story_site(folder, ports=PORTS, change=change)
    YAML().dump(BENEFITS, folder / "scripts" / "benefits.yaml")
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


async def test_a_silent_citizen_is_shown_until_he_speaks_and_noted_on_his_appeal(
    stand: Stand,
) -> None:
    _, citizen = await talk_with_ivanova(stand)
    await stand.until_agent("ivanova", lambda agent: agent.is_caller_silent)
    citizen.line.say(whistle(), is_repeated=True)
    await stand.until_agent("ivanova", lambda agent: not agent.is_caller_silent)
    citizen.line.say(SILENCE)
    await stand.until_agent("ivanova", lambda agent: agent.is_caller_silent)
    assert await stand.metric("ekc_call_notes_total") >= 2
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    silent = [each.agent for each in history.notes if each.kind is NoteKind.SILENT]
    assert silent == ["ivanova", "ivanova"]


async def test_an_operator_who_is_not_heard_is_shown_until_he_speaks_and_noted_apart(
    stand: Stand,
) -> None:
    """As SIP tells nothing of Mute, a muted phone is one that sends silence."""
    ivanova, citizen = await talk_with_ivanova(stand)
    citizen.line.say(whistle(), is_repeated=True)
    await stand.until_agent("ivanova", lambda agent: agent.is_silent)
    ivanova.lines[0].say(whistle(), is_repeated=True)
    await stand.until_agent("ivanova", lambda agent: not agent.is_silent)
    ivanova.lines[0].say(SILENCE)
    shown = await stand.until_agent("ivanova", lambda agent: agent.is_silent)
    assert not shown.is_caller_silent
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    unheard = [each.agent for each in history.notes if each.kind is NoteKind.AGENT_SILENT]
    assert unheard == ["ivanova", "ivanova"]


async def joined_by_a_supervisor(stand: Stand) -> Line:
    """Let Nikitina join Ivanova's talk, and return her line."""
    nikitina = await stand.phone(SUPERVISOR)
    nikitina.react = reacting(Answer(after=AT_ONCE))
    nikitina.lines.clear()
    wanted = {"by": SUPERVISOR, "mode": "barge"}
    status, answer = await stand.ask_engine("POST", "api/agents/ivanova/supervise", wanted)
    assert status == HTTPStatus.OK, answer
    await stand.until(
        lambda board: any(not each.is_ringing for call in board.calls for each in call.supervisors),
        what="the supervisor",
    )
    return nikitina.lines[0]


async def test_neither_is_silent_while_a_supervisor_who_has_joined_is_heard(stand: Stand) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    await hear_each_other(stand, citizen, ivanova)
    supervisor = await joined_by_a_supervisor(stand)
    supervisor.say(whistle(), is_repeated=True)
    for line in (citizen.line, ivanova.lines[-1]):
        line.say(SILENCE)
    begin = citizen.line.heard_so_far.duration

    async def has_listened() -> bool:
        return citizen.line.heard_so_far.duration > begin + LONG_SILENCE

    await eventually(has_listened, what="a long silence of both")
    board = await stand.board()
    (seen,) = (each for each in board.agents if each.agent == "ivanova")
    assert not seen.is_silent
    assert not seen.is_caller_silent
    await supervisor.hang_up()
    await stand.until_agent("ivanova", lambda each: each.is_silent and each.is_caller_silent)
    await citizen.line.hang_up()


async def test_the_operators_phone_is_sent_a_line_of_text_for_each_silence(stand: Stand) -> None:
    async with scripted_phone(fixed_port(PORTS)) as phone:
        citizen = await stand.call(PENSIONS)
        await stand.until_agent(FIXED, lambda agent: agent.is_caller_silent and agent.is_silent)

        async def look() -> bool:
            return len(phone.texts) >= len(SHOWN)

        await eventually(look, what="a MESSAGE to the phone for each of the two")
        assert sorted(phone.texts) == SHOWN
        await citizen.line.hang_up()


@dataclass(slots=True)
class Verdict:
    """Takes the answer to one request."""

    status: asyncio.Future[int]

    def receive(self, message: Message) -> None:
        """Keep the status."""
        if not self.status.done():
            self.status.set_result(message.status or 0)


@pytest.mark.parametrize("dialled", [FIRST_LINE, "ivanova", "s"])
async def test_a_text_from_outside_is_refused_and_becomes_no_call(
    stand: Stand, dialled: str
) -> None:
    socket = SipSocket(stand.sip)
    await socket.open(TRUNK_ADDRESS)
    answer = Verdict(asyncio.get_running_loop().create_future())
    socket.attach("a-text", answer)
    target = f"sip:{dialled}@127.0.0.1"
    socket.send(
        request_text(
            "MESSAGE",
            target,
            here=socket.here,
            branch=new_branch(),
            ours=f"<sip:citizen@127.0.0.2>;tag={new_tag()}",
            theirs=f"<{target}>",
            call_id="a-text",
            cseq=1,
            headers=("Content-Type: text/plain",),
        )
    )
    async with asyncio.timeout(PATIENCE.total_seconds()):
        assert await answer.status == NOT_FOUND
    socket.close()
    assert (await stand.board()).calls == ()


async def test_the_operator_alone_hears_whose_citizen_it_is_before_they_are_connected(
    stand: Stand,
) -> None:
    smirnova = await stand.on_duty("smirnova", Answer(after=AT_ONCE))
    citizen = await stand.call(BRIEFED)
    citizen.line.say(whistle(), is_repeated=True)
    await happens(citizen.line.established)
    await stand.until_agent("smirnova", lambda agent: agent.activity is Activity.TALKING)
    line = smirnova.lines[0]
    await stand.hears(line, stand.prompt("queue-pensions"))
    await stand.hears(line, stand.prompt("briefing-waited"))
    await stand.hears(line, stand.prompt("minutes-0"))
    await hear_each_other(stand, citizen, smirnova)
    for prompt in ("queue-pensions", "briefing-waited", "minutes-0"):
        heard = find_prompt(citizen.line.heard_so_far, stand.prompt(prompt))
        assert not heard.is_heard, prompt
    await citizen.line.hang_up()
    assert told(await stand.history(citizen.number))[1:] == [
        "waiting completed",
        "offer smirnova accepted",
        "talk smirnova caller_hung_up",
        "wrap_up smirnova time_is_up",
    ]


async def test_an_operator_who_hangs_up_in_the_briefing_has_refused_the_citizen(
    stand: Stand,
) -> None:
    smirnova = await stand.on_duty("smirnova", Answer(after=AT_ONCE))
    citizen = await stand.call(BRIEFED)
    await happens_to_answer(smirnova)
    await smirnova.lines[0].hang_up()
    await stand.until_agent("smirnova", lambda agent: agent.activity is Activity.RESTING)
    await stand.until_waiting(1, queue="benefits")
    await citizen.line.hang_up()
    assert (await stand.outcome_of(citizen.number)) is not CallOutcome.ANSWERED


async def test_a_citizen_who_hangs_up_in_the_briefing_frees_the_operator(stand: Stand) -> None:
    smirnova = await stand.on_duty("smirnova", Answer(after=AT_ONCE))
    citizen = await stand.call(BRIEFED)
    await happens_to_answer(smirnova)
    await citizen.line.hang_up()
    await happens(smirnova.lines[0].ended)
    await stand.until_agent("smirnova", lambda agent: agent.activity is Activity.IDLE)
    assert "offer smirnova withdrawn" in told(await stand.history(citizen.number))


async def happens_to_answer(phone: OperatorPhone) -> None:
    """Wait until the phone has picked up."""

    async def look() -> bool:
        return bool(phone.lines) and phone.lines[0].established.is_set()

    await eventually(look, what="that the phone picks up")
