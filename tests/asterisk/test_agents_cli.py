"""`ekc agents` against a running engine: a supervisor declares for an operator."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta

from typer.testing import CliRunner

from ekc_telephony.cli.root import app
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from lab.phones.operator import Answer
from lab.stand import Stand
from lab.story_site import FIRST_LINE

AT_ONCE = timedelta()


@dataclass(frozen=True, slots=True)
class Said:
    """How the command ended, and what it printed."""

    exit_code: int
    output: str


async def ekc(stand: Stand, *words: str) -> Said:
    """Run `ekc agents` with the stand's configuration."""

    def run() -> Said:
        found = CliRunner().invoke(app, ["agents", *words, "--config", str(stand.config)])
        return Said(found.exit_code, found.output)

    return await asyncio.to_thread(run)


async def test_a_supervisor_sends_an_operator_to_lunch_and_back(stand: Stand) -> None:
    ivanova = await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    away = await ekc(stand, "not-ready", "ivanova", "--reason", "lunch", "--by", "Петрова")
    assert (away.exit_code, away.output) == (0, "ivanova: не готов (обед), свободен\n")
    await stand.until_agent("ivanova", lambda each: each.reason is NotReadyReason.LUNCH)
    await stand.call(FIRST_LINE)
    listed = json.loads((await ekc(stand, "list", "--json")).output)
    assert {each["agent"]: each["presence"] for each in listed}["ivanova"] == "not_ready"
    assert not ivanova.offers
    back = await ekc(stand, "ready", "ivanova")
    assert back.exit_code == 0
    assert back.output.startswith("ivanova: готов")
    await stand.until_agent("ivanova", lambda each: each.presence is Presence.READY)
    assert (await ekc(stand, "sign-out", "ivanova")).exit_code == 0


async def test_a_wrong_name_is_told_with_the_right_one(stand: Stand) -> None:
    told = await ekc(stand, "ready", "ivanowa")
    assert told.exit_code == 1
    assert "did you mean ivanova?" in told.output
    assert "оператор" in (await ekc(stand, "list")).output
