"""`ekc ivr versions`: what was published, by whom, when and why; what callers meet is marked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.table import Table

from ekc_telephony.bootstrap.publishing import differing
from ekc_telephony.cli.asking import print_table
from ekc_telephony.cli.ivr.publishing_desk import SHORT, AsJson, Config, desk
from ekc_telephony.core.ivr.published import Deed, Present, Publication
from ekc_telephony.settings.library import entry_names

DEEDS: Final = {
    Deed.PUBLISHED: "published",
    Deed.ROLLED_BACK: "rolled back",
    Deed.OVERLAY_PROPOSED: "overlay proposed",
    Deed.OVERLAY_CONFIRMED: "overlay confirmed",
    Deed.OVERLAY_REMOVED: "overlay removed",
}
Script = Annotated[str | None, typer.Argument(help="Of this script only.")]


def versions(
    script: Script = None, config: Config = Path("ekc.yaml"), *, as_json: AsJson = False
) -> None:
    """List what was published, newest first; `*` marks what callers meet now."""
    with desk(config) as open_desk:
        present = open_desk.store.present()
        wanted = [
            each
            for each in reversed(open_desk.store.publications())
            if script is None or any(change.script == script for change in each.changes)
        ]
        edited = differing(open_desk.settings, present, of=entry_names(open_desk.settings))
    if as_json:
        whole = {"present": present, "publications": wanted, "differing": sorted(edited)}
        typer.echo(msgspec.json.encode(whole).decode())
        return
    table = Table("no", "when", "who", "what", "why", box=None)
    for each in wanted:
        who = each.who.name
        if each.who.login != who:
            who = f"{who} ({each.who.login})"
        when = f"{each.at.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(str(each.number), when, who, "\n".join(_told(each, present)), each.why)
    print_table(table)
    for name in edited:
        typer.echo(
            f"{name} differs from the published version; `ekc ivr publish {name}` makes it live"
        )


def _told(made: Publication, present: Present) -> Iterator[str]:
    for each in made.changes:
        mark = " *" if present.scripts.get(each.script) == each.version else ""
        yield f"{DEEDS[made.deed]} {each.script} {each.version[:SHORT]}{mark}"
    if made.overlay is not None:
        is_laid = made.deed is Deed.OVERLAY_CONFIRMED and made.overlay in present.overlays
        mark = " *" if is_laid else ""
        until = f"{made.overlay.until.astimezone():%Y-%m-%d %H:%M}"
        yield f"{DEEDS[made.deed]} {made.overlay.overlay} until {until}{mark}"
