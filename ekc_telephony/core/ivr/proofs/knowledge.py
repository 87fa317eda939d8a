"""
What a condition tells when it holds, and when it does not: which values are set.

A condition over what is not set does not hold (`expressions.py`), so one that holds tells that what
it depends on is set; and `x is not defined` that does not hold tells that x is.
"""

from __future__ import annotations

from typing import Final, assert_never

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
    parts_of,
)
from ekc_telephony.core.ivr.script import Branch

HAS_NUMBER: Final = "caller.has_number"
NUMBER: Final = "caller.number"


def set_if(  # noqa: PLR0911 (one row each)
    condition: Expression, *, holds: bool
) -> frozenset[str]:
    """Return what is set for certain when a condition is known to hold, or known not to."""
    match condition:
        case IsSet(name=name):
            return frozenset({name} if holds else ())
        case Known(name=name):
            own = frozenset({name})
            return own | {NUMBER} if name == HAS_NUMBER and holds else own
        case Not(inner=inner):
            return set_if(inner, holds=not holds)
        case Both(left=left, right=right) if holds:
            return set_if(left, holds=True) | set_if(right, holds=True)
        case Either(left=left, right=right) if not holds:
            return set_if(left, holds=False) | set_if(right, holds=False)
        case Both(left=left, right=right) | Either(left=left, right=right):
            return set_if(left, holds=holds) & set_if(right, holds=holds)
        case _:
            return needed(condition)


def needed(expression: Expression) -> frozenset[str]:
    """Return what is set for certain when an expression has a value."""
    match expression:
        case Constant() | IsSet():
            return frozenset()
        case Known(name=name):
            return frozenset({name})
        case Not(inner=inner) | OneOf(inner=inner) | Cased(inner=inner) | Length(inner=inner):
            return needed(inner)
        case Both(left=left, right=right) | Either(left=left, right=right):
            return needed(left) & needed(right)  # one side may decide alone
        case (
            Compared(left=left, right=right)
            | PartOf(left=left, right=right)
            | Sum(left=left, right=right)
            | Divided(left=left, right=right)
        ):
            return needed(left) | needed(right)
        case _:
            assert_never(expression)


def asked_about(expression: Expression) -> frozenset[str]:
    """Return the variables of which an expression asks whether they are set."""
    return frozenset(each.name for each in parts_of(expression) if isinstance(each, IsSet))


def set_unless(condition: Expression) -> frozenset[str]:
    """Return what is set for certain when a condition does not hold, or is unknown."""
    match condition:
        case Not(inner=IsSet(name=name)):
            return frozenset({name})
        case Either(left=left, right=right):
            return set_unless(left) | set_unless(right)
        case Both(left=left, right=right):
            return set_unless(left) & set_unless(right)
        case Not(inner=Known(name=name)) if name == HAS_NUMBER:
            return frozenset({NUMBER})
        case _:
            return frozenset()


def set_by_case(branch: Branch, case: int | None) -> frozenset[str]:
    """Return what is set for certain where the case is taken; None: where no case holds."""
    passed = branch.cases if case is None else branch.cases[:case]
    known = frozenset[str]().union(*(set_unless(each.when) for each in passed))
    return known if case is None else known | set_if(branch.cases[case].when, holds=True)
