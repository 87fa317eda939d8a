"""
A throwaway PostgreSQL server for a test.

The server lives in a temporary folder and listens on a Unix socket there only, so any number of
them run side by side and nothing is on the network. It announces its readiness by itself (systemd's
notification protocol), so nobody polls.

Rule 1: the server is gone when the `with` block ends, and also when this process is killed
(see `setup/postgres-run.sh`).
Rule 2: start it from the main thread: the kernel counts the death of the thread that started it as
our death.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lab.runtime import Runtime

START_LIMIT_S: Final = 60.0
"""Making a cluster takes about a second; a minute covers a machine with other work."""
STOP_LIMIT_S: Final = 10.0


class PostgresqlStartError(Exception):
    """The server did not start; the message holds the end of what it wrote."""


class PostgresqlServer:
    """
    A server that can be stopped and started again on the same data.

    Args:
        program: `postgres-run`.
        folder: Where its cluster, socket and log are; a short path, for the address of a Unix
            socket holds 107 bytes.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notifications = folder / "notify"
        self._inbox.bind(str(notifications))
        notifications.chmod(0o777)
        self._environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "NOTIFY_SOCKET": str(notifications),
        }
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its SQLAlchemy address."""
        return f"postgresql+asyncpg://ekc@/postgres?host={self._folder}"

    def start(self) -> None:
        """Start it; it is not ready yet."""
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                [self._program, self._folder],
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_ready(self) -> None:
        """
        Wait until it answers.

        Raises:
            PostgresqlStartError: It ended before it was ready, or takes too long.
        """
        patience = 0.2
        self._inbox.settimeout(patience)
        for _ in range(int(START_LIMIT_S / patience)):
            if self._running is None or self._running.poll() is not None:
                break
            try:
                if b"READY=1" in self._inbox.recv(4096):
                    return
            except TimeoutError:
                continue
        tail = self._log.read_text(errors="replace")[-2000:]
        raise PostgresqlStartError(f"PostgreSQL did not start in {self._folder}; it wrote:\n{tail}")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """
        Stop it and wait until it is gone; nothing happens when it is not running.

        Args:
            how: SIGINT is PostgreSQL's "fast shutdown": open connections are cut, files are left in
                order. SIGQUIT is its "immediate" one: nothing is put in order, as by a crash.
        """
        server, self._running = self._running, None
        if server is None:
            return
        server.send_signal(how)
        try:
            server.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def close(self) -> None:
        """Stop it, and let go of what is left."""
        self.stop()
        self._inbox.close()

    @property
    def _log(self) -> Path:
        return self._folder / "server.log"


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
    with postgresql_server(runtime) as server:
        yield server.url


@contextmanager
def postgresql_server(runtime: Path | None = None) -> Iterator[PostgresqlServer]:
    """
    Serve an empty PostgreSQL that may be stopped meanwhile; otherwise as `running_postgresql`.

    Raises:
        RuntimeMissingError: `make setup` has not been run.
        PostgresqlStartError: The server ended before it was ready.
    """
    found = Runtime.find() if runtime is None else Runtime(runtime)
    # A short path: pytest's folders are long.
    folder = Path(tempfile.mkdtemp(prefix="ekc-pg-"))
    try:
        server = PostgresqlServer(found.postgres_run, folder)
        try:
            server.start()
            server.wait_ready()
            yield server
        finally:
            server.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
