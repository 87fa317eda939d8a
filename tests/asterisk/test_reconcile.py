"""Asterisk's own record and the store agree about calls by phone, and a lost appeal is found."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from typing import Any

from ekc_telephony.adapters.sql.models import CallFault
from ekc_telephony.adapters.sql.queries import CallHistory
from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.presence import Activity
from lab.phones.operator import Answer, Refuse
from lab.stand import Stand
from lab.story_site import FIRST_LINE, HOTLINE, UNKNOWN
from lab.waiting import eventually, happens

AT_ONCE = timedelta()


async def reconciled(stand: Stand) -> tuple[int, list[dict[str, Any]]]:
    """Run the command as the timer does and return its exit code and what it found."""
    words = ["-m", "ekc_telephony", "appeals", "reconcile", "--json", "--config"]
    program = await asyncio.create_subprocess_exec(
        sys.executable, *words, str(stand.config), stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await program.communicate()
    assert program.returncode is not None
    return program.returncode, json.loads(printed)


async def calls_while_the_engine_is_dead(stand: Stand) -> CallHistory:
    """Let a citizen call and give up, bring the engine back, and return what became of the call."""
    stand.kill_engine()
    citizen = await stand.call(FIRST_LINE)
    await stand.hears(citizen.line, "fallback-apology")
    await citizen.line.hang_up()
    stand.start_engine()
    history = await stand.history(citizen.number)
    assert history.callback is not None
    assert history.callback.number == citizen.number
    return history


async def calls_of_all_kinds(stand: Stand) -> CallHistory:
    """Let four citizens call, and return the history of the one who talks to an operator."""
    await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    answered = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.TALKING)
    leaves_menu = await stand.call(HOTLINE)
    await stand.hears(leaves_menu.line, "greeting")
    await leaves_menu.line.hang_up()
    await stand.on_duty("petrov", Refuse(after=AT_ONCE))
    waits = await stand.call(FIRST_LINE)
    await stand.until_waiting(1, queue="first_line")
    wrong = await stand.call(UNKNOWN)
    await happens(wrong.line.ended)
    await waits.line.hang_up()
    await answered.line.hang_up()  # after more than the second that makes a talk
    for each in (leaves_menu, waits, wrong):
        await stand.outcome_of(each.number)
    return await stand.history(answered.number)


async def test_every_call_has_its_appeal_and_one_that_is_deleted_is_missed(stand: Stand) -> None:
    in_fallback = await calls_while_the_engine_is_dead(stand)
    assert in_fallback.summary.outcome is CallOutcome.SENT_TO_FALLBACK
    assert [fault.kind for fault in in_fallback.faults] == [CallFault.ENGINE_AWAY]
    assert list(stand.settings.fallback_spool.iterdir()) == []
    answered = (await calls_of_all_kinds(stand)).summary
    assert answered.outcome is CallOutcome.ANSWERED

    async def all_five() -> tuple[int, list[dict[str, Any]]] | None:
        code, days = await reconciled(stand)
        return (code, days) if sum(day["calls"] for day in days) == 5 else None

    code, days = await eventually(all_five, what="five calls compared")
    assert (code, [day["differences"] for day in days]) == (0, [[], []])

    with closing(sqlite3.connect(stand.settings.state / "ekc.sqlite")) as database, database:
        for table, column in (("segments", "call"), ("callbacks", "call"), ("calls", "id")):
            database.execute(f"DELETE FROM {table} WHERE {column} = ?", (answered.call,))
        database.execute("DELETE FROM appeals WHERE id = ?", (answered.appeal,))
    code, days = await reconciled(stand)
    (difference,) = [each for day in days for each in day["differences"]]
    assert code == 1
    assert (difference["kind"], difference["call"]) == ("call_without_appeal", answered.call)
