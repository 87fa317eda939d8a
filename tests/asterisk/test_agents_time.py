"""More time after a call, a phone that nobody picked up, and callers beyond the most at once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from ekc_telephony.core.call.facts import CallbackReason, CallOutcome
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from lab.hearing import Sound, find_prompt
from lab.node import Document
from lab.onlooker import told
from lab.phones.operator import Answer, Ignore, OperatorPhone
from lab.ports import PortBlock
from lab.runtime import PROJECT
from lab.stand import Stand, running_stand
from lab.story_site import FIRST_LINE, RINGS_IN_VAIN, write_story_site
from lab.waiting import PATIENCE, happens

ANSWER = Answer(after=timedelta())


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run a node that lets two callers in and lets operators write for long."""
    folder = tmp_path_factory.mktemp("stand")

    def change(document: Document) -> None:
        shutil.copy(PROJECT / "ivr_scripts" / "overload.yaml", folder / "scripts")
        document["admission"] = {"most_calls": 2, "script": "overload"}
        document["routing"] = {
            "after_no_answer": "until_declared",
            "extend_wrap_up": {"by": "5m", "at_most": 2},
        }
        document["queues"][0] |= {"wrap_up": "2m", "after_no_answer": "4s"}

    ports = PortBlock.find_free()
    site = write_story_site(folder, ports=ports, change=change, ring_time=RINGS_IN_VAIN)
    with running_stand(site) as it:
        yield it


async def wrapping_up(stand: Stand) -> tuple[OperatorPhone, str]:
    """Let Ivanova wrap up a call; return her phone and the citizen's number."""
    ivanova = await stand.on_duty("ivanova", ANSWER)
    citizen = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.TALKING)
    await citizen.line.hang_up()
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.WRAP_UP)
    return ivanova, citizen.number


async def hears(stand: Stand, phone: OperatorPhone, code: str, prompt: str) -> None:
    """Let an operator dial a code and hear what it did."""
    heard = Sound.read((await phone.dial_code(code)).recording)
    assert find_prompt(heard, stand.prompt(prompt)).is_heard


async def test_more_time_is_dialled_and_had_as_often_as_may_be(stand: Stand) -> None:
    ivanova, number = await wrapping_up(stand)
    board = await stand.board()
    first = next(each.activity_ends for each in board.agents if each.agent == "ivanova")
    assert first is not None
    for _ in range(2):
        await hears(stand, ivanova, "*49", "wrap-up-extended")
    await hears(stand, ivanova, "*49", "wrap-up-not-extended")
    agent = await stand.until_agent("ivanova", lambda each: not each.may_extend_wrap_up)
    assert agent.activity_ends == first + timedelta(minutes=10)
    assert agent.activity is Activity.WRAP_UP
    await stand.declare(ivanova, "*48")
    assert told(await stand.history(number))[-1] == "wrap_up ivanova finished_early"


async def test_a_supervisor_extends_and_ends_a_wrap_up(stand: Stand) -> None:
    _, number = await wrapping_up(stand)

    def ask(wish: str) -> str:
        words = ["agents", "wrap-up", wish, "ivanova", "--config", str(stand.config)]
        done = subprocess.run(
            [sys.executable, "-m", "ekc_telephony", *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE.total_seconds(),
            check=False,
        )
        return done.stdout + done.stderr

    assert "ivanova:" in ask("extend")
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.WRAP_UP)
    assert "ivanova:" in ask("end")
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.IDLE)
    assert told(await stand.history(number))[-1] == "wrap_up ivanova finished_early"
    assert "an agent in wrap-up" in ask("extend")


async def test_who_did_not_answer_is_rung_again_after_a_while(stand: Stand) -> None:
    petrov = await stand.on_duty("petrov", Ignore())
    citizen = await stand.call(FIRST_LINE)
    await stand.until_agent("petrov", lambda agent: agent.reason is NotReadyReason.NO_ANSWER)
    petrov.react = lambda _offered: ANSWER
    await stand.until_agent("petrov", lambda agent: agent.activity is Activity.TALKING)
    agent = await stand.until_agent("petrov", lambda each: each.presence is Presence.READY)
    assert agent.reason is None
    await citizen.line.hang_up()
    await stand.until_agent("petrov", lambda each: each.activity is Activity.WRAP_UP)
    await stand.declare(petrov, "*48")
    segments = told(await stand.history(citizen.number))
    assert segments[2:4] == ["offer petrov not_answered", "offer petrov accepted"]
    assert await stand.metric("ekc_presences_changed_by_themselves_total") >= 2


async def test_who_comes_beyond_hears_the_truth_and_is_called_back(stand: Stand) -> None:
    inside = [await stand.call(FIRST_LINE) for _ in range(2)]
    await stand.until_waiting(2, queue="first_line")
    beyond = await stand.call(FIRST_LINE)
    await stand.hears(beyond.line, "overload-offer")
    await beyond.line.press("1")
    await stand.hears(beyond.line, "callback-promised")
    await happens(beyond.line.ended)
    history = await stand.history(beyond.number)
    assert history.summary.outcome is CallOutcome.CALLBACK_PROMISED
    assert history.callback is not None
    assert history.callback.reason is CallbackReason.ASKED
    await inside[0].line.hang_up()
    await stand.until_waiting(1, queue="first_line")
    third = await stand.call(FIRST_LINE)
    await stand.until_waiting(2, queue="first_line")
    for citizen in (inside[1], third):
        await citizen.line.hang_up()


async def test_who_presses_nothing_is_told_goodbye_and_not_busy(stand: Stand) -> None:
    inside = [await stand.call(FIRST_LINE) for _ in range(2)]
    await stand.until_waiting(2, queue="first_line")
    beyond = await stand.call(FIRST_LINE)
    await happens(beyond.line.established)
    await beyond.line.press("5")
    await stand.hears(beyond.line, "menu-wrong-key")
    await beyond.line.press("5")
    await stand.hears(beyond.line, "overload-sorry")
    await happens(beyond.line.ended)
    assert await stand.outcome_of(beyond.number) is CallOutcome.INFORMED_NO_AGENTS
    for citizen in inside:
        await citizen.line.hang_up()
