"""
Russian numerals as words: gender, agreement with a noun, ordinals in two cases.

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


class Agreement(Enum):
    """What один and два agree with."""

    MASCULINE = "m"
    FEMININE = "f"
    NEUTER = "n"
    FEMININE_ACCUSATIVE = "a"
    """«Через одну минуту»; of the other genders the accusative of things is the nominative."""


_GENDERED: Final = {
    (1, Agreement.FEMININE): "одна",
    (1, Agreement.NEUTER): "одно",
    (1, Agreement.FEMININE_ACCUSATIVE): "одну",
    (2, Agreement.FEMININE): "две",
    (2, Agreement.FEMININE_ACCUSATIVE): "две",
}

_MEN: Final = ("мужчина", "юноша", "дедушка", "папа", "дядя", "судья", "путь", "кофе")
"""Masculine whatever they end in."""


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
    words = list(zip(one.lower().split(), few.lower().split(), strict=False)) or [("", "")]
    inflected = [pair for pair in words if pair[0] != pair[1]]
    noun, genitive = (inflected or words)[-1]
    if noun in _MEN:
        return Agreement.MASCULINE
    if noun.endswith(("о", "е", "ё", "мя")):
        return Agreement.NEUTER
    if noun.endswith(("у", "ю")) and genitive.endswith(("ы", "и")):
        return Agreement.FEMININE_ACCUSATIVE
    if noun.endswith(("а", "я")) or (noun.endswith("ь") and genitive.endswith("и")):
        return Agreement.FEMININE
    return Agreement.MASCULINE


def cardinal(number: int, agreement: Agreement = Agreement.MASCULINE) -> str:
    """Return a number from 0 to 999 as words: "сто двадцать одна"."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    words = [_HUNDREDS[hundreds - 1]] if hundreds else []
    if tens > 1:
        words.append(_TENS[tens - 2])
        rest = ones
    if rest or not words:
        words.append(_GENDERED.get((rest, agreement), _BELOW_TWENTY[rest]))
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
