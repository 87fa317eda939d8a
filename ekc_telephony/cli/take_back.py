"""
`ekc appeals take-back`: offer the store again what it refused.

Exit codes: 0 nothing refused is left; 1 something is, or the store does not answer; 2 the command
line or the configuration is wrong.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ekc_telephony.adapters.sql.appeal_store import SqlAppealStore
from ekc_telephony.cli import appeals_view as view
from ekc_telephony.cli.asking import (
    DEFAULT_CONFIG,
    NOT_WELL,
    AsJson,
    Config,
    Store,
    answered,
)
from ekc_telephony.runtime.set_aside import TakenBack, take_back
from ekc_telephony.settings.load import load_settings


def take_back_command(
    *,
    file: Annotated[
        Path | None, typer.Option(help="Another file than the one in the state folder.")
    ] = None,
    as_json: AsJson = False,
    store: Store = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """
    Offer the store again the facts that it refused (facts-set-aside.jsonl).

    For after the reason is mended: a newer release, a repaired store. The engine may be running.
    What is refused once more stays in the file.
    """

    async def offer() -> TakenBack:
        if store is None or file is None:
            settings = load_settings(config)
            url, letters = store or settings.store_url, file or settings.set_aside_file
        else:
            url, letters = store, file
        appeals = SqlAppealStore(url)
        try:
            return await take_back(letters, appeals)
        finally:
            await appeals.close()

    found = answered(offer)
    typer.echo(view.as_json(asdict(found)) if as_json else "\n".join(_lines(found)))
    if found.refused or found.unreadable:
        raise typer.Exit(NOT_WELL)


def _lines(found: TakenBack) -> list[str]:
    lines = [f"Принято хранилищем: {found.taken}"]
    if found.of_agents:
        lines.append(f"Об операторах, остаются в файле (их состояние уже новее): {found.of_agents}")
    if found.unreadable:
        lines.append(
            f"Не разобрано, остаются в файле (из более нового выпуска?): {found.unreadable}"
        )
    lines += [f"Снова отклонено, остаётся в файле: {cause}" for cause in found.refused]
    return lines
