"""The way from an empty database to the present schema."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from ekc_telephony.adapters.sql import migrations
from ekc_telephony.adapters.sql.connection import open_for_writing
from ekc_telephony.adapters.sql.migrations import StoreNewerThanEngineError, migrate
from ekc_telephony.adapters.sql.models import (
    SCHEMA_REVISION,
    STATISTICS_RATINGS,
    call_notes,
    metadata,
    statistics,
)
from ekc_telephony.core.call.facts import NoteKind
from ekc_telephony.runtime.ports import StoreUnavailableError

MIGRATE = (
    "import asyncio, sys; from ekc_telephony.adapters.sql.migrations import migrate; "
    "asyncio.run(migrate(sys.argv[1]))"
)
"""What an engine does with the store that it is given."""


async def _ask(url: str, question: Any) -> Any:
    database = open_for_writing(url)
    try:
        return await database.run(question)
    finally:
        await database.close()


def test_the_migrated_tables_are_those_of_the_models(database: str) -> None:
    def differences(connection: sa.Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert asyncio.run(_ask(database, differences)) == []


def test_every_word_of_the_core_is_allowed_by_the_migrated_tables(database: str) -> None:
    def missing(connection: sa.Connection) -> set[str]:
        allowed = {
            check["name"]: check["sqltext"]
            for table in metadata.tables
            for check in sa.inspect(connection).get_check_constraints(table)
        }
        return {
            f"{column.type.name}: {word}"
            for table in metadata.tables.values()
            for column in table.columns
            if isinstance(column.type, sa.Enum)
            for word in column.type.enums
            if f"'{word}'" not in allowed[column.type.name]
        }

    assert asyncio.run(_ask(database, missing)) == set()


def test_the_revision_in_the_code_is_the_newest_of_the_files() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_REVISION


def test_faults_written_by_the_first_release_are_kept(empty_database: str) -> None:
    def as_in_the_first_release(connection: sa.Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        moment = "'2026-03-02 09:00:00.000000+00:00'"
        columns = "id, appeal, did, registered_at, last_sequence"
        for table, values in (
            ("appeals", f"'E-1', {moment}, 'registered', NULL"),
            (f"calls ({columns})", f"'ekc-1.1', 'E-1', '8800', {moment}, 1"),
            ("call_faults", f"'ekc-1.1', 2, {moment}, 'recording_lost', 'no space left'"),
        ):
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({values})")

    def kept(connection: sa.Connection) -> Any:
        query = "SELECT call, sequence, kind, detail FROM call_faults"
        return connection.exec_driver_sql(query).one()

    asyncio.run(_ask(empty_database, as_in_the_first_release))
    asyncio.run(migrate(empty_database))
    assert tuple(asyncio.run(_ask(empty_database, kept))) == (
        "ekc-1.1",
        2,
        "recording_lost",
        "no space left",
    )


def test_notes_written_before_operators_were_listened_to_are_kept(empty_database: str) -> None:
    def as_before(connection: sa.Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        moment = "'2026-03-02 09:00:00.000000+00:00'"
        columns = "id, appeal, did, registered_at, last_sequence"
        for table, values in (
            ("appeals", f"'E-1', {moment}, 'registered', NULL"),
            (f"calls ({columns})", f"'ekc-1.1', 'E-1', '8800', {moment}, 1"),
            ("call_notes", f"'ekc-1.1', 2, {moment}, 'silent', 'anna', NULL, NULL"),
        ):
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({values})")

    def kept(connection: sa.Connection) -> Any:
        return connection.execute(sa.select(call_notes)).one()

    asyncio.run(_ask(empty_database, as_before))
    asyncio.run(migrate(empty_database))
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    note = ("ekc-1.1", 2, at, NoteKind.SILENT, "anna", None, None)
    assert tuple(asyncio.run(_ask(empty_database, kept))) == note


def test_ratings_and_figures_written_before_questions_were_noted_are_kept(
    empty_database: str,
) -> None:
    def as_before(connection: sa.Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        moment = "'2026-03-02 09:00:00.000000+00:00'"
        columns = "id, appeal, did, registered_at, last_sequence"
        names = [
            each["name"]
            for each in sa.inspect(connection).get_columns("statistics")
            if not each["nullable"]
        ]
        keys = f"'half_hour', {moment}, 'all', ''"
        counts = ", ".join("0" for _ in names[4:-1])
        for table, values in (
            ("appeals", f"'E-1', {moment}, 'registered', NULL"),
            (f"calls ({columns})", f"'ekc-1.1', 'E-1', '8800', {moment}, 1"),
            ("call_notes", f"'ekc-1.1', 2, {moment}, 'rated', NULL, 'rating', '5'"),
            ("call_notes", f"'ekc-1.1', 3, {moment}, 'surveyed', NULL, 'solved', 'yes'"),
            (f"statistics ({', '.join(names)})", f"{keys}, {counts}, '{{}}'"),
        ):
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({values})")

    def kept(connection: sa.Connection) -> Any:
        notes = connection.execute(sa.select(call_notes).order_by(call_notes.c.sequence)).all()
        figures = sa.select(*(statistics.c[name] for name in STATISTICS_RATINGS))
        return [tuple(note) for note in notes], tuple(connection.execute(figures).one())

    asyncio.run(_ask(empty_database, as_before))
    asyncio.run(migrate(empty_database))
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    rated = ("ekc-1.1", 2, at, NoteKind.RATED, None, "rating", "5")
    surveyed = ("ekc-1.1", 3, at, NoteKind.SURVEYED, None, "solved", "yes")
    notes, figures = asyncio.run(_ask(empty_database, kept))
    assert (notes, figures) == ([rated, surveyed], (None,) * 4)


@pytest.mark.parametrize(("is_new", "is_loaded"), [(True, True), (False, False)])
def test_alembic_is_loaded_only_when_there_is_something_to_do(
    empty_database: str, *, is_new: bool, is_loaded: bool
) -> None:
    """It takes half a second, and most starts do not need it."""
    if not is_new:
        asyncio.run(migrate(empty_database))
    code = f"{MIGRATE}; print('alembic' in sys.modules)"
    start = [sys.executable, "-c", code, empty_database]
    told = subprocess.run(start, capture_output=True, check=True, text=True, timeout=30)
    assert told.stdout == f"{is_loaded}\n"


def test_two_engines_may_start_at_once(empty_database: str) -> None:
    """Two processes, as it would be; each brings Alembic and its own connection."""
    engines = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, empty_database], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    complaints = [engine.communicate(timeout=30)[1] for engine in engines]
    assert [engine.returncode for engine in engines] == [0, 0, 0], complaints


def test_a_new_sqlite_file_that_somebody_else_is_writing_to_is_waited_for(tmp_path: Path) -> None:
    """Before a file is in WAL mode, SQLite refuses to change the mode at once, not in time."""
    file = tmp_path / "ekc.sqlite"
    writer = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")

    async def both() -> None:
        bringing_up = asyncio.create_task(migrate(f"sqlite:///{file}"))
        done, _ = await asyncio.wait({bringing_up}, timeout=0.3)
        assert not done, "it waits"
        writer.execute("COMMIT")
        await bringing_up

    asyncio.run(both())
    writer.close()
    with closing(sqlite3.connect(file)) as migrated:
        assert migrated.execute("SELECT count(*) FROM appeals").fetchone() == (0,)


def test_a_newer_database_is_refused_and_left_alone(database: str) -> None:
    def age(connection: sa.Connection) -> None:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    asyncio.run(_ask(database, age))
    with pytest.raises(StoreNewerThanEngineError, match=r"9999.*A newer EKC has used it"):
        asyncio.run(migrate(database))


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "ekc.sqlite"
    file.write_text("Not a database, but long enough to look like one. " * 40)
    with pytest.raises(StoreUnavailableError, match="not a database"):
        asyncio.run(migrate(f"sqlite:///{file}"))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="nowhere"):
        asyncio.run(migrate(f"sqlite:///{tmp_path / 'nowhere' / 'ekc.sqlite'}"))
