"""Without any process of ours Asterisk serves callers by itself, and forgets none of them."""

from __future__ import annotations

import asyncio
import csv
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ekc_telephony.settings.asterisk import ARI_APP
from lab.hearing import Sound
from lab.phones.operator import Answer, Ignore, OperatorPhone
from lab.phones.voice import whistle
from lab.ports import PortBlock
from lab.stand import Citizen, Stand, reacting, stand_without_engine
from lab.story_site import FIRST_LINE, without_the_fixed, write_story_site
from lab.waiting import PATIENCE, eventually, happens

AT_ONCE = timedelta()
SAME_S = 0.1
"""Two clocks that mean one moment, and what is rounded."""
NOT_KEPT_WAITING_S = 4
"""From the beginning of the choice, the prompt included."""
OLD_S = 10
"""Older than any heartbeat may be."""


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run Asterisk and phones; the engine is never started."""
    config = write_story_site(
        tmp_path_factory.mktemp("fallback"), ports=PortBlock.find_free(), change=without_the_fixed
    )
    with stand_without_engine(config) as stand:
        yield stand


@pytest.fixture
def stand(module_stand: Stand) -> Iterator[Stand]:
    """Lend the module's Asterisk to one test; afterwards nobody calls or is registered."""
    yield module_stand
    module_stand.run(clear(module_stand))


async def clear(stand: Stand) -> None:
    await stand.send_home()
    # An operator who talked a moment ago is let be: the next test's citizen would not get him.
    stand.asterisk.command("queue reset stats ekc-fallback")
    set_global(stand, "EKC_ALIVE_AT", "")
    set_global(stand, "EKC_FALLBACK_WAIT", "300")
    for file in spool(stand).iterdir():
        file.unlink()


def set_global(stand: Stand, name: str, value: str) -> None:
    stand.asterisk.command(f'dialplan set global {name} "{value}"')


def beat(stand: Stand, *, seconds_ago: int = 0) -> None:
    """Let the engine's heart have beaten last at a moment."""
    set_global(stand, "EKC_ALIVE_AT", str(int(time.time()) - seconds_ago))  # noqa: TID251


def spool(stand: Stand) -> Path:
    return stand.settings.asterisk_folder / "spool" / "ekc"


async def kept(stand: Stand, *, is_ended: bool = True) -> dict[str, Any]:
    """Wait until the only call is in the spool, and return what was kept of it."""

    async def look() -> dict[str, Any] | None:
        for file in spool(stand).glob("*.json"):
            found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            if bool(found["ended_at"]) is is_ended:
                assert found.pop("version") == 1
                assert found["call"] == file.stem
                return found
        return None

    return await eventually(look, what="the call in the spool")


async def begun(stand: Stand) -> dict[str, str]:
    """Wait until the dialplan has written its own file of the only call, and return that."""

    async def look() -> dict[str, str] | None:
        for file in spool(stand).glob("*.begun"):
            lines = file.read_text(encoding="utf-8").splitlines()
            found = dict(line.split("=", 1) for line in lines)
            return found if "was_served" in found else None
        return None

    return await eventually(look, what="a file that was begun")


async def witness(stand: Stand, call: str) -> list[str]:
    """Wait for Asterisk's own record of a call, and return it."""
    path = stand.settings.asterisk_folder / "log" / "cdr-custom" / "ekc.csv"

    async def look() -> list[str] | None:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = [row for row in csv.reader(lines) if row[0] == call]
        assert len(rows) <= 1, rows
        return rows[0] if rows else None

    return await eventually(look, what="Asterisk's record of the call")


@asynccontextmanager
async def ari(stand: Stand) -> AsyncIterator[Ari]:
    """Connect an application of the engine's name, without its heartbeat."""
    async with aiohttp.ClientSession() as http:
        endpoint = stand.settings.asterisk.ari
        url = f"http://{endpoint.bind}:{endpoint.port}/ari"
        key = {"Authorization": aiohttp.encode_basic_auth("ekc", stand._secrets.ari)}
        async with http.ws_connect(f"{url}/events?app={ARI_APP}", headers=key) as events:
            yield Ari(http, url, key, events)


