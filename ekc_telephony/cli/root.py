"""
The command `ekc` with all its verbs.

A verb is imported when it is asked for: all of them together take Python a second and a half, and
`ekc serve` is begun again while callers wait for it.
"""

from __future__ import annotations

import gc
import sys
from collections import UserDict
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typing_extensions import override

_VERBS: Final[Mapping[str, str]] = {
    "serve": "serve:serve",
    "guard": "guard:guard",
    "wallboard": "wallboard:wallboard",
    "agents": "agents:app",
    "calls": "calls:app",
    "supervise": "calls:supervise",
    "appeals": "appeals:app",
    "callbacks": "callbacks:app",
    "stats": "stats:stats",
    "ivr": "ivr.group:app",
    "services": "services:app",
    "sounds": "sounds:app",
    "simulate": "simulate:simulate",
    "replay": "replay:replay_command",
    "conf": "conf:app",
}
"""Where in this package each verb is: a function, or a `Typer` with verbs of its own."""


class _OnDemand(UserDict[str, Any]):
    """The verbs by their names, each imported when it is looked up."""

    @override
    def __getitem__(self, name: str) -> Any:
        module, attribute = super().__getitem__(name).split(":")
        found = getattr(_imported(f"ekc_telephony.cli.{module}"), attribute)
        alone = typer.Typer(add_completion=False)
        if isinstance(found, typer.Typer):
            alone.add_typer(found, name=name)
        else:
            alone.command(name=name)(found)
        return typer.main.get_group(alone).commands[name]


class _Verbs(TyperGroup):
    """Knows which verbs there are; `--help` looks all of them up."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _OnDemand(_VERBS)


def _imported(module: str) -> ModuleType:
    """Import a module; nothing of it becomes garbage, and looking for some takes a tenth longer."""
    if module in sys.modules:
        return sys.modules[module]
    gc.disable()
    try:
        return import_module(module)
    finally:
        gc.freeze()
        gc.enable()


app = typer.Typer(
    cls=_Verbs,
    help="EKC (ЕКЦ): a contact-centre engine on Asterisk for citizens' hotlines.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _ekc() -> None:
    """Keep `app` a group, which without a verb of its own it would not be."""
