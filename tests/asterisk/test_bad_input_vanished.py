"""A phone that is gone without a goodbye: its process is killed in the middle of a conversation."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.settings.models import Settings
from lab.onlooker import told
from lab.phones.alone import PASSWORD
from lab.phones.operator import Answer
from lab.phones.voice import whistle
from lab.ports import PortBlock
from lab.runtime import PROJECT
from lab.stand import Stand, running_stand
from lab.story_site import FIRST_LINE, write_story_site

AT_ONCE = timedelta()
SHIPPED, SHORT = "rtp_timeout = 20", "rtp_timeout = 4"


def shorten_the_patience_with_silence(settings: Settings) -> None:
    """Take a phone for dead after 4 s without sound; shipped are 20 s."""
    file = settings.asterisk_folder / "etc" / "pjsip.conf"
    text = file.read_text(encoding="utf-8")
    assert SHIPPED in text
    file.write_text(text.replace(SHIPPED, SHORT), encoding="utf-8")


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    config = write_story_site(tmp_path_factory.mktemp("stand"), ports=PortBlock.find_free())
    with running_stand(config, prepare=shorten_the_patience_with_silence) as stand:
        yield stand


@contextmanager
def phone_of_its_own(
    stand: Stand, folder: Path, *what: str, password: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    role, *words = what
    host, port = stand.sip
    command = [sys.executable, "-m", "lab.phones.alone", role, f"{host}:{port}", str(folder)]
    with subprocess.Popen(
        ["setpriv", "--pdeathsig=KILL", *command, *words],
        cwd=PROJECT,
        env=os.environ | {PASSWORD: password},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


async def test_a_caller_whose_operators_phone_dies_waits_again_and_talks_to_another(
    stand: Stand, tmp_path: Path
) -> None:
    password = stand.password_of("ivanova")
    what = ("operator", "ivanova", "*45")
    with phone_of_its_own(stand, tmp_path, *what, password=password) as phone:
        await stand.until_agent("ivanova", lambda each: each.presence is Presence.READY)
        citizen = await stand.call(FIRST_LINE)
        assert await citizen.line.hear(whistle())
        phone.kill()
        await stand.until_waiting(1, queue="first_line")
        petrov = await stand.on_duty("petrov", Answer(after=AT_ONCE, words=whistle()))
        await stand.until_agent("petrov", lambda each: each.activity is Activity.TALKING)
    citizen.line.say(whistle(), is_repeated=True)
    assert await petrov.lines[0].hear(whistle())
    await citizen.line.hang_up()
    await stand.off_duty("ivanova")
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert [each for each in told(history) if not each.startswith("wrap_up")] == [
        "ivr completed",
        "waiting completed",
        "offer ivanova accepted",
        "talk ivanova broken",
        "waiting completed",
        "offer petrov accepted",
        "talk petrov caller_hung_up",
    ]


async def test_an_operator_may_end_the_call_of_a_citizen_who_has_vanished(
    stand: Stand, tmp_path: Path
) -> None:
    petrov = await stand.on_duty("petrov", Answer(after=AT_ONCE))
    number = stand.citizen()
    with phone_of_its_own(stand, tmp_path, "citizen", FIRST_LINE, number) as phone:
        await stand.until_agent("petrov", lambda each: each.activity is Activity.TALKING)
        assert await petrov.lines[0].hear(whistle())
        phone.kill()
    await petrov.lines[0].hang_up()
    history = await stand.history(number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert told(history)[3] == "talk petrov agent_hung_up"
