"""
One telephone office of FreePBX, as its tables describe it: what a destination leads to.

Rule 1: of two rows with one identity the first counts, as in the dialplan that FreePBX writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ekc_telephony.importing.freepbx.source.destinations import (
    NAMES,
    Destination,
    Place,
    plain_number,
    read_destination,
)
from ekc_telephony.importing.freepbx.source.tables import Row, Tables, one_line
from ekc_telephony.importing.freepbx.writing.ledger import Ledger, Weight

HOMES: Final[Mapping[Place, tuple[str, str, str]]] = {
    Place.IVR: ("ivr_details", "id", "name"),
    Place.QUEUE: ("queues_config", "extension", "descr"),
    Place.RING_GROUP: ("ringgroups", "grpnum", "description"),
    Place.ANNOUNCEMENT: ("announcement", "announcement_id", "description"),
    Place.TIME_CONDITION: ("timeconditions", "timeconditions_id", "displayname"),
    Place.MISC: ("miscdests", "id", "description"),
    Place.LANGUAGE: ("languages", "language_id", "description"),
    Place.CALLER_ID: ("setcid", "cid_id", "description"),
    Place.PRIORITY: ("queueprio", "queueprio_id", "description"),
    Place.CALLBACK: ("callback", "callback_id", "description"),
}
"""Kind of destination → its table, the column of its number, the column of its name."""

PASSED_ON: Final[Mapping[Place, str]] = {
    Place.CALLER_ID: "номер и имя звонящего не подменяются",
    Place.PRIORITY: "приоритет в очереди не меняется",
}
"""What only changes the call and sends it on by its column `dest` → what is not carried over."""


class Office:
    """Looks things up; tells rows that are there twice."""

    def __init__(self, tables: Tables, ledger: Ledger) -> None:
        self.tables = tables
        self._ledger = ledger
        self._by_number = {
            place: self._index(table, column) for place, (table, column, _) in HOMES.items()
        }
        self._recordings = self._index("recordings", "id")
        self._groups = self._index("timegroups_groups", "id")
        self.entries: dict[str, list[Row]] = {each: [] for each in self._by_number[Place.IVR]}
        """The keys of each menu, in the order of the table."""
        for row in tables.of("ivr_entries"):
            self._file_entry(row)

    @property
    def ivrs(self) -> Mapping[str, Row]:
        """The menus by their numbers."""
        return self._by_number[Place.IVR]

    def find(self, destination: Destination) -> Row | None:
        """Return the row that a destination leads to, if it has one."""
        return self._by_number.get(destination.place, {}).get(destination.key)

    def recording(self, number: str) -> Row | None:
        """Return a recording by its number."""
        return self._recordings.get(plain_number(number))

    def day_half(self, number: str, half: str) -> Row | None:
        """Return where a day/night switch leads by day or by night."""
        rows = self.tables.of("daynight")
        fits = (r for r in rows if (plain_number(r["ext"]), r["dmode"].lower()) == (number, half))
        return next(fits, None)

    def group_name(self, number: str) -> str:
        """Return what people call a time group, or nothing."""
        row = self._groups.get(plain_number(number))
        if row is not None:
            self._ledger.carried(row)
        return one_line(row["description"]) if row else ""

    def group_lines(self, number: str) -> list[Row]:
        """Return the lines of a time group."""
        rows = self.tables.of("timegroups_details")
        return [row for row in rows if plain_number(row["timegroupid"]) == plain_number(number)]

    def name_of(self, destination: Destination) -> str:
        """Return what people call a destination: «очередь 600 «Справочная»»."""
        row = self.find(destination)
        column = HOMES[destination.place][2] if destination.place in HOMES else ""
        told = one_line(row[column]) if row and column else ""
        shown = destination.key or one_line(destination.written)
        return f"{NAMES[destination.place]} {shown}".strip() + (f" «{told}»" if told else "")

    def follow(self, written: str) -> Destination:
        """Return the meaning of a destination."""
        return read_destination(written)

    def _index(self, table: str, column: str) -> dict[str, Row]:
        index: dict[str, Row] = {}
        for row in self.tables.of(table):
            number = plain_number(row[column])
            if not (number.isdecimal() and number.isascii()):
                self._refuse(row, what=f"{column} – не число, никакое направление сюда не ведёт")
            elif number in index:
                self._refuse(row, what=f"номер {one_line(number)} уже занят строкой выше")
            else:
                index[number] = row
        return index

    def _refuse(self, row: Row, *, what: str) -> None:
        self._ledger.remark(
            Weight.DECIDE,
            row,
            title=row.name,
            what=f"не перенесено: {what}",
            advice="проверьте таблицу: у каждой строки свой номер",
        )

    def _file_entry(self, row: Row) -> None:
        entries = self.entries.get(plain_number(row["ivr_id"]))
        if entries is not None:
            entries.append(row)
            return
        self._ledger.remark(
            Weight.DECIDE,
            row,
            title=row.name,
            what="не перенесено: клавиша меню, которого нет в таблице ivr_details",
            advice="остаток удалённого меню? Тогда ничего; иначе выгрузите ivr_details целиком",
        )
