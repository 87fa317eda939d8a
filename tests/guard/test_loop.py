"""The guard's loop against a scripted AMI, in virtual time."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count, pairwise
from pathlib import Path

import pytest

from ekc_telephony.adapters.ami.client import AmiRefusedError
from ekc_telephony.guard.loop import RIGHTS, GuardLoop
from tests.adapters.ami.scripted_ami import Answer, ScriptedAmi, error, scripted_ami, silence
from tests.virtual_time import run_virtual

CITIZEN = "PJSIP/city-00000001"
"""A channel's name tells the trunk; what is logged is its unique id."""


def commands(*names: str) -> Answer:
    """Tell which actions we may use."""
    return lambda identity: (
        f"Response: Success\r\nActionID: {identity}\r\n"
        + "".join(f"{name}: what it does  (Priv: call,all)\r\n" for name in names)
        + "\r\n"
    ).encode()


def beating(values: Iterator[str]) -> Answer:
    """Answer each reading of the heartbeat with the next value."""
    return lambda identity: (
        f"Response: Success\r\nActionID: {identity}\r\n"
        f"Variable: EKC_ENGINE\r\nValue: {next(values)}\r\n\r\n"
    ).encode()


def standing_still() -> Iterator[str]:
    while True:
        yield "1795316522"


def listing(*channels: tuple[str, str]) -> Answer:
    """List citizens in the engine's hands, by name and unique id."""
    return lambda identity: (
        f"Response: Success\r\nActionID: {identity}\r\nEventList: start\r\n"
        "Message: Channels will follow\r\n\r\n"
        + "".join(
            f"Event: CoreShowChannel\r\nActionID: {identity}\r\nChannel: {name}\r\n"
            f"Uniqueid: {unique}\r\nApplication: Stasis\r\n"
            "ApplicationData: ekc,inbound,88001000001\r\n\r\n"
            for name, unique in channels
        )
        + f"Event: CoreShowChannelsComplete\r\nActionID: {identity}\r\nEventList: Complete\r\n"
        f"ListItems: {len(channels)}\r\n\r\n"
    ).encode()


@asynccontextmanager
async def guarding(**answers: Answer) -> AsyncIterator[ScriptedAmi]:
    """Run the guard's loop against an AMI that answers like this."""
    usual = {
        "ListCommands": commands(*RIGHTS),
        "Getvar": beating(standing_still()),
        "CoreShowChannels": listing((CITIZEN, "ekc-1.1")),
    }
    async with scripted_ami(**usual | answers) as ami:
        task = asyncio.ensure_future(GuardLoop(ami.access).run())
        try:
            yield ami
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def asked(ami: ScriptedAmi, action: str) -> dict[str, str]:
    """Wait for the next action of this name."""
    while True:
        headers = await ami.received.get()
        if headers["Action"] == action:
            return headers


def now_s() -> float:
    return asyncio.get_running_loop().time()


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_callers_of_a_dead_engine_are_redirected_within_four_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def story() -> None:
        async with guarding() as ami:
            headers = await asked(ami, "Redirect")
            assert 4 <= now_s() <= 4.5
            del headers["ActionID"]
            assert headers == {
                "Action": "Redirect",
                "Channel": CITIZEN,
                "Context": "fallback",
                "Exten": "s",
                "Priority": "1",
            }

    run_virtual(story())
    assert [line["event"] for line in said(capsys)][:2] == [
        "connected to AMI",
        "the engine's heartbeat stands still; its callers go to the fallback",
    ]


def test_the_log_names_the_channel_by_its_id_alone(capsys: pytest.CaptureFixture[str]) -> None:
    async def story() -> None:
        async with guarding() as ami:
            for _ in range(2):
                await asked(ami, "Redirect")

    run_virtual(story())
    lines = said(capsys)
    assert {"event": "caller sent to the fallback", "channel": "ekc-1.1"}.items() <= lines[
        2
    ].items()
    assert CITIZEN not in str(lines)
    assert "88001000001" not in str(lines)


