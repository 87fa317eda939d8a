"""`ekc ivr`: scripts as an admin works on them."""

from __future__ import annotations

import typer

from ekc_telephony.cli import ivr_import

app = typer.Typer(help="Scripts: import them.", no_args_is_help=True, add_completion=False)
app.command(name="import")(ivr_import.import_menus)


@app.callback()
def ivr() -> None:
    """Keep `import` a verb of its own while it is the only one."""
