"""
What a script remembers of its caller: variables, their kinds, and how a value is put down as text.

Rule 1: every value has a text form that reads back as the same value, for snapshots and journals.
Rule 2: what an information system answers becomes a value of the declared kind or none at all; a
script never meets a value of another kind.
Rule 3: a moment is told by a clock on a wall. Without an offset it is that of the place it was told
for, and stays as it is; with one it is turned to the clock of the call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Final, TypeAlias, assert_never

Value: TypeAlias = str | int | bool | date | time
"""What a variable holds. Money is a number of kopecks."""

LONGEST_TEXT: Final = 1_000
"""Characters of one text; what an information system answers beyond them is cut off."""
MOST: Final = 10**15
"""No number of a script goes beyond this, in either direction."""

_HAS_BOTH: Final = re.compile(r"^.{7,10}[Tt ].")
"""A date, what ISO 8601 puts between, and a time."""


class VariableKind(Enum):
    """What a variable holds."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    DATE = "date"
    TIME = "time"
    MONEY = "money"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable that a script declares."""

    kind: VariableKind
    initial: Value | None = None
    """None: it is not set before a node sets it."""
    is_personal: bool = False
    """Never shown in a log or a trace, and spoken only to an identified caller."""


def to_text(value: Value) -> str:
    """Return the text form."""
    match value:
        case bool():
            return "yes" if value else "no"
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)


def from_text(kind: VariableKind, text: str) -> Value | None:
    """Return the value of a text form; None when it is none of this kind."""
    try:
        match kind:
            case VariableKind.TEXT:
                return text
            case VariableKind.NUMBER | VariableKind.MONEY:
                return int(text)
            case VariableKind.FLAG:
                return {"yes": True, "no": False}.get(text)
            case VariableKind.DATE:
                return date.fromisoformat(text)
            case VariableKind.TIME:
                # What is said and compared is the wall clock of the place it was told for.
                return time.fromisoformat(text).replace(tzinfo=None)
            case _:
                assert_never(kind)
    except ValueError:
        return None


def from_answer(kind: VariableKind, found: object, *, zone: tzinfo | None = None) -> Value | None:
    """
    Return what an information system answered as a value of this kind; None when it is none.

    Money is told in rubles (`120.5` or `"120.50"`), dates and times as ISO 8601 writes them, a
    number may be written as text.

    Args:
        kind: The kind that is declared.
        found: What was answered.
        zone: The clock of the call. With it a date or a time may be told as a part of a date-time
            (`2026-12-01T09:30:00+03:00`); None refuses those, for what people write in scripts.
    """
    match kind:
        case VariableKind.FLAG:
            return found if isinstance(found, bool) else None
        case VariableKind.NUMBER:
            number = _number(found)
            return None if number is None or number != int(number) else int(number)
        case VariableKind.MONEY:
            rubles = _number(found)
            kopecks = None if rubles is None else round(rubles * 100)
            return None if kopecks is None or abs(kopecks) > MOST else kopecks
        case VariableKind.TEXT:
            if isinstance(found, bool) or not isinstance(found, str | int | float):
                return None
            return str(found)[:LONGEST_TEXT]
        case VariableKind.DATE | VariableKind.TIME:
            return _date_or_time(kind, found, zone) if isinstance(found, str) else None
        case _:
            assert_never(kind)


def _date_or_time(kind: VariableKind, found: str, zone: tzinfo | None) -> Value | None:
    alone = from_text(kind, found)
    if alone is not None or zone is None or not _HAS_BOTH.search(found):
        return alone
    try:
        moment = datetime.fromisoformat(found)
        here = moment if moment.tzinfo is None else moment.astimezone(zone)
    except (ValueError, OverflowError):  # the first and the last day there is have no neighbours
        return None
    return here.date() if kind is VariableKind.DATE else here.time().replace(fold=0)


def _number(found: object) -> Decimal | None:
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return None
    try:
        number = Decimal(found if isinstance(found, int) else str(found))
    except InvalidOperation:
        return None
    # Compared and not computed with: `abs` of 1E+9999999 overflows.
    return number if number.is_finite() and -MOST <= number <= MOST else None
