"""
The kinds that become several nodes of the core: identify, rate, survey.

A part of a node is called `<node>.<part>`; no name in a file holds a dot, so nobody else has it.

- `identify` asks for what proves who the caller is, asks the information system, and forgets what
  was typed before anything else happens, whatever the answer (G8: a code word is never stored).
- `rate` and `survey` are questions, one after another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import override

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.expressions import Expression, Known
from ekc_telephony.core.ivr.formats import Format, FormatKind
from ekc_telephony.core.ivr.script import Identification
from ekc_telephony.core.ivr.values import Variable, VariableKind
from ekc_telephony.core.kernel.ids import NodeId, ServiceId
from ekc_telephony.settings.document import Location
from ekc_telephony.settings.ivr.kinds.lookups import patience_of, wanted_of
from ekc_telephony.settings.ivr.kinds.node_model import (
    Answer,
    AnswerPath,
    Asking,
    Key,
    NodeModel,
    Retries,
)
from ekc_telephony.settings.ivr.site import Site
from ekc_telephony.settings.ivr.words import Prompts
from ekc_telephony.settings.values import Name, PositiveDuration

_MARKS: Final = ("1", "2", "3", "4", "5")
_CALLER: Final = "number"
"""The field in which the caller's number is sent; systems compare it (D2)."""


class Identify(NodeModel):
    """`identify`: prove who one is."""

    kind: Literal["identify"]
    service: Name
    by: Identification
    prompts: Prompts = ()
    """Ask for it; not with `by: number`, which asks for nothing."""
    min_length: Annotated[int, Field(ge=1, le=30, strict=True)] = 4
    max_length: Annotated[int, Field(ge=1, le=30, strict=True)] = 12
    """Of a code word and of a registration number."""
    attempts: Annotated[int, Field(ge=1, le=9, strict=True)] = 2
    """How often the system may not know him."""
    timeout: PositiveDuration | None = None
    retries: Retries = 1
    invalid_prompts: Prompts = ()
    timeout_prompts: Prompts = ()
    not_found_prompts: Prompts = ()
    wait_prompts: Prompts = ()
    """Heard while the system is asked."""
    into: Mapping[Name, AnswerPath] = Field(default_factory=dict)
    identified: Name
    otherwise: Name
    targets_at = ("identified", "otherwise")

    @model_validator(mode="after")
    def _asks_if_it_must(self) -> Self:
        asks = self.by is not Identification.NUMBER
        if asks and not (self.prompts and self.timeout):
            raise ValueError("`prompts` and `timeout`: the caller types what proves who he is")
        if not asks and self.prompts:
            raise ValueError("no `prompts`: with `by: number` the caller is asked for nothing")
        return self

    @override
    def build(self, site: Site, name: str) -> None:
        if self.by is Identification.NUMBER:
            self._ask_system(site, name, name, fields={_CALLER: Known("caller.number")})
            return
        typed = f"{site.prefix}{name}.typed"
        site.building.variables[typed] = Variable(kind=VariableKind.TEXT, is_personal=True)
        at: Location = ("nodes", name)
        assert self.timeout is not None
        is_snils = self.by is Identification.SNILS
        site.put(
            name,
            core.Collect(
                prompts=site.words(self.prompts, (*at, "prompts")),
                into=typed,
                format=Format(
                    kind=FormatKind.SNILS if is_snils else FormatKind.DIGITS,
                    min_length=min(self.min_length, self.max_length),
                    max_length=self.max_length,
                ),
                timeout=self.timeout,
                retries=self.retries,
                invalid_prompts=site.words(self.invalid_prompts, (*at, "invalid_prompts")),
                timeout_prompts=site.words(self.timeout_prompts, (*at, "timeout_prompts")),
                next=NodeId(f"{site.prefix}{name}.ask"),
                exhausted=site.node(self.otherwise),
            ),
        )
        fields = {self.by.value: Known(typed), _CALLER: Known("caller.number")}
        self._ask_system(site, name, f"{name}.ask", fields=fields, typed=typed)
        self._try_again(site, name)

    def _ask_system(
        self,
        site: Site,
        name: str,
        asking: str,
        *,
        fields: Mapping[str, Expression],
        typed: str | None = None,
    ) -> None:
        at: Location = ("nodes", name)
        site.must_fit(self.service, fields, (*at, "service"))
        ways = {
            "identified": site.node(self.identified),
            "unknown": site.node(self.otherwise)
            if typed is None
            else NodeId(f"{site.prefix}{name}.again"),
            "failed": site.node(self.otherwise),
        }
        if typed is not None:
            for way, target in ways.items():
                forget = core.Assign(values={typed: None}, next=target)
                site.put(f"{name}.{way}", forget, made_from=name)
                ways[way] = NodeId(f"{site.prefix}{name}.{way}")
        site.put(
            asking,
            core.Lookup(
                service=ServiceId(self.service),
                fields=fields,
                into=wanted_of(site, self.into, (*at, "into")),
                prompts=site.words(self.wait_prompts, (*at, "wait_prompts")),
                patience=patience_of(site, self.service, (*at, "service")),
                next=ways["identified"],
                not_found=ways["unknown"],
                fallback=ways["failed"],
                identifies=self.by,
            ),
            made_from=name,
        )

    def _try_again(self, site: Site, name: str) -> None:
        """Ask again whom the system does not know, as often as it is forgiven."""
        again, sorry = f"{name}.again", f"{name}.sorry"
        site.put(
            again,
            core.Limit(
                times=max(1, self.attempts - 1),
                next=NodeId(f"{site.prefix}{sorry}")
                if self.attempts > 1
                else site.node(self.otherwise),
                exhausted=site.node(self.otherwise),
            ),
            made_from=name,
        )
        said = site.words(self.not_found_prompts, ("nodes", name, "not_found_prompts"))
        asked_again = core.Play(prompts=said, next=NodeId(f"{site.prefix}{name}"))
        site.put(sorry, asked_again, made_from=name)


