"""
Pieces: the prompts that speech is glued from, each with the text it says.

A piece's key says what it means ("roubles-21"), so that a studio knows what to record, and that
the same key may hold another language's words. A noun given by a script has no name of its own:
its forms' checksum stands for it.

What a number ends with is one phrase with its noun up to `LARGEST_TAIL`, and so are whole
hundreds. Before it go the hundreds ("number-300"), the thousands and the millions, which are
counted nouns themselves.

Rule 1: a text is Russian words only, as the manifest's texts are.
Rule 2: pieces that the manifest has, too (`number-30`, `minutes-5`, `key-7`), have its text.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Final, TypeAlias

from ekc_telephony.core.ivr.spoken.russian import (
    MONTHS,
    Agreement,
    Case,
    agreement_of,
    cardinal,
    genitive_agreement_of,
    ordinal,
    ordinal_genitive,
    plural,
)
from ekc_telephony.core.ivr.spoken.waiting import LARGEST_WHOLE_PHRASE, spoken_key
from ekc_telephony.core.kernel.ids import PromptKey

LARGEST_TAIL: Final = 99
"""Up to here the end of a number is one phrase with its noun."""

PAUSE: Final = PromptKey("pause")
"""A moment of silence between groups of digits; its text is empty."""
MINUS: Final = PromptKey("minus")
PLUS: Final = PromptKey("plus")
YEAR: Final = PromptKey("year")
"""«Года», after a year that is said digit by digit."""

CENTURIES: Final = {19: "тысяча девятьсот", 20: "две тысячи"}
"""What a year begins with; nobody who calls us was born, and nothing is due, in another one."""
_ROUND_YEARS: Final = {19: "тысяча девятисотого года", 20: "двухтысячного года"}

_LARGEST_DIGIT: Final = 9
_HUNDREDS: Final = range(100, 1000, 100)
COUNTED_ENDS: Final = (*range(LARGEST_TAIL + 1), *_HUNDREDS)
"""Every end of a number that is one phrase."""
_DAYS: Final = range(1, 32)
_MINUTES_OF_HOUR: Final = range(1, 60)
_HOURS_OF_DAY: Final = range(24)

Texts: TypeAlias = dict[PromptKey, str]
"""The text of each piece."""


MORE: Final = "more"
"""What stands in a key before a one that ends a larger number."""
COUNTED: Final = "count-"
"""What the keys of a script's own nouns begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """What is counted: its forms after a number, and how the number agrees with it."""

    one: str
    """После «один» (одного): день (дня)."""
    few: str
    """После «два» (двух): дня (дней)."""
    many: str
    """После «пять» (пяти): дней."""
    agreement: Agreement = Agreement.MASCULINE
    family: str = ""
    """What the keys of its pieces begin with; empty for `count-` and a checksum of the rest."""
    english: tuple[str, str] | None = None
    """In English: day, days. None: whoever has chosen English hears it in Russian."""

    @classmethod
    def of(
        cls,
        one: str,
        few: str,
        many: str,
        *,
        case: Case = Case.NOMINATIVE,
        english: tuple[str, str] | None = None,
    ) -> Noun:
        """
        Take the forms as a script gives them; the endings tell the gender.

        Args:
            one: After «один», or in the genitive after «одного».
            few: After «два», «двух».
            many: After «пять», «пяти».
            case: Nominative, which an accusative is told by its ending from (минуту), or genitive.
            english: One and many.
        """
        one, few, many = (" ".join(each.split()) for each in (one, few, many))
        told = genitive_agreement_of if case is Case.GENITIVE else agreement_of
        return cls(one=one, few=few, many=many, agreement=told(one, few), english=english)

    @property
    def name(self) -> str:
        """What the keys of its pieces begin with."""
        if self.family:
            return self.family
        forms = [self.one, self.few, self.many, self.agreement.value, *(self.english or ())]
        written = json.dumps(forms)
        return COUNTED + hashlib.sha256(written.encode()).hexdigest()[:12]

    def counted(self, number: int, *, after_more: bool = False) -> PromptKey:
        """
        Return the piece "21 день".

        Args:
            number: At most 99, or whole hundreds.
            after_more: Whether it ends a larger number. Of 101 an English noun is no singular.
        """
        more = f"{MORE}-" if after_more and number == 1 else ""
        return PromptKey(f"{self.name}-{more}{number}")

    @property
    def alone(self) -> PromptKey:
        """The piece "дней", after whole thousands and millions."""
        return PromptKey(f"{self.name}-many")

    def texts(self) -> Texts:
        """Return all its pieces."""
        counted = {self.counted(each): self._text(each) for each in COUNTED_ENDS}
        return counted | {self.counted(1, after_more=True): self._text(1), self.alone: self.many}

    def _text(self, number: int) -> str:
        noun = plural(number, self.one, self.few, self.many)
        return f"{cardinal(number, self.agreement)} {noun}"


