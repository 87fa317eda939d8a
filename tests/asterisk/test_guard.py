"""
The guard beside a real Asterisk and a real engine that dies.

Who was parked is in the fallback within five seconds and hears it, who talks goes on talking, and
while the engine is only slow, restarted or Asterisk frozen, nobody is touched.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
import pytest

from ekc_telephony.core.call.presence import Activity
from ekc_telephony.guard import decision as guard_decision
from ekc_telephony.settings.models import Settings
from lab.asterisk import AsteriskProcess, running_asterisk
from lab.child import Starved, running
from lab.node import render_node
from lab.phones.line import Line
from lab.phones.operator import Answer, Ignore, OperatorPhone
from lab.phones.voice import whistle
from lab.ports import PortBlock
from lab.runtime import PROJECT, Runtime
from lab.stand import Citizen, Stand, running_stand
from lab.story_site import FIRST_LINE, HOTLINE, PENSIONS, write_story_site
from lab.waiting import PATIENCE, NotInTimeError, eventually, happens

RESCUE_LIMIT: Final = timedelta(seconds=5)
FREEZE: Final = timedelta(seconds=6)
TOUCHES: Final = {"caller sent to the fallback", "channel hung up", "not done"}
GUARD_BEAT: Final = re.compile(r"EKC_GUARD_AT=(\d+)")
ENTERED: Final = re.compile(r"^entered_at=(\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RunningGuard:
    """A guard, and what it has written so far."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def lines(self) -> list[dict[str, str]]:
        """What it said, line by line; the last one may not be whole yet."""
        text = self.log.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line[-1] == "\n"]

    @property
    def touched(self) -> list[dict[str, str]]:
        """What it did to anybody."""
        return [line for line in self.lines if line["event"] in TOUCHES]

    def channels(self, event: str) -> set[str]:
        """Return the ids of the channels it said this of."""
        return {line["channel"] for line in self.lines if line["event"] == event}


@contextmanager
def running_guard(settings: Settings) -> Iterator[RunningGuard]:
    """Run the guard until the block is left."""
    log = settings.state / "guard.log"
    file = settings.asterisk_folder / "guard.json"
    with running(
        [sys.executable, "-m", "ekc_telephony.guard", str(file)], folder=PROJECT, log=log
    ) as process:
        yield RunningGuard(process, log)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """Run a node of its own for each test: here things are broken beyond what can be cleared up."""
    with running_stand(write_story_site(tmp_path, ports=PortBlock.find_free())) as stand:
        yield stand


@pytest.fixture
def guard(stand: Stand) -> Iterator[RunningGuard]:
    """Run the guard beside the node of the test."""
    with running_guard(stand.settings) as guard:
        yield guard


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One call in each phase."""

    in_the_menu: Citizen
    waiting: Citizen
    ringing: Citizen
    talking: Citizen
    ivanova: OperatorPhone
    """Talks to `talking`."""

    @property
    def parked(self) -> tuple[Citizen, ...]:
        """Who waits for the engine."""
        return self.in_the_menu, self.waiting, self.ringing


async def full_house(stand: Stand) -> House:
    """Bring one call into each phase; the one in the menu last, since it does not last."""
    ivanova = await stand.on_duty("ivanova", Answer(after=timedelta()))
    talking = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.TALKING)
    waiting = await stand.call(FIRST_LINE)
    await stand.until_waiting(1, queue="first_line")
    await stand.on_duty("orlov", Ignore())
    ringing = await stand.call(PENSIONS)
    await stand.until_agent("orlov", lambda each: each.activity is Activity.RESERVED)
    in_the_menu = await stand.call(HOTLINE)
    await stand.hears(in_the_menu.line, "greeting")
    return House(
        in_the_menu=in_the_menu,
        waiting=waiting,
        ringing=ringing,
        talking=talking,
        ivanova=ivanova,
    )


def guard_beat(asterisk: AsteriskProcess) -> int:
    """Return the guard's last beat; 0 when there was none."""
    found = GUARD_BEAT.search(asterisk.command("dialplan show globals"))
    return int(found[1]) if found else 0


