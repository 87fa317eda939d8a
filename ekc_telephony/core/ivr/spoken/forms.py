"""
The forms in which a script lets a value be said: `{{ sum | money }}`, `{{ day | date }}`.

| form | value | heard |
| --- | --- | --- |
| NUMBER | 1021 | одна тысяча двадцать один |
| COUNT | 22, день/дня/дней | двадцать два дня |
| DIGITS | "07-15" | ноль семь (пауза) один пять |
| PHONE | "+79161234567" | плюс семь, девятьсот шестнадцать, сто двадцать три, сорок пять, … |
| SNILS | "11223344595" | сто двенадцать, двести тридцать три, четыреста сорок пять, … |
| DATE | 2026-11-22 | двадцать второе ноября две тысячи двадцать шестого года |
| TIME | 09:30 | девять часов тридцать минут |
| MONEY | 12102 kopecks | сто двадцать один рубль две копейки |
| MINUTES | 21 | двадцать одна минута |

Rule 1: `speak` asks for no key that `pieces_of`, given the same form and wording, does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import Enum
from functools import cache
from itertools import chain
from typing import Any, Final, TypeAlias

from ekc_telephony.core.ivr.spoken import pieces
from ekc_telephony.core.ivr.spoken.english import ENGLISH, english_counted, english_text
from ekc_telephony.core.ivr.spoken.pieces import (
    COUNTED,
    KOPECKS,
    MINUS,
    PAUSE,
    PLUS,
    ROUBLES,
    Noun,
    Texts,
)
from ekc_telephony.core.ivr.spoken.russian import Agreement, Case
from ekc_telephony.core.ivr.spoken.waiting import (
    LARGEST_SPOKEN,
    every_waiting_key,
    spoken_key,
    spoken_minutes,
)
from ekc_telephony.core.ivr.texts import RUSSIAN
from ekc_telephony.core.kernel.ids import PromptKey

LARGEST_NUMBER: Final = 999_999_999
"""The largest number said in words; a larger one is said digit by digit."""

KOPECKS_IN_ROUBLE: Final = 100
A_VALUE: Final = PromptKey("a-value")
"""Stands for the pieces of a value where they are nobody's business."""

_MILLION: Final = 1_000_000
_THOUSAND: Final = 1000
_CENTURY: Final = 100
_PHONE_GROUPS: Final[Mapping[int, tuple[int, ...]]] = {
    2: (2,),
    3: (3,),
    4: (2, 2),
    5: (1, 2, 2),
    6: (2, 2, 2),
    7: (3, 2, 2),
    10: (3, 3, 2, 2),
    11: (1, 3, 3, 2, 2),
}
"""How Russians group a phone number of so many digits."""
_SNILS_GROUPS: Final[Mapping[int, tuple[int, ...]]] = {11: (3, 3, 3, 2)}
"""As it is printed: 112-233-445 95."""

Value: TypeAlias = int | str | date | time


class Form(Enum):
    """The ways of saying a value; the word is that of a script's filter."""

    NUMBER = "number"
    COUNT = "count"
    DIGITS = "digits"
    PHONE = "phone"
    SNILS = "snils"
    DATE = "date"
    TIME = "time"
    MONEY = "money"
    """The value is in kopecks."""
    MINUTES = "minutes"

    @property
    def takes(self) -> type[Value]:
        """The type of its values."""
        return _TAKES[self]


