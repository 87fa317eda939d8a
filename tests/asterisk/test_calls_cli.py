"""`ekc calls` and `ekc supervise` against a running engine: a supervisor helps out."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any, Final

from typer.testing import CliRunner

from ekc_telephony.cli.root import app
from ekc_telephony.core.call.presence import Activity
from lab.onlooker import told
from lab.phones.operator import Answer, Ignore
from lab.stand import Stand, reacting
from lab.story_site import FIRST_LINE
from lab.waiting import eventually, happens
from tests.asterisk.test_reconcile import reconciled
from tests.asterisk.test_supervision import NIKITINA, until_supervised

AT_ONCE: Final = timedelta()


async def ekc(stand: Stand, *words: str) -> tuple[int, str]:
    """Run a command with the stand's configuration; return its exit code and what it printed."""

    def run() -> tuple[int, str]:
        found = CliRunner().invoke(app, [*words, "--config", str(stand.config)])
        return found.exit_code, found.output

    return await asyncio.to_thread(run)


async def test_a_caller_of_an_empty_queue_is_moved_to_one_that_is_served(stand: Stand) -> None:
    await stand.on_duty("smirnova", Answer(after=AT_ONCE))
    citizen = await stand.call(FIRST_LINE)
    await stand.until_waiting(1, queue="first_line")
    code, printed = await ekc(stand, "calls", "--json")
    (line,) = json.loads(printed)
    assert (code, line["queue"], line["agent"]) == (0, "first_line", None)
    code, printed = await ekc(stand, "calls")
    assert (code, line["appeal"] in printed, "в очереди" in printed) == (0, True, True)
    moving = ("calls", "move", line["appeal"], "pensions", "--by", "Петрова", "--json")
    code, printed = await ekc(stand, *moving)
    assert (code, json.loads(printed)["queue"]) == (0, "pensions")
    await stand.until_agent("smirnova", lambda agent: agent.activity is Activity.TALKING)
    code, printed = await ekc(stand, "calls", "move", line["call"], "first_line")
    assert (code, "does not wait" in printed) == (1, True)
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert told(history)[1] == "waiting moved"
    notes = [(each.kind.value, each.agent, each.target) for each in history.notes]
    assert notes == [("moved", "Петрова", "pensions")]


async def test_a_supervisor_is_let_in_and_out_and_asterisks_record_agrees(stand: Stand) -> None:
    ivanova = await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    nikitina = await stand.phone(NIKITINA)
    nikitina.react = reacting(Answer(after=AT_ONCE))
    citizen = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.TALKING)
    await happens(ivanova.lines[0].established)
    for mode in ("listen", "barge", "whisper"):
        asked = ("supervise", "ivanova", "--by", NIKITINA, "--mode", mode)
        code, printed = await ekc(stand, *asked)
        assert (code, NIKITINA in printed) == (0, True)
        await until_supervised(stand, mode)
    code, printed = await ekc(stand, "supervise", "ivanova", "--by", NIKITINA, "--end", "--json")
    assert (code, json.loads(printed)["supervisors"]) == (0, [])
    await happens(nikitina.lines[0].ended)
    await citizen.line.hang_up()
    history = await stand.history(citizen.number)
    assert [each.reason for each in history.notes] == ["listen", "barge", "whisper"]

    async def compared() -> list[dict[str, Any]] | None:
        _, days = await reconciled(stand)
        return days if sum(day["calls"] for day in days) else None

    days = await eventually(compared, what="the call compared")
    assert not [each for day in days for each in day["differences"]]


async def test_a_supervisor_whose_phone_rings_in_vain_can_be_asked_not_to_be_rung(
    stand: Stand,
) -> None:
    await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    nikitina = await stand.phone(NIKITINA)
    nikitina.react = reacting(Ignore())
    nikitina.lines.clear()
    code, printed = await ekc(stand, "supervise", "ivanova", "--by", NIKITINA)
    assert (code, "talks to no caller" in printed) == (1, True)
    citizen = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.TALKING)
    code, printed = await ekc(stand, "supervise", "ivanova", "--by", NIKITINA)
    assert (code, "звонит телефон" in printed) == (0, True)
    code, _ = await ekc(stand, "supervise", "ivanova", "--by", NIKITINA, "--end")
    assert code == 0
    await stand.until(lambda board: not any(call.supervisors for call in board.calls))
    await citizen.line.hang_up()
