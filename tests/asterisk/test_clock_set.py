"""The machine's clock is set back or forward by an hour: no call notices, and times are true."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.core.call.facts import CallOutcome, SegmentKind
from ekc_telephony.core.call.presence import Activity, Presence
from lab.faults.faketime import WallClock, find_library
from lab.node import render_node
from lab.onlooker import told
from lab.phones.operator import Answer
from lab.phones.voice import whistle
from lab.ports import PortBlock
from lab.runtime import Runtime
from lab.stand import Stand, reacting
from lab.story_site import FIRST_LINE, HOTLINE, without_the_fixed, write_story_site
from lab.waiting import eventually, happens
from tests.asterisk.test_bad_input_vanished import (
    phone_of_its_own,
    shorten_the_patience_with_silence,
)
from tests.asterisk.test_reconcile import reconciled

HOUR: Final = timedelta(hours=1)
TRUE: Final = SystemClock()
"""The clock that nobody sets."""
AT_ONCE: Final = timedelta()
CLOSE: Final = timedelta(seconds=10)
"""A goodbye takes a moment to arrive; far less than the clock is wrong by."""
_SHOW_THE_TIME: Final = "import sys, time\nfor _ in sys.stdin: print(time.time(), flush=True)"


class Machine:
    """The clock of the machine as the node's processes see it, and a program that watches it."""

    def __init__(self, clock: WallClock, bystander: subprocess.Popen[str]) -> None:
        self.environment = clock.environment
        self._clock = clock
        self._bystander = bystander

    async def set_by(self, shift: timedelta) -> None:
        """Set the clock wrong by so much; return when programs that run have seen it."""
        self._clock.put(shift)

        async def look() -> bool:
            wrong_by = self._shown_s() - TRUE.now().timestamp() - shift.total_seconds()
            return abs(wrong_by) < HOUR.total_seconds() / 2

        await eventually(look, what=f"a clock that is wrong by {shift}")

    def _shown_s(self) -> float:
        assert self._bystander.stdin is not None
        assert self._bystander.stdout is not None
        print(file=self._bystander.stdin, flush=True)
        return float(self._bystander.stdout.readline())


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Return the machine, whose clock shows the right time."""
    library = find_library(Runtime.find().folder)
    assert library is not None, "found no libfaketime; expected it in .runtime: run `make setup`"
    clock = WallClock(library=library, shift=tmp_path / "shift")
    clock.put(timedelta())
    with subprocess.Popen(
        [sys.executable, "-c", _SHOW_THE_TIME],
        env=os.environ | clock.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as bystander:
        try:
            yield Machine(clock, bystander)
        finally:
            bystander.kill()


@pytest.fixture
def stand(tmp_path: Path, machine: Machine) -> Iterator[Stand]:
    """Run Asterisk and phones; the tests start the engine."""
    config = write_story_site(
        tmp_path / "site", ports=PortBlock.find_free(), change=without_the_fixed
    )
    settings, secrets = render_node(config)
    shorten_the_patience_with_silence(settings)
    with asyncio.Runner() as runner:
        stand = Stand(
            config, settings=settings, secrets=secrets, runner=runner, runtime=Runtime.find()
        )
        try:
            stand.start_asterisk(environment=machine.environment)
            stand.run(stand._open())
            yield stand
        finally:
            stand.close()


def speaking(stand: Stand) -> Answer:
    return Answer(after=AT_ONCE, words=stand.prompt("presence-not-ready"))


@pytest.mark.parametrize("shift", [HOUR, -HOUR], ids=["forward", "back"])
async def test_a_talk_goes_on_and_operators_are_reached_at_once(
    stand: Stand, machine: Machine, shift: timedelta
) -> None:
    """It goes on for longer than a phone without sound is taken for alive, twice."""
    stand.start_engine(environment=machine.environment)
    ivanova = await stand.on_duty("ivanova", speaking(stand))
    citizen = await stand.call(FIRST_LINE)
    citizen.line.say(whistle(), is_repeated=True)
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.TALKING)
    petrov = await stand.phone("petrov")
    for wrong_by in (shift, AT_ONCE):
        await machine.set_by(wrong_by)
        await stand.declare(petrov, stand.settings.feature_codes.ready)
        await stand.until_agent(
            "petrov", lambda each: each.presence is Presence.READY and each.is_reachable
        )
        petrov.react = reacting(speaking(stand))
        other = await stand.call(FIRST_LINE)
        other.line.say(whistle(), is_repeated=True)
        await stand.hears(other.line, stand.prompt("presence-not-ready"))
        await other.line.hang_up()
        assert "talk petrov caller_hung_up" in told(await stand.history(other.number))
        await stand.hears(ivanova.lines[-1], whistle())
        await stand.declare(petrov, stand.settings.feature_codes.signed_out)
    assert not citizen.line.ended.is_set()
    assert not ivanova.lines[-1].ended.is_set()
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    talks = [each for each in history.segments if each.kind is SegmentKind.TALK]
    assert [each.agent for each in talks] == ["ivanova"]
    assert history.summary.outcome is CallOutcome.ANSWERED


async def test_a_caller_in_a_menu_chooses_by_key_after_the_clock_was_set_back(
    stand: Stand, machine: Machine
) -> None:
    """Asterisk measures the gap between two keys by its clock."""
    stand.start_engine(environment=machine.environment)
    await stand.on_duty("orlov", speaking(stand))
    citizen = await stand.call(HOTLINE)
    await stand.hears(citizen.line, "menu-main")
    await citizen.line.press("7")
    await stand.hears(citizen.line, "menu-wrong-key")
    await machine.set_by(-HOUR)
    await citizen.line.press("2")
    await stand.hears(citizen.line, "to-second-line")
    assert await citizen.line.hear(stand.prompt("presence-not-ready"))


async def test_a_phone_that_vanishes_after_the_clock_was_set_back_is_noticed(
    stand: Stand, machine: Machine, tmp_path: Path
) -> None:
    stand.start_engine(environment=machine.environment)
    password = stand.password_of("ivanova")
    folder = tmp_path / "phone"
    folder.mkdir()
    with phone_of_its_own(stand, folder, "operator", "ivanova", "*45", password=password) as phone:
        await stand.until_agent("ivanova", lambda each: each.presence is Presence.READY)
        citizen = await stand.call(FIRST_LINE)
        assert await citizen.line.hear(whistle())
        await machine.set_by(-HOUR)
        phone.kill()
        await stand.until_waiting(1, queue="first_line")


async def test_an_engine_that_is_started_after_the_clock_was_set_has_asterisk_s_clock(
    stand: Stand, machine: Machine
) -> None:
    """A caller waits over it, the heart beats, a talk is as long as it was, records agree."""
    stand.start_engine(environment=machine.environment)
    dialled_at = TRUE.now()
    citizen = await stand.call(FIRST_LINE)
    await stand.until_waiting(1, queue="first_line")
    await machine.set_by(HOUR)
    stand.kill_engine()
    stand.start_engine(environment=machine.environment)
    await stand.until_waiting(1, queue="first_line")
    board = await stand.board()
    assert abs(board.at - TRUE.now()) < HOUR / 2
    await stand.on_duty("ivanova", speaking(stand))
    assert await citizen.line.hear(stand.prompt("presence-not-ready"))
    await citizen.line.hang_up()
    left_at = TRUE.now()
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert dialled_at - CLOSE < history.summary.registered_at
    ends = [each.ended_at for each in history.segments if each.kind is SegmentKind.TALK]
    assert [end is not None and end < left_at + CLOSE for end in ends] == [True]
    warnings = (await stand.health()).warnings
    assert "is -3600 s ahead of it" in warnings["clock"].replace("-3599", "-3600")
    assert "clock_of_asterisk" not in warnings
    code, _ = await reconciled(stand)
    assert code == 0


@pytest.mark.parametrize("shift", [HOUR, -HOUR], ids=["forward", "back"])
async def test_without_the_engine_a_talk_is_as_long_as_it_was_and_who_waits_waits_on(
    stand: Stand, machine: Machine, shift: timedelta
) -> None:
    words = stand.prompt("presence-not-ready")
    ivanova = await stand.phone("ivanova")
    ivanova.react = reacting(Answer(after=AT_ONCE, words=words))
    await stand.until_free_in_fallback("ivanova")
    dialled_at = TRUE.now()
    citizen = await stand.call(FIRST_LINE)
    assert await citizen.line.hear(words)
    heard_at = TRUE.now()
    waits = await stand.call(FIRST_LINE)
    await until_he_waits(stand)
    await machine.set_by(shift)
    citizen.line.say(whistle(), is_repeated=True)
    await stand.hears(ivanova.lines[-1], whistle())
    assert not waits.line.ended.is_set()
    left_at = TRUE.now()
    await citizen.line.hang_up()
    await happens(ivanova.lines[0].ended)
    gone_at = TRUE.now()
    petrov = await stand.phone("petrov")
    petrov.react = reacting(speaking(stand))
    assert await waits.line.hear(words)
    await waits.line.hang_up()
    stand.start_engine(environment=machine.environment)
    history = await stand.history(citizen.number)
    waiting, talk = sorted(history.segments, key=lambda each: each.segment)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert (waiting.kind, talk.kind) == (SegmentKind.WAITING, SegmentKind.TALK)
    assert talk.ended_at is not None
    assert dialled_at - CLOSE < history.summary.registered_at <= waiting.started_at
    assert waiting.started_at < talk.started_at < heard_at
    assert left_at - CLOSE < talk.ended_at < gone_at + CLOSE


async def until_he_waits(stand: Stand) -> None:
    """Wait until somebody stands in the fallback's queue."""

    async def look() -> bool:
        shown = stand.asterisk.command("queue show ekc-fallback")
        return "No Callers" not in shown

    await eventually(look, what="a caller in the fallback's queue")
