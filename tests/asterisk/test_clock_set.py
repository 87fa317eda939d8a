"""Asterisk's clock is set back or forward by an hour: what the store knows stays true."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.core.call.facts import CallOutcome, SegmentKind
from ekc_telephony.core.engine.state import Phase
from lab.faults.faketime import WallClock, find_library
from lab.node import engine_log, render_node
from lab.phones.operator import Answer
from lab.phones.voice import whistle
from lab.ports import PortBlock
from lab.runtime import Runtime
from lab.stand import Stand, reacting
from lab.story_site import FIRST_LINE, write_story_site
from lab.waiting import eventually, happens

HOUR = timedelta(hours=1)
TRUE = SystemClock()
"""The clock that nobody sets."""
AT_ONCE = timedelta()
CLOSE = timedelta(seconds=0.5)
"""A goodbye takes a moment to arrive, and a tick is a hundredth of a second."""


@pytest.fixture
def clock(tmp_path: Path) -> WallClock:
    """Return Asterisk's clock, which shows the right time."""
    library = find_library(Runtime.find().folder)
    assert library is not None, "found no libfaketime; expected it in .runtime: run `make setup`"
    shown = WallClock(library=library, shift=tmp_path / "shift")
    shown.put(timedelta())
    return shown


@pytest.fixture
def stand(tmp_path: Path, clock: WallClock) -> Iterator[Stand]:
    """Run an Asterisk whose clock can be set, and phones; the test starts the engine."""
    config = write_story_site(tmp_path / "site", ports=PortBlock.find_free())
    settings, secrets = render_node(config)
    with asyncio.Runner() as runner:
        stand = Stand(
            config, settings=settings, secrets=secrets, runner=runner, runtime=Runtime.find()
        )
        try:
            stand.start_asterisk(environment=clock.environment)
            stand.run(stand._open())
            yield stand
        finally:
            stand.close()


async def clock_shows(stand: Stand, shift: timedelta) -> None:
    """Wait until Asterisk sees its clock wrong by so much."""

    async def look() -> bool:
        told = stand.asterisk.command("dialplan eval function STRFTIME(,,%s)")
        seconds = int(told.partition("Result:")[2].strip())
        now = TRUE.now().timestamp()
        return abs(seconds - now - shift.total_seconds()) < HOUR.total_seconds() / 2

    await eventually(look, what=f"a clock that is wrong by {shift}")


@pytest.mark.parametrize("shift", [HOUR, -HOUR], ids=["forward", "back"])
async def test_a_talk_without_the_engine_is_as_long_in_the_store_as_it_was(
    stand: Stand, clock: WallClock, shift: timedelta
) -> None:
    words = stand.prompt("presence-not-ready")
    ivanova = await stand.phone("ivanova")
    ivanova.react = reacting(Answer(after=AT_ONCE, words=words))
    await stand.until_free_in_fallback("ivanova")
    dialled_at = TRUE.now()
    citizen = await stand.call(FIRST_LINE)
    assert await citizen.line.hear(words, patience=timedelta(seconds=20))
    heard_at = TRUE.now()
    clock.put(shift)
    await clock_shows(stand, shift)
    citizen.line.say(whistle(), is_repeated=True)
    await stand.hears(ivanova.lines[-1], whistle())
    left_at = TRUE.now()
    await citizen.line.hang_up()
    await happens(ivanova.lines[-1].ended)
    gone_at = TRUE.now()
    stand.start_engine()
    history = await stand.history(citizen.number)
    waiting, talk = sorted(history.segments, key=lambda each: each.segment)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert (waiting.kind, talk.kind) == (SegmentKind.WAITING, SegmentKind.TALK)
    assert talk.ended_at is not None
    assert dialled_at - CLOSE < history.summary.registered_at <= waiting.started_at
    assert waiting.started_at < talk.started_at < heard_at
    assert left_at - CLOSE < talk.ended_at < gone_at + CLOSE


async def test_a_caller_who_presses_keys_after_the_clock_was_set_back_hears_and_is_heard(
    stand: Stand, clock: WallClock
) -> None:
    words = stand.prompt("presence-not-ready")
    stand.start_engine(environment=clock.environment)
    for account in ("ivanova", "petrov"):
        await stand.phone(account)
    before = await stand.call(FIRST_LINE)
    await stand.until(lambda board: [each.phase for each in board.calls] == [Phase.WAITING])
    await before.line.press("5")
    after = await stand.call(FIRST_LINE)
    await stand.until(lambda board: [each.phase for each in board.calls] == [Phase.WAITING] * 2)
    clock.put(-HOUR)
    await clock_shows(stand, -HOUR)

    async def is_noticed() -> bool:
        log = engine_log(stand.settings).read_text(encoding="utf-8")
        return "clock was set back" in log

    await eventually(is_noticed)
    for citizen in (before, after):
        await citizen.line.press("57")
    for citizen, account in ((before, "ivanova"), (after, "petrov")):
        phone = await stand.on_duty(account, Answer(after=AT_ONCE, words=words))
        assert await citizen.line.hear(words, patience=timedelta(seconds=20))
        await citizen.line.press("7")
        citizen.line.say(whistle(), is_repeated=True)
        await stand.hears(phone.lines[-1], whistle())
