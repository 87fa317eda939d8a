"""An engine dies when its commands are leaving, before it has written up what came of the step."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta

import pytest

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.presence import Activity
from lab.mortal_engine import DIES_IN
from lab.onlooker import told
from lab.phones.operator import Answer
from lab.stand import Stand
from lab.story_site import FIRST_LINE, HOTLINE
from lab.waiting import eventually
from tests.asterisk.test_reconnect import both_hear_each_other


async def _dies(stand: Stand) -> None:
    async def is_dead() -> bool:
        return stand.engine.poll() is not None

    await eventually(is_dead, what="the engine's death")
    stand.kill_engine()


async def _replayed(stand: Stand, call: str) -> str:
    """Return what `ekc replay` tells of a call."""
    words = ["-m", "ekc_telephony", "replay", str(stand.settings.journal_folder), "--call", call]
    replay = await asyncio.create_subprocess_exec(
        sys.executable, *words, "--config", str(stand.config), stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await replay.communicate()
    assert replay.returncode == 0
    return printed.decode()


@pytest.mark.parametrize("event", ["CallArrived", "KeyPressed", "LegAnswered"])
async def test_the_next_engine_takes_the_step_again_and_the_caller_is_served(
    stand: Stand, event: str
) -> None:
    ivanova = await stand.on_duty("ivanova", Answer(after=timedelta()))
    stand.stop_engine()
    stand.start_engine(environment={DIES_IN: event}, program="lab.mortal_engine")
    log = stand.settings.state / "engine.log"
    calling = asyncio.create_task(stand.call(HOTLINE if event == "KeyPressed" else FIRST_LINE))
    if event == "KeyPressed":
        caller = await calling
        await stand.hears(caller.line, "greeting")
        await caller.line.press("1")
    await _dies(stand)
    if event == "CallArrived":
        call = stand.asterisk.command("core show channels concise").split("!")[-1].strip()
        assert "† the engine died here" in await _replayed(stand, call)
    stand.start_engine()  # which begins a new log
    caller = await calling
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.TALKING)
    await both_hear_each_other(caller, ivanova)
    await caller.line.hang_up()
    assert await stand.outcome_of(caller.number) is CallOutcome.ANSWERED
    history = await stand.history(caller.number)
    talks = [each for each in told(history) if each.startswith("talk")]
    assert talks == ["talk ivanova caller_hung_up"]
    assert len(await stand.calls_of(caller.number)) == 1
    assert await stand.metric("ekc_engine_bugs") == 0
    said = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    again = "the last step of the engine before is taken again"
    assert [each["kind"] for each in said if each["event"] == again] == [event]