async def watches(stand: Stand, *, for_s: int) -> None:
    """Wait until the guard has beaten for so long."""
    until = guard_beat(stand.asterisk) + for_s

    async def look() -> bool:
        return guard_beat(stand.asterisk) >= until

    await eventually(look, what="the guard's beats")


async def begins_to_watch(stand: Stand) -> None:
    """Wait for the guard's first beat."""

    async def look() -> bool:
        return guard_beat(stand.asterisk) > 0

    await eventually(look, what="the guard's first beat")


def in_fallback(stand: Stand) -> int:
    """Return how many channels are in the dialplan's fallback."""
    channels = stand.asterisk.command("core show channels concise").splitlines()
    return sum(each.split("!")[1] == "fallback" for each in channels if "!" in each)


async def until_rescued(stand: Stand, count: int) -> timedelta:
    """Wait until so many callers are in the fallback; return since 1970 when the last one came."""

    async def look() -> list[float] | None:
        texts = [file.read_text() for file in stand.settings.fallback_spool.glob("*.begun")]
        entered = [float(at) for text in texts for at in ENTERED.findall(text)]
        return entered if len(entered) >= count else None

    last = max(await eventually(look, what="all parked callers in the fallback"))
    return timedelta(seconds=last)


def allowance(starved: timedelta) -> timedelta:
    """Return how much later a machine without a CPU for the guard may make it, by its own rules."""
    # After each gap longer than that it counts its patience anew.
    return starved + guard_decision.PATIENCE * (starved // guard_decision.LONGEST_GAP)


async def hear_each_other(one: Line, other: Line) -> None:
    """Let both whistle, and wait until each has heard the other from now on."""
    for speaker, listener in ((one, other), (other, one)):
        since = listener.heard_so_far.duration
        speaker.say(whistle(), is_repeated=True)
        assert await listener.hear(whistle())
        assert listener.heard_so_far.duration > since


async def test_callers_of_an_engine_that_stays_dead_are_in_the_fallback_within_five_seconds(
    stand: Stand, guard: RunningGuard
) -> None:
    await begins_to_watch(stand)
    house = await full_house(stand)
    assert guard.touched == []
    starved = Starved(guard.process.pid, stand.asterisk.pid)
    died_at = time.time()  # noqa: TID251 - compared with Asterisk's clock
    stand.kill_engine()
    took = await until_rescued(stand, len(house.parked)) - timedelta(seconds=died_at)
    figures = f"{took.total_seconds():.2f} s after kill -9, starved {starved.so_long}"
    print(f"guard: parked callers in the fallback {figures}")  # noqa: T201 - figure
    assert took < RESCUE_LIMIT + allowance(starved.so_long)
    for citizen in house.parked:
        await stand.hears(citizen.line, "fallback-apology")
    assert len(guard.channels("caller sent to the fallback")) == len(house.parked)
    assert [each[-8:] for each in guard.channels("channel hung up")] == ["-offer-1"]
    assert not house.talking.line.ended.is_set()
    await hear_each_other(house.talking.line, house.ivanova.lines[0])
    await house.ivanova.lines[0].hang_up()
    await happens(house.talking.line.ended)
    assert {line["event"] for line in guard.touched} == TOUCHES - {"not done"}


async def test_who_calls_an_engine_restarted_in_time_is_never_touched(
    stand: Stand, guard: RunningGuard
) -> None:
    await begins_to_watch(stand)
    await stand.prepare_engine()
    house = await full_house(stand)
    await stand.replace_engine()
    await watches(stand, for_s=6)
    assert guard.touched == []
    assert not house.talking.line.ended.is_set()
    assert in_fallback(stand) == 0


async def test_nobody_is_touched_while_asterisk_is_frozen_and_after(
    stand: Stand, guard: RunningGuard
) -> None:
    await begins_to_watch(stand)
    house = await full_house(stand)
    os.kill(stand.asterisk.pid, signal.SIGSTOP)
    try:
        with pytest.raises(NotInTimeError):
            await happens(house.talking.line.ended, within=FREEZE)
    finally:
        os.kill(stand.asterisk.pid, signal.SIGCONT)
    await watches(stand, for_s=6)
    assert guard.touched == []
    assert "no AMI connection" in {line["event"] for line in guard.lines}


async def test_a_call_that_a_hung_engine_never_answered_is_rescued_and_the_engine_is_told(
    stand: Stand, guard: RunningGuard
) -> None:
    await begins_to_watch(stand)
    stand.stop_engine()
    async with HungEngine(stand) as engine:
        citizen = await stand.call(HOTLINE)
        start = await engine.next("StasisStart")
        assert start["channel"]["state"] != "Up"
        end = await engine.next("StasisEnd")
        assert end["channel"]["id"] == start["channel"]["id"]
        await stand.hears(citizen.line, "fallback-apology")
        assert guard.channels("caller sent to the fallback") == {start["channel"]["id"]}


class HungEngine:
    """Owns the engine's application and its heartbeat, and does nothing with calls."""

    def __init__(self, stand: Stand) -> None:
        ari = stand.settings.asterisk.ari
        self._url = f"http://{ari.bind}:{ari.port}/ari"
        self._key = {"api_key": f"ekc:{stand._secrets.ari}"}
        self._http = aiohttp.ClientSession()
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def __aenter__(self) -> Self:
        self._socket = await self._http.ws_connect(
            f"{self._url}/events", params=self._key | {"app": "ekc"}
        )
        beat = {"variable": "EKC_ENGINE", "value": "hung#1"}
        async with self._http.post(
            f"{self._url}/asterisk/variable", params=self._key | beat
        ) as answer:
            assert answer.ok
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def next(self, kind: str) -> dict[str, Any]:
        """Wait for the next event of this kind."""
        assert self._socket is not None
        async with asyncio.timeout(PATIENCE.total_seconds()):
            while True:
                event: dict[str, Any] = await self._socket.receive_json()
                if event["type"] == kind:
                    return event


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, AsteriskProcess]]:
    """Run Asterisk alone, without an engine."""
    folder = tmp_path_factory.mktemp("lonely")
    settings, _ = render_node(write_story_site(folder, ports=PortBlock.find_free()))
    with running_asterisk(settings.asterisk_folder, Runtime.find()) as asterisk:
        yield settings, asterisk


