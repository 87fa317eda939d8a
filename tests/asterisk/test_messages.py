"""Citizens leave a voice message instead of waiting, or when nobody works; they really speak."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from ekc_telephony.adapters.sql.queries import CallHistory
from ekc_telephony.core.call.facts import CallOutcome
from lab.hearing import Sound, find_prompt
from lab.node import Document
from lab.onlooker import told
from lab.phones.voice import WHISTLE, whistle
from lab.ports import PortBlock
from lab.stand import Citizen, Stand, running_stand
from lab.story_site import EVENING, LINES, add_ways_to_a_message, write_story_site
from lab.waiting import eventually

SPOKEN = timedelta(seconds=4)


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("stand")

    def change(document: Document) -> None:
        add_ways_to_a_message(document, folder / "scripts")

    config = write_story_site(folder, ports=PortBlock.find_free(), change=change)
    with running_stand(config) as stand:
        yield stand


async def asked_for_a_message(stand: Stand) -> Citizen:
    """Call the queue, press the key when it is told, and hear the tone."""
    citizen = await stand.call(LINES)
    await stand.hears(citizen.line, "queue-key-message")
    await citizen.line.press("2")
    await stand.hears(citizen.line, "message-invitation")
    await stand.hears(citizen.line, "message-tone")
    return citizen


def recorded(stand: Stand, history: CallHistory) -> Sound:
    """Return what was recorded."""
    recording = next(each.recording for each in history.segments if each.recording)
    return Sound.read(stand.recordings / f"{recording}.wav")


async def until_recorded(stand: Stand, citizen: Citizen, length: timedelta) -> None:
    """Wait until so much of the message is in the file."""

    async def look() -> bool:
        (summary,) = await stand.calls_of(citizen.number)
        history = await stand.history_of(summary)
        names = [each.recording for each in history.segments if each.recording]
        files = [stand.recordings / f"{name}.wav" for name in names]
        sizes = [each.stat().st_size for each in files if each.is_file()]
        return bool(sizes) and sizes[-1] > length.total_seconds() * 16000

    await eventually(look, what="the recording to grow")


async def test_what_a_caller_says_after_the_tone_is_recorded_until_he_presses_the_hash_key(
    stand: Stand,
) -> None:
    citizen = await asked_for_a_message(stand)
    citizen.line.say(whistle(), is_repeated=True)
    await until_recorded(stand, citizen, SPOKEN)
    await citizen.line.press("#")
    await stand.hears(citizen.line, "message-thanks")
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.MESSAGE_LEFT
    assert told(history) == ["ivr completed", "waiting left_by_key", "message completed"]
    assert find_prompt(recorded(stand, history), whistle(), beginning=WHISTLE).is_heard


async def test_who_hangs_up_after_he_has_spoken_has_left_a_message(stand: Stand) -> None:
    citizen = await asked_for_a_message(stand)
    citizen.line.say(whistle(), is_repeated=True)
    await until_recorded(stand, citizen, SPOKEN)
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.MESSAGE_LEFT
    assert told(history)[-1] == "message completed"
    assert find_prompt(recorded(stand, history), whistle(), beginning=WHISTLE).is_heard
    assert not history.faults


async def test_who_hangs_up_instead_of_speaking_has_left_the_queue_and_is_called_back(
    stand: Stand,
) -> None:
    citizen = await stand.call(LINES)
    await stand.hears(citizen.line, "queue-key-message")
    await citizen.line.press("2")
    await stand.hears(citizen.line, "message-invitation")
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ABANDONED_IN_QUEUE
    assert told(history)[-1] == "message abandoned"


async def test_who_says_nothing_is_asked_once_more_and_then_promised_a_call(stand: Stand) -> None:
    citizen = await asked_for_a_message(stand)
    await stand.hears(citizen.line, "message-not-heard")
    await stand.hears(citizen.line, "callback-promised")
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.CALLBACK_PROMISED
    assert told(history)[-1] == "message abandoned"


async def test_a_pause_ends_the_message(stand: Stand) -> None:
    citizen = await asked_for_a_message(stand)
    citizen.line.say(whistle(), is_repeated=True)
    await until_recorded(stand, citizen, SPOKEN)
    citizen.line.say(whistle())
    await stand.hears(citizen.line, "message-thanks")
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.MESSAGE_LEFT


async def test_a_script_takes_a_message(stand: Stand) -> None:
    citizen = await stand.call(EVENING)
    await stand.hears(citizen.line, "message-tone")
    citizen.line.say(whistle(), is_repeated=True)
    await until_recorded(stand, citizen, SPOKEN)
    await citizen.line.press("#")
    await stand.hears(citizen.line, "message-thanks")
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.MESSAGE_LEFT
    assert told(history) == ["ivr completed", "message completed"]


async def test_a_message_goes_on_while_the_engine_is_killed(stand: Stand) -> None:
    citizen = await asked_for_a_message(stand)
    citizen.line.say(whistle(), is_repeated=True)
    await until_recorded(stand, citizen, timedelta(seconds=1))
    stand.kill_engine()
    # Beside his voice: he must not fall silent meanwhile, which would end the message.
    await asyncio.to_thread(stand.start_engine)
    (file,) = stand.recordings.glob(f"*{await channel_of(stand, citizen)}*.wav")
    before = file.stat().st_size

    async def has_grown() -> bool:
        return file.stat().st_size > before

    await eventually(has_grown, what="the recording to go on")
    await citizen.line.press("#")
    await stand.hears(citizen.line, "message-thanks")
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.MESSAGE_LEFT
    assert told(history)[-1] == "message completed"
    assert find_prompt(recorded(stand, history), whistle(), beginning=WHISTLE).is_heard


async def test_a_message_that_ended_while_no_engine_was_there_is_thanked_for(stand: Stand) -> None:
    citizen = await asked_for_a_message(stand)
    citizen.line.say(whistle(), is_repeated=True)
    await until_recorded(stand, citizen, SPOKEN)
    stand.kill_engine()
    await citizen.line.press("#")

    stand.start_engine()
    await stand.hears(citizen.line, "message-thanks")
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.MESSAGE_LEFT


async def channel_of(stand: Stand, citizen: Citizen) -> str:
    (summary,) = await stand.calls_of(citizen.number)
    return summary.call


async def test_a_key_leads_to_another_queue_and_not_where_nobody_is(stand: Stand) -> None:
    citizen = await stand.call(LINES)
    await stand.hears(citizen.line, "queue-key-message")
    await citizen.line.press("3")
    await stand.hears(citizen.line, "queue-key-nobody")
    await citizen.line.press("4")
    await stand.until_waiting(1, queue="open")
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert told(history) == ["ivr completed", "waiting left_by_key", "waiting abandoned"]
