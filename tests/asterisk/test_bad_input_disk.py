"""No room for recordings: the conversation goes on, and the appeal and a metric tell of it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import timedelta

import pytest

from ekc_telephony.adapters.sql.models import CallFault
from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.presence import Activity
from lab.node import Document
from lab.onlooker import told
from lab.phones.operator import Answer
from lab.phones.voice import whistle
from lab.ports import PortBlock
from lab.runtime import PROJECT, Runtime
from lab.stand import Stand, running_stand
from lab.story_site import EVENING, FIRST_LINE, add_ways_to_a_message, write_story_site
from lab.waiting import eventually

AT_ONCE = timedelta()
_WITH_A_SMALL_DISK = """#!/bin/sh
# A namespace of its own, where the folder of recordings is a disk of 16 kilobytes: one second.
exec unshare --map-root-user --mount sh -c '
mount -t tmpfs -o size=16k tmpfs "$0" && exec "$@"' {recordings} {asterisk} "$@"
"""


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("stand")

    def change(document: Document) -> None:
        add_ways_to_a_message(document, folder / "scripts")

    config = write_story_site(folder, ports=PortBlock.find_free(), change=change)
    program = folder / "runtime" / "bin" / "asterisk"
    program.parent.mkdir(parents=True)
    recordings = folder / "asterisk" / "spool" / "recording"
    program.write_text(
        _WITH_A_SMALL_DISK.format(
            recordings=shlex.quote(str(recordings)),
            asterisk=shlex.quote(str(Runtime.find(PROJECT).asterisk)),
        )
    )
    program.chmod(0o755)
    with running_stand(config, runtime=Runtime(folder / "runtime")) as stand:
        yield stand


async def test_a_conversation_goes_on_when_the_disk_for_recordings_is_full(stand: Stand) -> None:
    lost = await stand.metric("ekc_recordings_lost_total")
    ivanova = await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    citizen = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.TALKING)
    citizen.line.say(whistle(), is_repeated=True)
    line = ivanova.lines[0]

    async def is_full() -> bool:
        return await stand.metric("ekc_recordings_lost_total") == lost + 1

    await eventually(is_full)
    assert await line.hear(whistle())
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert told(history)[3] == "talk ivanova caller_hung_up"
    assert [fault.kind for fault in history.faults] == [CallFault.RECORDING_LOST]


async def test_who_cannot_leave_a_message_is_told_so_and_called_back(stand: Stand) -> None:
    citizen = await stand.call(EVENING)
    await stand.hears(citizen.line, "message-tone")
    citizen.line.say(whistle(), is_repeated=True)
    await stand.hears(citizen.line, "message-failed")
    await stand.hears(citizen.line, "callback-promised")
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.CALLBACK_PROMISED
    assert told(history)[-1] == "message broken"
    assert [fault.kind for fault in history.faults] == [CallFault.RECORDING_LOST]
