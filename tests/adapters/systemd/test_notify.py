"""What the service manager hears from us, on a real datagram socket."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ekc_telephony.adapters.systemd import (
    NOTIFY_SOCKET,
    WATCHDOG_PID,
    WATCHDOG_USEC,
    notify,
    watchdog_interval,
)


class Manager:
    """The manager's end of the socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0", 1))
        self.socket.settimeout(5)

    def heard(self) -> str:
        return self.socket.recv(4096).decode()


@pytest.fixture
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    kind = getattr(request, "param", "file")
    address = str(tmp_path / "notify") if kind == "file" else f"@ekc-test-{os.getpid()}"
    made = Manager(address)
    yield made
    made.socket.close()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    for name in (NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID):
        monkeypatch.delenv(name, raising=False)

    def put(**variables: object) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))

    return put


@pytest.mark.parametrize("manager", ["file", "abstract"], indirect=True)
def test_the_manager_hears_what_is_said(manager: Manager, environment: Callable[..., None]) -> None:
    environment(NOTIFY_SOCKET=manager.address)
    notify("READY=1\nSTATUS=обслуживает звонки")
    assert manager.heard() == "READY=1\nSTATUS=обслуживает звонки"


def test_without_a_manager_nothing_happens(environment: Callable[..., None]) -> None:
    environment()
    notify("READY=1")


@pytest.mark.parametrize(
    "address", ["/nowhere/notify", "@nobody-listens", "relative", "vsock:2:1234", "@", "/" * 200]
)
def test_a_manager_that_cannot_be_reached_is_no_trouble(
    environment: Callable[..., None], address: str
) -> None:
    environment(NOTIFY_SOCKET=address)
    notify("READY=1")


def test_a_manager_that_does_not_read_never_makes_us_wait(
    manager: Manager, environment: Callable[..., None]
) -> None:
    environment(NOTIFY_SOCKET=manager.address)
    for _ in range(2_000):
        notify("WATCHDOG=1")
    assert manager.heard() == "WATCHDOG=1"


def test_the_watchdog_is_fed_twice_in_its_time(environment: Callable[..., None]) -> None:
    environment(WATCHDOG_USEC=10_000_000, WATCHDOG_PID=os.getpid())
    assert watchdog_interval() == timedelta(seconds=5)


def test_a_watchdog_without_a_pid_watches_us(environment: Callable[..., None]) -> None:
    environment(WATCHDOG_USEC=2_000_000)
    assert watchdog_interval() == timedelta(seconds=1)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {WATCHDOG_USEC: 0},
        {WATCHDOG_USEC: ""},
        {WATCHDOG_USEC: "-5"},
        {WATCHDOG_USEC: "soon"},
        {WATCHDOG_USEC: "²"},
        {WATCHDOG_USEC: 10_000_000, WATCHDOG_PID: 1},
    ],
)
def test_no_watchdog_watches_us(
    environment: Callable[..., None], variables: dict[str, object]
) -> None:
    environment(**variables)
    assert watchdog_interval() is None


FEED = """
import asyncio
from ekc_telephony.adapters.systemd import feed_watchdog
asyncio.run(feed_watchdog())
"""


def test_an_event_loop_that_goes_round_feeds_the_watchdog_again_and_again(
    manager: Manager,
) -> None:
    variables = {NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: "100000"}
    fed = subprocess.Popen([sys.executable, "-c", FEED], env=os.environ | variables)
    try:
        assert [manager.heard() for _ in range(3)] == [
            "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=30000000"
        ] * 3
    finally:
        fed.kill()
        fed.wait()


def test_feeding_ends_at_once_when_no_watchdog_is_there() -> None:
    environment = {name: value for name, value in os.environ.items() if name != WATCHDOG_USEC}
    subprocess.run([sys.executable, "-c", FEED], env=environment, check=True, timeout=60)


def test_it_brings_neither_the_core_nor_anything_heavy_with_it() -> None:
    names = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, ekc_telephony.adapters.systemd; print(*sys.modules, sep='\\n')",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    ours = {name for name in names if name.startswith("ekc_telephony")}
    assert ours == {
        "ekc_telephony",
        "ekc_telephony.adapters",
        "ekc_telephony.adapters.systemd",
    }
