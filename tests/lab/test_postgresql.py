"""A throwaway PostgreSQL starts for whoever runs the tests, root or not, and leaves nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from lab.postgresql import PostgresqlStartError, running_postgresql


async def ask(address: str, question: str) -> object:
    engine = create_async_engine(address)
    try:
        async with engine.connect() as connection:
            return (await connection.execute(text(question))).scalar_one()
    finally:
        await engine.dispose()


def test_a_postgresql_of_15_or_newer_answers_and_is_gone_afterwards() -> None:
    with running_postgresql() as address:
        version = asyncio.run(ask(address, "SELECT current_setting('server_version_num')::int"))
        folder = Path(str(make_url(address).query["host"]))
        assert folder.is_dir()
    assert isinstance(version, int)
    assert version >= 150000
    assert not folder.exists()


def test_two_servers_run_side_by_side() -> None:
    with running_postgresql() as first, running_postgresql() as second:
        assert first != second
        assert asyncio.run(ask(second, "SELECT 1")) == 1


def test_a_server_that_cannot_start_says_what_it_wrote(tmp_path: Path) -> None:
    program = tmp_path / "bin/postgres-run"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho no room >&2\nexit 1\n")
    program.chmod(0o755)
    with (
        pytest.raises(PostgresqlStartError, match="no room"),
        running_postgresql(tmp_path),
    ):
        pass
