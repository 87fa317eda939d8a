"""The kind that asks an information system, and what of its answers goes into variables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

from pydantic import (
    Field,
)
from typing_extensions import override

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.kernel.ids import ServiceId
from ekc_telephony.settings.document import Location
from ekc_telephony.settings.ivr.kinds.node_model import AnswerPath, FieldName, NodeModel, Written
from ekc_telephony.settings.ivr.site import Site
from ekc_telephony.settings.ivr.words import Prompts
from ekc_telephony.settings.values import Name

ANSWER_MARGIN: Final = timedelta(seconds=1)
"""Beyond an information system's own patience: for the way there and back."""


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
