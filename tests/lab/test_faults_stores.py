"""What befalls a store is felt by whoever writes to it, and over when it is said to be over."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from ekc_telephony.adapters.sql.connection import Database, open_for_writing
from lab.faults.schedule import FaultKind
from lab.faults.stores import (
    INSIDE,
    NO_NAMESPACES,
    PostgresqlStore,
    SqliteStore,
    Store,
    namespace_command,
    small_disk,
)
from lab.postgresql import PostgresqlServer, postgresql_server
from lab.runtime import PROJECT

PATIENCE = timedelta(seconds=3)
LETTER_BYTES = 8000
"""With its digits drawn, so that nothing compresses them: each row needs a new page."""


async def write(database: Database, number: int) -> None:
    letter = Random(number).randbytes(LETTER_BYTES).hex()
    await database.run(
        lambda connection: connection.exec_driver_sql(
            f"INSERT INTO letters VALUES ({number}, '{letter}')"
        )
    )


async def live_through(store: Store, kind: FaultKind) -> list[int]:
    """Write before, in and after the trouble; the one within must fail. Return what is kept."""
    database = open_for_writing(store.url, patience=PATIENCE)
    try:
        await database.run(
            lambda connection: connection.exec_driver_sql(
                "CREATE TABLE letters (number INTEGER, letter TEXT)"
            )
        )
        await write(database, 1)
        async with store.troubles[kind]():
            with pytest.raises((sa.exc.SQLAlchemyError, OSError)):
                await write(database, 2)
        # A pool may not know yet that its connection has ended; the engine asks again likewise.
        await database.close()
        database = open_for_writing(store.url, patience=PATIENCE)
        await write(database, 3)
        return await database.run(
            lambda connection: list(
                connection.execute(sa.text("SELECT number FROM letters ORDER BY number")).scalars()
            )
        )
    finally:
        await database.close()


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    with postgresql_server() as running:
        yield running


async def live_through_on(server: PostgresqlServer, kind: FaultKind) -> list[int]:
    store = PostgresqlStore(server, disk=None)
    await store.prepare()
    return await live_through(store, kind)


def test_a_locked_sqlite_store_takes_nothing_until_it_is_let_go(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, disk=None)
    assert asyncio.run(live_through(store, FaultKind.STORE_LOCKED)) == [1, 3]


@pytest.mark.parametrize("kind", [FaultKind.STORE_LOCKED, FaultKind.STORE_GONE])
def test_a_postgresql_that_is_locked_or_gone_returns_with_what_was_committed(
    server: PostgresqlServer, kind: FaultKind
) -> None:
    assert asyncio.run(live_through_on(server, kind)) == [1, 3]


def test_what_cannot_befall_a_store_here_is_named_with_the_reason(
    tmp_path: Path, server: PostgresqlServer
) -> None:
    all_kinds = {FaultKind.STORE_LOCKED, FaultKind.STORE_GONE, FaultKind.STORE_FULL}
    stores: list[Store] = [
        SqliteStore(tmp_path, disk=None),
        PostgresqlStore(server, disk=None),
    ]
    for store in stores:
        assert store.troubles.keys() | store.left_out.keys() == all_kinds
        assert not store.troubles.keys() & store.left_out.keys()
        assert store.left_out[FaultKind.STORE_FULL] == NO_NAMESPACES


def test_without_a_namespace_nothing_is_mounted(tmp_path: Path) -> None:
    with small_disk(tmp_path / "store") as disk:
        assert disk is None
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("which", ["sqlite", "postgresql"])
def test_a_full_disk_refuses_what_is_written_and_takes_it_when_there_is_room(
    tmp_path: Path, which: str
) -> None:
    command = namespace_command()
    if command is None:  # then `make faults` leaves the kind out, which is shown above
        return
    inside = ("env", f"{INSIDE}=1", sys.executable, "-m", __name__, which, str(tmp_path))
    found = subprocess.run(
        (*command, *inside), cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout.split()) == (0, ["1", "3"]), found.stderr


def _show(which: str, folder: Path) -> None:
    """Live through a full disk; in a namespace, so in a process of its own."""
    with small_disk(folder / "store") as disk:
        assert disk is not None
        if which == "sqlite":
            file = SqliteStore(disk.folder, disk=disk)
            kept = asyncio.run(live_through(file, FaultKind.STORE_FULL))
            file.copy_to(folder / "copy.sqlite")
            assert (folder / "copy.sqlite").stat().st_size > 0
        else:
            with postgresql_server() as server:
                store = PostgresqlStore(server, disk=disk)
                asyncio.run(store.prepare())
                kept = asyncio.run(live_through(store, FaultKind.STORE_FULL))
    sys.stdout.write(" ".join(map(str, kept)))


if __name__ == "__main__":
    _show(sys.argv[1], Path(sys.argv[2]))
