"""Expressions: nothing can fail, what is unknown stays unknown, and kinds are kept."""

from __future__ import annotations

from datetime import date, time
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    LetterCase,
    Not,
    OneOf,
    PartOf,
    Relation,
    Sum,
    evaluate,
    holds,
    may_divide_by_zero,
    names_in,
    parts_of,
)
from ekc_telephony.core.ivr.values import LONGEST_TEXT, MOST, Value, VariableKind
from tests.core.ivr.any_script import VALUES, VARIABLES, conditions, values

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
        st.builds(Divided, st.sampled_from(DivisionPart), inner, inner),
        st.builds(PartOf, inner, inner),
        st.builds(Cased, st.sampled_from(LetterCase), inner),
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
    has_no_answer = evaluate(condition, known) is None
    assert not has_no_answer or _has_a_sum(condition) or may_divide_by_zero(condition)


def _has_a_sum(tree: Expression) -> bool:
    """Tell whether a number may have grown beyond what there is."""
    return any(isinstance(each, Sum) for each in parts_of(tree))


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
        (Divided(DivisionPart.WHOLE, Constant(7), Constant(2)), 3),
        (Divided(DivisionPart.REMAINDER, Constant(7), Constant(2)), 1),
        (Divided(DivisionPart.WHOLE, Constant(-7), Constant(2)), -4),
        (Divided(DivisionPart.REMAINDER, Constant(-7), Constant(2)), 1),
        (Divided(DivisionPart.WHOLE, Known("five"), Constant(0)), None),
        (Divided(DivisionPart.REMAINDER, Known("five"), Constant(0)), None),
        (Divided(DivisionPart.WHOLE, Known("five"), UNKNOWN), None),
        (Divided(DivisionPart.WHOLE, Constant("a"), Constant(2)), None),
        (PartOf(Constant("ерт"), Constant("четверть")), True),
        (PartOf(Constant("Ерт"), Constant("четверть")), False),
        (PartOf(UNKNOWN, Constant("четверть")), None),
        (PartOf(Known("five"), Constant("5")), None),
        (Cased(LetterCase.UPPER, Constant("ёлка-7")), "ЁЛКА-7"),
        (Cased(LetterCase.LOWER, Constant("ЁЛКА-7")), "ёлка-7"),
        (Cased(LetterCase.UPPER, Constant("ß" * LONGEST_TEXT)), "S" * LONGEST_TEXT),
        (Cased(LetterCase.UPPER, Known("five")), None),
        (Length(Constant("пять")), 4),
        (Length(UNKNOWN), None),
    ],
)
def test_what_an_expression_is_worth(expression: Expression, value: Value | None) -> None:
    assert evaluate(expression, {"five": 5}) == value


@given(st.integers(-MOST, MOST), st.integers(-MOST, MOST).filter(bool))
def test_what_is_divided_can_be_put_together_again(number: int, divisor: int) -> None:
    whole, rest = (
        evaluate(Divided(part, Constant(number), Constant(divisor)), {})
        for part in (DivisionPart.WHOLE, DivisionPart.REMAINDER)
    )
    assert isinstance(whole, int)
    assert isinstance(rest, int)
    assert whole * divisor + rest == number
    assert abs(rest) < abs(divisor)


@given(
    FITTING, st.fixed_dictionaries({name: VALUES[each.kind] for name, each in VARIABLES.items()})
)
def test_only_a_division_by_what_may_be_zero_or_a_sum_has_no_value(
    written: tuple[VariableKind, Expression], known: dict[str, Value]
) -> None:
    """This is what lets a check prove that a variable is set."""
    _, expression = written
    known |= {"caller.number": "1", "dialled": "2", "language": "ru"}
    if evaluate(expression, known) is None:
        assert may_divide_by_zero(expression) or _has_a_sum(expression)