class Rate(Asking):
    """`rate`: rate the service from 1 to 5 (S1.3ж)."""

    kind: Literal["rate"]
    name: Name = "rating"
    """What statistics call the question."""
    next: Name
    targets_at = ("next",)

    @override
    def build(self, site: Site, name: str) -> None:
        at: Location = ("nodes", name)
        site.put(
            name,
            core.Question(
                question=self.name,
                prompts=site.words(self.prompts, (*at, "prompts")),
                answers={mark: mark for mark in _MARKS},
                timeout=self.timeout,
                retries=self.retries,
                invalid_prompts=site.words(self.invalid_prompts, (*at, "invalid_prompts")),
                timeout_prompts=site.words(self.timeout_prompts, (*at, "timeout_prompts")),
                next=site.node(self.next),
                is_rating=True,
            ),
        )


class QuestionModel(BaseModel):
    """One question of a survey."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    prompts: Prompts = Field(min_length=1)
    answers: Mapping[Key, Answer] = Field(min_length=1)
    into: Name | None = None
    """A text variable that gets the answer, for a `branch` afterwards."""


class Survey(NodeModel):
    """`survey`: answer questions by keys (B6)."""

    kind: Literal["survey"]
    name: Name | None = None
    """What statistics call the survey; the name of its file if absent."""
    questions: tuple[QuestionModel, ...] = Field(min_length=1)
    timeout: PositiveDuration
    retries: Retries
    invalid_prompts: Prompts
    timeout_prompts: Prompts
    next: Name
    targets_at = ("next",)

    @override
    def build(self, site: Site, name: str) -> None:
        at: Location = ("nodes", name)
        names = [name, *(f"{name}.{each.name}" for each in self.questions[1:])]
        following = [*(NodeId(f"{site.prefix}{each}") for each in names[1:]), site.node(self.next)]
        for index, (part, question) in enumerate(zip(names, self.questions, strict=True)):
            _must_be_text(site, question.into, (*at, "questions", index, "into"))
            site.put(
                part,
                core.Question(
                    question=question.name,
                    prompts=site.words(question.prompts, (*at, "questions", index, "prompts")),
                    answers=question.answers,
                    timeout=self.timeout,
                    retries=self.retries,
                    invalid_prompts=site.words(self.invalid_prompts, (*at, "invalid_prompts")),
                    timeout_prompts=site.words(self.timeout_prompts, (*at, "timeout_prompts")),
                    next=following[index],
                    survey=self.name or site.document.file.stem,
                    into=question.into,
                ),
                made_from=name,
            )


def _must_be_text(site: Site, variable: str | None, at: Location) -> None:
    """Complain of a variable that cannot hold the answer to a question."""
    kind = None if variable is None else site.kind_of(variable, at)
    if kind not in {None, VariableKind.TEXT}:
        assert kind is not None
        site.complain(
            at,
            found=f"a {kind.value} for the answer to a question",
            expected=f"a variable of the kind {VariableKind.TEXT.value}",
            advice="change the kind under `variables:`",
        )
