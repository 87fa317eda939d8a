"""The databases that the store's tests run on: a SQLite file, and a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ekc_telephony.adapters.sql.connection import open_for_writing
from ekc_telephony.adapters.sql.migrations import migrate
from ekc_telephony.adapters.sql.models import metadata

StartPostgresql = Callable[[], str]


@pytest.fixture(scope="session")
def start_postgresql() -> Iterator[StartPostgresql]:
    """Start one server, and only when a test asks for it."""
    with ExitStack() as running:
        urls: list[str] = []

        def start() -> str:
            if not urls:
                from lab.postgresql import running_postgresql  # noqa: PLC0415 -- only when asked

                urls.append(running.enter_context(running_postgresql()))
            return urls[0]

        yield start


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(
    request: pytest.FixtureRequest, tmp_path: Path, start_postgresql: StartPostgresql
) -> str:
    """A database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ekc.sqlite'}"
    url = start_postgresql()
    asyncio.run(_drop_everything(url))
    return url


@pytest.fixture
def database(empty_database: str) -> str:
    """A database with empty tables."""
    asyncio.run(migrate(empty_database))
    return empty_database


async def _drop_everything(url: str) -> None:
    database = open_for_writing(url)
    await database.run(
        lambda connection: connection.exec_driver_sql(
            "DROP TABLE IF EXISTS alembic_version, "
            + ", ".join(f'"{table}"' for table in metadata.tables)
        )
    )
    await database.close()