def test_a_beating_engine_is_only_watched_and_our_own_heart_beats_every_second() -> None:
    async def story() -> None:
        values = (str(number // 4) for number in count())
        async with guarding(Getvar=beating(values)) as ami:
            beats = [(await asked(ami, "Setvar"), now_s()) for _ in range(30)]
            gaps = [later[1] - earlier[1] for earlier, later in pairwise(beats)]
            assert all(1 <= gap <= 1.5 for gap in gaps)
            assert {headers["Variable"] for headers, _ in beats} == {"EKC_GUARD_AT"}
            numbers = [int(headers["Value"]) for headers, _ in beats]
            assert numbers == sorted(set(numbers))
            asked_for = {ami.received.get_nowait()["Action"] for _ in range(ami.received.qsize())}
            assert asked_for <= {"Getvar", "Setvar"}

    run_virtual(story())


def test_a_lost_connection_is_opened_again_and_the_heartbeat_watched_anew() -> None:
    async def story() -> None:
        async with guarding() as ami:
            await asked(ami, "Redirect")
            (await ami.connections.get()).transport.abort()
            lost_at = now_s()
            await asked(ami, "Login")
            assert now_s() - lost_at < 0.5
            ami.received = asyncio.Queue()
            await asked(ami, "Redirect")
            assert 4 <= now_s() - lost_at <= 5

    run_virtual(story())


def test_an_asterisk_that_does_not_answer_is_no_dead_engine() -> None:
    async def story() -> None:
        async with guarding(Getvar=silence) as ami:
            for _ in range(4):
                await asked(ami, "Login")
            seen = {ami.received.get_nowait()["Action"] for _ in range(ami.received.qsize())}
            assert "Redirect" not in seen
            assert now_s() > 10

    run_virtual(story())


def test_a_channel_that_has_ended_meanwhile_stops_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def story() -> None:
        gone = error("Channel does not exist: PJSIP/city-00000001")
        two = listing((CITIZEN, "ekc-1.1"), ("PJSIP/city-00000002", "ekc-1.2"))
        async with guarding(Redirect=gone, CoreShowChannels=two) as ami:
            assert (await asked(ami, "Redirect"))["Channel"] == CITIZEN
            assert (await asked(ami, "Redirect"))["Channel"] == "PJSIP/city-00000002"
            await asked(ami, "Getvar")

    run_virtual(story())
    assert [line["channel"] for line in said(capsys) if line["event"] == "not done"] == [
        "ekc-1.1",
        "ekc-1.2",
    ]


def test_a_user_who_may_not_redirect_is_told_so_at_once() -> None:
    async def story() -> None:
        async with scripted_ami(ListCommands=commands("Getvar", "Setvar")) as ami:
            with pytest.raises(AmiRefusedError) as caught:
                await GuardLoop(ami.access).run()
        assert "'ekc' at 127.0.0.1" in str(caught.value)
        assert "use CoreShowChannels, Hangup, Redirect." in str(caught.value)
        assert "write = call,reporting" in str(caught.value)

    run_virtual(story())


def test_a_wrong_secret_ends_the_guard_with_a_clear_sentence() -> None:
    async def story() -> None:
        async with scripted_ami(Login=error("Authentication failed")) as ami:
            with pytest.raises(AmiRefusedError, match="Authentication failed") as caught:
                await GuardLoop(ami.access).run()
        assert "s3cret" not in str(caught.value)

    run_virtual(story())


def test_it_asks_for_no_events_since_nobody_would_read_them() -> None:
    async def story() -> None:
        async with guarding() as ami:
            assert (await asked(ami, "Login"))["Events"] == "off"

    run_virtual(story())


def test_the_service_manager_hears_when_it_is_ready_and_when_the_engine_is_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def story() -> None:
        async with guarding() as ami:
            await asked(ami, "Redirect")

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        run_virtual(story())
        assert manager.recv(1000).startswith(b"READY=1\n")
        assert manager.recv(1000).startswith(b"STATUS=the engine is away")
