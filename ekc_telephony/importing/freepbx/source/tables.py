"""
Rows of FreePBX's tables, each with a name by which the report can speak of it.

Rule 1: NULL is the empty text: FreePBX itself asks only whether a column is empty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

Values: TypeAlias = Mapping[str, str]
"""Column → what is written there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a table is known and its rows are told apart."""

    identity: tuple[str, ...]
    """Columns that name a row."""
    signature: frozenset[str]
    """Columns by which a file without a table's name is recognised."""


def _shape(*identity: str, signed: str) -> Shape:
    return Shape(identity=identity, signature=frozenset({*identity, *signed.split()}))


SHAPES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        "ivr_details": _shape("id", signed="announcement timeout_destination invalid_destination"),
        "ivr_entries": _shape("ivr_id", "selection", signed="dest"),
        "incoming": _shape("extension", "cidnum", signed="destination"),
        "recordings": _shape("id", signed="displayname filename"),
        "announcement": _shape("announcement_id", signed="recording_id post_dest"),
        "timeconditions": _shape("timeconditions_id", signed="truegoto falsegoto"),
        "timegroups_details": _shape("id", signed="timegroupid time"),
        "timegroups_groups": _shape("id", signed="description"),
        "queues_config": _shape("extension", signed="descr"),
        "ringgroups": _shape("grpnum", signed="grplist"),
        "miscdests": _shape("id", signed="description destdial"),
        "daynight": _shape("ext", "dmode", signed="dest"),
        "languages": _shape("language_id", signed="lang_code dest"),
        "setcid": _shape("cid_id", signed="dest"),
        "queueprio": _shape("queueprio_id", signed="queue_priority dest"),
        "callback": _shape("callback_id", signed="destination"),
    }
)
"""The tables that are looked at."""

NEEDED: Final = ("ivr_details", "ivr_entries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of one table."""

    table: str
    name: str
    """Unique among all rows: `ivr_entries[3, 5]`."""
    values: Values

    def __getitem__(self, column: str) -> str:
        """Return what is written, or nothing where there is no such column."""
        return self.values.get(column, "").strip()

    def says(self, column: str) -> bool:
        """Return whether the column is neither empty nor zero, as PHP would say."""
        return self[column] not in {"", "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """All rows that were read, in the order of the sources."""

    rows: tuple[Row, ...]
    present: frozenset[str]
    """Tables that were there, though perhaps empty."""

    def of(self, table: str) -> tuple[Row, ...]:
        """Return the rows of one table."""
        return tuple(row for row in self.rows if row.table == table)


def tables_of(found: Iterable[tuple[str, Iterable[Values]]]) -> Tables:
    """Return the rows of the given tables, each with a name of its own."""
    rows: list[Row] = []
    present = set()
    seen: Counter[str] = Counter()
    for table, all_values in found:
        present.add(table)
        for values in all_values:
            key = ", ".join(_shown(values.get(each, "")) for each in SHAPES[table].identity)
            name = f"{table}[{key}]"
            seen[name] += 1
            times = f" (повтор {seen[name]})" if seen[name] > 1 else ""
            rows.append(Row(table=table, name=name + times, values=values))
    return Tables(rows=tuple(rows), present=frozenset(present))


def _shown(written: str) -> str:
    """Return an identity as one short line without brackets, so that no two names can be alike."""
    line = one_line(written).replace("[", "⟦").replace("]", "⟧").replace("(повтор", "(Повтор")
    return line if line == written.strip() and len(line) <= _LONGEST else ascii(written)


_LONGEST: Final = 60


def one_line(text: str) -> str:
    """Return a text of somebody else without line breaks and what terminals would obey."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(shown.split())
