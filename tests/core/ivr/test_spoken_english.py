"""The pieces have English words, too, and glued in the same order they are English."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from ekc_telephony.core.ivr.spoken import (
    LARGEST_NUMBER,
    PLAIN,
    Case,
    Form,
    Noun,
    Value,
    Wording,
    forms_in,
    pieces_of,
    speak,
)

NOUN = Noun.of("день", "дня", "дней")
SPOKEN = sorted(forms_in("en"), key=lambda form: form.value)


def said(form: Form, value: Value, wording: Wording = PLAIN) -> str:
    texts = pieces_of(form, wording, language="en")
    return " ".join(texts[key] for key in speak(form, value, wording) if texts[key])


@given(st.one_of(st.integers(0, 1100), st.integers(0, LARGEST_NUMBER)))
def test_a_number_is_said_as_num2words_says_it_but_for_its_ands(number: int) -> None:
    expected = num2words(number, lang="en").replace(" and ", " ").replace(",", "")

    assert said(Form.NUMBER, number) == expected


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31)))
def test_a_date_names_day_month_and_year(day: date) -> None:
    begin = f"the {num2words(day.day, lang='en', to='ordinal')} of {day:%B}"

    assert said(Form.DATE, day, Wording(case=Case.GENITIVE, has_year=False)) == begin
    assert said(Form.DATE, day).startswith(f"{begin} ")


@pytest.mark.parametrize(
    ("form", "value", "heard"),
    [
        (Form.DATE, date(2026, 11, 22), "the twenty-second of November two thousand twenty-six"),
        (Form.DATE, date(1900, 1, 1), "the first of January nineteen hundred"),
        (Form.TIME, time(9, 1), "nine hours one minute"),
        (Form.MONEY, 100_101, "one thousand one rouble one kopeck"),
        (Form.MONEY, 200_000, "two thousand roubles"),
        (Form.MINUTES, 41, "forty one minute"),
        (Form.DIGITS, "07", "zero seven"),
        (Form.PHONE, "112", "one hundred twelve"),
    ],
)
def test_it_is_understood(form: Form, value: Value, heard: str) -> None:
    assert said(form, value) == heard


@pytest.mark.parametrize("form", SPOKEN)
@pytest.mark.parametrize("case", Case)
def test_every_russian_piece_has_english_words(form: Form, case: Case) -> None:
    wording = Wording(case=case)

    assert pieces_of(form, wording, language="en").keys() == pieces_of(form, wording).keys()


def test_what_has_no_words_in_a_language_is_told() -> None:
    assert Form.COUNT not in forms_in("en")
    assert forms_in("tt") == frozenset()
    with pytest.raises(ValueError, match="count has no words in 'en'"):
        pieces_of(Form.COUNT, Wording(noun=NOUN), language="en")