ROUBLES: Final = Noun(one="рубль", few="рубля", many="рублей", family="roubles")
KOPECKS: Final = Noun(
    one="копейка", few="копейки", many="копеек", agreement=Agreement.FEMININE, family="kopecks"
)
HOURS: Final = Noun(one="час", few="часа", many="часов", family="hours")
MINUTES: Final = Noun(
    one="минута", few="минуты", many="минут", agreement=Agreement.FEMININE, family="minutes"
)
_MILLIONS: Final = Noun(one="миллион", few="миллиона", many="миллионов", family="millions")
_THOUSANDS: Final = Noun(
    one="тысяча", few="тысячи", many="тысяч", agreement=Agreement.FEMININE, family="thousands"
)
_THOUSANDS_ACCUSATIVE: Final = Noun(
    one="тысячу",
    few="тысячи",
    many="тысяч",
    agreement=Agreement.FEMININE_ACCUSATIVE,
    family="thousands-a",
)
_THOUSANDS_GENITIVE: Final = Noun(
    one="тысячи",
    few="тысяч",
    many="тысяч",
    agreement=Agreement.FEMININE_GENITIVE,
    family="thousands-g",
)
_MILLIONS_GENITIVE: Final = Noun(
    one="миллиона",
    few="миллионов",
    many="миллионов",
    agreement=Agreement.GENITIVE,
    family="millions-g",
)


def millions(agreement: Agreement) -> Noun:
    """Return the millions that go before a number of this agreement: «двух миллионов минут»."""
    return _MILLIONS_GENITIVE if agreement.is_genitive else _MILLIONS


def thousands(agreement: Agreement) -> Noun:
    """Return the thousands that go before a number of this agreement: «одну тысячу минут»."""
    if agreement.is_genitive:
        return _THOUSANDS_GENITIVE
    return _THOUSANDS_ACCUSATIVE if agreement.is_accusative else _THOUSANDS


def number_key(number: int, agreement: Agreement = Agreement.MASCULINE) -> PromptKey:
    """Return the piece of a bare number: at most 99, or whole hundreds."""
    # Most numbers are the same in every gender, and then are one piece.
    text = cardinal(number, agreement)
    agreement = next(each for each in Agreement if cardinal(number, each) == text)
    if agreement is not Agreement.MASCULINE:
        return PromptKey(f"number-{agreement.value}-{number}")
    # The names of the keys are these words, too, and are recorded.
    return PromptKey(f"number-{number}") if number > _LARGEST_DIGIT else spoken_key(str(number))


def number_texts(agreement: Agreement = Agreement.MASCULINE) -> Texts:
    """Return the pieces of bare numbers below a thousand."""
    return {number_key(each, agreement): cardinal(each, agreement) for each in COUNTED_ENDS}


def hundreds_texts(agreement: Agreement) -> Texts:
    """Return the hundreds that go before the rest of a number."""
    return {number_key(each, agreement): cardinal(each, agreement) for each in _HUNDREDS}


def large_texts(agreement: Agreement) -> Texts:
    """Return thousands and millions."""
    large = thousands(agreement).texts() | millions(agreement).texts()
    return hundreds_texts(agreement) | large


def digit_texts() -> Texts:
    """Return the ten digits: those with which keys are named, since they are recorded."""
    return {spoken_key(str(each)): cardinal(each) for each in range(10)}


def day_key(day: int) -> PromptKey:
    """Return the piece "двадцать второе"."""
    # A place in the line is the same ordinal.
    return PromptKey(f"position-{day}" if day <= LARGEST_WHOLE_PHRASE else f"day-{day}")


def day_genitive_key(day: int) -> PromptKey:
    """Return the piece "двадцать второго"."""
    return PromptKey(f"day-of-{day}")


def month_key(month: int) -> PromptKey:
    """Return the piece "ноября"."""
    return PromptKey(f"month-{month}")


def day_texts() -> Texts:
    """Return days in the nominative and the months."""
    return {day_key(each): ordinal(each) for each in _DAYS} | _month_texts()


def day_genitive_texts() -> Texts:
    """Return days in the genitive and the months."""
    return {day_genitive_key(each): ordinal_genitive(each) for each in _DAYS} | _month_texts()


def year_keys(year: int) -> tuple[PromptKey, ...]:
    """
    Return the pieces "две тысячи", "двадцать шестого года".

    A year of another century is said digit by digit.
    """
    century, rest = divmod(year, 100)
    if century not in CENTURIES:
        return (*(spoken_key(digit) for digit in str(year)), YEAR)
    if not rest:
        return (PromptKey(f"year-{year}"),)
    return (PromptKey(f"century-{century}"), PromptKey(f"year-{rest}"))


def year_texts() -> Texts:
    """Return what years are glued from."""
    years = {PromptKey(f"year-{each}"): f"{ordinal_genitive(each)} года" for each in range(1, 100)}
    centuries = {PromptKey(f"century-{each}"): text for each, text in CENTURIES.items()}
    round_years = {PromptKey(f"year-{each}00"): text for each, text in _ROUND_YEARS.items()}
    return years | centuries | round_years | {YEAR: "года"} | digit_texts()


def time_texts() -> Texts:
    """Return the hours of a day and the minutes of an hour."""
    asked = {HOURS.counted(each) for each in _HOURS_OF_DAY}
    asked |= {MINUTES.counted(each) for each in _MINUTES_OF_HOUR}
    texts = HOURS.texts() | MINUTES.texts()
    return {key: text for key, text in texts.items() if key in asked}


def _month_texts() -> Texts:
    return {month_key(number): text for number, text in enumerate(MONTHS, start=1)}
