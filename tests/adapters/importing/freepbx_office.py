"""Small offices of FreePBX for tests, and the judge of what was made of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final

from ekc_telephony.cli.ivr.import_menus import read_scripts, texts_of
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.importing.freepbx import Imported, carry_over
from ekc_telephony.importing.freepbx.source.tables import Tables, tables_of

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


def drawn_office(seed: int) -> Tables:
    """Draw an office of up to eight menus that lead mostly to one another, many by «Return»."""
    random = Random(seed)
    ids = [str(number) for number in range(1, random.randint(2, 8) + 1)]

    def leads() -> str:
        menus = [f"ivr-{random.choice(ids)},s,1"] * 5
        return random.choice(
            [
                *menus,
                "ext-queues,600,1",
                "app-announcement-1,s,1",
                "app-languages,1,1",
                "timeconditions,1,1",
            ]
        )

    def menu(number: str) -> dict[str, str]:
        own = {f"{kind}_destination": leads() for kind in ("invalid", "timeout")}
        own |= {f"{kind}_ivr_ret": random.choice("0001") for kind in ("invalid", "timeout")}
        return {"name": f"Меню {number}", **own}

    entries = [
        {"ivr_id": each, "selection": key, "dest": leads(), "ivr_ret": random.choice("0001")}
        for each in ids
        for key in random.sample("0123456789", random.choice([0, 1, 2, 3]))
    ]
    incoming = [
        {"extension": f"12{number}", "destination": leads()}
        for number in range(random.randint(0, 3))
    ]
    between = {"announcement_id": "1", "recording_id": "1", "return_ivr": random.choice("01")}
    hours = {"timeconditions_id": "1", "time": "1", "truegoto": leads(), "falsegoto": leads()}
    return office(
        menus={each: menu(each) for each in ids},
        keys={},
        ivr_entries=entries,
        incoming=incoming,
        announcement=[{**between, "description": "Справка", "post_dest": leads()}],
        languages=[{"language_id": "1", "lang_code": "en", "dest": leads()}],
        timeconditions=[{**hours, "displayname": "Часы"}],
    )


def loaded(imported: Imported) -> dict[str, Script]:
    """Return every script that calls begin with, as our loader reads it; a mistake fails."""
    scripts = read_scripts(imported, texts_of(imported), Path())
    return {each.script.script: each.script for each in scripts}


def one_script(tables: Tables) -> tuple[Script, Imported]:
    """Return the only script of an office."""
    imported = carry_over(tables)
    (script,) = loaded(imported).values()
    return script, imported


def told(imported: Imported, row: str) -> str:
    """Return all that the report says of a row."""
    return "; ".join(each.what for each in imported.remarks if each.row == row)
