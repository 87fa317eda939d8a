"""
What may be written at a node, kind by kind, and which node of the core it becomes.

The words are those of a FreePBX admin. The kinds that become several nodes are in `composites.py`.

Rule 1: whatever asks the caller says how long it waits, how often it forgives and where it leads
then: there is no default that nobody has thought of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)
from typing_extensions import override

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.engine.message import INVITATION
from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.expressions import Expression
from ekc_telephony.core.ivr.formats import DateSide, Format, FormatKind
from ekc_telephony.core.ivr.values import VariableKind
from ekc_telephony.core.kernel.ids import QueueId, ServiceId, SkillId
from ekc_telephony.settings.document import Location
from ekc_telephony.settings.ivr.site import Site
from ekc_telephony.settings.ivr.words import Prompts, TextOnly
from ekc_telephony.settings.values import Level, Name, PositiveDuration

ANSWER_MARGIN: Final = timedelta(seconds=1)
"""Beyond an information system's own patience: for the way there and back."""
_OUTCOMES: Final = (
    CallOutcome.SELF_SERVED,
    CallOutcome.INFORMED_AFTER_HOURS,
    CallOutcome.INFORMED_NO_AGENTS,
)


def _may_be_said(outcome: CallOutcome) -> CallOutcome:
    if outcome not in _OUTCOMES:
        raise ValueError("one of: " + ", ".join(each.value for each in _OUTCOMES))
    return outcome


def _as_text(written: object) -> object:
    return getattr(written, "written", str(written))


_KEY: Final = r"^[0-9*#A-D]$"
Key: TypeAlias = Annotated[
    str,
    BeforeValidator(_as_text),
    Field(pattern=_KEY),
    WithJsonSchema({"type": "string", "pattern": _KEY}),
]
_SCALAR: Final = ["string", "number", "boolean"]
Written: TypeAlias = Annotated[
    str,
    BeforeValidator(_as_text),
    Field(min_length=1),
    WithJsonSchema({"type": _SCALAR, "minLength": 1}),
]
"""An expression; YAML may read it as a number or a flag."""
Answer: TypeAlias = Annotated[
    str,
    BeforeValidator(_as_text),
    Field(min_length=1, max_length=40),
    WithJsonSchema({"type": _SCALAR, "minLength": 1, "maxLength": 40}),
]
_PATH: Final = r"^[\w-]+(\.[\w-]+)*$"
AnswerPath: TypeAlias = Annotated[
    str,
    BeforeValidator(_as_text),
    Field(pattern=_PATH, max_length=200),
    WithJsonSchema({"type": ["string", "integer"], "pattern": _PATH, "maxLength": 200}),
]
"""Names within an answer, with dots between them; a number is a place in a list, from 0."""
FieldName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,39}$")]
Retries: TypeAlias = Annotated[int, Field(ge=0, le=9, strict=True)]

Targets: TypeAlias = Iterator[tuple[Location, str]]
"""Where a node leads: the place of each name within the node, and the name."""


