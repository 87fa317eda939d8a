"""
What we tell the service manager: sd_notify(3) and the watchdog, without libsystemd.

systemd starts us with the address of a datagram socket in NOTIFY_SOCKET and, when it watches over
us, the watchdog's time in WATCHDOG_USEC. Without them (a terminal, a container) everything here
does nothing. Libraries were looked at: sdnotify has not been touched since 2017, systemd-watchdog
raises when the manager is away and measures by a wall clock that may be set, systemd-python and
cysystemd need libsystemd and a compiler.

Rule 1: nothing here raises or waits: a deaf service manager is no reason to lose a caller.
Rule 2: nothing of the core is imported: the guard uses this, too, and stays small.
"""

from __future__ import annotations

import asyncio
import os
import socket
from datetime import timedelta
from typing import Final

NOTIFY_SOCKET: Final = "NOTIFY_SOCKET"
WATCHDOG_USEC: Final = "WATCHDOG_USEC"
WATCHDOG_PID: Final = "WATCHDOG_PID"

START_PATIENCE: Final = timedelta(seconds=30)
"""How long a start may still take after each beat: it waits for Asterisk as long as it lives."""
_START_PATIENCE_USEC: Final = START_PATIENCE // timedelta(microseconds=1)


def notify(state: str) -> None:
    """
    Tell the service manager how we are, if there is one.

    Args:
        state: Lines of `NAME=value` as sd_notify(3) names them: `READY=1`, `STOPPING=1`,
            `WATCHDOG=1`, `STATUS=what a person reads in systemctl status`.
    """
    address = os.environ.get(NOTIFY_SOCKET, "")
    if address.startswith("@"):  # Linux's abstract sockets: a NUL stands for the @
        address = "\0" + address[1:]
    elif not address.startswith("/"):
        return  # none, or AF_VSOCK, which is for whole virtual machines
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.setblocking(False)
            manager.sendto(state.encode(), address)
    except (OSError, ValueError):
        # The manager is away or its queue is full (OSError), or the address has a NUL (ValueError).
        return


def prolong_start(status: str) -> None:
    """
    Give a start that works `START_PATIENCE` more, which nothing counts once we are ready.

    Args:
        status: What it works on, for a person; one line.
    """
    notify(f"EXTEND_TIMEOUT_USEC={_START_PATIENCE_USEC}\nSTATUS={status}")


def watchdog_interval() -> timedelta | None:
    """Return how often a watchdog wants to hear from this process, or None without one."""
    microseconds = _whole_number(WATCHDOG_USEC)
    watched = _whole_number(WATCHDOG_PID)
    if not microseconds or watched not in (None, os.getpid()):
        return None
    # Half of its time, as sd_watchdog_enabled(3) advises.
    return timedelta(microseconds=microseconds) / 2


async def feed_watchdog() -> None:
    """
    Tell the watchdog for ever that the event loop which runs this goes round.

    Returns at once when no watchdog is there. A start that takes long because Asterisk is away is
    no fault: each beat also gives it `START_PATIENCE` more, which nothing counts once we are ready.
    Cancel it when the end begins, so that the end has its own limit (TimeoutStopSec).
    """
    interval = watchdog_interval()
    if interval is None:
        return
    while True:
        notify(f"WATCHDOG=1\nEXTEND_TIMEOUT_USEC={_START_PATIENCE_USEC}")
        await asyncio.sleep(interval.total_seconds())


def _whole_number(name: str) -> int | None:
    text = os.environ.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else None
