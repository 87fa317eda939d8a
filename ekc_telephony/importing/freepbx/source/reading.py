"""
Exports of FreePBX's database, as admins make them, to tables.

An admin gives what he has: a `mysqldump`, what `mysql -B` prints, a CSV, a JSON of phpMyAdmin.
Which of them a file is, its contents tell; which table, its contents or its name.

Rule 1: a file that cannot be read is refused with its name, what was found and what to do;
        nothing is guessed.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, NoReturn, TypeAlias

from ekc_telephony.importing.freepbx.source.sql_dump import DumpError, is_dump, read_dump
from ekc_telephony.importing.freepbx.source.tables import NEEDED, SHAPES, Tables, Values, tables_of

Found: TypeAlias = tuple[str, list[Values]]

_MYSQL_ESCAPES: Final = {"n": "\n", "t": "\t", "0": "\0", "\\": "\\"}
_NULLS: Final = frozenset({"NULL", "\\N"})


class SourceError(ValueError):
    """An export cannot be read; the text says where, what was found, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file of the admin."""

    name: str
    """As he gave it; its stem may name a table."""
    text: str


def decoded(name: str, content: bytes) -> str:
    """
    Return the text of an export.

    Raises:
        SourceError: It is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(
            name,
            found=f"byte {error.start} is not UTF-8",
            advice="export again with --default-character-set=utf8mb4",
        )


def read_tables(sources: Iterable[Source]) -> Tables:
    """
    Return the rows of all tables that we know; others are left aside.

    Raises:
        SourceError: A file cannot be read, or there are no menus in any.
    """
    found = [each for source in sources for each in _read(source)]
    tables = tables_of(found)
    for table in NEEDED:
        if table not in tables.present:
            raise SourceError(
                f"the table {table} is in none of the files; expected the tables of FreePBX's "
                "module ivr. Export them: mysqldump --default-character-set=utf8mb4 asterisk "
                + " ".join(SHAPES)
            )
    return tables


def _read(source: Source) -> Iterator[Found]:
    start = source.text.lstrip()
    if start[:1] in {"{", "["}:
        yield from _read_json(source)
    elif is_dump(source.text):
        try:
            yield from read_dump(source.text)
        except DumpError as error:
            _refuse(source.name, found=str(error), advice=error.advice)
    elif start:
        yield _read_delimited(source)
    else:
        _refuse(source.name, found="an empty file", advice="export the tables again")


def _read_delimited(source: Source) -> Found:
    """Read CSV, or the tab-separated lines of `mysql -B`, both with a heading line."""
    heading = source.text.split("\n", 1)[0]
    is_tabbed = "\t" in heading
    try:
        lines = list(_lines(source.text, is_tabbed=is_tabbed, heading=heading))
    except csv.Error as error:
        _refuse(source.name, found=f"no readable CSV: {error}", advice="export the table again")
    columns = [each.strip() for each in lines[0]]
    rows: list[Values] = []
    for number, fields in enumerate(lines[1:], start=2):
        if not fields:
            continue
        if len(fields) != len(columns):
            _refuse(
                f"{source.name}, row {number}",
                found=f"{len(fields)} fields, while the heading names {len(columns)}",
                advice="export the table again, with a heading and quoted fields",
            )
        rows.append({c: "" if f in _NULLS else f for c, f in zip(columns, fields, strict=True)})
    return _table_of(source, columns), rows


def _lines(text: str, *, is_tabbed: bool, heading: str) -> Iterator[list[str]]:
    if is_tabbed:
        for line in text.splitlines():
            yield [_unescaped(field) for field in line.split("\t")] if line else []
        return
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _unescaped(field: str) -> str:
    """Undo what `mysql --batch` does to line breaks, tabs and backslashes."""
    if field in _NULLS:
        return field
    return re.sub(r"\\([nt0\\])", lambda found: _MYSQL_ESCAPES[found[1]], field)


def _read_json(source: Source) -> Iterator[Found]:
    """Read `{table: rows}`, phpMyAdmin's list of tables, or the rows of one table."""
    try:
        tree = json.loads(source.text)
    except (json.JSONDecodeError, RecursionError) as error:
        _refuse(source.name, found=f"no JSON: {error}", advice="export the tables again")
    if isinstance(tree, dict):
        for table, rows in tree.items():
            if table in SHAPES:
                yield table, _json_rows(source, rows)
        return
    named = [each for each in tree if isinstance(each, dict) and each.get("type") == "table"]
    for each in named:
        if str(each.get("name")) in SHAPES:
            yield str(each["name"]), _json_rows(source, each.get("data"))
    if not named:
        rows = _json_rows(source, tree)
        yield _table_of(source, [*rows[0]] if rows else []), rows


def _json_rows(source: Source, rows: object) -> list[Values]:
    if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
        _refuse(
            source.name,
            found="a table that is no list of rows",
            advice='expected [{"id": "1", …}, …]; export the tables again',
        )
    return [{str(column): _json_value(value) for column, value in each.items()} for each in rows]


def _json_value(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case _:
            return str(value)


def _table_of(source: Source, columns: Iterable[str]) -> str:
    """Return which table a file without names of tables is."""
    stem = PurePath(source.name).stem
    there = frozenset(columns)
    fitting = [table for table, signature in _by_breadth().items() if signature <= there]
    if stem not in SHAPES and not fitting:
        _refuse(
            source.name,
            found="no table of FreePBX that we know: columns " + (", ".join(sorted(there)) or "–"),
            advice="name the file as its table, for instance ivr_entries.tsv, and keep the heading",
        )
    return stem if stem in SHAPES else fitting[0]


def _by_breadth() -> Mapping[str, frozenset[str]]:
    """Return the signatures, those with most columns first: they are the surest."""
    return {
        table: SHAPES[table].signature
        for table in sorted(SHAPES, key=lambda each: -len(SHAPES[each].signature))
    }


def _refuse(where: str, *, found: str, advice: str) -> NoReturn:
    raise SourceError(f"{where}: {found}; {advice}")
