"""Expressions: nothing can fail, what is unknown stays unknown, and kinds are kept."""

from __future__ import annotations

from datetime import date, time
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.ivr.expressions import (
    Both,
    Compared,
    Constant,
    Either,
    Expression,
    IsSet,
    Known,
    Length,
    Not,
    OneOf,
    Relation,
    Sum,
    evaluate,
    holds,
    names_in,
)
from ekc_telephony.core.ivr.values import LONGEST_TEXT, MOST, Value, VariableKind
from tests.core.ivr.strategies import VALUES, VARIABLES, conditions, values

ANY_VALUE: Final[st.SearchStrategy[Value]] = st.one_of(*VALUES.values())
NAMES: Final = st.sampled_from(["a", "b", "c"])
TREES: Final[st.SearchStrategy[Expression]] = st.recursive(
    st.builds(Constant, ANY_VALUE) | st.builds(Known, NAMES) | st.builds(IsSet, NAMES),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(Both, inner, inner),
        st.builds(Either, inner, inner),
        st.builds(Compared, st.sampled_from(Relation), inner, inner),
        st.builds(OneOf, inner, st.lists(ANY_VALUE, max_size=3).map(tuple)),
        st.builds(Sum, inner, inner, st.booleans()),
        st.builds(Length, inner),
    ),
    max_leaves=8,
)
"""Any tree, of kinds that fit and of kinds that do not."""
KNOWN: Final = st.dictionaries(NAMES, ANY_VALUE)


@given(TREES, KNOWN)
def test_no_expression_raises_whatever_is_known(tree: Expression, known: dict[str, Value]) -> None:
    value = evaluate(tree, known)
    assert holds(tree, known) == (value is True)
    assert set(names_in(tree)) <= {"a", "b", "c"}


FITTING: Final = st.sampled_from(list(VariableKind)).flatmap(
    lambda kind: st.tuples(st.just(kind), values(kind))
)
SOME_KNOWN: Final = st.fixed_dictionaries(
    {}, optional={name: VALUES[variable.kind] for name, variable in VARIABLES.items()}
)


@given(FITTING, SOME_KNOWN)
def test_an_expression_keeps_its_kind_and_its_bounds(
    written: tuple[VariableKind, Expression], known: dict[str, Value]
) -> None:
    kind, expression = written
    value = evaluate(expression, known)
    match kind:
        case VariableKind.NUMBER | VariableKind.MONEY:
            assert value is None or (isinstance(value, int) and abs(value) <= MOST)
        case VariableKind.TEXT:
            assert value is None or (isinstance(value, str) and len(value) <= LONGEST_TEXT)
        case VariableKind.FLAG:
            assert value is None or isinstance(value, bool)
        case VariableKind.DATE:
            assert value is None or isinstance(value, date)
        case VariableKind.TIME:
            assert value is None or isinstance(value, time)


@given(
    conditions(),
    st.fixed_dictionaries({name: VALUES[each.kind] for name, each in VARIABLES.items()}),
)
def test_a_condition_over_what_is_known_is_decided(
    condition: Expression, known: dict[str, Value]
) -> None:
    known |= {"caller.number": "1", "dialled": "2", "language": "ru"}
    sums_beyond = evaluate(condition, known) is None
    assert not sums_beyond or _has_a_sum(condition)


def _has_a_sum(tree: Expression) -> bool:
    """Tell whether a number may have grown beyond what there is."""
    match tree:
        case Sum():
            return True
        case Not(inner=inner) | OneOf(inner=inner) | Length(inner=inner):
            return _has_a_sum(inner)
        case Both() | Either() | Compared():
            return _has_a_sum(tree.left) or _has_a_sum(tree.right)
        case _:
            return False


YES: Final = Constant(value=True)
NO: Final = Constant(value=False)
UNKNOWN: Final = Known("unknown")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (Both(YES, UNKNOWN), None),
        (Both(NO, UNKNOWN), False),
        (Both(UNKNOWN, NO), False),
        (Either(YES, UNKNOWN), True),
        (Either(UNKNOWN, YES), True),
        (Either(NO, UNKNOWN), None),
        (Not(UNKNOWN), None),
        (Not(YES), False),
        (IsSet("unknown"), False),
        (IsSet("five"), True),
        (Compared(Relation.EQUAL, UNKNOWN, UNKNOWN), None),
        (Compared(Relation.AT_LEAST, Known("five"), Constant(5)), True),
        (Compared(Relation.MORE, Known("five"), Constant(5)), False),
        (Compared(Relation.AT_MOST, Known("five"), Constant(5)), True),
        (Compared(Relation.LESS, Known("five"), Constant(5)), False),
        (Compared(Relation.UNEQUAL, Known("five"), Constant(6)), True),
        (Compared(Relation.LESS, Constant("5"), Constant(6)), None),
        (OneOf(Known("five"), (4, 5)), True),
        (OneOf(UNKNOWN, (4, 5)), None),
        (Sum(Known("five"), Constant(2)), 7),
        (Sum(Known("five"), Constant(2), is_difference=True), 3),
        (Sum(Constant("a"), Constant("b")), "ab"),
        (Sum(Constant("a"), Constant("b"), is_difference=True), None),
        (Sum(Constant(MOST), Constant(1)), None),
        (Sum(Constant("x" * LONGEST_TEXT), Constant("y")), "x" * LONGEST_TEXT),
        (Length(Constant("пять")), 4),
        (Length(UNKNOWN), None),
    ],
)
def test_what_an_expression_is_worth(expression: Expression, value: Value | None) -> None:
    assert evaluate(expression, {"five": 5}) == value
