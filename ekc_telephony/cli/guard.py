"""
`ekc guard`: run the guard of one node.

It finds the file that `ekc conf render` has written for the guard, and becomes
`python -m ekc_telephony.guard FILE`, a process without the engine and its memory. systemd starts
that one directly, so that a mistake in ekc.yaml does not stop the guard.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.load import load_settings

FILE: Final = "guard.json"
"""In Asterisk's folder."""

Config = Annotated[Path, typer.Option("--config", help="The configuration file.")]


def guard(config: Config = Path("ekc.yaml")) -> None:
    """Watch the engine, and send its callers to the fallback when it dies."""
    try:
        file = load_settings(config).asterisk_folder / FILE
    except SettingsError as error:
        typer.echo(f"ekc guard: {error}", err=True)
        raise typer.Exit(1) from None
    if not file.is_file():
        typer.echo(
            f"ekc guard: {file} is not there; it holds the guard's access to Asterisk. "
            f"Write it with `ekc conf render --config {config}`.",
            err=True,
        )
        raise typer.Exit(1)
    command = [sys.executable, "-m", "ekc_telephony.guard", str(file)]
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, no shell
