r"""
What `mysqldump` and phpMyAdmin write, to rows.

A dump of the whole database has hundreds of megabytes of call records, so statements are first told
apart by their first line, and only those of tables that we know are given to the SQL parser
(sqlglot, dialect `mysql`).

Rule 1: a statement ends with the first line that ends in `;`: both programs write a line break
        inside a text as `\n`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ekc_telephony.importing.freepbx.source.tables import SHAPES, Values

_STATEMENT: Final = re.compile(
    r"^\s*(?P<verb>INSERT|REPLACE|CREATE\s+TABLE)\b[^`\w]*"
    r"(?:(?:IGNORE|INTO|IF\s+NOT\s+EXISTS)\s+)*(?:`?\w+`?\s*\.\s*)?`?(?P<table>\w+)`?",
    re.IGNORECASE | re.MULTILINE,
)


class DumpError(ValueError):
    """A dump cannot be read."""

    def __init__(self, found: str, *, advice: str) -> None:
        super().__init__(found)
        self.advice = advice


def is_dump(text: str) -> bool:
    """Return whether a text has statements that make or fill tables."""
    return _STATEMENT.search(text) is not None


def read_dump(text: str) -> Iterator[tuple[str, list[Values]]]:
    """
    Yield the rows of each table that we know, statement by statement.

    Raises:
        DumpError: A statement of such a table cannot be read.
    """
    columns: dict[str, list[str]] = {}
    for line, table, statement in _statements(text):
        tree = _parsed(statement, line)
        if isinstance(tree, exp.Create):
            columns[table] = [each.name for each in tree.find_all(exp.ColumnDef)]
            yield table, []
        elif isinstance(tree, exp.Insert):
            yield table, _rows(tree, columns.get(table, []), line)


def _statements(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the table and the text of each statement of a table that we know."""
    table, begun, gathered = "", 0, list[str]()
    for number, line in enumerate(text.split("\n"), start=1):
        if not gathered:
            found = _STATEMENT.match(line)
            table, begun = (found["table"].lower(), number) if found else ("", 0)
        if table not in SHAPES:
            continue
        gathered.append(line)
        if line.rstrip().endswith(";"):
            yield begun, table, "\n".join(gathered)
            gathered = []
    if gathered:
        raise DumpError(
            f"line {begun}: the statement of {table} has no end",
            advice="the dump was cut off; make it again",
        )


def _parsed(statement: str, line: int) -> exp.Expr | None:
    try:
        return sqlglot.parse_one(statement, read="mysql")
    except (SqlglotError, RecursionError) as error:
        first = str(error).split("\n", 1)[0]
        raise DumpError(
            f"line {line}: no SQL of MySQL: {first}",
            advice="make the dump again with mysqldump, or give the tables as JSON or CSV",
        ) from error


def _rows(insert: exp.Insert, created: list[str], line: int) -> list[Values]:
    written = insert.this
    named = [each.name for each in written.expressions] if isinstance(written, exp.Schema) else []
    columns = named or created
    tuples = insert.expression.expressions if isinstance(insert.expression, exp.Values) else []
    rows: list[Values] = []
    for each in tuples:
        values = [_text(value) for value in each.expressions]
        if len(values) != len(columns):
            raise DumpError(
                f"line {line}: a row of {len(values)} values for {len(columns)} known columns",
                advice="keep CREATE TABLE in the dump, or make it with --complete-insert",
            )
        rows.append(dict(zip(columns, values, strict=True)))
    return rows


def _text(value: exp.Expr) -> str:
    match value:
        case exp.Null():
            text = ""
        case exp.Introducer():
            text = _text(value.expression)
        case exp.Neg():
            text = f"-{_text(value.this)}"
        case exp.HexString():
            digits = value.name
            whole = digits.zfill(len(digits) + len(digits) % 2)
            text = bytes.fromhex(whole).decode("utf-8", "replace")
        case exp.Boolean():
            text = "1" if value.this else "0"
        case _:
            text = value.name
    return text
