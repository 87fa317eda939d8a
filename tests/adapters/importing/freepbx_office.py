"""Small offices of FreePBX for tests, and the judge of what was made of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ekc_telephony.cli.ivr.import_menus import known_names, texts_of
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.importing.freepbx import Imported, carry_over
from ekc_telephony.importing.freepbx.source.tables import Tables, tables_of
from ekc_telephony.settings.document import read_document
from ekc_telephony.settings.ivr.load import load

Rows = list[dict[str, str]]

MENU: Final = {
    "name": "Меню",
    "announcement": "1",
    "timeout_time": "5",
    "invalid_loops": "1",
    "invalid_destination": "ext-queues,600,1",
    "timeout_loops": "1",
    "timeout_destination": "ext-queues,600,1",
}
"""An ordinary menu, to which tests add what they are about."""


def office(
    *, menus: Mapping[str, Mapping[str, str]], keys: Mapping[str, Mapping[str, str]], **other: Rows
) -> Tables:
    """Return tables with menus and their keys (`{"1": {"0": "ext-queues,600,1"}}`)."""
    details = [{"id": number, **MENU, **more} for number, more in menus.items()]
    entries = [
        {"ivr_id": number, "selection": key, "dest": dest, "ivr_ret": "0"}
        for number, choices in keys.items()
        for key, dest in choices.items()
    ]
    recordings = [{"id": "1", "displayname": "Запись", "filename": "custom/one"}]
    return tables_of(
        {
            "ivr_details": details,
            "ivr_entries": entries,
            "recordings": recordings,
            "incoming": [],
            **other,
        }.items()
    )


def loaded(imported: Imported) -> dict[str, Script]:
    """Return every script as our loader understands it; a mistake fails the test."""
    texts = texts_of(imported)
    known = known_names(imported)
    return {
        each.name: load(
            read_document(Path(f"{each.name}.yaml"), text=texts[f"{each.name}.yaml"]), known=known
        ).script
        for each in imported.scripts
    }


def one_script(tables: Tables) -> tuple[Script, Imported]:
    """Return the only script of an office."""
    imported = carry_over(tables)
    (script,) = loaded(imported).values()
    return script, imported


def told(imported: Imported, row: str) -> str:
    """Return all that the report says of a row."""
    return "; ".join(each.what for each in imported.remarks if each.row == row)
