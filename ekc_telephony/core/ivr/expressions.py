"""
What a script computes: conditions and values over the variables of one caller.

An admin writes them as Jinja2 expressions; the loader takes the few constructs that are here and
refuses all others, so nothing can be called, imported or repeated. Kinds are checked when a script
is loaded; here nothing can fail.

Rule 1: what is not known makes everything computed from it unknown (None), and a condition that is
unknown does not hold. `Or` and `And` decide as soon as one side does.
Rule 2: no value grows beyond `LONGEST_TEXT` or `MOST`.
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
class Length:
    """The number of characters of a text."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class IsSet:
    """`is defined`: whether a variable has a value; the only thing that is never unknown."""

    name: str


Expression: TypeAlias = (
    Constant | Known | Not | Both | Either | Compared | OneOf | Sum | Length | IsSet
)


def evaluate(expression: Expression, known: Mapping[str, Value]) -> Value | None:  # noqa: C901, PLR0911 (one row each)
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
        case Length(inner=inner):
            text = evaluate(inner, known)
            return len(text) if isinstance(text, str) else None
        case _:
            assert_never(expression)


def holds(condition: Expression, known: Mapping[str, Value]) -> bool:
    """Tell whether a condition holds beyond doubt."""
    return evaluate(condition, known) is True


def names_in(expression: Expression) -> Iterator[str]:
    """Yield the name of every value that has to be set; `is defined` needs none."""
    match expression:
        case Constant() | IsSet():
            return
        case Known(name=name):
            yield name
        case Not(inner=inner) | OneOf(inner=inner) | Length(inner=inner):
            yield from names_in(inner)
        case (
            Both(left=left, right=right)
            | Either(left=left, right=right)
            | Compared(left=left, right=right)
            | Sum(left=left, right=right)
        ):
            yield from names_in(left)
            yield from names_in(right)
        case _:
            assert_never(expression)


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
