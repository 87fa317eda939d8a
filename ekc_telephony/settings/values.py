"""
The kinds of value that `ekc.yaml` is written in: durations, intervals, weekdays, paths.

Each one is a Python type with a validator in front of it that reads what a person writes (`1h30m`,
`09:00-18:00`, `mon-fri`). A validator raises `ValueError` whose text says what is expected;
`explain.py` turns that into a mistake with line and column.

Rule 1: a duration always carries its unit; a bare number is refused.
Rule 2: a value that YAML reads as a number but that is a name for us (an account `101`, a number
`+78001000001`) keeps the spelling of the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema

DURATION_EXPECTED: Final = "a duration with its unit, such as 20s, 2m, 1h30m or 500ms"
UNTIL_DECLARED: Final = "until_declared"
"""Instead of a duration: until the operator says something himself."""
INTERVAL_EXPECTED: Final = 'an interval of one day, such as "09:00-18:00" (the latest end is 24:00)'
DAYS_EXPECTED: Final = (
    "a day or a span of days: mon, tue, wed, thu, fri, sat, sun, mon-fri, sat-sun"
)

_DURATION_WRITTEN: Final = r"([0-9]{1,6}h)?([0-9]{1,6}m(?!s))?([0-9]{1,6}s)?([0-9]{1,9}ms)?"
"""What `_DURATION` matches, in the words of JSON Schema."""
_DURATION: Final = re.compile(
    r"(?:(?P<hours>\d{1,6})h)?(?:(?P<minutes>\d{1,6})m(?!s))?"
    r"(?:(?P<seconds>\d{1,6})s)?(?:(?P<milliseconds>\d{1,9})ms)?"
)
_INTERVAL: Final = re.compile(r"(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)")
_DAY_NAMES: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT: Final = timedelta(hours=24)
_HOUR_MINUTES: Final = 60


class WrittenInt(int):
    """A whole number together with its spelling in the file."""

    written: str

    @classmethod
    def of(cls, value: int, written: str) -> WrittenInt:
        """Return `value`, remembering how it was written."""
        number = cls(value)
        number.written = written
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A stretch of one local day; `opens` belongs to it, `closes` does not."""

    opens: timedelta
    """Since local midnight, by the clock on the wall."""
    closes: timedelta
    """Since local midnight; 24 hours is the end of the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySpan:
    """Weekdays in a row, 0 = Monday; `first` and `last` are included and never wrap around."""

    first: int
    last: int

    def __contains__(self, weekday: int) -> bool:
        return self.first <= weekday <= self.last


class EasedLine(Enum):
    """On which line somebody may work."""

    FIRST = "first"
    SECOND = "second"
    ANY = "any"


class HolidayCalendar(Enum):
    """Whose public holidays close a service."""

    RU = "RU"
    NONE = "none"


class Codec(Enum):
    """How sound travels; only those whose module we load."""

    ALAW = "alaw"
    ULAW = "ulaw"
    G722 = "g722"


def read_duration(written: object) -> timedelta:
    """
    Read `1h30m`, `20s`, `500ms`.

    Raises:
        ValueError: It is something else, a bare number for instance.
    """
    if isinstance(written, timedelta):
        return written
    found = _DURATION.fullmatch(written) if isinstance(written, str) and written else None
    if found is None:
        raise ValueError(DURATION_EXPECTED)
    duration = timedelta(
        **{unit: int(count) for unit, count in found.groupdict(default="0").items()}
    )
    if duration > _MIDNIGHT:
        raise ValueError("a duration of at most 24h")
    return duration


def read_absence(written: object) -> timedelta | None:
    """
    Read `2m`, or `until_declared` as None.

    Raises:
        ValueError: It is something else.
    """
    if written is None or written == UNTIL_DECLARED:
        return None
    try:
        return _is_positive(read_duration(written))
    except ValueError as error:
        raise ValueError(f"{error}; or {UNTIL_DECLARED}") from None


def read_interval(written: object) -> Interval:
    """
    Read `09:00-18:00`.

    Raises:
        ValueError: It is something else, or it ends before it begins.
    """
    if isinstance(written, Interval):
        return written
    found = _INTERVAL.fullmatch(written.strip()) if isinstance(written, str) else None
    if found is None:
        raise ValueError(INTERVAL_EXPECTED)
    open_hour, open_minute, close_hour, close_minute = map(int, found.groups())
    opens = timedelta(hours=open_hour, minutes=open_minute)
    closes = timedelta(hours=close_hour, minutes=close_minute)
    if max(open_minute, close_minute) >= _HOUR_MINUTES or closes > _MIDNIGHT:
        raise ValueError(INTERVAL_EXPECTED)
    if opens >= closes:
        raise ValueError(
            "an interval that ends after it begins; split one that passes midnight "
            'in two: "20:00-24:00" and, on the next day, "00:00-06:00"'
        )
    return Interval(opens=opens, closes=closes)


def read_days(written: object) -> DaySpan:
    """
    Read `mon` or `mon-fri`.

    Raises:
        ValueError: It is something else, or the span runs past Sunday.
    """
    if isinstance(written, DaySpan):
        return written
    names = written.split("-") if isinstance(written, str) else []
    if not 1 <= len(names) <= 2 or not set(names) <= set(_DAY_NAMES):  # noqa: PLR2004 - from, to
        raise ValueError(DAYS_EXPECTED)
    first, last = _DAY_NAMES.index(names[0]), _DAY_NAMES.index(names[-1])
    if first > last:
        raise ValueError("a span that does not run past Sunday: write sat-sun and mon instead")
    return DaySpan(first=first, last=last)


def _is_positive(duration: timedelta) -> timedelta:
    if not duration:
        raise ValueError("a duration longer than nothing")
    return duration


def _as_written(value: object) -> object:
    return value.written if isinstance(value, WrittenInt) else value


def _beside_the_file(path: Path, context: ValidationInfo) -> Path:
    folder = (context.context or {}).get("folder", Path())
    return Path(folder, path.expanduser()).absolute()


Duration: TypeAlias = Annotated[
    timedelta,
    BeforeValidator(read_duration),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION_WRITTEN}$", "minLength": 2}),
]
PositiveDuration: TypeAlias = Annotated[Duration, AfterValidator(_is_positive)]
Absence: TypeAlias = Annotated[timedelta | None, BeforeValidator(read_absence)]
"""How long; None until the operator says something himself."""
OpenInterval: TypeAlias = Annotated[Interval, BeforeValidator(read_interval)]
Days: TypeAlias = Annotated[DaySpan, BeforeValidator(read_days)]
FilePath: TypeAlias = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path; a relative one starts at the folder of `ekc.yaml`."""
_NAME_WRITTEN: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$"
Name: TypeAlias = Annotated[
    str,
    BeforeValidator(_as_written),
    Field(pattern=_NAME_WRITTEN),
    WithJsonSchema({"type": ["string", "integer"], "pattern": _NAME_WRITTEN, "minimum": 0}),
]
"""A name for machines: Latin letters, digits, `_`, `-`; it stands in URLs and Asterisk's files."""
Title: TypeAlias = Annotated[
    str,
    BeforeValidator(_as_written),
    Field(min_length=1, max_length=80, pattern=r'^[^"\\<>\r\n;]+$'),
]
"""A name for people; no quotes or angle brackets, since phones show it from a SIP header."""
Dialled: TypeAlias = Annotated[
    str, BeforeValidator(_as_written), Field(pattern=r"^\+?[0-9]{2,20}$")
]
"""A telephone number as the trunk delivers it."""
Code: TypeAlias = Annotated[str, BeforeValidator(_as_written), Field(pattern=r"^\*[0-9]{2,4}$")]
Extension: TypeAlias = Annotated[str, BeforeValidator(_as_written), Field(pattern=r"^[0-9]{2,6}$")]
"""What an operator's phone dials inside the house."""
Digit: TypeAlias = Annotated[str, BeforeValidator(_as_written), Field(pattern=r"^[0-9]$")]
Contact: TypeAlias = Annotated[
    str, Field(pattern=r"^sip:([A-Za-z0-9_.-]+@)?[A-Za-z0-9.-]+(:[0-9]{1,5})?$")
]
Port: TypeAlias = Annotated[int, Field(ge=1024, le=65535, strict=True)]
"""A port that needs no root."""
Level: TypeAlias = Annotated[int, Field(ge=1, le=10, strict=True)]
"""How well somebody knows a skill: 10 is best."""
