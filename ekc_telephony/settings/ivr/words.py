"""
What a script says, as it is written: keys of the manifest, and texts with values in them.

    prompts: [greeting, {text: "Ваше дело {{ case | digits }} рассмотрено {{ day | date }}."}]

The words between two values are one prompt each, rendered ahead; a value passes exactly one form.

Rule 1: in every language a text has the same values in the same order.
Rule 2: a text holds words and no digits: how a number is read only a person knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, TypeAlias

from jinja2 import nodes
from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from ekc_telephony.core.ivr.expressions import may_divide_by_zero
from ekc_telephony.core.ivr.spoken import PLAIN, Case, Form, Noun, Wording, pieces_of
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
    shapes = [
        [part if isinstance(part, Insert) else None for part in each] for each in parts.values()
    ]
    if any(shape != shapes[0] for shape in shapes):
        raise WordsRefusedError(
            "values that differ between the languages",
            expected="the same values in the same order in every language",
            advice="rephrase one of the languages",
        )
    said: list[PromptKey | Insert] = []
    rendered: dict[PromptKey, Mapping[str, str]] = {}
    for number, insert in enumerate(shapes[0]):
        if insert is not None:
            said.append(insert)
            pieces = pieces_of(insert.form, insert.wording)
            rendered |= {key: {RUSSIAN: spoken} for key, spoken in pieces.items()}
            continue
        words = {language: str(each[number]) for language, each in parts.items()}
        key = text_key(words)
        rendered[key] = words
        said.append(key)
    return tuple(said), rendered


def _parts(text: str, kinds: Mapping[str, VariableKind], language: str) -> list[str | Insert]:
    try:
        body = parsed(text)
    except ExpressionRefusedError as refused:
        raise WordsRefusedError(
            refused.found, expected="text with values in {{ }}", advice="correct the braces"
        ) from None
    parts: list[str | Insert] = []
    for node in body:
        if not isinstance(node, nodes.Output):
            raise WordsRefusedError(
                "a statement in {% %}", expected="values in {{ }}", advice="use a `branch` node"
            )
        for each in node.nodes:
            if isinstance(each, nodes.TemplateData):
                parts += _words(each.data, language)
            else:
                parts.append(_insert(each, kinds))
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


def _insert(node: nodes.Expr, kinds: Mapping[str, VariableKind]) -> Insert:
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
    wording = _wording(form, node)
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
    return Insert(value=value.expression, form=form, wording=wording)


def _wording(form: Form, node: nodes.Filter) -> Wording:
    arguments = [_constant(each) for each in node.args]
    named = {str(each.key): _constant(each.value) for each in node.kwargs}
    match form, arguments, named:
        case _, [], _ if form is not Form.COUNT and not named and not _is_unpacked(node):
            return PLAIN
        case Form.COUNT, [str() as one, str() as few, str() as many], _ if not named:
            return Wording(noun=Noun.of(one, few, many))
        case Form.DATE, [], _ if set(named) <= {"case", "year"}:
            return _date_wording(named)
        case _:
            raise WordsRefusedError(
                f"the form {form.value} with these words in brackets",
                expected="count('день', 'дня', 'дней'), date(case='genitive', year=false), "
                "or the form alone",
                advice="ivr_scripts/README.md lists the forms",
            )


def _is_unpacked(node: nodes.Filter) -> bool:
    return node.dyn_args is not None or node.dyn_kwargs is not None


def _date_wording(named: Mapping[str, Any]) -> Wording:
    case = next((each for each in Case if each.value == named.get("case", "nominative")), None)
    year = named.get("year", True)
    if case is None or not isinstance(year, bool):
        raise WordsRefusedError(
            "a date with other words in brackets",
            expected="case='nominative' or case='genitive', year=true or year=false",
            advice="ivr_scripts/README.md lists the forms",
        )
    return Wording(case=case, has_year=year)


def _constant(node: nodes.Expr) -> object:
    return node.value if isinstance(node, nodes.Const) else None
