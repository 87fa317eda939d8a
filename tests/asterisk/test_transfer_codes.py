"""Operators send callers on by codes and by a program; their Transfer button is off here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import pytest
from typer.testing import CliRunner

from ekc_telephony.adapters.sql.queries import CallHistory
from ekc_telephony.cli.root import app
from ekc_telephony.core.call.facts import CallOutcome, NoteKind
from ekc_telephony.core.call.presence import Activity
from lab.node import Document
from lab.onlooker import told
from lab.phones.line import Line
from lab.phones.operator import Answer, OperatorPhone
from lab.phones.voice import whistle
from lab.ports import PortBlock
from lab.stand import Citizen, Stand, running_stand
from lab.story_site import FIRST_LINE, write_story_site
from lab.waiting import happens

AT_ONCE: Final = timedelta()
REASON: Final = "нужен специалист"


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run a node whose phones may not use their Transfer button."""

    def change(document: Document) -> None:
        document["asterisk"]["transfer_button"] = False
        document["operators"][1]["extension"] = "102"
        document["feature_codes"]["transfer_reasons"] = {"2": REASON}

    folder = tmp_path_factory.mktemp("stand")
    site = write_story_site(folder, ports=PortBlock.find_free(), change=change)
    with running_stand(site) as stand:
        yield stand


async def talk_with_ivanova(stand: Stand) -> tuple[OperatorPhone, Citizen]:
    """Let a citizen talk to Ivanova, who is alone at first."""
    ivanova = await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    citizen = await stand.call(FIRST_LINE)
    await does(stand, "ivanova", Activity.TALKING)
    await happens(ivanova.lines[0].established)
    return ivanova, citizen


async def consult(stand: Stand) -> tuple[OperatorPhone, OperatorPhone, Citizen, Line]:
    """Let Ivanova, whose caller is on hold, talk to Petrov on her second line."""
    ivanova, citizen = await talk_with_ivanova(stand)
    petrov = await stand.on_duty("petrov", Answer(after=AT_ONCE))
    await ivanova.lines[0].hold()
    consultation = await ivanova.dial("102")
    await happens(consultation.established)
    await does(stand, "petrov", Activity.TALKING)
    consultation.say(whistle(), is_repeated=True)
    await stand.hears(petrov.lines[0], whistle())
    return ivanova, petrov, citizen, consultation


async def does(stand: Stand, account: str, activity: Activity) -> None:
    """Wait until an operator does this."""
    await stand.until_agent(account, lambda agent: agent.activity is activity)


async def is_heard(stand: Stand, speaker: Line, *listeners: Line) -> None:
    """Let somebody speak and be heard by others from now on."""
    since = [each.heard_so_far.duration for each in listeners]
    speaker.say(whistle(), is_repeated=True)
    for listener, before in zip(listeners, since, strict=True):
        await stand.hears(listener, whistle(), since=before)


def notes(history: CallHistory) -> list[tuple[str | None, str | None, str | None]]:
    """Return who sent the caller where, and why."""
    assert {each.kind for each in history.notes} <= {NoteKind.ROUTED}
    return [(each.agent, each.target, each.reason) for each in history.notes]


def spoken(history: CallHistory) -> list[str]:
    """Return the segments from the first talk on; when a phone holds is a story of its own."""
    return [each for each in told(history)[3:] if not each.startswith("hold")]


async def test_a_code_on_the_second_line_brings_the_caller_to_a_colleague(stand: Stand) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    petrov = await stand.on_duty("petrov", Answer(after=AT_ONCE))
    await ivanova.lines[0].hold()
    second = await ivanova.dial("*70102*2")
    await happens(ivanova.lines[0].ended)
    await stand.hears(second, "transfer-done")
    await does(stand, "petrov", Activity.TALKING)
    await is_heard(stand, citizen.line, petrov.lines[-1])
    await is_heard(stand, petrov.lines[-1], citizen.line)
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert sorted(spoken(history)) == sorted(
        [
            "talk ivanova transferred",
            "waiting completed",
            "offer petrov accepted",
            "wrap_up ivanova time_is_up",
            "talk petrov caller_hung_up",
            "wrap_up petrov time_is_up",
        ]
    )
    assert notes(history) == [("ivanova", "petrov", REASON)]