_TAKES: Final[Mapping[Form, type[Value]]] = {
    Form.NUMBER: int,
    Form.COUNT: int,
    Form.DIGITS: str,
    Form.PHONE: str,
    Form.SNILS: str,
    Form.DATE: date,
    Form.TIME: time,
    Form.MONEY: int,
    Form.MINUTES: int,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a form leaves open; each field belongs to one form, the others take no notice."""

    agreement: Agreement = Agreement.MASCULINE
    """NUMBER: the gender of what is meant, and the case."""
    noun: Noun | None = None
    """COUNT: what is counted; it must be there. It knows its case."""
    case: Case = Case.NOMINATIVE
    """DATE; its accusative is the nominative."""
    has_year: bool = True
    """DATE: whether the year is said."""


PLAIN: Final = Wording()


def speak(form: Form, value: Value, wording: Wording = PLAIN) -> tuple[PromptKey, ...]:
    """
    Return the prompts that say a value.

    Args:
        form: How.
        value: Of the type `form.takes`.
        wording: What the form leaves open.

    Raises:
        TypeError: The value is of another type, or a count has no noun: a bug of the caller, since
            scripts are checked for it.
    """
    if not isinstance(value, form.takes):
        raise TypeError(f"Cannot say {value!r} as {form.value}: expected {form.takes.__name__}.")
    return tuple(_SPEAKERS[form](value, wording))


def has_words(form: Form, wording: Wording = PLAIN, *, language: str) -> bool:
    """Tell whether a value has words in a language; otherwise it is heard in Russian there."""
    if form is Form.COUNT and language == ENGLISH:
        return wording.noun is not None and wording.noun.english is not None
    return language in _SPEAKING


def pieces_of(form: Form, wording: Wording = PLAIN, *, language: str = RUSSIAN) -> Texts:
    """
    Return every prompt that `speak` may ask for, with its text.

    Args:
        form: One that `has_words` in that language.
        wording: What the form leaves open.
        language: Of the texts; the keys are the same in all of them.

    Raises:
        TypeError: A count has no noun.
        ValueError: The form has no words in that language.
    """
    if not has_words(form, wording, language=language):
        raise ValueError(f"The form {form.value} has no words in {language!r}.")
    russian = _PIECES[form](wording)
    if language == RUSSIAN:
        return russian
    own = {} if wording.noun is None else english_counted(wording.noun)
    return {key: text for key in russian if (text := own.get(key) or english_text(key)) is not None}


def every_spoken_key() -> frozenset[PromptKey]:
    """Every prompt that can be asked for, but for those of the nouns that scripts count."""
    wordings = (
        *((Form.NUMBER, Wording(agreement=each)) for each in Agreement),
        *((Form.DATE, Wording(case=each)) for each in Case),
        *((each, PLAIN) for each in Form if each is not Form.COUNT),
    )
    spoken = chain.from_iterable(pieces_of(form, wording) for form, wording in wordings)
    return every_waiting_key() | frozenset(spoken)


def without_values(prompts: Iterable[PromptKey]) -> tuple[PromptKey, ...]:
    """Return prompts as a log may show them: a value that was said, digit by digit, is one word."""
    shown: list[PromptKey] = []
    for key in prompts:
        is_said = key in _pieces() or key.startswith(COUNTED)
        if not (is_said and shown and shown[-1] == A_VALUE):
            shown.append(A_VALUE if is_said else key)
    return tuple(shown)


@cache
def _pieces() -> frozenset[PromptKey]:
    return every_spoken_key()


def _number(number: int, wording: Wording) -> Iterator[PromptKey]:
    agreement, size = wording.agreement, abs(number)
    yield from _sign(number)
    if size > LARGEST_NUMBER:
        yield from _digits(str(size))
        return
    yield from _large(size, agreement)
    rest = size % _THOUSAND
    if rest or not size:
        yield from _hundreds(rest, agreement)
        yield pieces.number_key(_tail(rest), agreement)


def _count(number: int, wording: Wording) -> Iterator[PromptKey]:
    noun, size = _noun_of(wording), abs(number)
    yield from _sign(number)
    if size > LARGEST_NUMBER:
        yield from _digits(str(size))
        yield noun.alone
        return
    yield from _large(size, noun.agreement)
    rest = size % _THOUSAND
    if rest or not size:
        yield from _hundreds(rest, noun.agreement)
        yield noun.counted(_tail(rest), after_more=size > _CENTURY)
    else:
        yield noun.alone


def _noun_of(wording: Wording) -> Noun:
    if wording.noun is None:
        raise TypeError("A count has no noun; expected the forms of what is counted.")
    return wording.noun


def _sign(number: int) -> Iterator[PromptKey]:
    if number < 0:
        yield MINUS


def _large(size: int, agreement: Agreement) -> Iterator[PromptKey]:
    """Say the millions and the thousands."""
    parts = (
        (size // _MILLION, pieces.millions(agreement)),
        (size % _MILLION // _THOUSAND, pieces.thousands(agreement)),
    )
    for part, noun in parts:
        if part:
            yield from _hundreds(part, noun.agreement)
            yield noun.counted(_tail(part), after_more=part > _CENTURY)


def _hundreds(rest: int, agreement: Agreement) -> Iterator[PromptKey]:
    """Say the hundreds that go before the tail of a number below a thousand."""
    if rest % _CENTURY and rest > pieces.LARGEST_TAIL:
        yield pieces.number_key(rest - rest % _CENTURY, agreement)


def _tail(rest: int) -> int:
    """Return what is one phrase: 47 of 347, but 300 of 300."""
    return rest % _CENTURY or rest


def _money(kopecks: int, _wording: Wording) -> Iterator[PromptKey]:
    roubles, rest = divmod(abs(kopecks), KOPECKS_IN_ROUBLE)
    yield from _sign(kopecks)
    if roubles or not rest:
        yield from _count(roubles, Wording(noun=ROUBLES))
    if rest:
        yield KOPECKS.counted(rest)


def _date(day: date, wording: Wording) -> Iterator[PromptKey]:
    is_genitive = wording.case is Case.GENITIVE
    yield (pieces.day_genitive_key if is_genitive else pieces.day_key)(day.day)
    yield pieces.month_key(day.month)
    if wording.has_year:
        yield from pieces.year_keys(day.year)


def _time(moment: time, _wording: Wording) -> Iterator[PromptKey]:
    yield pieces.HOURS.counted(moment.hour)
    # «Девять часов» alone means that it is nine sharp.
    if moment.minute:
        yield pieces.MINUTES.counted(moment.minute)


def _digits(written: str) -> Iterator[PromptKey]:
    """Say digits one by one, with a pause wherever something else stands between them."""
    has_gap = False
    is_first = True
    for each in written:
        if each not in "0123456789":
            has_gap = True
            continue
        if has_gap and not is_first:
            yield PAUSE
        has_gap = is_first = False
        yield spoken_key(each)


def _grouped(written: str, grouping: Mapping[int, tuple[int, ...]]) -> Iterator[PromptKey]:
    """Say digits in groups, each as a number, with a pause between them."""
    digits = "".join(each for each in written if each in "0123456789")
    groups = grouping.get(len(digits))
    if groups is None:
        yield from _digits(written)
        return
    if written.lstrip().startswith("+") and grouping is _PHONE_GROUPS:
        yield PLUS
    begin = 0
    for length in groups:
        if begin:
            yield PAUSE
        yield from _group(digits[begin : begin + length])
        begin += length


def _group(digits: str) -> Iterator[PromptKey]:
    """Say one group: "007" is «ноль ноль семь», "916" is «девятьсот шестнадцать»."""
    significant = digits.lstrip("0")
    for _ in range(len(digits) - len(significant)):
        yield pieces.number_key(0)
    if significant:
        yield from _hundreds(int(significant), Agreement.MASCULINE)
        yield pieces.number_key(_tail(int(significant)))


def _beyond_words() -> Texts:
    """Return what a number needs that is negative or too large."""
    return pieces.digit_texts() | {MINUS: "минус"}


def _number_pieces(wording: Wording) -> Texts:
    large = pieces.large_texts(wording.agreement)
    return pieces.number_texts(wording.agreement) | large | _beyond_words()


def _count_pieces(wording: Wording) -> Texts:
    noun = _noun_of(wording)
    return noun.texts() | pieces.large_texts(noun.agreement) | _beyond_words()


def _money_pieces(_wording: Wording) -> Texts:
    return KOPECKS.texts() | _count_pieces(Wording(noun=ROUBLES))


def _digits_pieces(_wording: Wording) -> Texts:
    return pieces.digit_texts() | {PAUSE: ""}


def _groups_pieces(wording: Wording) -> Texts:
    return pieces.number_texts() | _digits_pieces(wording)


def _phone_pieces(wording: Wording) -> Texts:
    return _groups_pieces(wording) | {PLUS: "плюс"}


def _date_pieces(wording: Wording) -> Texts:
    is_genitive = wording.case is Case.GENITIVE
    days = pieces.day_genitive_texts() if is_genitive else pieces.day_texts()
    return days | (pieces.year_texts() if wording.has_year else {})


def _minutes_pieces(_wording: Wording) -> Texts:
    """Return the minutes that come with us; their texts are the manifest's."""
    asked = {key for number in range(LARGEST_SPOKEN + 2) for key in spoken_minutes(number)}
    texts = pieces.number_texts() | pieces.MINUTES.texts()
    texts |= {
        PromptKey("minutes-0"): "меньше минуты",
        PromptKey(f"minutes-over-{LARGEST_SPOKEN}"): "больше шестнадцати часов",
    }
    return {key: text for key, text in texts.items() if key in asked}


_SPEAKERS: Final[Mapping[Form, Callable[[Any, Wording], Iterable[PromptKey]]]] = {
    Form.NUMBER: _number,
    Form.COUNT: _count,
    Form.DIGITS: lambda written, _: _digits(written),
    Form.PHONE: lambda written, _: _grouped(written, _PHONE_GROUPS),
    Form.SNILS: lambda written, _: _grouped(written, _SNILS_GROUPS),
    Form.DATE: _date,
    Form.TIME: _time,
    Form.MONEY: _money,
    Form.MINUTES: lambda count, _: spoken_minutes(max(0, count)),
}
_PIECES: Final[Mapping[Form, Callable[[Wording], Texts]]] = {
    Form.NUMBER: _number_pieces,
    Form.COUNT: _count_pieces,
    Form.DIGITS: _digits_pieces,
    Form.PHONE: _phone_pieces,
    Form.SNILS: _groups_pieces,
    Form.DATE: _date_pieces,
    Form.TIME: lambda _: pieces.time_texts(),
    Form.MONEY: _money_pieces,
    Form.MINUTES: _minutes_pieces,
}
_SPEAKING: Final = frozenset({RUSSIAN, ENGLISH})
"""The languages that have words for values."""
