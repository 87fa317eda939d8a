"""
The schema's history, and the way from any point of it to now.

`migrate` runs at every start of the engine. When the database is up to date it asks one question
and is done; Alembic, which takes half a second to import, is loaded only when there is work.

Rule 1: one transaction: a migration that fails leaves the database as it was.
Rule 2: two engines that start at once take turns (a lock), and the second finds nothing to do.
Rule 3: a database that is newer than the code is refused, not touched.

To add a revision: change `models.py`, write `versions/rNNNN_what.py` by the pattern of the last,
raise `SCHEMA_REVISION`. A revision names its words and types itself; it never imports `models.py`,
which will have moved on.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from ekc_telephony.adapters.sql.connection import open_for_writing
from ekc_telephony.adapters.sql.models import SCHEMA_REVISION
from ekc_telephony.runtime.ports import StoreUnavailableError

PATIENCE: Final = timedelta(minutes=2)
"""A migration may copy a table, and another engine's migration is waited for."""

_LOCK: Final = 0x656B63
"""PostgreSQL's advisory lock for migrations: «ekc» in ASCII. SQLite's is BEGIN IMMEDIATE."""


class StoreNewerThanEngineError(Exception):
    """The database was migrated by a newer engine than this one."""


async def migrate(url: str, *, patience: timedelta = PATIENCE) -> None:
    """
    Bring the store's tables up to date; makes a SQLite file that is not there.

    Raises:
        StoreUrlError: The address cannot be used.
        StoreNewerThanEngineError: The database belongs to a newer engine.
        StoreUnavailableError: The database does not answer or refuses.
    """
    database = open_for_writing(url, patience=patience)
    try:
        if await database.run(_revision) != SCHEMA_REVISION:
            await database.run(partial(_upgrade, address=database.address))
    except (sa.exc.SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise StoreUnavailableError(
            f"The store {database.address} could not be brought up to date: {cause}"
        ) from error
    finally:
        await database.close()


def _upgrade(connection: sa.Connection, *, address: str) -> None:
    from alembic import command  # noqa: PLC0415 -- half a second that most starts do not need
    from alembic.config import Config  # noqa: PLC0415 -- the same
    from alembic.script import ScriptDirectory  # noqa: PLC0415 -- the same

    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    found = _revision(connection)
    history = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in history:
        raise StoreNewerThanEngineError(
            f"The store {address} has schema revision {found}; this engine knows revisions up to "
            f"{SCHEMA_REVISION}. A newer EKC has used it: start that version again, or restore "
            "the backup taken before its upgrade."
        )
    command.upgrade(config, "head")


def _revision(connection: sa.Connection) -> str | None:
    """Return the database's revision, None when it has no tables of ours."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    query = sa.text("SELECT version_num FROM alembic_version")
    return connection.execute(query).scalar_one_or_none()
