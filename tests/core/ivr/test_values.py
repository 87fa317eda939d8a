"""Values: their text forms, and what becomes of what information systems answer."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.ivr.values import (
    LONGEST_TEXT,
    MOST,
    Value,
    VariableKind,
    from_answer,
    from_text,
    to_text,
)
from tests.core.ivr.strategies import VALUES

KINDS: Final = st.sampled_from(list(VariableKind))


@given(KINDS.flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind])))
def test_every_value_reads_back_from_its_text(written: tuple[VariableKind, Value]) -> None:
    kind, value = written
    again = from_text(kind, to_text(value))
    assert again == value
    assert type(again) is type(value)


@given(KINDS, st.text())
def test_no_text_breaks_the_reading(kind: VariableKind, text: str) -> None:
    from_text(kind, text)


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(KINDS, JSON)
def test_whatever_is_answered_is_a_value_of_the_kind_or_none(
    kind: VariableKind, found: object
) -> None:
    value = from_answer(kind, found)
    assert value is None or (
        type(value) is _TYPES[kind] and from_text(kind, to_text(value)) == value
    )


_TYPES: Final[dict[VariableKind, type[Value]]] = {
    VariableKind.TEXT: str,
    VariableKind.NUMBER: int,
    VariableKind.MONEY: int,
    VariableKind.FLAG: bool,
    VariableKind.DATE: date,
    VariableKind.TIME: time,
}


@pytest.mark.parametrize(
    ("kind", "found", "value"),
    [
        (VariableKind.NUMBER, 7, 7),
        (VariableKind.NUMBER, "7", 7),
        (VariableKind.NUMBER, 7.0, 7),
        (VariableKind.NUMBER, 7.5, None),
        (VariableKind.NUMBER, True, None),
        (VariableKind.NUMBER, "seven", None),
        (VariableKind.NUMBER, MOST + 1, None),
        (VariableKind.NUMBER, "1E+9999999", None),
        (VariableKind.NUMBER, "9" * 5_000, None),
        (VariableKind.NUMBER, "sNaN", None),
        (VariableKind.MONEY, "120.50", 12_050),
        (VariableKind.MONEY, 120.5, 12_050),
        (VariableKind.MONEY, "1e-9999999", 0),
        (VariableKind.MONEY, "1E+9999999", None),
        (VariableKind.MONEY, MOST, None),
        (VariableKind.MONEY, -MOST // 100, -MOST),
        (VariableKind.FLAG, True, True),
        (VariableKind.FLAG, "yes", None),
        (VariableKind.FLAG, 1, None),
        (VariableKind.DATE, "2026-11-29", date(2026, 11, 29)),
        (VariableKind.DATE, "29.11.2026", None),
        (VariableKind.DATE, 20261129, None),
        (VariableKind.TIME, "10:30", time(10, 30)),
        (VariableKind.TIME, "25:00", None),
        (VariableKind.TEXT, 12, "12"),
        (VariableKind.TEXT, ["12"], None),
        (VariableKind.TEXT, "x" * 2_000, "x" * LONGEST_TEXT),
    ],
)
def test_what_is_answered_becomes_a_value(
    kind: VariableKind, found: object, value: Value | None
) -> None:
    assert from_answer(kind, found) == value


def test_a_time_is_that_of_the_place_it_was_told_for() -> None:
    """A time with an offset cannot be compared with one without."""
    assert from_answer(VariableKind.TIME, "10:30+07:00") == time(10, 30)
    assert from_answer(VariableKind.TIME, "10:30Z") == time(10, 30)


def test_a_number_beyond_all_bounds_is_none() -> None:
    """Python refuses to write it down: a script's `initial` may be as long as its file."""
    assert from_answer(VariableKind.NUMBER, 10**5_000) is None


def test_a_moment_is_neither_a_date_nor_a_time() -> None:
    told = datetime(2026, 11, 29, 10, 30).isoformat()  # noqa: DTZ001 (as systems write it)
    assert from_answer(VariableKind.DATE, told) is None
    assert from_answer(VariableKind.TIME, told) is None
