"""
What became of every row: carried over, or told.

Rule 1: a row that nobody spoke of is told as unused at the end; silence is not possible.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ekc_telephony.importing.freepbx.source.tables import Row


class Weight(Enum):
    """How much a remark asks of the admin."""

    DECIDE = "решить"
    """Callers would meet something else than before: somebody has to decide."""
    CHECK = "проверка"
    """What `ekc ivr check` finds in the script; its errors keep it from being published."""
    CHANGED = "иначе"
    """Carried over, but not the same in every respect."""
    NOTE = "к сведению"
    UNUSED = "не использовано"
    """No imported script leads there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that the admin should know."""

    weight: Weight
    row: str
    """The name of the row, or of a table."""
    title: str
    """What people call it: «IVR «Главное меню», клавиша 5»."""
    what: str
    """What was not carried over as it was, and what callers meet now."""
    advice: str


class Ledger:
    """Collects remarks while scripts are grown."""

    def __init__(self) -> None:
        self._remarks: dict[Remark, None] = {}
        self._carried: set[str] = set()

    def carried(self, row: Row) -> None:
        """Note that scripts or snippets say what this row said."""
        self._carried.add(row.name)

    def remark(self, weight: Weight, row: Row, *, title: str, what: str, advice: str) -> None:
        """Tell something; the same remark of a second script counts once."""
        self._remarks[
            Remark(weight=weight, row=row.name, title=title, what=what, advice=advice)
        ] = None

    def of_table(self, weight: Weight, table: str, *, what: str, advice: str) -> None:
        """Tell something about a whole table."""
        self._remarks[
            Remark(weight=weight, row=table, title=f"таблица {table}", what=what, advice=advice)
        ] = None

    def close(self, rows: Iterable[Row]) -> tuple[Remark, ...]:
        """Tell the rows that nobody spoke of; return all remarks, the weightiest first."""
        spoken = self._carried | {each.row for each in self._remarks}
        for row in rows:
            if row.name not in spoken:
                self.remark(
                    Weight.UNUSED,
                    row,
                    title=row.name,
                    what="не перенесено: ни одно перенесённое меню сюда не ведёт",
                    advice="ничего, если это не нужно; иначе добавьте в сценарий вручную",
                )
        order = list(Weight)
        return tuple(sorted(self._remarks, key=lambda each: order.index(each.weight)))

    def is_carried(self, row: Row) -> bool:
        """Return whether the row became part of a script or a snippet."""
        return row.name in self._carried