async def test_a_code_in_vain_is_refused_in_words_and_the_talk_goes_on(stand: Stand) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    await ivanova.lines[0].hold()
    second = await ivanova.dial("*70102")
    await stand.hears(second, "transfer-refused")
    await happens(second.ended)
    await ivanova.lines[0].resume()
    await is_heard(stand, ivanova.lines[0], citizen.line)
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert spoken(history) == ["talk ivanova caller_hung_up", "wrap_up ivanova time_is_up"]
    assert notes(history) == []


async def test_keys_in_the_talk_send_the_caller_on(stand: Stand) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    petrov = await stand.on_duty("petrov", Answer(after=AT_ONCE))
    await ivanova.lines[0].press("*70102#")
    await happens(ivanova.lines[0].ended)
    await does(stand, "petrov", Activity.TALKING)
    await is_heard(stand, citizen.line, petrov.lines[-1])
    await citizen.line.hang_up()
    assert notes(await stand.history(citizen.number)) == [("ivanova", "petrov", None)]


async def test_keys_in_a_consultation_hand_the_caller_over_leg_by_leg(stand: Stand) -> None:
    ivanova, petrov, citizen, consultation = await consult(stand)
    await consultation.press("*71")
    await happens(ivanova.lines[0].ended)
    await happens(consultation.ended)
    await is_heard(stand, citizen.line, petrov.lines[0])
    await is_heard(stand, petrov.lines[0], citizen.line)
    await does(stand, "ivanova", Activity.IDLE)
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert spoken(history) == [
        "talk ivanova transferred",
        "consultation ivanova transferred",
        "consultation petrov transferred",
        "talk petrov caller_hung_up",
        "wrap_up ivanova time_is_up",
        "wrap_up petrov time_is_up",
    ]
    by_kind = {(each.kind.value, each.agent): each for each in history.segments}
    first, second = by_kind["talk", "ivanova"], by_kind["talk", "petrov"]
    assert first.ended_at == by_kind["consultation", "petrov"].ended_at == second.started_at
    assert notes(history) == [("ivanova", "petrov", None)]


async def test_all_three_hear_each_other_and_are_accounted_leg_by_leg(stand: Stand) -> None:
    ivanova, petrov, citizen, consultation = await consult(stand)
    await consultation.press("*73")
    await happens(ivanova.lines[0].ended)
    await is_heard(stand, citizen.line, consultation, petrov.lines[0])
    await is_heard(stand, consultation, citizen.line, petrov.lines[0])
    await is_heard(stand, petrov.lines[0], citizen.line, consultation)
    await consultation.hang_up()
    await does(stand, "ivanova", Activity.IDLE)
    await is_heard(stand, citizen.line, petrov.lines[0])
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert spoken(history) == [
        "talk ivanova transferred",
        "consultation ivanova joined",
        "consultation petrov joined",
        "talk petrov caller_hung_up",
        "wrap_up ivanova time_is_up",
        "wrap_up petrov time_is_up",
    ]
    by_kind = {(each.kind.value, each.agent): each for each in history.segments}
    first, second = by_kind["talk", "ivanova"], by_kind["talk", "petrov"]
    assert by_kind["consultation", "ivanova"].ended_at == second.started_at
    assert first.ended_at is not None
    assert second.ended_at is not None
    assert first.started_at < second.started_at < first.ended_at < second.ended_at
    assert first.recording != second.recording
    for talk in (first, second):
        assert (stand.recordings / f"{talk.recording}.wav").stat().st_size > 0
    assert notes(history) == [("ivanova", "petrov", None)]


async def test_the_colleague_leaves_a_conference_and_the_first_operator_goes_on(
    stand: Stand,
) -> None:
    _, petrov, citizen, consultation = await consult(stand)
    await consultation.press("*73")
    await is_heard(stand, citizen.line, consultation, petrov.lines[0])
    await petrov.lines[0].hang_up()
    await does(stand, "petrov", Activity.IDLE)
    await is_heard(stand, consultation, citizen.line)
    await consultation.hang_up()
    await happens(citizen.line.ended)
    segments = told(await stand.history(citizen.number))
    assert "talk ivanova agent_hung_up" in segments
    assert "talk petrov completed" in segments


