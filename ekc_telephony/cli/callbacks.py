"""
`ekc callbacks`: the citizens who shall be called back.

Exit codes are those of `ekc appeals`.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ekc_telephony.cli import appeals_view as view
from ekc_telephony.cli.asking import (
    DEFAULT_CONFIG,
    AsJson,
    Config,
    Store,
    Zone,
    ask,
    print_table,
    time_zone,
)

app = typer.Typer(
    help="Callbacks: who shall be called back.", no_args_is_help=True, add_completion=False
)


@app.callback()
def callbacks() -> None:
    """Show who shall be called back."""  # a callback keeps `list` a word of its own


@app.command("list")
def list_callbacks(
    *,
    all_of_them: Annotated[
        bool, typer.Option("--all", help="Those who have been called back, too.")
    ] = False,
    zone: Zone = None,
    as_json: AsJson = False,
    store: Store = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """List citizens who shall be called back, the longest waiting first."""
    local = time_zone(zone)
    found = ask(store, config, lambda queries: queries.callbacks(with_done=all_of_them))
    if as_json:
        typer.echo(view.as_json(found))
        return
    print_table(view.callbacks_table(found, zone=local))
    typer.echo(f"Показано: {len(found)}")
