"""
How the store's database is opened, and how work reaches it.

The work itself is plain SQLAlchemy on a `Connection`, the same for both databases; `Database.run`
carries it out as one transaction and lets the event loop go on meanwhile. PostgreSQL is spoken to
by asyncpg. SQLite lives in one thread of its own, which a whole transaction enters once: aiosqlite
enters its thread three times a statement, which cost the engine twice the CPU (at 50 calls/s:
0.74 ms a call instead of 0.46).

SQLite runs in WAL mode with `synchronous=FULL`: a commit is on the disk when it returns. `NORMAL`
would lose the last commits when the machine loses power, and with them callers' appeals; facts are
committed in groups, at most 20 a second, so the price is 20 fsyncs a second outside the event loop.

Rule 1: nobody waits for ever: locks, connections and statements give up within `patience`.
Rule 2: values of a row never appear in an error or a log (`hide_parameters`).
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol, TypeVar, final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from ekc_telephony.runtime.ports import StoreUnavailableError

ResultT = TypeVar("ResultT")

PATIENCE: Final = timedelta(seconds=10)
"""How long a healthy database may take; libpq's and Django's examples use 5 to 10 s."""

_DRIVERS: Final = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+aiosqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


class StoreUrlError(ValueError):
    """The address of the store cannot be used; the message says why and what is expected."""


class Database(Protocol):
    """One database that work can be given to."""

    @property
    def address(self) -> str:
        """Where it is, without a password."""
        ...

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    async def run(self, work: Callable[[sa.Connection], ResultT]) -> ResultT:
        """
        Carry out the work as one transaction: all of it, or, when it raises, nothing.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: The database did not do it.
            OSError: It cannot be reached.
        """
        ...

    async def close(self) -> None:
        """Let go of the connections."""
        ...


def store_url(text: str) -> sa.URL:
    """
    Read the address of a store, and name the driver for it.

    Raises:
        StoreUrlError: It is no address, or of another database.
    """
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError as error:
        raise StoreUrlError(
            "The store's address is not understood. Expected, for example, "
            "sqlite:////var/lib/ekc/ekc.sqlite or postgresql://ekc@localhost/ekc"
        ) from error
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    if url.drivername not in _DRIVERS.values():
        raise StoreUrlError(
            f"The store {url.render_as_string()} asks for {url.drivername}; "
            "expected sqlite or postgresql"
        )
    if url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
        raise StoreUrlError(
            "The store would live in memory and forget every appeal at exit; "
            "expected a file, for example sqlite:////var/lib/ekc/ekc.sqlite"
        )
    return url


def open_for_writing(text: str, *, patience: timedelta = PATIENCE) -> Database:
    """
    Prepare a database to be written to; nothing is connected yet.

    Raises:
        StoreUrlError: The address cannot be used.
    """
    url = store_url(text)
    if url.get_backend_name() == "sqlite":
        # IMMEDIATE: taking the write lock at once avoids SQLite's deadlock of two readers turned
        # writers, which no busy timeout resolves.
        return SqliteDatabase(url, begin="BEGIN IMMEDIATE", patience=patience)
    return PostgresqlDatabase(url, patience=patience)


async def asked(database: Database, work: Callable[[sa.Connection], ResultT]) -> ResultT:
    """
    Carry out work on a database and return its result.

    Raises:
        StoreUnavailableError: It did not do it.
    """
    try:
        return await database.run(work)
    except (sa.exc.SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise StoreUnavailableError(
            f"The store {database.address} cannot be used: {cause}. Expected a store that "
            "`ekc serve` of this version has opened at least once"
        ) from error


def open_for_reading(text: str, *, patience: timedelta = PATIENCE) -> Database:
    """
    Prepare a database to be read only; nothing is connected yet.

    Raises:
        StoreUrlError: The address cannot be used, or the SQLite file does not exist.
    """
    url = store_url(text)
    if url.get_backend_name() != "sqlite":
        return PostgresqlDatabase(url, patience=patience)
    if not Path(str(url.database)).is_file():
        raise StoreUrlError(
            f"There is no store at {url.database}: no such file. "
            "Expected the file that `ekc serve` made; see `store` in ekc.yaml"
        )
    return SqliteDatabase(url, begin="BEGIN", patience=patience)


@final
class SqliteDatabase:
    """A file, spoken to in one thread over one connection."""

    dialect: Final = "sqlite"

    def __init__(self, url: sa.URL, *, begin: str, patience: timedelta) -> None:
        self.address = url.render_as_string()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self._engine = sa.create_engine(
            url,
            hide_parameters=True,
            pool_size=1,
            max_overflow=0,
            # Half: a lock that is held gives SQLite's own words, before anybody stops waiting.
            connect_args={"timeout": patience.total_seconds() / 2},
        )
        sa.event.listen(self._engine, "connect", _prepare_sqlite_within(patience / 2))
        sa.event.listen(self._engine, "begin", _begin_with(begin))

    async def run(self, work: Callable[[sa.Connection], ResultT]) -> ResultT:
        """Carry out the work as one transaction (see `Database`)."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    async def close(self) -> None:
        """Let go of the connection, when the work under way is done."""
        self._thread.submit(self._engine.dispose)
        self._thread.shutdown(wait=False)

    def _run(self, work: Callable[[sa.Connection], ResultT]) -> ResultT:
        with self._engine.begin() as connection:
            return work(connection)


@final
class PostgresqlDatabase:
    """A server, spoken to by asyncpg."""

    dialect: Final = "postgresql"

    def __init__(self, url: sa.URL, *, patience: timedelta) -> None:
        seconds = patience.total_seconds()
        self.address = url.render_as_string()
        self._engine = create_async_engine(
            url,
            hide_parameters=True,
            pool_size=1,
            max_overflow=1,
            pool_timeout=seconds,
            connect_args={"timeout": seconds / 2, "command_timeout": seconds},
        )

    async def run(self, work: Callable[[sa.Connection], ResultT]) -> ResultT:
        """Carry out the work as one transaction (see `Database`)."""
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._engine.dispose()


def _prepare_sqlite_within(patience: timedelta) -> Callable[[sqlite3.Connection, object], None]:
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # The driver would open transactions by itself, and not before DDL; `_begin_with` does it.
        connection.isolation_level = None
        _turn_to_wal(connection, until=time.monotonic() + patience.total_seconds())
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return prepare


def _turn_to_wal(connection: sqlite3.Connection, *, until: float) -> None:
    """
    Set WAL mode, which the file remembers, waiting for whoever else is writing to a new file.

    SQLite's busy timeout does not cover it: while another connection holds the write lock of a file
    that is not in WAL mode yet, the pragma fails at once. So the lock is waited for in a
    transaction of its own, and the mode is asked for again.
    """
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        else:
            return


def _begin_with(statement: str) -> Callable[[sa.Connection], None]:
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(statement)

    return begin
