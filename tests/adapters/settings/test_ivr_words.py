"""Texts and expressions in scripts: what is said, what is computed, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest

from ekc_telephony.core.ivr.expressions import Expression, Known, evaluate
from ekc_telephony.core.ivr.spoken import Agreement, Case, Form, Noun, Wording, pieces_of
from ekc_telephony.core.ivr.texts import text_key
from ekc_telephony.core.ivr.utterance import Insert
from ekc_telephony.core.ivr.values import Value, VariableKind
from ekc_telephony.settings.ivr.expressions import ExpressionRefusedError, read_expression
from ekc_telephony.settings.ivr.words import Text, WordsRefusedError, read_text

KINDS: Final = {
    "n": VariableKind.NUMBER,
    "who": VariableKind.TEXT,
    "ok": VariableKind.FLAG,
    "day": VariableKind.DATE,
    "at": VariableKind.TIME,
    "sum": VariableKind.MONEY,
}
KNOWN: Final[Mapping[str, Value]] = {
    "n": 5, "who": "anna", "ok": True, "sum": 10_000, "caller.has_number": False,
}  # fmt: skip


def _worth(text: str) -> Value | None:
    expression: Expression = read_expression(text, KINDS).expression
    return evaluate(expression, KNOWN)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n == 5", True),
        ("n + 1", 6),
        ("n - 7", -2),
        ("-3", -3),
        ("sum > 99.5", True),
        ("sum == '100.00'", True),
        ("n in [4, 5]", True),
        ("n not in (4, 5)", False),
        ("who + '!'", "anna!"),
        ("who | length > 3", True),
        ("who | upper", "ANNA"),
        ("who | upper | lower == who", True),
        ("n // 2", 2),
        ("n % 2 == 1", True),
        ("sum // 1", 100),
        ("sum % 30", 1_000),
        ("100 // n", 20),
        ("n // (n - 5)", None),
        ("n % (n - 5) == 0", None),
        ("'nn' in who", True),
        ("who in 'anna, boris'", True),
        ("'NN' not in who", True),
        ("5 in '0123456789'", True),
        ("sum > -1.5", True),
        ("not ok or n < 3", False),
        ("ok and (n > 4)", True),
        ("day is defined", False),
        ("day is not defined", True),
        ("day < '2026-12-31'", None),
        ("caller.has_number", False),
    ],
)
def test_what_an_expression_is_worth(text: str, value: Value | None) -> None:
    assert _worth(text) == value


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("who()", "the call who(…)"),
        ("who.upper()", "the call upper(…)"),
        ("who.__class__", "the variable who.__class__"),
        ("''.__class__", "what Jinja2 calls Getattr"),
        ("who[0]", "a part in square brackets"),
        ("caller", "the variable caller"),
        ("n * 2", "the operator *"),
        ("n / 0", "the operator /"),
        ("2 ** 999999", "the operator **"),
        ("n ~ who", "the operator ~"),
        ("n if ok else 1", "`… if … else …`"),
        ("who | trim", "the filter trim"),
        ("who | attr('x')", "the filter attr"),
        ("who | length(n)", "the filter length"),
        ("who | length(x=n)", "the filter length"),
        ("who | upper(*n)", "the filter upper"),
        ("who | upper(**n)", "the filter upper"),
        ("n | upper", "a number where a text is needed"),
        ("n is odd", "the test `is odd`"),
        ("1 < n < 9", "a chain of comparisons"),
        ("{'a': 1}", "braces"),
        ("[n]", "a list"),
        ("none", "none"),
        ("-n", "a minus before a name"),
        ("n // 0", "0 after //"),
        ("n % 0", "0 after %"),
        ("sum // 0.0", "0 after //"),
        ("who // 2", "a text beside //"),
        ("who % who", "a text beside %"),
        ("sum // n", "a money beside a number"),
        ("n in who", "a number"),
        ("who in ok", "`in` before a flag"),
        ("n > 1.5", "«1.5»"),
        ("sum > 1e999", "«inf»"),
        ("n }} {% for x in who %}{{ x }}{% endfor %} {{ n", "«"),
        ("n }} {{ who", "«"),
        ("n -}} x {{- n", "«"),
        ("", "«"),
        ("n ==", "«"),
        ("nobody", "the variable nobody"),
        ("n == who", "a number beside a text"),
        ("n and ok", "a number where a flag is needed"),
        ("n in [n]", "a list with variables"),
        ("ok < ok", "flags that are put in order"),
        ("day - day", "a date beside -"),
        ("who - who", "a text beside -"),
        ("ok + ok", "a flag beside +"),
        ("n > 'many'", "«many»"),
        (f"n == {'9' * 20}", "a number beyond all bounds"),
        ("x" * 1_001, "1001 characters"),
        ("(" * 400 + "n" + ")" * 400, ""),
        ("not " * 60 + "ok", "brackets within brackets"),
        (" + ".join(["n"] * 60), "brackets within brackets"),
    ],
)
def test_whatever_is_not_on_the_list_is_refused_with_a_word(text: str, found: str) -> None:
    if text.startswith("(((("):
        # Brackets alone leave nothing behind; Jinja2 may give up on them, and may not raise.
        read_or_refuse(text)
        return
    with pytest.raises(ExpressionRefusedError) as refused:
        read_expression(text, KINDS)
    assert refused.value.found.startswith(found), refused.value.found
    assert refused.value.expected


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("n = 5", "=="),
        ("n === 5", "=="),
        ("ok && n > 1", "and"),
        ("ok || n > 1", "or"),
        ("!ok", "not"),
        ("n <> 5", "!="),
        ("ok AND n > 1", "small letters"),
        ("who == «anna»", "straight quotes"),
        ("at > 10:00", "'09:30'"),
        ("day == 31.12.2026", "'2026-12-31'"),
        ("day < 2026-12-31", "'2026-12-31'"),
        ("day == '31.12.2026'", "'2026-12-31'"),
        ("at == '9.30'", "'09:30'"),
        ("n > 'many'", "a whole number"),
        ("sum > '99,50'", "99.50"),
        ("ok == 'да'", "true or false"),
        ("{{ n }}", "without braces"),
        ("${EXTEN} == '1'", "without braces"),
        ("ok ? 1 : 2", "`branch`"),
        ("1 if ok else 2", "`branch`"),
        ("who == anna", "in quotes"),
        ("ok == yes", "true or false"),
        ("who is none", "`name is not defined`"),
        ("who is not none", "`name is defined`"),
        ("who == none", "`name is not defined`"),
        ("who is undefined", "`name is not defined`"),
        ("caller.number is defined", "caller.has_number"),
        ("n is divisibleby 3", "n % 3 == 0"),
        ("n is even", "n % 2 == 0"),
        ("n * 2", "information system"),
        ("n / 2", "n // 2"),
        ("who ~ who", "`+`"),
        ("1 < n < 9", "1 < n and n < 9"),
        ("-n", "0 - name"),
        ("who[0]", "a part of it"),
        ("who.startswith('+7')", "a part of it"),
        ("who.lower()", "name | lower"),
        ("len(who)", "name | length"),
        ("who | default('x')", "`initial:`"),
        ("who | int", "`variables:`"),
        ("n > now()", "`hours`"),
        ("did == '122'", "dialled"),
    ],
)
def test_a_refusal_says_what_to_write_instead(text: str, instead: str) -> None:
    with pytest.raises(ExpressionRefusedError) as refused:
        read_expression(text, KINDS)
    assert instead in refused.value.expected


def read_or_refuse(text: str) -> None:
    """Read an expression that may be refused, and must not raise anything else."""
    try:
        read_expression(text, KINDS)
    except ExpressionRefusedError as refused:
        assert refused.found  # noqa: PT017 (refused or not, either is right)


# --- texts


def test_a_text_is_words_and_values() -> None:
    said, rendered = read_text(Text(text="Вам начислено {{ sum | money }}."), KINDS)
    words = text_key({"ru": "Вам начислено"})
    assert said == (words, Insert(value=Known("sum"), form=Form.MONEY))
    assert rendered[words] == {"ru": "Вам начислено"}


@pytest.mark.parametrize(
    ("written", "form", "wording"),
    [
        ("n | number", Form.NUMBER, Wording()),
        (
            "n | count('день', 'дня', 'дней')",
            Form.COUNT,
            Wording(noun=Noun.of("день", "дня", "дней")),
        ),
        (
            "n | count('дня', 'дней', 'дней', case='genitive')",
            Form.COUNT,
            Wording(noun=Noun.of("дня", "дней", "дней", case=Case.GENITIVE)),
        ),
        (
            "n | number(gender='feminine')",
            Form.NUMBER,
            Wording(agreement=Agreement.FEMININE),
        ),
        (
            "n | number(gender='neuter', case='genitive')",
            Form.NUMBER,
            Wording(agreement=Agreement.GENITIVE),
        ),
        ("day | date(case='accusative')", Form.DATE, Wording(case=Case.ACCUSATIVE)),
        ("n | minutes", Form.MINUTES, Wording()),
        ("who | digits", Form.DIGITS, Wording()),
        ("who | phone", Form.PHONE, Wording()),
        ("who | snils", Form.SNILS, Wording()),
        ("day | date", Form.DATE, Wording()),
        (
            "day | date(case='genitive', year=false)",
            Form.DATE,
            Wording(case=Case.GENITIVE, has_year=False),
        ),
        ("at | time", Form.TIME, Wording()),
        ("sum | money", Form.MONEY, Wording()),
    ],
)
def test_every_piece_of_a_value_is_rendered_ahead(
    written: str, form: Form, wording: Wording
) -> None:
    """The shipped sounds hold few of them: nobody would hear an hour or a sum of money."""
    said, rendered = read_text(Text(text="{{ " + written + " }}"), KINDS)
    insert = said[0]
    assert isinstance(insert, Insert)
    assert (insert.form, insert.wording) == (form, wording)
    assert {key: {"ru": text} for key, text in pieces_of(form, wording).items()} == rendered


def test_a_text_may_be_in_several_languages_with_the_same_values() -> None:
    both = Text(text={"ru": "Вас ждёт {{ n | number }}", "tt": "Сезне көтә {{ n | number }}"})
    said, rendered = read_text(both, KINDS)
    assert len(said) == 2
    assert rendered[text_key({"ru": "Вас ждёт", "tt": "Сезне көтә"})]["tt"] == "Сезне көтә"


def test_an_english_text_tells_what_it_counts_in_english() -> None:
    both = Text(
        text={
            "ru": "Осталось {{ n | count('день', 'дня', 'дней') }}.",
            "en": "It will take {{ n | count('day', 'days') }}.",
        }
    )
    said, rendered = read_text(both, KINDS)
    noun = Noun.of("день", "дня", "дней", english=("day", "days"))
    assert said[1] == Insert(value=Known("n"), form=Form.COUNT, wording=Wording(noun=noun))
    assert rendered[noun.counted(2)] == {"ru": "два дня"}


@pytest.mark.parametrize(
    ("russian", "other"),
    [
        ("n | number(gender='feminine')", "n | number"),
        ("day | date(case='genitive', year=false)", "day | date(year=false)"),
        ("n | count('день', 'дня', 'дней')", "n | count('день', 'дня', 'дней')"),
    ],
)
def test_only_the_russian_text_has_to_tell_case_and_gender(russian: str, other: str) -> None:
    alone, _ = read_text(Text(text="{{ " + russian + " }}"), KINDS)
    both = {"ru": "{{ " + russian + " }}", "tt": "{{ " + other + " }}"}
    assert read_text(Text(text=both), KINDS)[0] == alone


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "an empty text"),
        ("У вас 5 дел", "«5» in a text"),
        ("Нажмите #", "«#» in a text"),
        ("SMS придёт", "«SMS» in a text"),
        ("{{ n }}", "a value without a form"),
        ("{{ n | upper }}", "the form upper"),
        ("{{ n | money }}", "a number that is to be said as money"),
        ("{{ who | number }}", "a text that is to be said as number"),
        ("{{ nobody | digits }}", "the variable nobody"),
        ("{{ n | count }}", "the form count with these words"),
        ("{{ n | count('день') }}", "the form count with these words"),
        ("{{ n | count(who, who, who) }}", "the form count with these words"),
        ("{{ n | number('x') }}", "the form number with these words"),
        ("{{ n | number(gender='женский') }}", "a number with other words in brackets: gender"),
        ("{{ n | number(gender=n) }}", "a number with other words in brackets: gender"),
        ("{{ n | number(case='dative') }}", "a number with other words in brackets: case"),
        ("{{ n | number(sex='feminine') }}", "the form number with these words"),
        ("{{ n | count('день', 'дня') }}", "the form count with these words"),
        ("{{ n | count('day', 'days', 'days') }}", "«day» in a count"),
        ("{{ n | count('5 день', 'дня', 'дней') }}", "«5» in a count"),
        ("{{ n | count('', 'дня', 'дней') }}", "«» in a count"),
        ("{{ n | count('день', 'дня', 'дней', case='accusative') }}", "a count with case="),
        ("{{ n | count('день', 'дня', 'дней', case='dative') }}", "a count with other words"),
        ("{{ n | money(case='genitive') }}", "the form money with these words"),
        ({"en": "{{ n | count('day', 'days') }}"}, "a count in English alone"),
        (
            {
                "ru": "{{ n | count('день', 'дня', 'дней') }}",
                "en": "{{ n | count('час', 'часа', 'часов') }}",
            },
            "values that differ",
        ),
        (
            {"ru": "{{ day | date(year=false) }}", "en": "{{ day | date }}"},
            "values that differ",
        ),
        ("{{ n | number(*who) }}", "the form number with these words"),
        ("{{ day | date(case='dative') }}", "a date with other words"),
        ("{{ day | date(year=n) }}", "a date with other words"),
        ("{{ n // n | number }}", "a value without a form"),
        ("{{ (n // n) | number }}", "a division by a variable"),
        ("{% if ok %}да{% endif %}", "a statement in {% %}"),
        ("{{ n | number", "«{{ n | number»"),
        ("{{ " + "9" * 5_000 + " | number }}", "«{{ 999"),
        ({"ru": "{{ n | number }}", "tt": "{{ who | digits }}"}, "values that differ"),
        ({"ru": "Да {{ n | number }}", "tt": "{{ n | number }}"}, "values that differ"),
        ({}, "a text in no language"),
    ],
)
def test_a_text_that_cannot_be_said(text: str | Mapping[str, str], found: str) -> None:
    with pytest.raises(WordsRefusedError) as refused:
        read_text(Text(text=text), KINDS)
    assert refused.value.found.startswith(found), refused.value.found
    assert refused.value.expected
    assert refused.value.advice