class NodeModel(BaseModel):
    """A node as it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    targets_at: ClassVar[tuple[str, ...]] = ()
    """The keys whose values are names of nodes."""

    def targets(self) -> Targets:
        """Yield where it leads."""
        for key in self.targets_at:
            target = getattr(self, key)
            if target is not None:
                yield (key,), target

    def build(self, site: Site, name: str) -> None:
        """Put the nodes of the core that it becomes."""
        raise NotImplementedError


class Asking(NodeModel):
    """A node that asks the caller."""

    prompts: Prompts = Field(min_length=1)
    timeout: PositiveDuration
    retries: Retries
    invalid_prompts: Prompts
    timeout_prompts: Prompts


class Play(NodeModel):
    """`play`: hear prompts."""

    kind: Literal["play"]
    prompts: Prompts = Field(min_length=1)
    next: Name
    targets_at = ("next",)

    @override
    def build(self, site: Site, name: str) -> None:
        said = site.words(self.prompts, ("nodes", name, "prompts"))
        site.put(name, core.Play(prompts=said, next=site.node(self.next)))


class Say(NodeModel):
    """`say`: hear a text."""

    kind: Literal["say"]
    text: TextOnly
    next: Name
    targets_at = ("next",)

    @override
    def build(self, site: Site, name: str) -> None:
        said = site.text(self.text, ("nodes", name, "text"))
        site.put(name, core.Play(prompts=said, next=site.node(self.next)))


class Menu(Asking):
    """`menu`: choose by one key."""

    kind: Literal["menu"]
    keys: Mapping[Key, Name] = Field(min_length=1)
    exhausted: Name
    targets_at = ("exhausted",)

    @override
    def targets(self) -> Targets:
        for key, target in self.keys.items():
            yield ("keys", key), target
        yield from super().targets()

    @override
    def build(self, site: Site, name: str) -> None:
        at: Location = ("nodes", name)
        site.put(
            name,
            core.Menu(
                prompts=site.words(self.prompts, (*at, "prompts")),
                choices={key: site.node(target) for key, target in self.keys.items()},
                timeout=self.timeout,
                retries=self.retries,
                invalid_prompts=site.words(self.invalid_prompts, (*at, "invalid_prompts")),
                timeout_prompts=site.words(self.timeout_prompts, (*at, "timeout_prompts")),
                exhausted=site.node(self.exhausted),
            ),
        )


_KIND_OF_FORMAT: Mapping[FormatKind, VariableKind] = {
    FormatKind.DIGITS: VariableKind.TEXT,
    FormatKind.SNILS: VariableKind.TEXT,
    FormatKind.PHONE: VariableKind.TEXT,
    FormatKind.NUMBER: VariableKind.NUMBER,
    FormatKind.DATE: VariableKind.DATE,
    FormatKind.TIME: VariableKind.TIME,
    FormatKind.YES_NO: VariableKind.FLAG,
}


class Collect(Asking):
    """`collect`: type digits into a variable."""

    kind: Literal["collect"]
    into: Name
    format: FormatKind
    min_length: Annotated[int, Field(ge=1, le=30, strict=True)] = 1
    max_length: Annotated[int, Field(ge=1, le=30, strict=True)] = 12
    least: Annotated[int, Field(ge=0, strict=True)] = 0
    most: Annotated[int, Field(ge=0, lt=10**15, strict=True)] = 999_999
    side: DateSide = DateSide.ANY
    year_digits: Annotated[int, Field(ge=2, le=4, strict=True)] = 4
    next: Name
    exhausted: Name
    targets_at = ("next", "exhausted")

    @override
    def build(self, site: Site, name: str) -> None:
        at: Location = ("nodes", name)
        wanted = _KIND_OF_FORMAT[self.format]
        kind = site.kind_of(self.into, (*at, "into"))
        if kind is not None and kind is not wanted:
            site.complain(
                (*at, "into"),
                found=f"a {kind.value} for what is typed as {self.format.value}",
                expected=f"a variable of the kind {wanted.value}",
                advice="change the kind under `variables:`, or the format",
            )
        try:
            asked = Format(
                kind=self.format,
                min_length=self.min_length,
                max_length=self.max_length,
                least=self.least,
                most=self.most,
                side=self.side,
                year_digits=self.year_digits,
            )
        except ValueError as error:
            site.complain(
                (*at, "format"),
                found="a format that nobody could answer",
                expected=str(error),
                advice="correct the lengths or limits",
            )
            return
        site.put(
            name,
            core.Collect(
                prompts=site.words(self.prompts, (*at, "prompts")),
                into=self.into,
                format=asked,
                timeout=self.timeout,
                retries=self.retries,
                invalid_prompts=site.words(self.invalid_prompts, (*at, "invalid_prompts")),
                timeout_prompts=site.words(self.timeout_prompts, (*at, "timeout_prompts")),
                next=site.node(self.next),
                exhausted=site.node(self.exhausted),
            ),
        )


class Hours(NodeModel):
    """`hours`: divide by a schedule."""

    kind: Literal["hours"]
    schedule: Name
    open: Name
    closed: Name
    targets_at = ("open", "closed")

    @override
    def build(self, site: Site, name: str) -> None:
        at: Location = ("nodes", name, "schedule")
        site.must_exist("schedule", self.schedule, site.building.known.schedules, at)
        site.put(
            name,
            core.Hours(
                schedule=self.schedule,
                open=site.node(self.open),
                closed=site.node(self.closed),
            ),
        )


class CaseModel(BaseModel):
    """One way of a `branch`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: Written
    next: Name