async def test_an_engine_killed_during_a_conference_and_another_one_lose_nobody(
    stand: Stand,
) -> None:
    ivanova, petrov, citizen, consultation = await consult(stand)
    await consultation.press("*73")
    await happens(ivanova.lines[0].ended)
    await is_heard(stand, citizen.line, consultation, petrov.lines[0])
    stand.kill_engine()
    stand.start_engine()
    for account in ("ivanova", "petrov"):
        await does(stand, account, Activity.TALKING)
    await is_heard(stand, petrov.lines[0], citizen.line, consultation)
    await consultation.hang_up()
    await does(stand, "ivanova", Activity.IDLE)
    await is_heard(stand, citizen.line, petrov.lines[0])
    await citizen.line.hang_up()
    segments = told(await stand.history(citizen.number))
    assert segments.count("talk ivanova transferred") == 1
    assert segments.count("talk petrov caller_hung_up") == 1
    assert segments.count("consultation petrov joined") == 1


async def ekc_transfer(stand: Stand, *words: str) -> tuple[int, str]:
    """Run `ekc agents transfer`, and return its exit code and what it printed."""

    def run() -> tuple[int, str]:
        command = ["agents", "transfer", *words, "--config", str(stand.config)]
        found = CliRunner().invoke(app, command)
        return found.exit_code, found.output

    return await asyncio.to_thread(run)


async def test_a_program_asks_a_colleague_and_hands_over_on_one_line(stand: Stand) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    petrov = await stand.on_duty("petrov", Answer(after=AT_ONCE))
    line = ivanova.lines[0]
    assert (await ekc_transfer(stand, "ivanova", "102", "--mode", "consult"))[0] == 0
    await does(stand, "petrov", Activity.TALKING)
    await is_heard(stand, line, petrov.lines[0])
    code, said = await ekc_transfer(
        stand, "ivanova", "--mode", "hand_over", "--reason", "пенсия по потере кормильца"
    )
    assert (code, said) == (0, "ivanova: готов, обработка\n")
    await happens(line.ended)
    await is_heard(stand, citizen.line, petrov.lines[0])
    await is_heard(stand, petrov.lines[0], citizen.line)
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert "consultation petrov transferred" in told(history)
    assert notes(history) == [("ivanova", "petrov", "пенсия по потере кормильца")]


async def test_an_operator_with_one_line_is_back_with_his_caller_after_advice(
    stand: Stand,
) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    petrov = await stand.on_duty("petrov", Answer(after=AT_ONCE))
    line = ivanova.lines[0]
    assert (await ekc_transfer(stand, "ivanova", "petrov", "--mode", "consult"))[0] == 0
    await does(stand, "petrov", Activity.TALKING)
    await is_heard(stand, line, petrov.lines[0])
    await petrov.lines[0].hang_up()
    await does(stand, "petrov", Activity.IDLE)
    await is_heard(stand, citizen.line, line)
    await is_heard(stand, line, citizen.line)
    await line.hang_up()
    await happens(citizen.line.ended)
    segments = told(await stand.history(citizen.number))
    assert "consultation petrov completed" in segments
    assert "talk ivanova agent_hung_up" in segments


async def test_a_program_is_told_why_nothing_can_be_done(stand: Stand) -> None:
    assert (await ekc_transfer(stand, "ivanova", "petrov"))[0] == 1
    _, citizen = await talk_with_ivanova(stand)
    for words, why in (
        (("petrov",), "busy, on a break, signed out"),
        (("79990000000",), "nobody has"),
        (("--mode", "conference"), "consults nobody"),
        (("petrov", "--mode", "conference"), "for blind and consult only"),
    ):
        code, said = await ekc_transfer(stand, "ivanova", *words)
        assert code == 1
        assert why in said
    await citizen.line.hang_up()
    assert notes(await stand.history(citizen.number)) == []
