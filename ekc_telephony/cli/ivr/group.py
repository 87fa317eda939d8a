"""
`ekc ivr` with all its commands.

A new command is a module of its own beside this one, and one row of `COMMANDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import typer

from ekc_telephony.cli.ivr import (
    check,
    diff,
    draw,
    import_menus,
    overlay,
    publish,
    replay,
    rollback,
    run,
    schema,
    trials,
    versions,
)

app = typer.Typer(
    help="Scripts: try, prove, test and publish them, go back, lay an announcement over them all.",
    no_args_is_help=True,
)

COMMANDS: Final[Mapping[str, Callable[..., Any]]] = {
    "check": check.check,
    "diff": diff.diff,
    "draw": draw.draw,
    "import": import_menus.import_menus,
    "publish": publish.publish,
    "replay": replay.replay,
    "rollback": rollback.rollback,
    "run": run.run,
    "schema": schema.schema,
    "test": trials.try_scripts,
    "versions": versions.versions,
}
GROUPS: Final[Mapping[str, typer.Typer]] = {
    "overlay": overlay.app,
}

for _name, _command in COMMANDS.items():
    app.command(name=_name)(_command)
for _name, _group in GROUPS.items():
    app.add_typer(_group, name=_name)
