"""
Russian numerals as words: gender, case, agreement with a noun, ordinals in two cases.

Only what prompts are glued from: below a thousand. Thousands and millions are nouns that are
counted ("двадцать одна тысяча"), here as in the language.

The numerals один and два alone have a gender; every larger number takes it from its last word.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeVar

T = TypeVar("T")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FEW: Final = range(2, 5)
_TEENS: Final = range(11, 15)
"""Numbers whose last digit does not decide: одиннадцать, двенадцать…"""

_BELOW_TWENTY: Final = _words(
    "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать"
    " тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать"
)
_TENS: Final = _words(
    "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто"
)
_HUNDREDS: Final = _words(
    "сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот"
)
_BELOW_TWENTY_GENITIVE: Final = _words(
    "ноля одного двух трёх четырёх пяти шести семи восьми девяти десяти одиннадцати двенадцати"
    " тринадцати четырнадцати пятнадцати шестнадцати семнадцати восемнадцати девятнадцати"
)
_TENS_GENITIVE: Final = _words(
    "двадцати тридцати сорока пятидесяти шестидесяти семидесяти восьмидесяти девяноста"
)
_HUNDREDS_GENITIVE: Final = _words(
    "ста двухсот трёхсот четырёхсот пятисот шестисот семисот восьмисот девятисот"
)
_ORDINALS_BELOW_TWENTY: Final = _words(
    "нулев перв втор треть четвёрт пят шест седьм восьм девят десят одиннадцат двенадцат"
    " тринадцат четырнадцат пятнадцат шестнадцат семнадцат восемнадцат девятнадцат"
)
"""What stands before the ending."""
_ORDINAL_TENS: Final = _words(
    "двадцат тридцат сороков пятидесят шестидесят семидесят восьмидесят девяност"
)
_SOFT: Final = "ь"
"""«Третье», «третьего»: the one soft ordinal."""

MONTHS: Final = _words(
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"
)
"""The months as they follow a day, January first."""


class Gender(Enum):
    """The gender of what is numbered."""

    MASCULINE = "masculine"
    FEMININE = "feminine"
    NEUTER = "neuter"


class Case(Enum):
    """The case in which a number or a date is said."""

    NOMINATIVE = "nominative"
    """«Двадцать одна минута», «двадцать второе ноября»: how many there are, what day it is."""
    GENITIVE = "genitive"
    """«Двадцати одной минуты», «двадцать второго ноября»: when, until when, within how many."""
    ACCUSATIVE = "accusative"
    """«Через двадцать одну минуту», «на двадцать второе ноября»; of things, not of people."""


class Agreement(Enum):
    """How a number is said: the gender of what is numbered, and the case."""

    MASCULINE = "m"
    FEMININE = "f"
    NEUTER = "n"
    FEMININE_ACCUSATIVE = "a"
    """«Через одну минуту»; of the other genders the accusative of things is the nominative."""
    MASCULINE_ACCUSATIVE = "ma"
    """«Через один»: but the thousands before it are accusative, «через одну тысячу один»."""
    NEUTER_ACCUSATIVE = "na"
    GENITIVE = "g"
    """«Около одного», masculine and neuter."""
    FEMININE_GENITIVE = "fg"
    """«Около одной»."""

    @classmethod
    def of(cls, gender: Gender, case: Case) -> Agreement:
        """Return how a number of this gender is said in this case."""
        return _AGREEMENTS[gender, case]

    @property
    def is_accusative(self) -> bool:
        """Tell whether it stands after «через»."""
        return self in _ACCUSATIVE

    @property
    def is_genitive(self) -> bool:
        """Tell whether it stands after «до»."""
        return self in _GENITIVE


_AGREEMENTS: Final = {
    (Gender.MASCULINE, Case.NOMINATIVE): Agreement.MASCULINE,
    (Gender.FEMININE, Case.NOMINATIVE): Agreement.FEMININE,
    (Gender.NEUTER, Case.NOMINATIVE): Agreement.NEUTER,
    (Gender.MASCULINE, Case.ACCUSATIVE): Agreement.MASCULINE_ACCUSATIVE,
    (Gender.FEMININE, Case.ACCUSATIVE): Agreement.FEMININE_ACCUSATIVE,
    (Gender.NEUTER, Case.ACCUSATIVE): Agreement.NEUTER_ACCUSATIVE,
    (Gender.MASCULINE, Case.GENITIVE): Agreement.GENITIVE,
    (Gender.FEMININE, Case.GENITIVE): Agreement.FEMININE_GENITIVE,
    (Gender.NEUTER, Case.GENITIVE): Agreement.GENITIVE,
}
_ACCUSATIVE: Final = frozenset(
    {
        Agreement.FEMININE_ACCUSATIVE,
        Agreement.MASCULINE_ACCUSATIVE,
        Agreement.NEUTER_ACCUSATIVE,
    }
)
_GENITIVE: Final = frozenset({Agreement.GENITIVE, Agreement.FEMININE_GENITIVE})
_GENDERED: Final = {
    (1, Agreement.FEMININE): "одна",
    (1, Agreement.NEUTER): "одно",
    (1, Agreement.NEUTER_ACCUSATIVE): "одно",
    (1, Agreement.FEMININE_ACCUSATIVE): "одну",
    (1, Agreement.FEMININE_GENITIVE): "одной",
    (2, Agreement.FEMININE): "две",
    (2, Agreement.FEMININE_ACCUSATIVE): "две",
}

_MEN: Final = ("мужчина", "юноша", "дедушка", "папа", "дядя", "судья", "путь", "кофе")
"""Masculine whatever they end in."""
_MEN_GENITIVE: Final = ("мужчины", "юноши", "дедушки", "папы", "дяди", "судьи", "пути", "кофе")


def plural(count: int, one: T, few: T, many: T) -> T:
    """
    Choose the form of a Russian noun that stands after `count`.

    The rule is CLDR's for whole numbers in Russian: 1, 21, 101 минута; 2-4, 22 минуты; the rest,
    11-14 among them, минут.
    """
    last_two = abs(count) % 100
    last = last_two % 10
    if last_two in _TEENS:
        return many
    if last == 1:
        return one
    return few if last in _FEW else many


def agreement_of(one: str, few: str) -> Agreement:
    """
    Tell how один agrees with a noun, by its endings.

    Args:
        one: The form after "один": день, минута, обращение; or минуту, the accusative.
        few: The form after "два"; it tells a feminine «ночь, ночи» from a masculine «день, дня»,
            and the noun «час» from what depends on it in «час работы, часа работы».
    """
    noun, genitive = _noun_in(one, few)
    if noun in _MEN:
        return Agreement.MASCULINE
    if noun.endswith(("о", "е", "ё", "мя")):
        return Agreement.NEUTER
    if noun.endswith(("у", "ю")) and genitive.endswith(("ы", "и")):
        return Agreement.FEMININE_ACCUSATIVE
    if noun.endswith(("а", "я")) or (noun.endswith("ь") and genitive.endswith("и")):
        return Agreement.FEMININE
    return Agreement.MASCULINE


def genitive_agreement_of(one: str, few: str) -> Agreement:
    """
    Tell how одного agrees with a noun, by its endings.

    Args:
        one: The form after "одного" or "одной": дня, минуты, обращения.
        few: The form after "двух": дней, минут, обращений; tells the noun from what depends on it.
    """
    noun, _ = _noun_in(one, few)
    # Имени, времени: neuter.
    is_other = noun in _MEN_GENITIVE or noun.endswith("мени")
    is_feminine = noun.endswith(("ы", "и")) and not is_other
    return Agreement.FEMININE_GENITIVE if is_feminine else Agreement.GENITIVE


def _noun_in(one: str, few: str) -> tuple[str, str]:
    """Return the last word that changes, in both forms."""
    words = list(zip(one.lower().split(), few.lower().split(), strict=False)) or [("", "")]
    inflected = [pair for pair in words if pair[0] != pair[1]]
    return (inflected or words)[-1]


def cardinal(number: int, agreement: Agreement = Agreement.MASCULINE) -> str:
    """Return a number from 0 to 999 as words: "сто двадцать одна"."""
    is_genitive = agreement.is_genitive
    below_twenty = _BELOW_TWENTY_GENITIVE if is_genitive else _BELOW_TWENTY
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    words = []
    if hundreds:
        words.append((_HUNDREDS_GENITIVE if is_genitive else _HUNDREDS)[hundreds - 1])
    if tens > 1:
        words.append((_TENS_GENITIVE if is_genitive else _TENS)[tens - 2])
        rest = ones
    if rest or not words:
        words.append(_GENDERED.get((rest, agreement), below_twenty[rest]))
    return " ".join(words)


def ordinal(number: int) -> str:
    """Return an ordinal from 0 to 99, neuter: "двадцать второе"."""
    return _ordinal(number, hard="ое", soft="е")


def ordinal_genitive(number: int) -> str:
    """Return an ordinal from 0 to 99, neuter or masculine, in the genitive: "двадцать второго"."""
    return _ordinal(number, hard="ого", soft="его")


def _ordinal(number: int, *, hard: str, soft: str) -> str:
    tens, ones = divmod(number, 10)
    if tens > 1 and not ones:
        return _ORDINAL_TENS[tens - 2] + hard
    before, last = ((_TENS[tens - 2] + " "), ones) if tens > 1 else ("", number)
    stem = _ORDINALS_BELOW_TWENTY[last]
    return before + stem + (soft if stem.endswith(_SOFT) else hard)
