"""
What a script says, as it is written: keys of the manifest, and texts with values in them.

    prompts: [greeting, {text: "Ваше дело {{ case | digits }} рассмотрено {{ day | date }}."}]

The words between two values are one prompt each, rendered ahead; a value passes exactly one form.

Rule 1: in every language a text has the same values in the same order. Their case, their gender
and what is counted are told by the Russian text; an English one tells what it counts in English.
Rule 2: a text holds words and no digits: how a number is read only a person knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Final, TypeAlias, TypeVar

from jinja2 import nodes
from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from ekc_telephony.core.ivr.expressions import Expression, may_divide_by_zero
from ekc_telephony.core.ivr.spoken import (
    ENGLISH,
    PLAIN,
    Agreement,
    Case,
    Form,
    Gender,
    Noun,
    Wording,
    pieces_of,
)
from ekc_telephony.core.ivr.texts import RUSSIAN, not_words, plain_text, text_key
from ekc_telephony.core.ivr.utterance import Insert, Utterance
from ekc_telephony.core.ivr.values import VariableKind
from ekc_telephony.core.kernel.ids import PromptKey
from ekc_telephony.settings.ivr.expressions import ExpressionRefusedError, parsed, read_node
from ekc_telephony.settings.values import Name

FORMS: Final[Mapping[Form, VariableKind]] = {
    Form.NUMBER: VariableKind.NUMBER,
    Form.COUNT: VariableKind.NUMBER,
    Form.MINUTES: VariableKind.NUMBER,
    Form.DIGITS: VariableKind.TEXT,
    Form.PHONE: VariableKind.TEXT,
    Form.SNILS: VariableKind.TEXT,
    Form.DATE: VariableKind.DATE,
    Form.TIME: VariableKind.TIME,
    Form.MONEY: VariableKind.MONEY,
}
"""What each form says."""


class Text(BaseModel):
    """A text instead of a prompt's key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str | Mapping[str, str]
    """In Russian, or language → text."""

    def by_language(self) -> Mapping[str, str]:
        """Return the text in each of its languages."""
        return {RUSSIAN: self.text} if isinstance(self.text, str) else self.text


Prompt: TypeAlias = Name | Text
Prompts: TypeAlias = tuple[Prompt, ...]


TextOnly: TypeAlias = Annotated[
    Text,
    BeforeValidator(lambda written: {"text": written}),
    WithJsonSchema(
        {"type": ["string", "object"], "additionalProperties": {"type": "string"}},
    ),
]
"""The value of `text:` itself."""


class WordsRefusedError(Exception):
    """
    A text cannot be said.

    Args:
        found: What was found.
        expected: What could stand there.
        advice: What to do.
    """

    def __init__(self, found: str, *, expected: str, advice: str) -> None:
        super().__init__(found)
        self.found, self.expected, self.advice = found, expected, advice


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spoken:
    """A value as it stands in the text of one language."""

    value: Expression
    form: Form
    wording: Wording
    english: tuple[str, str] | None = None
    """What is counted, one and many, where the text is English."""


def read_text(
    text: Text, kinds: Mapping[str, VariableKind]
) -> tuple[Utterance, Mapping[PromptKey, Mapping[str, str]]]:
    """
    Return what a text says, and the texts of the prompts to be rendered for it.

    Those are its words, and all pieces that its values may be put together from.

    Args:
        text: As it is written.
        kinds: The variables that are declared.

    Raises:
        WordsRefusedError: It cannot be said.
    """
    written = text.by_language()
    parts = {language: _parts(each, kinds, language) for language, each in written.items()}
    if not parts:
        raise WordsRefusedError("a text in no language", expected="a text", advice="write it")
    shapes = {tuple(isinstance(part, _Spoken) for part in each) for each in parts.values()}
    if len(shapes) > 1:
        raise _differing()
    said: list[PromptKey | Insert] = []
    rendered: dict[PromptKey, Mapping[str, str]] = {}
    for together in zip(*parts.values(), strict=True):
        in_language = dict(zip(parts, together, strict=True))
        spoken = {name: each for name, each in in_language.items() if isinstance(each, _Spoken)}
        if spoken:
            insert = _merged(spoken)
            said.append(insert)
            pieces = pieces_of(insert.form, insert.wording)
            rendered |= {key: {RUSSIAN: piece} for key, piece in pieces.items()}
            continue
        words = {language: str(each) for language, each in in_language.items()}
        key = text_key(words)
        rendered[key] = words
        said.append(key)
    return tuple(said), rendered