class Branch(NodeModel):
    """`branch`: divide by conditions."""

    kind: Literal["branch"]
    cases: tuple[CaseModel, ...] = Field(min_length=1)
    otherwise: Name
    targets_at = ("otherwise",)

    @override
    def targets(self) -> Targets:
        for index, case in enumerate(self.cases):
            yield ("cases", index, "next"), case.next
        yield from super().targets()

    @override
    def build(self, site: Site, name: str) -> None:
        at: Location = ("nodes", name, "cases")
        cases = tuple(
            core.Case(
                when=site.condition(case.when, (*at, index, "when")), next=site.node(case.next)
            )
            for index, case in enumerate(self.cases)
        )
        site.put(name, core.Branch(cases=cases, otherwise=site.node(self.otherwise)))


class Set(NodeModel):
    """`set`: set variables."""

    kind: Literal["set"]
    values: Mapping[Name, Written] = Field(min_length=1)
    next: Name
    targets_at = ("next",)

    @override
    def build(self, site: Site, name: str) -> None:
        at: Location = ("nodes", name, "values")
        values: dict[str, Expression | None] = {}
        for variable, written in self.values.items():
            kind = site.kind_of(variable, (*at, variable))
            if kind is not None:
                values[variable] = site.value(written, (*at, variable), kind)
        site.put(name, core.Assign(values=values, next=site.node(self.next)))


class Limit(NodeModel):
    """`limit`: let the caller pass so many times."""

    kind: Literal["limit"]
    times: Annotated[int, Field(ge=1, le=9, strict=True)]
    next: Name
    exhausted: Name
    targets_at = ("next", "exhausted")

    @override
    def build(self, site: Site, name: str) -> None:
        site.put(
            name,
            core.Limit(
                times=self.times,
                next=site.node(self.next),
                exhausted=site.node(self.exhausted),
            ),
        )


class Lookup(NodeModel):
    """`lookup`: ask an information system."""

    kind: Literal["lookup"]
    service: Name
    fields: Mapping[FieldName, Written] = Field(default_factory=dict)
    into: Mapping[Name, AnswerPath] = Field(default_factory=dict)
    prompts: Prompts = ()
    identifies: core.Identification | None = None
    """An answer proves who the caller is, by what he has typed before (S1.20: number and date)."""
    next: Name
    not_found: Name
    fallback: Name
    targets_at = ("next", "not_found", "fallback")

    @override
    def build(self, site: Site, name: str) -> None:
        at: Location = ("nodes", name)
        fields = {
            field: site.value(written, (*at, "fields", field))
            for field, written in self.fields.items()
        }
        site.must_fit(self.service, fields, (*at, "fields"))
        site.put(
            name,
            core.Lookup(
                service=ServiceId(self.service),
                fields=fields,
                into=wanted_of(site, self.into, (*at, "into")),
                prompts=site.words(self.prompts, (*at, "prompts")),
                patience=patience_of(site, self.service, (*at, "service")),
                next=site.node(self.next),
                not_found=site.node(self.not_found),
                fallback=site.node(self.fallback),
                identifies=self.identifies,
            ),
        )


