"""`ekc ivr rollback`: let new calls meet a former version of a script again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ekc_telephony.cli.ivr.publish import say
from ekc_telephony.cli.ivr.publishing_desk import (
    Config,
    Who,
    Why,
    desk,
    person,
    reason,
    tell_engine,
)
from ekc_telephony.core.kernel.ids import ScriptId

Version = Annotated[
    str | None,
    typer.Argument(help="As `versions` shows it; the one before the present, if absent."),
]


def rollback(
    script: Annotated[str, typer.Argument(help="Of which script.")],
    why: Why,
    version: Version = None,
    config: Config = Path("ekc.yaml"),
    who: Who = None,
) -> None:
    """Go back to a former version; the file on disk stays as it is."""
    does = person(who)
    with desk(config) as open_desk:
        made = open_desk.publisher.roll_back(ScriptId(script), version, who=does, why=reason(why))
    say(made)
    tell_engine(open_desk.settings, who=does)