class Ari:
    """As much of ARI as these stories need."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        key: dict[str, str],
        events: aiohttp.ClientWebSocketResponse,
    ) -> None:
        self._http, self._url, self._key, self._events = http, url, key, events

    async def event(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            while True:
                event: dict[str, Any] = await self._events.receive_json()
                if event["type"] == kind:
                    return event

    async def post(self, path: str, **query: str) -> None:
        async with self._http.post(
            f"{self._url}/{path}", params=query, headers=self._key
        ) as answer:
            answer.raise_for_status()


async def ami(stand: Stand, *actions: dict[str, str]) -> list[str]:
    """Log in as the guard, act, and return the answer to each action."""
    endpoint = stand.settings.asterisk.ami
    reader, writer = await asyncio.open_connection(str(endpoint.bind), endpoint.port)
    answers: list[str] = []
    login = {"Action": "Login", "Username": "ekc-guard", "Secret": stand._secrets.guard}
    await reader.readline()
    for action in (login, *actions):
        lines = [f"{name}: {value}\r\n" for name, value in action.items()]
        writer.write("".join([*lines, "\r\n"]).encode())
        async with asyncio.timeout(PATIENCE.total_seconds()):
            answers.append((await reader.readuntil(b"\r\n\r\n")).decode())
    writer.close()
    await writer.wait_closed()
    return answers[1:]


async def test_a_caller_is_told_what_is_wrong_and_talks_to_an_operator_who_is_there(
    stand: Stand,
) -> None:
    words = stand.prompt("presence-not-ready")
    ivanova = await stand.at_work("ivanova", Answer(after=AT_ONCE, words=words))
    dialled_at = time.time()  # noqa: TID251 - compared with Asterisk's clock
    citizen = await stand.call(FIRST_LINE)
    await stand.hears(citizen.line, "fallback-apology")
    heard_at = time.time()  # noqa: TID251
    begins = await begun(stand)
    await stand.hears(citizen.line, "fallback-choice")
    assert await citizen.line.hear(words)
    talks_at = time.time()  # noqa: TID251
    citizen.line.say(whistle(), is_repeated=True)
    await stand.hears(ivanova.lines[0], whistle())
    assert ivanova.offers[0].number == citizen.number
    hangs_up_at = time.time()  # noqa: TID251
    await citizen.line.hang_up()
    call = await kept(stand)
    row = await witness(stand, call["call"])
    written_at = time.time()  # noqa: TID251
    assert (call["did"], call["number"]) == (FIRST_LINE, citizen.number)
    assert (call["was_served"], call["choice"], call["agent"]) == (False, None, "ivanova")
    assert dialled_at - SAME_S < call["began_at"] <= call["entered_at"] < heard_at
    assert call["entered_at"] < call["answered_at"] < talks_at
    assert hangs_up_at - SAME_S < call["ended_at"] < written_at + SAME_S
    assert begins == {
        "call": call["call"],
        "did": FIRST_LINE,
        "number": citizen.number,
        "began_at": f"{call['began_at']:.6f}",
        "entered_at": f"{call['entered_at']:.6f}",
        "was_served": "",
    }
    assert row[3:7] == [citizen.number, "s", "fallback", "Queue"]
    assert float(row[7]) == call["began_at"]
    assert hangs_up_at - SAME_S < float(row[9]) < written_at + SAME_S
    assert row[11:13] == [FIRST_LINE, ""]
    assert row[13].startswith("PJSIP/ivanova-")


async def test_when_the_operator_hangs_up_the_call_is_over(stand: Stand) -> None:
    await stand.at_work("petrov", Answer(after=AT_ONCE, talk=timedelta(seconds=0.5)))
    citizen = await stand.call(FIRST_LINE)
    await happens(citizen.line.ended)
    assert (await kept(stand))["agent"] == "petrov"


async def test_a_key_during_the_apology_is_a_wish_to_be_called_back(stand: Stand) -> None:
    await stand.at_work("ivanova", Ignore())
    citizen = await stand.call(FIRST_LINE)
    await happens(citizen.line.established)
    await citizen.line.press("1")
    asked = await kept(stand, is_ended=False)
    assert (asked["number"], asked["choice"]) == (citizen.number, "callback")
    await stand.hears(citizen.line, "fallback-callback")
    await happens(citizen.line.ended)
    told = await kept(stand)
    assert told["choice"] == "callback"
    assert told["answered_at"] is None
    assert told["agent"] is None


async def test_a_key_in_the_queue_stops_the_ringing_phone_and_is_kept(stand: Stand) -> None:
    ivanova = await stand.at_work("ivanova", Ignore())
    citizen = await stand.call(FIRST_LINE)

    async def rings() -> bool:
        return bool(ivanova.lines)

    await eventually(rings)
    await citizen.line.press("5")
    await citizen.line.press("1")
    await stand.hears(citizen.line, "fallback-callback")
    await happens(ivanova.lines[0].ended)
    assert (await kept(stand))["choice"] == "callback"


async def test_who_hangs_up_while_he_waits_is_kept_too(stand: Stand) -> None:
    await stand.at_work("ivanova", Ignore())
    citizen = await stand.call(FIRST_LINE)
    await stand.hears(citizen.line, "fallback-choice")
    await stand.hears(citizen.line, Sound.read(stand.settings.sounds / "moh" / "calm.wav"))
    await citizen.line.hang_up()
    call = await kept(stand)
    assert call["number"] == citizen.number
    assert (call["choice"], call["answered_at"]) == (None, None)


async def test_a_wait_without_end_ends_with_a_promise(stand: Stand) -> None:
    set_global(stand, "EKC_FALLBACK_WAIT", "2")
    await stand.at_work("ivanova", Ignore())
    citizen = await stand.call(FIRST_LINE)
    await stand.hears(citizen.line, "fallback-no-operator")
    await happens(citizen.line.ended)
    assert (await kept(stand))["number"] == citizen.number


async def test_where_no_phone_is_registered_nobody_is_kept_waiting(stand: Stand) -> None:
    citizen = await stand.call(FIRST_LINE)
    choice = await citizen.line.hear(stand.prompt("fallback-choice"))
    goodbye = await citizen.line.hear(stand.prompt("fallback-no-operator"))
    assert choice is not None
    assert goodbye is not None
    # By what he heard: a busy machine is slower for both.
    assert goodbye.at_s - choice.at_s < NOT_KEPT_WAITING_S
    await happens(citizen.line.ended)


async def test_the_phone_of_the_second_line_rings_when_nobody_of_the_first_is_free(
    stand: Stand,
) -> None:
    busy = await stand.at_work("ivanova", Answer(after=AT_ONCE))
    second = await stand.at_work("orlov", Answer(after=AT_ONCE))
    first_citizen = await stand.call(FIRST_LINE)

    async def talks_to(phone: OperatorPhone) -> bool:
        return any(line.established.is_set() for line in phone.lines)

    await eventually(lambda: talks_to(busy))
    assert not second.offers
    await stand.call(FIRST_LINE)
    await eventually(lambda: talks_to(second))
    assert len(busy.offers) == 1
    assert not first_citizen.line.ended.is_set()


async def test_who_hides_his_number_is_not_promised_a_call(stand: Stand) -> None:
    set_global(stand, "EKC_FALLBACK_WAIT", "2")
    await stand.at_work("ivanova", Ignore())
    citizen = await stand.call(FIRST_LINE, number="anonymous")
    await stand.hears(citizen.line, "fallback-hidden")
    await stand.hears(citizen.line, "technical-failure")
    await happens(citizen.line.ended)
    call = await kept(stand)
    assert (call["number"], call["choice"]) == (None, None)


async def test_a_hidden_number_stays_in_the_queue_when_its_owner_presses_the_key(
    stand: Stand,
) -> None:
    words = stand.prompt("presence-not-ready")
    ivanova = await stand.at_work("ivanova", Ignore())
    citizen = await stand.call(FIRST_LINE, number="anonymous")

    async def rings() -> bool:
        return bool(ivanova.lines)

    await eventually(rings)
    ivanova.react = reacting(Answer(after=AT_ONCE, words=words))
    await citizen.line.press("1")
    assert await citizen.line.hear(words)
    await citizen.line.hang_up()
    assert (await kept(stand))["choice"] is None


async def test_a_stale_heartbeat_is_believed_more_than_an_open_socket(stand: Stand) -> None:
    async with ari(stand):
        beat(stand, seconds_ago=OLD_S)
        citizen = await stand.call(FIRST_LINE)
        await stand.hears(citizen.line, "fallback-apology")
        await citizen.line.hang_up()
    call = await kept(stand)
    assert (call["was_served"], call["did"]) == (False, FIRST_LINE)


async def test_a_beating_heart_gets_the_call_and_nothing_is_written(stand: Stand) -> None:
    async with ari(stand) as engine:
        beat(stand)
        citizen = await stand.call(FIRST_LINE)
        start = await engine.event("StasisStart")
        assert start["args"] == ["inbound", FIRST_LINE]
        await citizen.line.hang_up()
    assert not list(spool(stand).iterdir())


async def test_a_caller_whom_the_engine_gives_back_keeps_his_number_and_his_time(
    stand: Stand,
) -> None:
    async with ari(stand) as engine:
        beat(stand)
        citizen = await stand.call(FIRST_LINE)
        channel = (await engine.event("StasisStart"))["channel"]["id"]
        await engine.post(f"channels/{channel}/answer")
        await engine.post(f"channels/{channel}/moh")
        await stand.hears(citizen.line, Sound.read(stand.settings.sounds / "moh" / "calm.wav"))
        await engine.post(
            f"channels/{channel}/continue", context="fallback", extension="s", priority="1"
        )
        await check_that_he_is_served(stand, citizen, channel)


async def test_the_guard_takes_a_caller_from_the_engine_and_can_do_no_more(stand: Stand) -> None:
    async with ari(stand) as engine:
        beat(stand)
        citizen = await stand.call(FIRST_LINE)
        channel = (await engine.event("StasisStart"))["channel"]
        to = {"Context": "fallback", "Exten": "s", "Priority": "1"}
        answers = await ami(
            stand,
            {"Action": "Setvar", "Variable": "EKC_GUARD_AT", "Value": "7"},
            {"Action": "Getvar", "Variable": "EKC_GUARD_AT"},
            {"Action": "Redirect", "Channel": channel["name"]} | to,
            {"Action": "Originate", "Channel": "PJSIP/ivanova"} | to,
            {"Action": "Command", "Command": "core show version"},
            {"Action": "Reload"},
            {"Action": "GetConfig", "Filename": "manager.conf"},
        )
        assert [answer.split()[1] for answer in answers] == ["Success"] * 3 + ["Error"] * 4
        assert "Value: 7" in answers[1]
        assert all("Permission denied" in answer for answer in answers[3:])
        await engine.event("StasisEnd")
        await check_that_he_is_served(stand, citizen, channel["id"])


async def check_that_he_is_served(stand: Stand, citizen: Citizen, channel: str) -> None:
    await stand.hears(citizen.line, "fallback-apology")
    hangs_up_at = time.time()  # noqa: TID251
    await citizen.line.hang_up()
    call = await kept(stand)
    assert (call["call"], call["did"], call["number"]) == (channel, FIRST_LINE, citizen.number)
    assert call["was_served"] is True
    row = await witness(stand, channel)
    written_at = time.time()  # noqa: TID251
    assert float(row[7]) == call["began_at"]
    assert hangs_up_at - SAME_S < float(row[9]) < written_at + SAME_S
    assert row[11:13] == [FIRST_LINE, "1"]


async def test_an_operator_hears_that_his_code_does_nothing_now(stand: Stand) -> None:
    ivanova = await stand.at_work("ivanova", Ignore())
    line = await ivanova.dial("*45")
    await stand.hears(line, "service-unavailable")
    await happens(line.ended)
    assert not list(spool(stand).iterdir())


@pytest.mark.parametrize("missing", ["the interpreter", "the script", "the folder"])
async def test_what_is_missing_on_the_machine_is_logged_and_no_caller_hears_it(
    stand: Stand, missing: str
) -> None:
    folder = stand.settings.asterisk_folder
    script = {
        "the interpreter": folder / "agi" / "ekc-fallback",
        "the script": folder / "agi" / "fallback_agi.py",
        "the folder": spool(stand),
    }[missing]
    aside = script.rename(script.with_name("aside"))
    if missing == "the interpreter":
        script.write_text("#!/nowhere/python3\n")
        script.chmod(0o750)
    try:
        citizen = await stand.call(FIRST_LINE)
        await stand.hears(citizen.line, "fallback-apology")
        await citizen.line.press("1")
        await stand.hears(citizen.line, "fallback-callback")
        await happens(citizen.line.ended)

        async def is_logged() -> list[str] | None:
            said = [line for line in stand.asterisk.warnings() if "script kept nothing" in line]
            return said if len(said) > 1 else None

        said = await eventually(is_logged)
        assert citizen.number not in "".join(said)
    finally:
        if missing == "the interpreter":
            script.unlink()
        aside.rename(script)
    if missing == "the folder":
        assert "No such file or directory" in said[-1]
    else:
        # The engine finds as much in what the dialplan wrote by itself.
        assert "it did not run" in said[-1]
        found = await begun(stand)
        assert found["choice"] == "callback"
        assert float(found["ended_at"]) > float(found["entered_at"])


async def test_what_was_begun_when_asterisk_dies_is_there_afterwards(stand: Stand) -> None:
    await stand.at_work("ivanova", Ignore())
    citizen = await stand.call(FIRST_LINE)
    await stand.hears(citizen.line, "fallback-apology")
    stand.kill_asterisk()
    stand.start_asterisk()
    assert (await begun(stand))["number"] == citizen.number
    assert not list(spool(stand).glob("*.json"))
