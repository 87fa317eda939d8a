"""
What digits a caller types, and what they mean: a number of his insurance account, a date, yes.

A format is asked key by key: `take` gives `More` while the caller is not done, and then the value
or what is wrong with it. Nobody has to know when to stop: a format ends by itself as soon as one
more digit could not make another value of it, and `#` ends it before.

Rule 1: whatever is typed never raises; a key no telephone format knows (A to D) changes nothing.
Rule 2: of digits and `#`, at most `longest(format) + 1` keys are needed until it has ended.
Rule 3: `*` deletes everything typed. It is the one key by which a caller can go on for ever, so
whoever asks counts how often it is pressed.
Rule 4: a wrong number is refused at its end and not at the first digit that betrays it, or the
rest of his digits would fall into the next question.
Rule 5: what is typed may be anybody's secret: a log or a terminal gets `masked`, never the value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import Enum
from typing import Final, TypeAlias

from ekc_telephony.core.ivr.values import Value

END: Final = "#"
"""Ends what is typed before it ends by itself; a pause means the same."""
DELETE: Final = "*"
"""Deletes everything typed."""
DIGITS: Final = "0123456789"

_SNILS_LENGTH: Final = 11
_FULL_PHONE: Final = 11
_NATIONAL_PHONE: Final = 10
_TIME_LENGTH: Final = 4
_YES: Final = "1"
_NO: Final = "2"
_CHECKED_FROM: Final = 1_001_998
"""Account numbers up to 001-001-998 were issued before there was a check number."""
_CHECK_MODULUS: Final = 101
_MOST_DIGITS: Final = 30
_CENTURY: Final = 100
_SHORT_YEAR: Final = 2
_FULL_YEAR: Final = 4
_PREFIXES: Final = "78"
"""Before the ten digits of a national number: +7 from abroad, 8 inside Russia."""
_NATIONAL_BEGINS: Final = "346789"
"""Area and mobile codes of Russia begin with 3, 4, 8 or 9, those of Kazakhstan with 6 or 7."""


class FormatKind(Enum):
    """What kind of answer is typed."""

    DIGITS = "digits"
    """Digits as they are, with their leading zeros: the number of a case, a code word."""
    NUMBER = "number"
    """A whole number; leading zeros mean nothing."""
    SNILS = "snils"
    """The eleven digits of an insurance account (СНИЛС), the last two of which check the others."""
    DATE = "date"
    """Day, month and year: `29112026`, or `291126` with `year_digits=2`."""
    YES_NO = "yes_no"
    """1 is yes and 2 is no."""
    PHONE = "phone"
    """A number of the Russian plan: 11 digits from 8 or 7, or its 10 national digits."""
    TIME = "time"
    """Hours and minutes: `0930`."""


class DateSide(Enum):
    """On which side of today a date must be; today is on both."""

    ANY = "any"
    PAST = "past"
    """Today or before: a date of birth."""
    FUTURE = "future"
    """Today or later: a day to come."""


class Mistake(Enum):
    """What is wrong with what was typed."""

    NOTHING_TYPED = "nothing_typed"
    TOO_SHORT = "too_short"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    CHECK_NUMBER = "check_number"
    """The last two digits of the insurance account do not fit the others."""
    NO_SUCH_DATE = "no_such_date"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    NO_SUCH_CHOICE = "no_such_choice"
    NO_SUCH_PHONE = "no_such_phone"
    NO_SUCH_TIME = "no_such_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """
    What is asked for. Options of other kinds than `kind` mean nothing.

    Raises:
        ValueError: No answer could be right.
    """

    kind: FormatKind
    min_length: int = 1
    """Of `DIGITS`."""
    max_length: int = 12
    """Of `DIGITS`; at most 30."""
    least: int = 0
    """The smallest `NUMBER`."""
    most: int = 999_999
    """The largest `NUMBER`; it decides how many digits are waited for."""
    side: DateSide = DateSide.ANY
    earliest: date | None = None
    latest: date | None = None
    year_digits: int = _FULL_YEAR
    """Of a `DATE`: 4, or 2, which mean the year nearest to today that is allowed."""
    personal: bool = True
    """Whether `masked` hides it. An insurance account and a telephone number are always hidden."""

    def __post_init__(self) -> None:
        """Refuse a format that nobody could answer."""
        if not 1 <= self.min_length <= self.max_length <= _MOST_DIGITS:
            raise ValueError(f"1 <= min_length <= max_length <= {_MOST_DIGITS} is expected")
        if not 0 <= self.least <= self.most < 10**_MOST_DIGITS:
            raise ValueError("0 <= least <= most is expected; nobody can type a minus")
        if self.year_digits not in {_SHORT_YEAR, _FULL_YEAR}:
            raise ValueError("year_digits is 2 or 4")
        if self.earliest and self.latest and self.earliest > self.latest:
            raise ValueError("earliest is later than latest")


@dataclass(frozen=True, slots=True)
class More:
    """The caller is not done yet."""

    typed: str
    """The digits so far."""


@dataclass(frozen=True, slots=True)
class Complete:
    """The caller is done, and this is what he said."""

    value: Value
    """Text for digits, an insurance account and a telephone number (`+7` and ten digits)."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """The caller is done, and it cannot be right."""

    mistake: Mistake


Taken: TypeAlias = More | Complete | Wrong


def take(asked: Format, typed: str, key: str, *, today: date) -> Taken:
    """
    Take one key.

    Args:
        asked: What is asked for.
        typed: The digits of the last `More`, empty at first.
        key: What was pressed; `END` as well when the caller has paused.
        today: Where the service is; says what is past and which century two digits mean.
    """
    if key == END:
        return _judge(asked, typed, today) if typed else Wrong(Mistake.NOTHING_TYPED)
    if key == DELETE:
        return More("")
    if len(key) != 1 or key not in DIGITS:
        return More(typed)
    typed += key
    return _judge(asked, typed, today) if _is_at_its_end(asked, typed) else More(typed)


def longest(asked: Format) -> int:
    """Return how many digits can be typed before it ends by itself."""
    match asked.kind:
        case FormatKind.DIGITS:
            return asked.max_length
        case FormatKind.NUMBER:
            return len(str(asked.most))
        case FormatKind.DATE:
            return 4 + asked.year_digits
        case kind:
            return _LENGTHS[kind]


def ends_by_itself(asked: Format) -> bool:
    """Tell whether every right answer ends by itself, so that nobody must be told of `#`."""
    match asked.kind:
        case FormatKind.DIGITS:
            return asked.min_length == asked.max_length
        case FormatKind.NUMBER:
            return longest(asked) == 1 or asked.least * 10 > asked.most
        case FormatKind.PHONE:
            # Ten digits that begin with 8 or 7 may be the beginning of eleven.
            return False
        case _:
            return True


def masked(asked: Format, value: Value) -> str:
    """
    Return what may be shown of an answer in a log or a terminal: its kind, if it is personal.

    The check number of an insurance account may be shown: one account in a hundred has the same.
    """
    match asked.kind:
        case FormatKind.SNILS:
            return f"СНИЛС …-…-… {str(value)[-2:]}"
        case FormatKind.PHONE:
            return "телефон …"
        case kind:
            return _MASKS[kind] if asked.personal else _written(value)


def check_number(account: int) -> int:
    """
    Return the check number of an insurance account, 0 to 99.

    Each of the nine digits is multiplied by its place, counted from the end; the sum's remainder
    by 101 is the check number, where 100 is written 00. Source: the Pension Fund's description of
    the reports' format, section 8, «Алгоритм формирования контрольного числа Страхового номера»
    (112-233-445 has 95); it says, too, that numbers up to 001-001-998 are not checked.
    """
    places = enumerate(reversed(f"{account:09}"), start=1)
    return sum(place * int(digit) for place, digit in places) % _CHECK_MODULUS % _CENTURY


def _is_at_its_end(asked: Format, typed: str) -> bool:
    """Tell whether one more digit could not make another value."""
    if len(typed) >= longest(asked):
        return True
    match asked.kind:
        case FormatKind.NUMBER:
            return int(typed) * 10 > asked.most
        case FormatKind.PHONE:
            return len(typed) == _NATIONAL_PHONE and typed[0] not in _PREFIXES
        case _:
            return False


def _judge(asked: Format, typed: str, today: date) -> Taken:
    return _JUDGES[asked.kind](asked, typed, today)


def _digits(asked: Format, typed: str, _today: date) -> Taken:
    return Complete(typed) if len(typed) >= asked.min_length else Wrong(Mistake.TOO_SHORT)


def _number(asked: Format, typed: str, _today: date) -> Taken:
    number = int(typed)
    if number < asked.least:
        return Wrong(Mistake.TOO_SMALL)
    return Complete(number) if number <= asked.most else Wrong(Mistake.TOO_LARGE)


def _snils(_asked: Format, typed: str, _today: date) -> Taken:
    if len(typed) < _SNILS_LENGTH:
        return Wrong(Mistake.TOO_SHORT)
    account, check = int(typed[:-2]), int(typed[-2:])
    # Number 0 was never issued; it is what somebody types who leans on the key.
    fits = check == check_number(account) if account > _CHECKED_FROM else account > 0
    return Complete(typed) if fits else Wrong(Mistake.CHECK_NUMBER)


def _date(asked: Format, typed: str, today: date) -> Taken:
    if len(typed) < longest(asked):
        return Wrong(Mistake.TOO_SHORT)
    day, month, year = int(typed[:2]), int(typed[2:4]), int(typed[4:])
    years = [year] if asked.year_digits == _FULL_YEAR else _years_near(year, today)
    dates = [found for each in years if (found := _find_date(each, month, day)) is not None]
    answers = [_within(asked, each, today) for each in dates]
    right = [each for each in answers if isinstance(each, Complete)]
    return next(iter(right or answers), Wrong(Mistake.NO_SUCH_DATE))


def _years_near(two_digits: int, today: date) -> Iterable[int]:
    """Return the years that end with these digits, the nearest to today first."""
    century = today.year - today.year % _CENTURY
    years = (century + two_digits + shift for shift in (0, -_CENTURY, _CENTURY))
    return sorted(years, key=lambda year: abs(year - today.year))


def _find_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _within(asked: Format, found: date, today: date) -> Complete | Wrong:
    earliest = [asked.earliest, today if asked.side is DateSide.FUTURE else None]
    latest = [asked.latest, today if asked.side is DateSide.PAST else None]
    if any(each is not None and found < each for each in earliest):
        return Wrong(Mistake.TOO_EARLY)
    if any(each is not None and found > each for each in latest):
        return Wrong(Mistake.TOO_LATE)
    return Complete(found)


def _yes_no(_asked: Format, typed: str, _today: date) -> Taken:
    return Complete(typed == _YES) if typed in {_YES, _NO} else Wrong(Mistake.NO_SUCH_CHOICE)


def _phone(_asked: Format, typed: str, _today: date) -> Taken:
    if len(typed) < _NATIONAL_PHONE:
        return Wrong(Mistake.TOO_SHORT)
    prefix, national = typed[:-_NATIONAL_PHONE], typed[-_NATIONAL_PHONE:]
    fits = national[0] in _NATIONAL_BEGINS and (not prefix or prefix in _PREFIXES)
    return Complete(f"+7{national}") if fits else Wrong(Mistake.NO_SUCH_PHONE)


def _time(_asked: Format, typed: str, _today: date) -> Taken:
    if len(typed) < _TIME_LENGTH:
        return Wrong(Mistake.TOO_SHORT)
    try:
        return Complete(time(int(typed[:2]), int(typed[2:])))
    except ValueError:
        return Wrong(Mistake.NO_SUCH_TIME)


def _written(value: Value) -> str:
    """Return a value for people; `True` is no word of theirs."""
    match value:
        case bool():
            return "да" if value else "нет"
        case time():
            return f"{value:%H:%M}"
        case date():
            return f"{value:%d.%m.%Y}"
        case _:
            return str(value)


_LENGTHS: Final[Mapping[FormatKind, int]] = {
    FormatKind.SNILS: _SNILS_LENGTH,
    FormatKind.YES_NO: 1,
    FormatKind.PHONE: _FULL_PHONE,
    FormatKind.TIME: _TIME_LENGTH,
}
_MASKS: Final[Mapping[FormatKind, str]] = {
    FormatKind.DIGITS: "цифры …",
    FormatKind.NUMBER: "число …",
    FormatKind.DATE: "дата …",
    FormatKind.YES_NO: "да или нет",
    FormatKind.TIME: "время …",
}
_JUDGES: Final[Mapping[FormatKind, Callable[[Format, str, date], Taken]]] = {
    FormatKind.DIGITS: _digits,
    FormatKind.NUMBER: _number,
    FormatKind.SNILS: _snils,
    FormatKind.DATE: _date,
    FormatKind.YES_NO: _yes_no,
    FormatKind.PHONE: _phone,
    FormatKind.TIME: _time,
}
