"""The kinds at which a caller meets nothing: the way divides, or something is remembered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
)
from typing_extensions import override

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.expressions import Expression
from ekc_telephony.settings.document import Location
from ekc_telephony.settings.ivr.kinds.node_model import NodeModel, Targets, Written
from ekc_telephony.settings.ivr.site import Site
from ekc_telephony.settings.values import Name


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
