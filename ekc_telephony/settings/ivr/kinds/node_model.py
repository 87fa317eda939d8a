"""
What nodes as they are written have in common, and the values that stand in them.

The words are those of a FreePBX admin.

Rule 1: whatever asks the caller says how long it waits, how often it forgives and where it leads
then: there is no default that nobody has thought of.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from ekc_telephony.settings.document import Location
from ekc_telephony.settings.ivr.site import Site
from ekc_telephony.settings.ivr.words import Prompts
from ekc_telephony.settings.values import PositiveDuration


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