def _merged(spoken: Mapping[str, _Spoken]) -> Insert:
    """Return a value as all languages say it: the Russian text tells its case and its noun."""
    first = spoken.get(RUSSIAN) or next(iter(spoken.values()))
    wording = first.wording
    short = Wording(has_year=wording.has_year)
    for each in spoken.values():
        fits = each.wording in {wording, short}
        if (each.value, each.form) != (first.value, first.form) or not fits:
            raise _differing()
    if first.form is Form.COUNT:
        if wording.noun is None:
            raise WordsRefusedError(
                "a count in English alone",
                expected="the same text in Russian, with count('день', 'дня', 'дней')",
                advice="write `text: {ru: …, en: …}`",
            )
        english = next((each.english for each in spoken.values() if each.english), None)
        wording = replace(wording, noun=replace(wording.noun, english=english))
    return Insert(value=first.value, form=first.form, wording=wording)


def _differing() -> WordsRefusedError:
    return WordsRefusedError(
        "values that differ between the languages",
        expected="the same values in the same order in every language",
        advice="rephrase one of the languages",
    )


def _parts(text: str, kinds: Mapping[str, VariableKind], language: str) -> list[str | _Spoken]:
    try:
        body = parsed(text)
    except ExpressionRefusedError as refused:
        raise WordsRefusedError(
            refused.found, expected="text with values in {{ }}", advice="correct the braces"
        ) from None
    parts: list[str | _Spoken] = []
    for node in body:
        if not isinstance(node, nodes.Output):
            raise WordsRefusedError(
                "a statement in {% %}", expected="values in {{ }}", advice="use a `branch` node"
            )
        for each in node.nodes:
            if isinstance(each, nodes.TemplateData):
                parts += _words(each.data, language)
            else:
                parts.append(_spoken(each, kinds, language))
    if not parts:
        raise WordsRefusedError("an empty text", expected="words", advice="write what is said")
    return parts


def _words(written: str, language: str) -> Iterator[str]:
    words = plain_text(written).lstrip(",.;:!?») ")
    if not any(letter.isalpha() for letter in words):
        return  # a full stop after a value
    if (strange := not_words(words, language=language)) is not None:
        raise WordsRefusedError(
            f"«{strange}» in a text",
            expected="words only",
            advice="write it out as it is spoken, or use a variable with a form",
        )
    yield words


def _spoken(node: nodes.Expr, kinds: Mapping[str, VariableKind], language: str) -> _Spoken:
    forms = ", ".join(form.value for form in Form)
    if not isinstance(node, nodes.Filter) or node.node is None:
        raise WordsRefusedError(
            "a value without a form",
            expected=f"{{{{ name | form }}}} with one of the forms {forms}",
            advice="say how it is spoken",
        )
    form = next((each for each in Form if each.value == node.name), None)
    if form is None:
        raise WordsRefusedError(
            f"the form {node.name}", expected=f"one of: {forms}", advice="take one of these"
        )
    wording, english = _wording(form, node, language)
    try:
        value = read_node(node.node, kinds)
    except ExpressionRefusedError as refused:
        raise WordsRefusedError(
            refused.found, expected=refused.expected, advice="correct what stands in {{ }}"
        ) from None
    if value.kind is not FORMS[form]:
        raise WordsRefusedError(
            f"a {value.kind.value} that is to be said as {form.value}",
            expected=f"a {FORMS[form].value}",
            advice="declare the variable so, or take another form",
        )
    if may_divide_by_zero(value.expression):
        raise WordsRefusedError(
            "a division by a variable that is to be said",
            expected="a value that is known: whatever is divided by zero is not",
            advice="`set` a variable to it, and say that where it `is defined`",
        )
    return _Spoken(value=value.expression, form=form, wording=wording, english=english)