def trouble_of(settings: Settings) -> str:
    """Run the guard until it gives up, and return why."""
    with running_guard(settings) as guard:
        assert guard.process.wait(PATIENCE.total_seconds()) == 1
        *_, last = guard.lines
    assert last["event"] == "guard cannot work"
    return last["trouble"]


def test_a_guard_with_a_wrong_password_says_so(
    lonely: tuple[Settings, AsteriskProcess],
) -> None:
    settings, _ = lonely
    file = settings.asterisk_folder / "guard.json"
    right = file.read_text()
    file.write_text(json.dumps(json.loads(right) | {"secret": "wrong-one"}))
    trouble = trouble_of(settings)
    file.write_text(right)
    assert "refuses the AMI user 'ekc-guard'" in trouble
    assert "Authentication failed" in trouble
    assert "wrong-one" not in trouble


def test_a_guard_that_may_not_do_its_work_says_what_it_lacks(
    lonely: tuple[Settings, AsteriskProcess],
) -> None:
    settings, asterisk = lonely
    file = settings.asterisk_folder / "etc" / "manager.conf"
    right = file.read_text()
    file.write_text(right.replace("write = call,reporting", "write = reporting"))
    asterisk.command("manager reload")
    trouble = trouble_of(settings)
    file.write_text(right)
    asterisk.command("manager reload")
    assert "'ekc-guard' at 127.0.0.1" in trouble
    assert "use Hangup, Redirect, Setvar" in trouble
    assert "write = call,reporting" in trouble


def test_the_rendered_rights_suffice_and_allow_nothing_that_calls_or_configures(
    lonely: tuple[Settings, AsteriskProcess],
) -> None:
    settings, asterisk = lonely
    with running_guard(settings) as guard:

        async def look() -> bool:
            return guard_beat(asterisk) > 0

        asyncio.run(eventually(look, what="the guard's first beat"))
        assert [line["event"] for line in guard.lines] == ["guard starting", "connected to AMI"]
    shown = asterisk.command("manager show user ekc-guard")
    rights = next(line for line in shown.splitlines() if "write perm" in line)
    assert set(rights.partition(":")[2].strip().split(",")) == {"call", "reporting"}
