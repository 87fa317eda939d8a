"""
The stores that a node under test may have, and what can befall each of them.

A trouble is a context: the store is locked, gone or full while the block lasts, and is itself again
when the block is left. Nobody here watches what the engine makes of it; `injections.py` does.

A disk that may be full is a tmpfs of its own. To mount one, `python -m lab.faults` runs itself
again in a mount namespace (`enter_namespace`), so no other program sees it, and it is gone with us.

Rule 1: a trouble is over when its block is left, also by an exception.
Rule 2: a trouble that a store cannot have here is named in `left_out`, with the reason.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from lab.faults.schedule import FaultKind
from lab.postgresql import PostgresqlServer

Trouble: TypeAlias = Callable[[], AbstractAsyncContextManager[None]]

DISK_MB: Final = 128
"""An hour of calls takes about a tenth of it."""
NO_NAMESPACES: Final = (
    "this machine does not let us mount a small disk of our own "
    "(`unshare --mount` and `mount -t tmpfs` must be permitted)"
)
INSIDE: Final = "EKC_FAULTS_NAMESPACE"
"""Set in the environment where disks may be mounted."""
_TOP_UP_S: Final = 0.1
_LOCK_LIMIT_S: Final = 10.0
_OUR_TABLES: Final = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"


class Store(Protocol):
    """The store of a node under test."""

    @property
    def url(self) -> str:
        """Its address, for `ekc.yaml`."""
        ...

    @property
    def troubles(self) -> Mapping[FaultKind, Trouble]:
        """What can befall it."""
        ...

    @property
    def left_out(self) -> Mapping[FaultKind, str]:
        """What cannot befall it here, and why."""
        ...


class SmallDisk:
    """
    A disk of its own for one folder.

    Args:
        folder: Where it is mounted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @asynccontextmanager
    async def full(self) -> AsyncIterator[None]:
        """Have no byte free; what others free meanwhile is taken, too."""
        ballast, is_over = self.folder / "ballast", asyncio.Event()
        with ballast.open("wb") as file:
            try:
                await asyncio.to_thread(_take_all, file.fileno())
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(_keep_full(file.fileno(), until=is_over))
                    try:
                        yield
                    finally:
                        is_over.set()
            finally:
                ballast.unlink()


class SqliteStore:
    """
    A SQLite file.

    It cannot be «gone»: a file that is open stays with who opened it, whatever becomes of its name.

    Args:
        folder: Where the file is to be.
        disk: The disk of that folder; None where none can be had.
    """

    def __init__(self, folder: Path, *, disk: SmallDisk | None) -> None:
        self.file = folder / "ekc.sqlite"
        self.url = f"sqlite:///{self.file}"
        self.troubles: dict[FaultKind, Trouble] = {FaultKind.STORE_LOCKED: self._locked}
        self.left_out = {FaultKind.STORE_GONE: "a SQLite file that is open cannot go away"}
        self._disk = disk
        if disk is None:
            self.left_out[FaultKind.STORE_FULL] = NO_NAMESPACES
        else:
            self.troubles[FaultKind.STORE_FULL] = self._full

    def copy_to(self, target: Path) -> None:
        """Leave a copy for whoever looks afterwards: the disk is gone with us."""
        if self._disk is not None and self.file.exists() and target.parent.is_dir():
            with (
                closing(sqlite3.connect(self.file)) as db,
                closing(sqlite3.connect(target)) as copy,
            ):
                db.backup(copy)

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        with closing(self._connect()) as db:
            await asyncio.to_thread(db.execute, "BEGIN EXCLUSIVE")
            try:
                yield
            finally:
                db.execute("ROLLBACK")

    @asynccontextmanager
    async def _full(self) -> AsyncIterator[None]:
        assert self._disk is not None
        # The log keeps its place on the disk when its pages have moved on, and SQLite would write
        # there for quite a while; cut off, it needs a new place at once.
        with closing(self._connect()) as db:
            await asyncio.to_thread(db.execute, "PRAGMA wal_checkpoint(TRUNCATE)")
        async with self._disk.full():
            yield

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self.file, timeout=_LOCK_LIMIT_S, isolation_level=None, check_same_thread=False
        )


