"""
What a script computes: conditions and values over the variables of one caller.

An admin writes them as Jinja2 expressions; the loader takes the few constructs that are here and
refuses all others, so nothing can be called, imported or repeated. Kinds are checked when a script
is loaded; here nothing can fail.

Rule 1: what is not known makes everything computed from it unknown (None), and a condition that is
unknown does not hold. `Or` and `And` decide as soon as one side does.
Rule 2: no value grows beyond `LONGEST_TEXT` or `MOST`.
Rule 3: what is divided by zero is unknown, like whatever else has no answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, assert_never

from ekc_telephony.core.ivr.values import LONGEST_TEXT, MOST, Value


class Relation(Enum):
    """How two values of one kind are compared."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


class DivisionPart(Enum):
    """What is wanted of a division of whole numbers."""

    WHOLE = "//"
    """How many times; rounded down: -7 // 2 is -4."""
    REMAINDER = "%"
    """What is left; never on the other side of zero than the divisor: -7 % 2 is 1."""


class LetterCase(Enum):
    """How the letters of a text are written."""

    UPPER = "upper"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that stands in the script."""

    value: Value


@dataclass(frozen=True, slots=True)
class Known:
    """The value of a variable, or of what is known of every call (`caller.number`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when the inner condition does not."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class Both:
    """`and`."""

    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Either:
    """`or`."""

    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Compared:
    """Two values of one kind, compared."""

    relation: Relation
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class OneOf:
    """`in` a list of constants."""

    inner: Expression
    options: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """Two numbers added, or the second one taken away; two texts joined."""

    left: Expression
    right: Expression
    is_difference: bool = False


@dataclass(frozen=True, slots=True)
class Divided:
    """Two numbers, or two sums of money, the first divided by the second."""

    part: DivisionPart
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class PartOf:
    """`in` a text: whether the first text occurs in the second."""

    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Cased:
    """A text in capitals, or without any."""

    letters: LetterCase
    inner: Expression


@dataclass(frozen=True, slots=True)
class Length:
    """The number of characters of a text."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class IsSet:
    """`is defined`: whether a variable has a value; the only thing that is never unknown."""

    name: str


Expression: TypeAlias = (
    Constant
    | Known
    | Not
    | Both
    | Either
    | Compared
    | OneOf
    | PartOf
    | Sum
    | Divided
    | Cased
    | Length
    | IsSet
)


def evaluate(  # noqa: C901, PLR0911, PLR0912 (one row each)
    expression: Expression, known: Mapping[str, Value]
) -> Value | None:
    """Return the value; None when it depends on what is not known."""
    match expression:
        case Constant(value=value):
            return value
        case Known(name=name):
            return known.get(name)
        case IsSet(name=name):
            return name in known
        case Not(inner=inner):
            held = evaluate(inner, known)
            return None if held is None else not held
        case Both(left=left, right=right):
            return _decided(evaluate(left, known), evaluate(right, known), by=False)
        case Either(left=left, right=right):
            return _decided(evaluate(left, known), evaluate(right, known), by=True)
        case Compared(relation=relation, left=left, right=right):
            return _compared(relation, evaluate(left, known), evaluate(right, known))
        case OneOf(inner=inner, options=options):
            chosen = evaluate(inner, known)
            return None if chosen is None else chosen in options
        case Sum(left=left, right=right, is_difference=is_difference):
            first, second = evaluate(left, known), evaluate(right, known)
            return _sum(first, second, is_difference=is_difference)
        case PartOf(left=left, right=right):
            return _part_of(evaluate(left, known), evaluate(right, known))
        case Divided(part=part, left=left, right=right):
            return _divided(part, evaluate(left, known), evaluate(right, known))
        case Cased(letters=letters, inner=inner):
            return _cased(letters, evaluate(inner, known))
        case Length(inner=inner):
            text = evaluate(inner, known)
            return len(text) if isinstance(text, str) else None
        case _:
            assert_never(expression)


def holds(condition: Expression, known: Mapping[str, Value]) -> bool:
    """Tell whether a condition holds beyond doubt."""
    return evaluate(condition, known) is True


def parts_of(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and all that stands in it, from left to right."""
    yield expression
    match expression:
        case Constant() | Known() | IsSet():
            return
        case Not(inner=inner) | OneOf(inner=inner) | Cased(inner=inner) | Length(inner=inner):
            yield from parts_of(inner)
        case (
            Both(left=left, right=right)
            | Either(left=left, right=right)
            | Compared(left=left, right=right)
            | PartOf(left=left, right=right)
            | Sum(left=left, right=right)
            | Divided(left=left, right=right)
        ):
            yield from parts_of(left)
            yield from parts_of(right)
        case _:
            assert_never(expression)


def names_in(expression: Expression) -> Iterator[str]:
    """Yield the name of every value that has to be set; `is defined` needs none."""
    yield from (each.name for each in parts_of(expression) if isinstance(each, Known))


def may_divide_by_zero(expression: Expression) -> bool:
    """Tell whether it may have no value although all that it names has one."""
    divisors = (each.right for each in parts_of(expression) if isinstance(each, Divided))
    return any(not (isinstance(each, Constant) and each.value) for each in divisors)


def _decided(left: Value | None, right: Value | None, *, by: bool) -> bool | None:
    if left is by or right is by:
        return by
    return None if left is None or right is None else not by


def _compared(relation: Relation, left: Value | None, right: Value | None) -> bool | None:
    if left is None or right is None:
        return None
    match relation:
        case Relation.EQUAL:
            return left == right
        case Relation.UNEQUAL:
            return left != right
        case _:
            return _in_order(relation, left, right)


def _in_order(relation: Relation, left: Value, right: Value) -> bool | None:
    if type(left) is not type(right):
        return None
    is_less = left < right  # type: ignore[operator]  # of one type, and each of them has an order
    match relation:
        case Relation.LESS:
            return is_less
        case Relation.AT_MOST:
            return is_less or left == right
        case Relation.MORE:
            return not is_less and left != right
        case _:
            return not is_less


def _sum(left: Value | None, right: Value | None, *, is_difference: bool) -> Value | None:
    match left, right:
        case int(), int():
            total = left - right if is_difference else left + right
            return total if abs(total) <= MOST else None
        case str(), str() if not is_difference:
            return (left + right)[:LONGEST_TEXT]
        case _:
            return None


def _part_of(left: Value | None, right: Value | None) -> bool | None:
    return left in right if isinstance(left, str) and isinstance(right, str) else None


def _divided(part: DivisionPart, left: Value | None, right: Value | None) -> int | None:
    if not isinstance(left, int) or not isinstance(right, int) or right == 0:
        return None
    return left // right if part is DivisionPart.WHOLE else left % right


def _cased(letters: LetterCase, text: Value | None) -> str | None:
    if not isinstance(text, str):
        return None
    # A letter may become several: ß in capitals is SS.
    return (text.upper() if letters is LetterCase.UPPER else text.lower())[:LONGEST_TEXT]
