"""
`ekc ivr publish`: let new calls meet scripts as they are on disk.

What differs is shown, the gate is asked, and the change is made in one go; calls that go on keep
the version they began with.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ekc_telephony.cli.ivr.publishing_desk import (
    SHORT,
    Config,
    Who,
    Why,
    desk,
    person,
    reason,
    shown,
    tell_engine,
)
from ekc_telephony.core.ivr.published import Publication
from ekc_telephony.core.kernel.ids import ScriptId

Scripts = Annotated[
    list[str], typer.Argument(help="Their names: files of the folder of scripts, without `.yaml`.")
]


def publish(scripts: Scripts, why: Why, config: Config = Path("ekc.yaml"), who: Who = None) -> None:
    """Publish scripts: refused, and nothing changed, when a check objects."""
    names = [ScriptId(Path(each).name.removesuffix(".yaml")) for each in scripts]
    does = person(who)
    with desk(config) as open_desk:
        made = open_desk.publisher.publish(names, who=does, why=reason(why))
    say(made)
    tell_engine(open_desk.settings, who=does)


def say(made: Publication) -> None:
    """Print what was changed."""
    for each in made.changes:
        if each.diff:
            typer.echo(shown(each.diff))
    for each in made.changes:
        before = "nothing" if each.before is None else each.before[:SHORT]
        typer.echo(f"{each.script}: {each.version[:SHORT]}, before: {before}")
    asked = ", ".join(made.gate)
    typer.echo(f"Publication {made.number} by {made.who.name}; checked: {asked}.")
