"""
`ekc ivr schema`: what an editor must know to complete and check scripts while they are written.

Exit status: 0 written, 1 it could not be written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ekc_telephony.cli.asking import NOT_WELL, fail
from ekc_telephony.settings.ivr.editor_schema import script_schema

Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="Write it here instead of printing it.")
]


def schema(output: Output = None) -> None:
    """Print the JSON Schema of scripts, for editors."""
    told = json.dumps(script_schema(), ensure_ascii=False, indent=2) + "\n"
    if output is None:
        typer.echo(told, nl=False)
        return
    try:
        output.write_text(told, encoding="utf-8")
    except OSError as error:
        fail(f"{output}: cannot be written: {error.strerror}. Name another file.", code=NOT_WELL)
