"""Expressions as an admin writes them, for pictures and explanations."""

from __future__ import annotations

from typing import assert_never

from ekc_telephony.core.ivr.expressions import (
    Both,
    Cased,
    Compared,
    Constant,
    Divided,
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


def written(expression: Expression) -> str:  # noqa: C901, PLR0911, PLR0912 (one row each)
    """Return the expression; read again, it means the same."""
    match expression:
        case Constant(value=value):
            return _constant(value)
        case Known(name=name):
            return name
        case IsSet(name=name):
            return f"{name} is defined"
        case Not(inner=inner):
            return f"not {_inner(inner)}"
        case Both(left=left, right=right):
            return f"{_inner(left)} and {_inner(right)}"
        case Either(left=left, right=right):
            return f"{_inner(left)} or {_inner(right)}"
        case Compared(relation=relation, left=left, right=right):
            return f"{_inner(left)} {relation.value} {_inner(right)}"
        case OneOf(inner=inner, options=options):
            return f"{_inner(inner)} in [{', '.join(_constant(each) for each in options)}]"
        case Sum(left=left, right=right, is_difference=is_difference):
            return f"{_inner(left)} {'-' if is_difference else '+'} {_inner(right)}"
        case PartOf(left=left, right=right):
            return f"{_inner(left)} in {_inner(right)}"
        case Divided(part=part, left=left, right=right):
            return f"{_inner(left)} {part.value} {_inner(right)}"
        case Cased(letters=letters, inner=inner):
            return f"{_inner(inner)} | {letters.value}"
        case Length(inner=inner):
            return f"{_inner(inner)} | length"
        case _:
            assert_never(expression)


def _inner(expression: Expression) -> str:
    is_plain = isinstance(expression, Constant | Known)
    return written(expression) if is_plain else f"({written(expression)})"


def _constant(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case _:
            return "'" + to_text(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
