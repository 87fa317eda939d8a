"""Every form is said in the Russian of num2words and babel, from pieces that are all known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from ekc_telephony.core.ivr.spoken import (
    LARGEST_NUMBER,
    PAUSE,
    PLAIN,
    Agreement,
    Case,
    Form,
    Gender,
    Noun,
    Value,
    Wording,
    agreement_of,
    every_spoken_key,
    every_waiting_key,
    pieces_of,
    plural,
    speak,
    without_values,
)
from ekc_telephony.core.ivr.texts import not_words
from ekc_telephony.core.kernel.ids import PromptKey

NUMBERS = st.one_of(
    st.integers(0, 1100),
    st.integers(0, LARGEST_NUMBER),
    st.builds(lambda n, zeros: n * 10**zeros, st.integers(1, 999), st.integers(0, 6)),
)
DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31))
TIMES = st.times()

DAY = Noun.of("день", "дня", "дней")
MINUTE = Noun.of("минута", "минуты", "минут")
APPEAL = Noun.of("обращение", "обращения", "обращений")
MINUTE_FROM_NOW = Noun.of("минуту", "минуты", "минут")
WITHIN_DAYS = Noun.of("рабочего дня", "рабочих дней", "рабочих дней", case=Case.GENITIVE)
WITHIN_WEEKS = Noun.of("недели", "недель", "недель", case=Case.GENITIVE)
NOUNS = [DAY, MINUTE, APPEAL, MINUTE_FROM_NOW, WITHIN_DAYS, WITHIN_WEEKS]

OTHER_SPEECH: dict[Agreement, dict[str, str | bool]] = {
    Agreement.MASCULINE: {"gender": "m"},
    Agreement.FEMININE: {"gender": "f"},
    Agreement.NEUTER: {"gender": "n"},
    Agreement.FEMININE_ACCUSATIVE: {"gender": "f", "case": "a", "animate": False},
    Agreement.MASCULINE_ACCUSATIVE: {"gender": "m", "case": "a", "animate": False},
    Agreement.NEUTER_ACCUSATIVE: {"gender": "n", "case": "a", "animate": False},
    Agreement.GENITIVE: {"gender": "m", "case": "g"},
    Agreement.FEMININE_GENITIVE: {"gender": "f", "case": "g"},
}
"""How num2words is asked for each agreement."""


def said(form: Form, value: Value, wording: Wording = PLAIN) -> str:
    texts = pieces_of(form, wording)
    return " ".join(texts[key] or "," for key in speak(form, value, wording)).replace(" ,", ",")


def words(number: int, agreement: Agreement = Agreement.MASCULINE) -> str:
    # Of itself num2words 0.5.14 lets millions, which are masculine, take the gender of the whole.
    millions, rest = number - number % 1_000_000, number % 1_000_000
    case = "g" if agreement.is_genitive else "n"
    large = [num2words(millions, lang="ru", case=case)] if millions else []
    small = [num2words(rest, lang="ru", **OTHER_SPEECH[agreement])] if rest or not large else []
    return " ".join(large + small)


@pytest.mark.parametrize("agreement", Agreement)
@given(number=NUMBERS)
def test_a_number_is_said_as_num2words_says_it(agreement: Agreement, number: int) -> None:
    assert said(Form.NUMBER, number, Wording(agreement=agreement)) == words(number, agreement)


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.one)
@given(number=NUMBERS)
def test_a_count_agrees_with_its_noun(noun: Noun, number: int) -> None:
    expected = f"{words(number, noun.agreement)} {plural(number, noun.one, noun.few, noun.many)}"

    assert said(Form.COUNT, number, Wording(noun=noun)) == expected


@given(NUMBERS)
def test_a_negative_number_is_said_with_its_minus(number: int) -> None:
    assert said(Form.NUMBER, -number) == ("минус " if number else "") + words(number)


@given(st.integers(min_value=LARGEST_NUMBER + 1))
def test_a_number_too_large_for_words_is_said_digit_by_digit(number: int) -> None:
    digits = " ".join(words(int(digit)) for digit in str(number))

    assert said(Form.NUMBER, number) == digits
    assert said(Form.COUNT, number, Wording(noun=DAY)) == f"{digits} дней"


@given(NUMBERS)
def test_a_number_takes_no_more_than_six_prompts_and_one_below_a_hundred_only_one(
    number: int,
) -> None:
    prompts = speak(Form.NUMBER, number)

    assert len(prompts) <= (1 if number < 100 else 6)


@given(NUMBERS, st.integers(0, 99))
def test_money_is_said_in_roubles_and_kopecks(roubles: int, kopecks: int) -> None:
    whole = f"{words(roubles)} {plural(roubles, 'рубль', 'рубля', 'рублей')}"
    rest = f"{words(kopecks, Agreement.FEMININE)} {plural(kopecks, 'копейка', 'копейки', 'копеек')}"
    expected = [whole] * bool(roubles or not kopecks) + [rest] * bool(kopecks)

    assert said(Form.MONEY, 100 * roubles + kopecks) == " ".join(expected)


@given(DAYS)
def test_a_date_is_said_with_its_year(day: date) -> None:
    month = format_date(day, "MMMM", locale="ru")
    year = num2words(day.year, lang="ru", to="ordinal", gender="m", case="g")

    ordinal = num2words(day.day, lang="ru", to="ordinal", gender="n")
    assert said(Form.DATE, day) == f"{ordinal} {month} {year} года"


@given(DAYS)
def test_a_date_on_which_something_happens_is_in_the_genitive(day: date) -> None:
    month = format_date(day, "MMMM", locale="ru")
    ordinal = num2words(day.day, lang="ru", to="ordinal", gender="n", case="g")

    wording = Wording(case=Case.GENITIVE, has_year=False)
    assert said(Form.DATE, day, wording) == f"{ordinal} {month}"


@given(TIMES)
def test_a_time_is_said_in_hours_and_minutes(moment: time) -> None:
    hour = f"{words(moment.hour)} {plural(moment.hour, 'час', 'часа', 'часов')}"
    minute = words(moment.minute, Agreement.FEMININE)
    minutes = f" {minute} {plural(moment.minute, 'минута', 'минуты', 'минут')}"

    assert said(Form.TIME, moment) == hour + (minutes if moment.minute else "")


@given(st.text(alphabet="0123456789 -/", max_size=30))
def test_digits_are_said_one_by_one_with_a_pause_at_every_gap(written: str) -> None:
    groups = written.replace("-", " ").replace("/", " ").split()

    expected = ", ".join(" ".join(words(int(digit)) for digit in group) for group in groups)
    assert said(Form.DIGITS, written) == expected


@given(st.text(max_size=30), st.sampled_from([Form.PHONE, Form.SNILS]))
def test_no_digit_of_a_phone_or_snils_is_lost(written: str, form: Form) -> None:
    value = {text: key for key, text in pieces_of(Form.NUMBER).items()}
    digits = "".join(each for each in written if each in "0123456789")

    groups = said(form, written).replace("плюс ", "").split(", ")
    numbers = [_digits_of(group, value) for group in groups if group]
    assert "".join(numbers) == digits


def _digits_of(group: str, value: Mapping[str, str]) -> str:
    """Read a group back: «девятьсот шестнадцать» is 916, «ноль пять» is 05."""
    zeros = len(group.split(" ")) - len(group.replace("ноль", "").split())
    rest = group.replace("ноль ", "").removesuffix("ноль").strip()
    if not rest:
        return "0" * zeros
    if rest in value:
        return "0" * zeros + value[rest].rpartition("-")[2]
    hundreds, _, tail = rest.partition(" ")
    if hundreds in value and tail in value and int(value[hundreds].rpartition("-")[2]) >= 100:
        number = sum(int(value[each].rpartition("-")[2]) for each in (hundreds, tail))
        return "0" * zeros + str(number)
    return "".join(value[each].rpartition("-")[2] for each in group.split(" "))


@pytest.mark.parametrize(
    ("form", "value", "heard"),
    [
        (Form.NUMBER, 1000, "одна тысяча"),
        (Form.NUMBER, 2_000_021, "два миллиона двадцать один"),
        (
            Form.PHONE,
            "+7 (916) 123-45-07",
            "плюс семь, девятьсот шестнадцать, сто двадцать три, сорок пять, ноль семь",
        ),
        (Form.PHONE, "88001000001", "восемь, восемьсот, сто, ноль ноль, ноль один"),
        (Form.PHONE, "2345678", "двести тридцать четыре, пятьдесят шесть, семьдесят восемь"),
        (Form.PHONE, "112", "сто двенадцать"),
        (Form.PHONE, "", ""),
        (
            Form.SNILS,
            "112-233-445 95",
            "сто двенадцать, двести тридцать три, четыреста сорок пять, девяносто пять",
        ),
        (Form.DIGITS, "07-15", "ноль семь, один пять"),
        (Form.DATE, date(2026, 11, 22), "двадцать второе ноября две тысячи двадцать шестого года"),
        (Form.DATE, date(2000, 1, 31), "тридцать первое января двухтысячного года"),
        (Form.DATE, date(1850, 3, 3), "третье марта один восемь пять ноль года"),
        (Form.TIME, time(9, 30), "девять часов тридцать минут"),
        (Form.TIME, time(0, 0), "ноль часов"),
        (Form.MONEY, 12_102, "сто двадцать один рубль две копейки"),
        (Form.MONEY, -100, "минус один рубль"),
        (Form.MONEY, 100_000, "одна тысяча рублей"),
        (Form.MINUTES, 41, "сорок одна минута"),
        (Form.MINUTES, -5, "меньше минуты"),
    ],
)
def test_it_is_said_as_russians_say_it(form: Form, value: Value, heard: str) -> None:
    assert said(form, value) == heard


@pytest.mark.parametrize(
    ("forms", "agreement"),
    [
        (("день", "дня", "дней"), Agreement.MASCULINE),
        (("рабочий день", "рабочих дня", "рабочих дней"), Agreement.MASCULINE),
        (("час работы", "часа работы", "часов работы"), Agreement.MASCULINE),
        (("мужчина", "мужчины", "мужчин"), Agreement.MASCULINE),
        (("минута", "минуты", "минут"), Agreement.FEMININE),
        (("неделя", "недели", "недель"), Agreement.FEMININE),
        (("пенсия по старости", "пенсии по старости", "пенсий по старости"), Agreement.FEMININE),
        (("ночь", "ночи", "ночей"), Agreement.FEMININE),
        (("минуту", "минуты", "минут"), Agreement.FEMININE_ACCUSATIVE),
        (("обращение", "обращения", "обращений"), Agreement.NEUTER),
        (("место", "места", "мест"), Agreement.NEUTER),
        (("евро", "евро", "евро"), Agreement.NEUTER),
    ],
)
def test_the_gender_of_a_noun_is_told_by_its_endings(
    forms: tuple[str, str, str], agreement: Agreement
) -> None:
    assert agreement_of(forms[0], forms[1]) is agreement
    assert Noun.of(*forms).agreement is agreement


@pytest.mark.parametrize(
    ("forms", "agreement"),
    [
        (("дня", "дней", "дней"), Agreement.GENITIVE),
        (("рабочего дня", "рабочих дней", "рабочих дней"), Agreement.GENITIVE),
        (("часа работы", "часов работы", "часов работы"), Agreement.GENITIVE),
        (("обращения", "обращений", "обращений"), Agreement.GENITIVE),
        (("мужчины", "мужчин", "мужчин"), Agreement.GENITIVE),
        (("имени", "имён", "имён"), Agreement.GENITIVE),
        (("минуты", "минут", "минут"), Agreement.FEMININE_GENITIVE),
        (("пенсии по старости", "пенсий по старости", "пенсий"), Agreement.FEMININE_GENITIVE),
        (("календарной недели", "календарных недель", "недель"), Agreement.FEMININE_GENITIVE),
    ],
)
def test_the_gender_of_a_noun_in_the_genitive_is_told_by_its_endings_too(
    forms: tuple[str, str, str], agreement: Agreement
) -> None:
    assert Noun.of(*forms, case=Case.GENITIVE).agreement is agreement


def test_every_gender_has_an_agreement_in_every_case() -> None:
    found = {Agreement.of(gender, case) for gender in Gender for case in Case}

    assert found == set(Agreement)


@pytest.mark.parametrize(
    ("number", "gender", "case", "heard"),
    [
        (1, Gender.FEMININE, Case.NOMINATIVE, "одна"),
        (2, Gender.FEMININE, Case.NOMINATIVE, "две"),
        (1, Gender.NEUTER, Case.NOMINATIVE, "одно"),
        (1, Gender.FEMININE, Case.ACCUSATIVE, "одну"),
        (1001, Gender.MASCULINE, Case.ACCUSATIVE, "одну тысячу один"),
        (21, Gender.MASCULINE, Case.GENITIVE, "двадцати одного"),
        (242, Gender.FEMININE, Case.GENITIVE, "двухсот сорока двух"),
        (1_021_001, Gender.FEMININE, Case.GENITIVE, "одного миллиона двадцати одной тысячи одной"),
    ],
)
def test_a_number_agrees_with_what_it_numbers(
    number: int, gender: Gender, case: Case, heard: str
) -> None:
    assert said(Form.NUMBER, number, Wording(agreement=Agreement.of(gender, case))) == heard


@pytest.mark.parametrize(
    ("number", "noun", "heard"),
    [
        (1, WITHIN_DAYS, "одного рабочего дня"),
        (121, WITHIN_DAYS, "ста двадцати одного рабочего дня"),
        (5, WITHIN_WEEKS, "пяти недель"),
        (1001, WITHIN_WEEKS, "одной тысячи одной недели"),
        (2000, WITHIN_DAYS, "двух тысяч рабочих дней"),
    ],
)
def test_a_count_may_be_in_the_genitive(number: int, noun: Noun, heard: str) -> None:
    assert said(Form.COUNT, number, Wording(noun=noun)) == heard


def test_two_nouns_never_share_a_piece_and_one_noun_always_does() -> None:
    again = Noun.of(" день", "дня", "дней\n")

    assert DAY.texts() == again.texts()
    assert not DAY.texts().keys() & MINUTE.texts().keys()
    assert not MINUTE.texts().keys() & MINUTE_FROM_NOW.texts().keys()


def _any_value(form: Form) -> st.SearchStrategy[Value]:
    values: dict[type[Value], st.SearchStrategy[Value]] = {
        int: st.integers(),
        str: st.text(max_size=40),
        date: st.one_of(st.dates(), st.datetimes()),
        time: st.times(),
    }
    return values[form.takes]


WORDINGS = st.builds(
    Wording,
    agreement=st.sampled_from(Agreement),
    noun=st.sampled_from(NOUNS),
    case=st.sampled_from(Case),
    has_year=st.booleans(),
)


@pytest.mark.parametrize("form", Form)
@given(data=st.data(), wording=WORDINGS)
def test_whatever_is_said_every_prompt_of_it_was_known_beforehand(
    form: Form, data: st.DataObject, wording: Wording
) -> None:
    """This is what lets a check prove that no caller meets a missing prompt."""
    prompts = speak(form, data.draw(_any_value(form)), wording)

    assert set(prompts) <= pieces_of(form, wording).keys()


@given(form=st.sampled_from(Form), wording=WORDINGS)
def test_every_piece_but_those_of_a_noun_is_in_the_list(form: Form, wording: Wording) -> None:
    of_noun = wording.noun.texts().keys() if wording.noun is not None else set()

    assert pieces_of(form, wording).keys() - of_noun <= every_spoken_key()
    assert every_waiting_key() <= every_spoken_key()


@given(wordings=st.tuples(WORDINGS, WORDINGS), forms=st.tuples(*[st.sampled_from(Form)] * 2))
def test_one_key_never_has_two_texts(
    wordings: tuple[Wording, Wording], forms: tuple[Form, ...]
) -> None:
    one, other = (pieces_of(form, each) for form, each in zip(forms, wordings, strict=True))

    assert {key for key in one.keys() & other.keys() if one[key] != other[key]} == set()


@pytest.mark.parametrize("form", Form)
def test_the_texts_of_pieces_are_russian_words_and_only_the_pause_has_none(form: Form) -> None:
    texts = pieces_of(form, Wording(noun=DAY))

    assert {key for key, text in texts.items() if not text} <= {PAUSE}
    assert {text for text in texts.values() if not_words(text) is not None} == set()


@pytest.mark.parametrize(
    ("form", "value"),
    [(Form.MONEY, "12"), (Form.DATE, time(9, 0)), (Form.TIME, date(2026, 11, 22))],
)
def test_a_value_of_another_type_is_refused(form: Form, value: Value) -> None:
    with pytest.raises(TypeError, match=f"as {form.value}: expected {form.takes.__name__}"):
        speak(form, value)


@pytest.mark.parametrize(
    "ask", [lambda: speak(Form.COUNT, 5), lambda: pieces_of(Form.COUNT)], ids=["speak", "pieces"]
)
def test_a_count_without_a_noun_is_refused(ask: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match="no noun"):
        ask()


def test_a_date_with_a_time_of_day_is_said_as_a_date() -> None:
    moment = datetime.fromisoformat("2026-11-22T09:30:00+03:00") + timedelta(hours=1)

    assert said(Form.DATE, moment).startswith("двадцать второе ноября")


def test_a_log_shows_that_a_value_was_said_and_not_which() -> None:
    said = (PromptKey("text-1"), *speak(Form.SNILS, "11223344595"), PromptKey("goodbye"))
    days = Wording(noun=Noun.of("день", "дня", "дней"))
    assert without_values(said) == ("text-1", "a-value", "goodbye")
    assert without_values(speak(Form.COUNT, 22, days)) == ("a-value",)
    assert without_values(()) == ()
