"""Values: their text forms, and what becomes of what information systems answer."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

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
from tests.core.ivr.any_script import VALUES

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
MOMENTS: Final = st.builds(
    lambda *parts: "".join(parts),
    st.dates().map(date.isoformat),
    st.sampled_from(["T", " ", "", "_", "T\0"]),
    st.one_of(st.times().map(time.isoformat), st.text(max_size=5)),
    st.sampled_from(["", "Z", "+14:00", "+99:99"]),
)


@given(KINDS, JSON | MOMENTS, st.sampled_from([None, UTC, ZoneInfo("Asia/Kamchatka")]))
def test_whatever_is_answered_is_a_value_of_the_kind_or_none(
    kind: VariableKind, found: object, zone: tzinfo | None
) -> None:
    value = from_answer(kind, found, zone=zone)
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


def test_a_moment_in_a_script_is_neither_a_date_nor_a_time() -> None:
    """Whoever compares a date with a moment has not thought of the clock."""
    told = datetime(2026, 11, 29, 10, 30).isoformat()  # noqa: DTZ001 (as systems write it)
    assert from_answer(VariableKind.DATE, told) is None
    assert from_answer(VariableKind.TIME, told) is None


BARNAUL: Final = ZoneInfo("Asia/Barnaul")


@pytest.mark.parametrize(
    ("told", "day", "moment"),
    [
        ("2026-12-01T09:30:00", date(2026, 12, 1), time(9, 30)),
        ("2026-12-01T09:30", date(2026, 12, 1), time(9, 30)),
        ("2026-12-01 09:30:15", date(2026, 12, 1), time(9, 30, 15)),
        ("20261201T0930", date(2026, 12, 1), time(9, 30)),
        ("2026-12-01T09:30:00+07:00", date(2026, 12, 1), time(9, 30)),
        ("2026-12-01T09:30:00+03:00", date(2026, 12, 1), time(13, 30)),
        ("2026-12-01T02:30:00Z", date(2026, 12, 1), time(9, 30)),
        ("2026-12-01T02:30:00.000Z", date(2026, 12, 1), time(9, 30)),
        ("2026-11-30T20:00:00Z", date(2026, 12, 1), time(3, 0)),
        ("2026-12-01T03:30:00+1200", date(2026, 11, 30), time(22, 30)),
        ("2026-12-01T25:30:00", None, None),
        ("2026-12-32T09:30:00", None, None),
        ("0001-01-01T00:00:00+14:00", None, None),
        ("9999-12-31T23:30:00Z", None, None),
        ("01.12.2026 09:30", None, None),
        ("2026-12-01T", None, None),
        ("2026-12-01 at nine", None, None),
        ("2026-12-01", date(2026, 12, 1), None),
        ("09:30", None, time(9, 30)),
    ],
)
def test_a_date_and_a_time_take_their_part_of_a_moment(
    told: str, day: date | None, moment: time | None
) -> None:
    """With an offset it is turned to the clock of the call; without one it stays as it is."""
    assert from_answer(VariableKind.DATE, told, zone=BARNAUL) == day
    assert from_answer(VariableKind.TIME, told, zone=BARNAUL) == moment


@given(st.datetimes(), st.sampled_from(["", "Z", "+03:00", "-11:30"]), st.sampled_from("Tt "))
def test_the_parts_of_a_moment_are_the_moment(moment: datetime, offset: str, between: str) -> None:
    told = moment.isoformat(sep=between) + offset
    day, clock = (
        from_answer(kind, told, zone=BARNAUL) for kind in (VariableKind.DATE, VariableKind.TIME)
    )
    if day is None or clock is None:
        assert moment.year in {1, 9999}
        assert day is clock
        return
    assert type(day) is date
    assert isinstance(clock, time)
    again = datetime.combine(day, clock)
    read = datetime.fromisoformat(told)
    wanted = read if read.tzinfo is None else read.astimezone(BARNAUL).replace(tzinfo=None)
    assert again == wanted
