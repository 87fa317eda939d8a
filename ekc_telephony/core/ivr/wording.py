"""
Expressions as an admin writes them, for pictures and explanations.

Rule 1: read again by the loader, what is written means the same. So a constant that meets money is
written in rubles, and one that meets a date as a date.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import assert_never

from ekc_telephony.core.ivr.expressions import (
    Both,
    Cased,
    Compared,
    Constant,
    Divided,
    DivisionPart,
    Either,
    Expression,
    IsSet,
    Known,
    Length,
    Not,
    OneOf,
    PartOf,
    Sum,
)
from ekc_telephony.core.ivr.values import Value, to_text


def written(expression: Expression, *, money: Container[str] = (), is_money: bool = False) -> str:
    """
    Return the expression as text.

    Args:
        expression: What is computed.
        money: The names of the variables that hold money, which is kept in kopecks.
        is_money: The value itself is money, whatever it is computed from.
    """
    return _Writer(money).write(expression, is_money=is_money)


@dataclass(frozen=True, slots=True)
class _Writer:
    money: Container[str]

    def write(  # noqa: C901, PLR0911, PLR0912 (one row each)
        self, expression: Expression, *, is_money: bool = False
    ) -> str:
        match expression:
            case Constant(value=value):
                return _rubles(value) if is_money else _constant(value)
            case Known(name=name):
                return name
            case IsSet(name=name):
                return f"{name} is defined"
            case Not(inner=inner):
                return f"not {self._inner(inner)}"
            case Both(left=left, right=right):
                return f"{self._inner(left)} and {self._inner(right)}"
            case Either(left=left, right=right):
                return f"{self._inner(left)} or {self._inner(right)}"
            case Compared(relation=relation, left=left, right=right):
                return self._beside(relation.value, left, right)
            case OneOf(inner=inner, options=options):
                write = _rubles if self._is_money(inner) else _constant
                return f"{self._inner(inner)} in [{', '.join(map(write, options))}]"
            case PartOf(left=left, right=right):
                return self._beside("in", left, right)
            case Sum(left=left, right=right, is_difference=is_difference):
                return self._beside("-" if is_difference else "+", left, right, is_money=is_money)
            case Divided(part=part, left=left, right=right):
                is_rest = is_money and part is DivisionPart.REMAINDER
                return self._beside(part.value, left, right, is_money=is_rest)
            case Cased(letters=letters, inner=inner):
                return f"{self._inner(inner)} | {letters.value}"
            case Length(inner=inner):
                return f"{self._inner(inner)} | length"
            case _:
                assert_never(expression)

    def _beside(
        self, sign: str, left: Expression, right: Expression, *, is_money: bool = False
    ) -> str:
        """Write two values of one kind."""
        is_money = is_money or self._is_money(left) or self._is_money(right)
        first, second = (self._inner(each, is_money=is_money) for each in (left, right))
        return f"{first} {sign} {second}"

    def _inner(self, expression: Expression, *, is_money: bool = False) -> str:
        text = self.write(expression, is_money=is_money)
        return text if isinstance(expression, Constant | Known) else f"({text})"

    def _is_money(self, expression: Expression) -> bool:
        match expression:
            case Known(name=name):
                return name in self.money
            case Sum(left=left, right=right):
                return self._is_money(left) or self._is_money(right)
            case Divided(part=DivisionPart.REMAINDER, left=left, right=right):
                return self._is_money(left) or self._is_money(right)
            case _:
                return False


def _rubles(value: Value) -> str:
    if not isinstance(value, int):
        return _constant(value)
    rubles, kopecks = divmod(abs(value), 100)
    return f"{'-' if value < 0 else ''}{rubles}" + (f".{kopecks:02}" if kopecks else "")


def _constant(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case _:
            return "'" + to_text(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
