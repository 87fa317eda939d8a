"""The kinds at which a caller hears something or is asked: play, say, menu, collect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    Field,
)
from typing_extensions import override

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.formats import DateSide, Format, FormatKind
from ekc_telephony.core.ivr.values import VariableKind
from ekc_telephony.settings.document import Location
from ekc_telephony.settings.ivr.kinds.node_model import Asking, Key, NodeModel, Targets
from ekc_telephony.settings.ivr.site import Site
from ekc_telephony.settings.ivr.words import Prompts, TextOnly
from ekc_telephony.settings.values import Name


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
