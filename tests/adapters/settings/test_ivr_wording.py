"""An expression that is written for people reads back as one that means the same."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ekc_telephony.core.ivr.expressions import (
    Constant,
    Expression,
    IsSet,
    Known,
    evaluate,
    parts_of,
)
from ekc_telephony.core.ivr.values import Value, VariableKind
from ekc_telephony.core.ivr.wording import written
from ekc_telephony.settings.ivr.expressions import (
    ExpressionRefusedError,
    as_kind,
    read_expression,
)
from tests.core.ivr.any_script import VALUES, VARIABLES, values

KINDS: Final = {name: each.kind for name, each in VARIABLES.items()}
MONEY: Final = frozenset({"money"})
WRITTEN: Final = st.sampled_from(list(VariableKind)).flatmap(
    lambda kind: st.tuples(st.just(kind), values(kind))
)
KNOWN: Final = st.fixed_dictionaries(
    {}, optional={name: VALUES[kind] for name, kind in KINDS.items()}
)


@given(WRITTEN, KNOWN)
def test_what_is_written_means_the_same(
    told: tuple[VariableKind, Expression], known: dict[str, Value]
) -> None:
    kind, expression = told
    assume(all(map(_is_about_something, parts_of(expression))))
    text = written(expression, money=MONEY, is_money=kind is VariableKind.MONEY)
    assume(len(text) <= 1_000)
    try:
        again = as_kind(read_expression(text, KINDS), kind).expression
    except ExpressionRefusedError as refused:
        assert refused.found.startswith("0 after"), text  # noqa: PT017 (any other is a failure)
        return
    assert evaluate(again, known) == evaluate(expression, known), text


def _is_about_something(part: Expression) -> bool:
    """Tell whether it names something or is a constant: numbers alone would have no kind."""
    return any(isinstance(each, Known | IsSet) for each in parts_of(part)) or (
        isinstance(part, Constant)
    )


@pytest.mark.parametrize(
    "text",
    [
        "money > 100",
        "money > 99.50",
        "money in [0.05, -12]",
        "(money - 10.50) == 3",
        "(money % 1) > 0.50",
        "(money // 1) > 50",
        "number % 2",
        "'1' in (text | upper)",
        "day < '2026-12-31'",
        "(text is defined) and (moment >= '09:30:00')",
    ],
)
def test_it_is_written_as_an_admin_writes_it(text: str) -> None:
    assert written(read_expression(text, KINDS).expression, money=MONEY) == text
