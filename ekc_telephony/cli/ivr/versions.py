"""`ekc ivr versions`: what was published, by whom, when and why; what callers meet is marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
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
        present, now = open_desk.store.present(), open_desk.clock.now()
        made = open_desk.store.publications()
        wanted = [
            each
            for each in reversed(made)
            if script is None or any(change.script == script for change in each.changes)
        ]
        edited = differing(open_desk.settings, present, of=entry_names(open_desk.settings))
    if as_json:
        whole = {"present": present, "publications": wanted, "differing": sorted(edited)}
        typer.echo(msgspec.json.encode(whole).decode())
        return
    live = _live(made, present, now=now)
    table = Table("no", "when", "who", "what", "why", box=None)
    for each in wanted:
        who = each.who.name
        if each.who.login != who:
            who = f"{who} ({each.who.login})"
        when = f"{each.at.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(str(each.number), when, who, "\n".join(_told(each, live)), each.why)
    print_table(table)
    for name in edited:
        typer.echo(
            f"{name} differs from the published version; `ekc ivr publish {name}` makes it live"
        )


def _live(made: Iterable[Publication], present: Present, *, now: datetime) -> dict[str, int]:
    """
    Return by which publication callers meet each script, and each overlay that lies.

    A version may have been published twice, before and after another one; the last time counts.
    """
    live: dict[str, int] = {}
    for each in made:
        live |= {change.script: each.number for change in each.changes}
        if each.deed is Deed.OVERLAY_CONFIRMED and each.overlay in present.overlays:
            live |= {} if each.overlay.is_over(now) else {each.overlay.overlay: each.number}
    return live


def _told(made: Publication, live: Mapping[str, int]) -> Iterator[str]:
    def mark(name: str) -> str:
        return " *" if live.get(name) == made.number else ""

    for each in made.changes:
        version = each.version[:SHORT]
        yield f"{DEEDS[made.deed]} {each.script} {version}{mark(each.script)}"
    if made.overlay is not None:
        name = made.overlay.overlay
        until = f"{made.overlay.until.astimezone():%Y-%m-%d %H:%M}"
        yield f"{DEEDS[made.deed]} {name} until {until}{mark(name)}"
