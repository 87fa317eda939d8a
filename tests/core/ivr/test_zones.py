"""The clock of a number is that of its region; who has no region has none."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.ivr.hours import CallZones
from ekc_telephony.core.ivr.zones import ZoneTable, national_number
from ekc_telephony.core.kernel.ids import Did

OMSK = timezone(timedelta(hours=6))
ALTAI = timezone(timedelta(hours=7))
TABLE = ZoneTable(by_area_code={"381": OMSK, "388": ALTAI}, by_did={Did("88001000001"): ALTAI})
NOBODY = Did("112")


@pytest.mark.parametrize("number", ["+73812123456", "73812123456", "83812123456", "3812123456"])
def test_a_number_from_omsk_is_known_however_it_is_written(number: str) -> None:
    assert TABLE.of_call(NOBODY, number) == CallZones(caller=OMSK)


@pytest.mark.parametrize(
    "number",
    [
        None,
        "+79161234567",
        "101",
        "anonymous",
        "",
        "+3812123456",  # Slovenia's 386 is as near as it gets; not ours
        "+83812123456",
        "+7381212345",
        "8138121234567",
        "٣٨١٢١٢٣٤٥٦",
    ],
)
def test_nobody_guesses_where_another_number_is(number: str | None) -> None:
    assert TABLE.of_call(NOBODY, number).caller is None


def test_the_number_dialled_has_the_clock_that_is_told_or_that_of_its_code() -> None:
    assert TABLE.of_call(Did("88001000001"), None).dialled is ALTAI
    assert TABLE.of_call(Did("83812123456"), None).dialled is OMSK
    assert TABLE.of_call(Did("88001000002"), None).dialled is None


@given(st.text(max_size=14))
def test_any_text_is_a_national_number_of_ten_digits_or_none(text: str) -> None:
    national = national_number(text)
    assert national is None or (len(national) == 10 and text.endswith(national))


@given(st.from_regex(r"[3489][0-9]{9}", fullmatch=True), st.sampled_from(["+7", "7", "8", ""]))
def test_every_way_of_writing_a_number_means_the_same(national: str, prefix: str) -> None:
    assert national_number(prefix + national) == national
