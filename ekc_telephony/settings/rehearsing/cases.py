"""
Test cases of scripts, as they are written beside them: `ivr_scripts/tests/<script>.yaml`.

    at: 2026-03-02 12:00            # for all cases; each may say otherwise
    from: "+79131234567"
    cases:
      - name: Пенсии ведут на вторую линию
        keys: "2"
        heard: [greeting, menu-main, «вторую линию»]
        end: {queue: pensions}

Rule 1: there is no half of a file: its cases, or all mistakes with file, line and column.
Rule 2: what a case does not mention is not looked at; the end is always mentioned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import override

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.lookup import (
    NOT_FOUND,
    Answer,
    AnswerUnusableError,
    LookupFailure,
    LookupResult,
)
from ekc_telephony.core.ivr.rehearsal_log import EndKind
from ekc_telephony.core.ivr.rehearsed import Rehearsed
from ekc_telephony.core.ivr.script import Identification
from ekc_telephony.core.ivr.values import Value, from_answer
from ekc_telephony.core.kernel.ids import ServiceId
from ekc_telephony.settings.document import Document, Location, read_document
from ekc_telephony.settings.errors import Mistake, SettingsError, suggest
from ekc_telephony.settings.explain import explain
from ekc_telephony.settings.ivr.load import LoadedScript
from ekc_telephony.settings.ivr.site import KnownNames
from ekc_telephony.settings.rehearsing.deeds import Deed, read_deeds
from ekc_telephony.settings.values import Dialled, WrittenInt

HIDDEN: Final = "hidden"
"""Instead of a number: the caller hides it."""
NUMBER_PATTERN: Final = re.compile(rf"{HIDDEN}|\+?[0-9]{{2,20}}")
"""How a caller's number is written."""
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
WAITS: Final = "waits"
"""Instead of an end: the script still asks him, at this node."""
_WORDS: Final = {
    "not_found": NOT_FOUND,
    "failed": LookupResult.failed(LookupFailure.UNREACHABLE),
    "timeout": LookupResult.failed(LookupFailure.TIMEOUT),
}
ANSWER_EXPECTED: Final = "an answer as a block, not_found, failed or timeout; or a list of these"
_DETAILED: Final = {EndKind.QUEUE, EndKind.TRANSFER, EndKind.GOODBYE}
_END_EXPECTED: Final = (
    "how the call ends: {queue: name}, {transfer: number}, {goodbye: outcome}, {waits: node}, "
    "callback, message or hangup"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedEnd:
    """How a call is to end."""

    kind: EndKind | None
    """None: it does not; the caller is asked."""
    detail: str = ""
    """The queue, the number outside, the outcome, the node."""

    @override
    def __str__(self) -> str:
        return f"{WAITS if self.kind is None else self.kind.value} {self.detail}".rstrip()


def read_lookup(written: object) -> Rehearsed:
    """
    Read what an information system answers.

    Raises:
        ValueError: It is no answer; the text says what is expected.
    """
    if isinstance(written, Rehearsed):
        return written
    if isinstance(written, list):
        return Rehearsed(answers=[_result(each) for each in written])
    return Rehearsed(always=_result(written))


def _result(written: object) -> LookupResult:
    if isinstance(written, str) and written in _WORDS:
        return _WORDS[written]
    if not isinstance(written, dict):
        raise ValueError(ANSWER_EXPECTED)  # noqa: TRY004 pydantic wants it
    try:
        return LookupResult.found(Answer.of(written))
    except AnswerUnusableError as error:
        raise ValueError(str(error)) from None


def read_end(written: object) -> ExpectedEnd:
    """
    Read how a call is to end.

    Raises:
        ValueError: It is no end; the text says what is expected.
    """
    if isinstance(written, ExpectedEnd):
        return written
    if isinstance(written, dict) and len(written) == 1:
        [(word, detail)] = written.items()
    else:
        word, detail = written, ""
    kind = next((each for each in EndKind if each.value == word), None)
    if (kind is None and word != WAITS) or bool(detail) is not (kind is None or kind in _DETAILED):
        raise ValueError(_END_EXPECTED)
    detail = getattr(detail, "written", detail)
    if kind is EndKind.GOODBYE and detail not in {each.value for each in CallOutcome}:
        raise ValueError("an outcome: " + ", ".join(each.value for each in CallOutcome))
    return ExpectedEnd(kind=kind, detail=str(detail))


def _as_deeds(written: object) -> tuple[Deed, ...]:
    if isinstance(written, tuple):
        return written
    listed = written if isinstance(written, list) else [written]
    return read_deeds(",".join(str(getattr(each, "written", each)) for each in listed))


def _as_moment(written: object) -> datetime:
    if isinstance(written, datetime):
        return written
    try:
        return datetime.fromisoformat(str(written))
    except ValueError:
        raise ValueError("a moment by the script's clock, such as 2026-03-02 12:00") from None


def _as_text(written: object) -> object:
    return getattr(written, "written", written)


_Words: TypeAlias = tuple[Annotated[str, BeforeValidator(_as_text), Field(min_length=1)], ...]
_Number: TypeAlias = Annotated[
    str, BeforeValidator(_as_text), Field(pattern=f"^({NUMBER_PATTERN.pattern})$")
]
_Lookups: TypeAlias = Mapping[str, Annotated[Any, BeforeValidator(read_lookup)]]


class _CallModel(BaseModel):
    """What is known of a call; at the top of the file it counts for all cases."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    at: Annotated[datetime | None, BeforeValidator(_as_moment)] = None
    number: _Number | None = Field(default=None, alias="from")
    dialled: Dialled | None = None
    lookups: _Lookups = Field(default_factory=dict)


class _CaseModel(_CallModel):
    name: Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=200)]
    keys: Annotated[tuple[Deed, ...], BeforeValidator(_as_deeds)] = ()
    heard: _Words = ()
    not_heard: _Words = ()
    passes: _Words = ()
    variables: Mapping[str, Any] = Field(default_factory=dict)
    notes: Mapping[str, Annotated[str, BeforeValidator(_as_text)]] = Field(default_factory=dict)
    identified: Identification | None = None
    end: Annotated[ExpectedEnd, BeforeValidator(read_end)]


class _FileModel(_CallModel):
    cases: tuple[_CaseModel, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case."""

    name: str
    document: Document
    location: Location
    """Where it is written."""
    at: datetime
    number: str | None
    dialled: str | None
    """None: the script's own number."""
    lookups: Mapping[ServiceId, Rehearsed]
    deeds: tuple[Deed, ...]
    heard: tuple[str, ...]
    """Keys of prompts, or parts of what is said, in this order."""
    not_heard: tuple[str, ...]
    passes: tuple[str, ...]
    """Nodes he comes by, in this order."""
    variables: Mapping[str, Value | None]
    """None: it is not set."""
    notes: Mapping[str, str]
    """Question → answer, of ratings and surveys."""
    identified: Identification | None
    end: ExpectedEnd

    @property
    def place(self) -> str:
        """Where it is written, `file:line`."""
        return f"{self.document.file}:{self.document.position(self.location).line}"


class CaseKind(Enum):
    """Kinds of names that a case may mention."""

    NODE = "node"
    VARIABLE = "variable"
    SERVICE = "service"
    PROMPT = "prompt"


def cases_file(scripts: Path, script: str) -> Path:
    """Return where the test cases of a script are; the folder of scripts has no other folders."""
    return scripts / "tests" / f"{script}.yaml"


def is_key(written: str) -> bool:
    """Tell whether what is to be heard is written as the key of a prompt, not as words."""
    return _KEY.fullmatch(written) is not None


def read_cases(file: Path, loaded: LoadedScript, *, known: KnownNames) -> list[Case]:
    """
    Read the test cases of a script.

    Args:
        file: Where they are.
        loaded: The script.
        known: What the configuration knows.

    Raises:
        SettingsError: The file cannot be used; names every mistake with its place.
    """
    document = read_document(file)
    try:
        model = _FileModel.model_validate(document.plain)
    except ValidationError as error:
        raise SettingsError(_explained(document, error.errors())) from None
    reader = _Reader(document, loaded, known)
    cases = [reader.case(model, each, ("cases", at)) for at, each in enumerate(model.cases)]
    reader.look_at(("lookups",), model.lookups)
    if reader.mistakes:
        raise SettingsError(reader.mistakes)
    return [each for each in cases if each is not None]


class _Reader:
    """Makes cases of what is written, and gathers mistakes."""

    def __init__(self, document: Document, loaded: LoadedScript, known: KnownNames) -> None:
        self._document = document
        self._script = loaded.script
        self._services = frozenset(known.services)
        self._prompts = known.prompts
        self.mistakes: list[Mistake] = []

    def case(self, whole: _FileModel, model: _CaseModel, at: Location) -> Case | None:
        """Return a case; None when a mistake was found in it."""
        before = len(self.mistakes)
        moment = model.at or whole.at
        if moment is None:
            self._complain(at, "a case without a moment", "the key `at` here or above all cases")
        self.look_at((*at, "lookups"), model.lookups)
        for field, words in {"heard": model.heard, "not_heard": model.not_heard}.items():
            for index, word in enumerate(words):
                if is_key(word):
                    self._must_exist(CaseKind.PROMPT, word, self._prompts, (*at, field, index))
        nodes = frozenset(self._script.nodes)
        for index, node in enumerate(model.passes):
            self._must_exist(CaseKind.NODE, node, nodes, (*at, "passes", index))
        if model.end.kind is None:
            self._must_exist(CaseKind.NODE, model.end.detail, nodes, (*at, "end"))
        variables = self._variables(model.variables, (*at, "variables"))
        if moment is None or len(self.mistakes) > before:
            return None
        number = model.number or whole.number
        return Case(
            name=model.name,
            document=self._document,
            location=at,
            at=moment if moment.tzinfo else moment.replace(tzinfo=self._script.zone),
            number=None if number == HIDDEN else number,
            dialled=model.dialled or whole.dialled,
            lookups={
                ServiceId(name): answers
                for name, answers in {**whole.lookups, **model.lookups}.items()
            },
            deeds=model.keys,
            heard=model.heard,
            not_heard=model.not_heard,
            passes=model.passes,
            variables=variables,
            notes=model.notes,
            identified=model.identified,
            end=model.end,
        )

    def look_at(self, at: Location, lookups: Mapping[str, object]) -> None:
        """Complain of services that nobody knows."""
        for name in lookups:
            self._must_exist(CaseKind.SERVICE, name, self._services, (*at, name))

    def _variables(self, written: Mapping[str, object], at: Location) -> dict[str, Value | None]:
        read: dict[str, Value | None] = {}
        for name, value in written.items():
            here = (*at, name)
            if not self._must_exist(CaseKind.VARIABLE, name, self._script.variables, here):
                continue
            kind = self._script.variables[name].kind
            plain = value.written if isinstance(value, WrittenInt) else value
            read[name] = None if plain is None else from_answer(kind, plain)
            if plain is not None and read[name] is None:
                self._complain(here, f"«{plain}»", f"a {kind.value}, or null: it is not set")
        return read

    def _must_exist(
        self, kind: CaseKind, name: str, known: Mapping[str, object] | frozenset[str], at: Location
    ) -> bool:
        if name in known:
            return True
        advice = suggest(name, known, "correct the name")
        found = f"the {kind.value} {name}, which does not exist"
        self._complain(at, found, f"the name of a {kind.value}", advice=advice)
        return False

    def _complain(
        self, at: Location, found: str, expected: str, *, advice: str = "correct it"
    ) -> None:
        mistake = self._document.mistake(
            at, found=found, expected=expected, advice=advice, at_key=True
        )
        self.mistakes.append(mistake)


def _explained(document: Document, details: list[ErrorDetails]) -> Iterator[Mistake]:
    for detail in details:
        place = detail["loc"]
        model = _CaseModel if place[:1] == ("cases",) else _FileModel
        known = sorted(field.alias or name for name, field in model.model_fields.items())
        match detail["type"]:
            case "extra_forbidden":
                yield document.mistake(
                    place,
                    found=f"the unknown key {place[-1]}",
                    expected="one of: " + ", ".join(known),
                    advice=suggest(str(place[-1]), known, "remove it"),
                    at_key=True,
                )
            case "missing":
                yield document.mistake(
                    place[:-1],
                    found=f"a block without the key {place[-1]}",
                    expected=f"the key {place[-1]}",
                    advice="add it; ivr_scripts/README.md explains test cases",
                    at_key=True,
                )
            case _:
                yield from explain(document, [detail])
