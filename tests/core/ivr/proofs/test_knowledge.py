"""A condition that holds tells what is set: checked against the evaluation of any condition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hypothesis import given, settings
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
)
from ekc_telephony.core.ivr.proofs.knowledge import asked_about, needed, set_if, set_unless
from ekc_telephony.core.ivr.values import Value

NAMES: Final = ("a", "b", "c")
_texts: st.SearchStrategy[Expression] = st.one_of(
    st.sampled_from(NAMES).map(Known), st.just(Constant("x"))
)
_lengths = st.builds(Length, _texts)
_sums = st.builds(Sum, _texts, _texts)
_leaves: st.SearchStrategy[Expression] = st.one_of(
    st.sampled_from(NAMES).map(IsSet),
    st.builds(Compared, st.just(Relation.EQUAL), _texts, st.one_of(_texts, _sums)),
    st.builds(OneOf, _texts, st.just(("x", "y"))),
    st.builds(PartOf, _texts, st.builds(Cased, st.sampled_from(LetterCase), _texts)),
    st.builds(
        Compared,
        st.just(Relation.EQUAL),
        st.builds(Divided, st.sampled_from(DivisionPart), _lengths, _lengths),
        st.just(Constant(1)),
    ),
    st.builds(Compared, st.just(Relation.LESS), st.builds(Length, _texts), st.just(Constant(2))),
)
_conditions = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(Both, inner, inner),
        st.builds(Either, inner, inner),
        st.builds(Compared, st.just(Relation.EQUAL), inner, inner),
    ),
    max_leaves=6,
)
_known = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["x", "y", "xx"]))


@settings(max_examples=300)
@given(_conditions, _known)
def test_what_is_said_to_be_set_is(condition: Expression, known: Mapping[str, Value]) -> None:
    value = evaluate(condition, known)
    if value is not None:
        assert needed(condition) <= known.keys()
        assert set_if(condition, holds=value is True) <= known.keys()
    if value is not True:
        assert set_unless(condition) <= known.keys()


def test_what_is_asked_about_is_found_wherever_it_stands() -> None:
    both = Both(
        IsSet("a"),
        Not(
            Either(IsSet("b"), Compared(Relation.EQUAL, Known("c"), Sum(Known("c"), Constant("x"))))
        ),
    )
    assert asked_about(both) == {"a", "b"}
    assert asked_about(OneOf(Length(Known("a")), (1,))) == frozenset()
