"""`ekc ivr diff`: what differs between two versions of a script, or a version and the file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ekc_telephony.bootstrap.publishing import NothingToPublishError, diff_of
from ekc_telephony.cli.ivr.publishing_desk import Config, Desk, desk
from ekc_telephony.core.ivr.published import Bundle
from ekc_telephony.core.kernel.ids import ScriptId
from ekc_telephony.settings.library import bundle_on_disk

Version = Annotated[str | None, typer.Argument(help="As `versions` shows it.")]
_DIFFERS = 1


def diff(
    script: Annotated[str, typer.Argument(help="Of which script.")],
    version: Version = None,
    other: Version = None,
    config: Config = Path("ekc.yaml"),
) -> None:
    """
    Compare what callers meet, or VERSION, with the file on disk, or with OTHER.

    Exits with 1 when they differ.
    """
    name = ScriptId(script)
    with desk(config) as open_desk:
        before = _version(open_desk, name, version)
        after = (
            bundle_on_disk(open_desk.settings, name)
            if other is None
            else _version(open_desk, name, other)
        )
    told = diff_of(before, after)
    if told:
        typer.echo(told)
        raise typer.Exit(_DIFFERS)


def _version(open_desk: Desk, script: ScriptId, version: str | None) -> Bundle:
    if version is not None:
        return open_desk.store.bundle(script, open_desk.publisher.version(script, version))
    present = open_desk.store.present().scripts.get(script)
    if present is None:
        raise NothingToPublishError(
            f"{script}: found nothing that was published; expected the name of a script that was. "
            "`ekc ivr versions` lists them."
        )
    return open_desk.store.bundle(script, present)