def _wording(
    form: Form, node: nodes.Filter, language: str
) -> tuple[Wording, tuple[str, str] | None]:
    """Return what stands in brackets: for all languages, and for English alone."""
    arguments = [_constant(each) for each in node.args]
    named = {str(each.key): _constant(each.value) for each in node.kwargs}
    if _is_unpacked(node):
        raise _strange_brackets(form)
    match form, arguments:
        case Form.COUNT, [str() as one, str() as many] if language == ENGLISH and not named:
            return PLAIN, (_noun(one, language), _noun(many, language))
        case Form.COUNT, [str(), str(), str()] if set(named) <= {"case"}:
            return Wording(noun=_counted(arguments, named)), None
        case Form.NUMBER, [] if set(named) <= {"gender", "case"}:
            gender = _word(form, Gender, named, "gender", Gender.MASCULINE)
            case = _word(form, Case, named, "case", Case.NOMINATIVE)
            return Wording(agreement=Agreement.of(gender, case)), None
        case Form.DATE, [] if set(named) <= {"case", "year"}:
            return _date_wording(named), None
        case _, [] if form is not Form.COUNT and not named:
            return PLAIN, None
        case _:
            raise _strange_brackets(form)


def _counted(forms: list[object], named: Mapping[str, object]) -> Noun:
    one, few, many = (_noun(str(each), RUSSIAN) for each in forms)
    case = _word(Form.COUNT, Case, named, "case", Case.NOMINATIVE)
    if case is Case.ACCUSATIVE:
        raise WordsRefusedError(
            "a count with case='accusative'",
            expected="the words as they stand after «через»: count('минуту', 'минуты', 'минут')",
            advice="leave `case` out: the ending tells it",
        )
    return Noun.of(one, few, many, case=case)


def _noun(written: str, language: str) -> str:
    words = plain_text(written)
    strange = not_words(words, language=language)
    if strange is not None or not words:
        raise WordsRefusedError(
            f"«{words if strange is None else strange}» in a count",
            expected="words only: count('день', 'дня', 'дней'), in English count('day', 'days')",
            advice="write what is counted as it is spoken",
        )
    return words


_Word = TypeVar("_Word", Gender, Case)


def _word(
    form: Form, words: type[_Word], named: Mapping[str, object], key: str, unsaid: _Word
) -> _Word:
    found = next((each for each in words if each.value == named.get(key, unsaid.value)), None)
    if found is None:
        known = " or ".join(f"{key}='{each.value}'" for each in words)
        raise WordsRefusedError(
            f"a {form.value} with other words in brackets: {key}={named[key]!r}",
            expected=known,
            advice="ivr_scripts/README.md lists the forms",
        )
    return found


def _strange_brackets(form: Form) -> WordsRefusedError:
    return WordsRefusedError(
        f"the form {form.value} with these words in brackets",
        expected="count('день', 'дня', 'дней'), in English count('day', 'days'), "
        "number(gender='feminine', case='genitive'), date(case='genitive', year=false), "
        "or the form alone",
        advice="ivr_scripts/README.md lists the forms",
    )


def _is_unpacked(node: nodes.Filter) -> bool:
    return node.dyn_args is not None or node.dyn_kwargs is not None


def _date_wording(named: Mapping[str, object]) -> Wording:
    year = named.get("year", True)
    if not isinstance(year, bool):
        raise WordsRefusedError(
            "a date with other words in brackets: year",
            expected="year=true or year=false",
            advice="ivr_scripts/README.md lists the forms",
        )
    return Wording(case=_word(Form.DATE, Case, named, "case", Case.NOMINATIVE), has_year=year)


def _constant(node: nodes.Expr) -> object:
    return node.value if isinstance(node, nodes.Const) else None