class Enqueue(NodeModel):
    """`enqueue`: wait for an operator."""

    kind: Literal["enqueue"]
    queue: Name
    answer: Literal["at_once", "with_agent"] = "at_once"
    skills: Mapping[Name, Level] = Field(default_factory=dict)
    """What the caller needs besides what the queue asks for."""
    priority: Annotated[int, Field(ge=0, le=100, strict=True)] = 0
    """Besides that of the queue."""
    after: Name | None = None
    """Where he goes on whose operator has hung up."""
    targets_at = ("after",)

    @override
    def build(self, site: Site, name: str) -> None:
        at: Location = ("nodes", name)
        known = site.building.known
        site.must_exist("queue", self.queue, known.queues, (*at, "queue"))
        for skill in self.skills:
            site.must_exist("skill", skill, known.skills, (*at, "skills", skill))
        site.put(
            name,
            core.Enqueue(
                queue=QueueId(self.queue),
                answers_at_once=self.answer == "at_once",
                skills={SkillId(skill): level for skill, level in self.skills.items()},
                priority=self.priority,
                after=None if self.after is None else site.node(self.after),
            ),
        )


class Message(NodeModel):
    """`message`: leave a voice message."""

    kind: Literal["message"]
    prompts: Prompts = Field(default=INVITATION, min_length=1)
    """What he is asked for; the tone follows."""
    otherwise: Name
    """Where he goes when there is no message and he cannot be called back."""
    targets_at = ("otherwise",)

    @override
    def build(self, site: Site, name: str) -> None:
        said = site.words(self.prompts, ("nodes", name, "prompts"))
        site.put(name, core.Message(prompts=said, otherwise=site.node(self.otherwise)))


class Transfer(NodeModel):
    """`transfer`: ring a number outside."""

    kind: Literal["transfer"]
    number: Written
    otherwise: Name
    targets_at = ("otherwise",)

    @override
    def build(self, site: Site, name: str) -> None:
        known = site.building.known.outside
        site.must_exist("number outside", self.number, known, ("nodes", name, "number"))
        site.put(name, core.Transfer(number=self.number, otherwise=site.node(self.otherwise)))


class Goodbye(NodeModel):
    """`goodbye`: hear the last words."""

    kind: Literal["goodbye"]
    prompts: Prompts
    outcome: Annotated[
        CallOutcome,
        AfterValidator(_may_be_said),
        WithJsonSchema({"enum": [each.value for each in _OUTCOMES]}),
    ]

    @override
    def build(self, site: Site, name: str) -> None:
        said = site.words(self.prompts, ("nodes", name, "prompts"))
        site.put(name, core.Goodbye(prompts=said, outcome=self.outcome))


class Number(NodeModel):
    """`number`: divide by whether we know the caller's number."""

    kind: Literal["number"]
    known: Name
    unknown: Name
    targets_at = ("known", "unknown")

    @override
    def build(self, site: Site, name: str) -> None:
        node = core.KnownNumber(known=site.node(self.known), unknown=site.node(self.unknown))
        site.put(name, node)


class Callback(NodeModel):
    """`callback`: be put on the callback list."""

    kind: Literal["callback"]
    prompts: Prompts = Field(min_length=1)
    without_number: Name
    targets_at = ("without_number",)

    @override
    def build(self, site: Site, name: str) -> None:
        said = site.words(self.prompts, ("nodes", name, "prompts"))
        without = site.node(self.without_number)
        site.put(name, core.Callback(prompts=said, without_number=without))


class Language(NodeModel):
    """`language`: speak another language from now on."""

    kind: Literal["language"]
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
    next: Name
    targets_at = ("next",)

    @override
    def build(self, site: Site, name: str) -> None:
        site.must_exist(
            "language", self.language, site.building.languages, ("nodes", name, "language")
        )
        site.put(name, core.SetLanguage(language=self.language, next=site.node(self.next)))


def wanted_of(site: Site, into: Mapping[str, str], at: Location) -> Mapping[str, core.Wanted]:
    """Return what of an answer goes into which variable."""
    wanted: dict[str, core.Wanted] = {}
    for variable, path in into.items():
        kind = site.kind_of(variable, (*at, variable))
        if kind is not None:
            wanted[variable] = core.Wanted(path=tuple(path.split(".")), kind=kind)
    return wanted


def patience_of(site: Site, service: str, at: Location) -> timedelta:
    """Return how long the script waits for an answer of an information system."""
    services = site.building.known.services
    site.must_exist("information system", service, services, at)
    return services.get(service, timedelta()) + ANSWER_MARGIN
