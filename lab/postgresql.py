"""
A throwaway PostgreSQL server for a test.

The server lives in a temporary folder and listens on a Unix socket there only, so any number of
them run side by side and nothing is on the network. It announces its readiness by itself (systemd's
notification protocol), so nobody polls.

Rule 1: the server is gone when the `with` block ends, and also when this process is killed
(see `setup/postgres-run.sh`).
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lab.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Iterator

START_LIMIT_S: Final = 60.0
"""Making a cluster takes about a second; a minute covers a machine with other work."""
STOP_LIMIT_S: Final = 10.0


class PostgresqlStartError(Exception):
    """The server did not start; the message holds the end of what it wrote."""


@contextmanager
def running_postgresql(runtime: Path | None = None) -> Iterator[str]:
    """
    Serve an empty PostgreSQL, and yield its SQLAlchemy address (`postgresql+asyncpg://...`).

    Args:
        runtime: The `.runtime` folder; this clone's own when absent.

    Raises:
        RuntimeMissingError: `make setup` has not been run.
        PostgresqlStartError: The server ended before it was ready.
    """
    found = Runtime.find() if runtime is None else Runtime(runtime)
    # A short path: the address of a Unix socket holds 107 bytes, and pytest's folders are long.
    folder = Path(tempfile.mkdtemp(prefix="ekc-pg-"))
    try:
        with _serving(found.postgres_run, folder):
            yield f"postgresql+asyncpg://ekc@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _serving(program: Path, folder: Path) -> Iterator[None]:
    notifications = folder / "notify"
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inbox,
        (folder / "server.log").open("wb") as log,
    ):
        inbox.bind(str(notifications))
        notifications.chmod(0o777)
        server = subprocess.Popen(
            [program, folder],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "NOTIFY_SOCKET": str(notifications)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(server, inbox, folder)
            yield
        finally:
            _stop(server)


def _wait_until_ready(server: subprocess.Popen[bytes], inbox: socket.socket, folder: Path) -> None:
    patience = 0.2
    inbox.settimeout(patience)
    for _ in range(int(START_LIMIT_S / patience)):
        if server.poll() is not None:
            break
        try:
            if b"READY=1" in inbox.recv(4096):
                return
        except TimeoutError:
            continue
    tail = (folder / "server.log").read_text(errors="replace")[-2000:]
    raise PostgresqlStartError(f"PostgreSQL did not start in {folder}; it wrote:\n{tail}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    # PostgreSQL's "fast shutdown": open connections are cut, files are left in order.
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