class PostgresqlStore:
    """
    A PostgreSQL server. Call `prepare` before anybody else connects.

    Args:
        server: It runs.
        disk: Where its tables are to be; None where none can be had.
    """

    def __init__(self, server: PostgresqlServer, *, disk: SmallDisk | None) -> None:
        self.url = server.url
        self.troubles: dict[FaultKind, Trouble] = {
            FaultKind.STORE_LOCKED: self._locked,
            FaultKind.STORE_GONE: self._gone,
        }
        self.left_out: dict[FaultKind, str] = {}
        self._server = server
        self._disk = disk
        if disk is None:
            self.left_out[FaultKind.STORE_FULL] = NO_NAMESPACES
        else:
            self.troubles[FaultKind.STORE_FULL] = disk.full
        self._engine = create_async_engine(server.url, poolclass=NullPool)

    async def prepare(self) -> None:
        """Keep what is committed, whatever comes, and keep the tables on the small disk."""
        wanted = [
            # The lab's server answers before a commit is written, for speed; a real one does not.
            "ALTER ROLE CURRENT_USER SET synchronous_commit = on",
        ]
        if self._disk is not None:
            # Tables only: without room for its own log, PostgreSQL ends, which is to be gone.
            folder = self._disk.folder / "tables"
            folder.mkdir()
            wanted += [
                f"CREATE TABLESPACE small LOCATION '{folder}'",
                "ALTER ROLE CURRENT_USER SET default_tablespace = small",
            ]
        async with self._engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            for statement in wanted:
                await connection.exec_driver_sql(statement)

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        async with self._engine.begin() as connection:
            # A deadlock with the engine's transaction is the engine's to resolve, not ours.
            await connection.exec_driver_sql("SET LOCAL deadlock_timeout = '1h'")
            tables = (await connection.execute(sa.text(_OUR_TABLES))).scalars().all()
            await connection.exec_driver_sql(
                f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE"
            )
            yield

    @asynccontextmanager
    async def _gone(self) -> AsyncIterator[None]:
        await asyncio.to_thread(self._server.stop, signal.SIGQUIT)
        try:
            yield
        finally:
            self._server.start()  # by the main thread: its end is the server's
            await asyncio.to_thread(self._server.wait_ready)


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk | None]:
    """Mount a small disk until the block is left; None outside a namespace of our own."""
    if INSIDE not in os.environ:
        yield None
        return
    folder.mkdir(parents=True)
    size = f"size={DISK_MB}m,mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "ekc-faults", folder], check=True)
    try:
        yield SmallDisk(folder)
    finally:
        # Lazily: whoever looks at it still may finish.
        subprocess.run(["umount", "--lazy", folder], check=True)


def namespace_command() -> Sequence[str] | None:
    """Return what a command is to be put behind to mount disks; None where it is forbidden."""
    as_root = () if os.geteuid() == 0 else ("--map-root-user",)
    command = ("unshare", *as_root, "--mount", "--")
    attempt = (*command, "mount", "-t", "tmpfs", "ekc-faults", tempfile.gettempdir())
    try:
        tried = subprocess.run(attempt, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return command if tried.returncode == 0 else None


def enter_namespace() -> None:
    """Run this program again, from its beginning, where disks may be mounted; if permitted."""
    if INSIDE in os.environ:
        return
    command = namespace_command()
    if command is not None:
        again = (*command, *sys.orig_argv)
        os.execvpe(again[0], again, {**os.environ, INSIDE: "1"})


async def _keep_full(file: int, *, until: asyncio.Event) -> None:
    while not until.is_set():
        await asyncio.sleep(_TOP_UP_S)
        await asyncio.to_thread(_take_all, file)


def _take_all(file: int) -> None:
    size, step = os.fstat(file).st_size, DISK_MB << 20
    while step:
        try:
            os.posix_fallocate(file, size, step)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            step //= 2
        else:
            size += step
