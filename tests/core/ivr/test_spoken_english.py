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
    Agreement,
    Case,
    Form,
    Noun,
    Value,
    Wording,
    has_words,
    pieces_of,
    speak,
    spoken_position,
)
from ekc_telephony.core.ivr.spoken.english import english_text

DAY = Noun.of("день", "дня", "дней", english=("day", "days"))
PERSON = Noun.of("человек", "человека", "человек", english=("person", "people"))
NOT_ENGLISH = Noun.of("день", "дня", "дней")


def said(form: Form, value: Value, wording: Wording = PLAIN) -> str:
    texts = pieces_of(form, wording, language="en")
    return " ".join(texts[key] for key in speak(form, value, wording) if texts[key])


@given(st.one_of(st.integers(0, 1100), st.integers(0, LARGEST_NUMBER)))
def test_a_number_is_said_as_num2words_says_it_but_for_its_ands(number: int) -> None:
    expected = num2words(number, lang="en").replace(" and ", " ").replace(",", "")

    assert said(Form.NUMBER, number) == expected


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31)))
def test_a_date_names_day_month_and_year(day: date) -> None:
    begin = f"{num2words(day.day, lang='en', to='ordinal')} of {day:%B}"

    assert said(Form.DATE, day, Wording(case=Case.GENITIVE, has_year=False)) == f"the {begin}"
    assert said(Form.DATE, day).startswith(f"{begin} ")


@pytest.mark.parametrize(
    ("form", "value", "heard"),
    [
        (Form.DATE, date(2026, 11, 22), "twenty-second of November two thousand twenty-six"),
        (Form.DATE, date(1900, 1, 1), "first of January nineteen hundred"),
        (Form.TIME, time(9, 1), "nine hours one minute"),
        (Form.MONEY, 100_101, "one thousand one roubles one kopeck"),
        (Form.MONEY, 200_000, "two thousand roubles"),
        (Form.MINUTES, 1, "one minute"),
        (Form.MINUTES, 41, "forty one minutes"),
        (Form.MINUTES, 100, "one hundred minutes"),
        (Form.MONEY, 10_100, "one hundred one roubles"),
        (Form.DIGITS, "07", "zero seven"),
        (Form.PHONE, "112", "one hundred twelve"),
    ],
)
def test_it_is_understood(form: Form, value: Value, heard: str) -> None:
    assert said(form, value) == heard


@pytest.mark.parametrize("noun", [DAY, PERSON], ids=lambda noun: noun.english[0])
@given(number=st.one_of(st.integers(0, 1100), st.integers(0, LARGEST_NUMBER)))
def test_a_count_is_singular_for_one_alone(noun: Noun, number: int) -> None:
    expected = num2words(number, lang="en").replace(" and ", " ").replace(",", "")
    one, many = noun.english or ("", "")

    heard = said(Form.COUNT, number, Wording(noun=noun))
    assert heard == f"{expected} {one if number == 1 else many}"


def test_a_place_in_the_line_is_an_ordinal() -> None:
    keys = [*spoken_position(3), *spoken_position(141)]

    assert [english_text(key) for key in keys] == ["third", "one hundred", "forty", "first"]


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("case", Case)
@pytest.mark.parametrize("agreement", Agreement)
def test_every_russian_piece_has_english_words(
    form: Form, case: Case, agreement: Agreement
) -> None:
    wording = Wording(case=case, agreement=agreement, noun=DAY)

    assert pieces_of(form, wording, language="en").keys() == pieces_of(form, wording).keys()


def test_nouns_that_are_translated_in_two_ways_do_not_share_a_piece() -> None:
    other = Noun.of("день", "дня", "дней", english=("working day", "working days"))

    assert not DAY.texts().keys() & other.texts().keys()
    assert not DAY.texts().keys() & NOT_ENGLISH.texts().keys()


def test_what_has_no_words_in_a_language_is_told() -> None:
    assert not has_words(Form.COUNT, language="en")
    assert not has_words(Form.COUNT, Wording(noun=NOT_ENGLISH), language="en")
    assert has_words(Form.COUNT, Wording(noun=DAY), language="en")
    assert not any(has_words(form, Wording(noun=DAY), language="tt") for form in Form)
    with pytest.raises(ValueError, match="count has no words in 'en'"):
        pieces_of(Form.COUNT, Wording(noun=NOT_ENGLISH), language="en")
