"""
The keys at the top of a script's file, and the variables that are declared there.

Rule 1: a script and those that it calls mean the same variable by the same name; it is personal if
one of them says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.values import Value, Variable, VariableKind, from_answer
from ekc_telephony.settings.document import Document, Location
from ekc_telephony.settings.errors import Mistake
from ekc_telephony.settings.ivr.nodes import missing_key, unknown_key
from ekc_telephony.settings.ivr.site import Site
from ekc_telephony.settings.values import Name, PositiveDuration

NO_LIMIT: Final = "none"


class VariableModel(BaseModel):
    """A variable as it is declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: VariableKind
    initial: Any = None
    personal: bool = False


def _as_limit(written: object) -> object:
    return None if written == NO_LIMIT else written


class Head(BaseModel):
    """The keys at the top of a file, but for the nodes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry: Name
    nodes: Any
    variables: Mapping[Name, VariableModel] = Field(default_factory=dict)
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], ...] = Field(
        default=(core.DEFAULT_LANGUAGE,), min_length=1
    )
    time_zone: ZoneInfo = core.DEFAULT_ZONE
    max_time_to_human: Annotated[PositiveDuration | None, BeforeValidator(_as_limit)] = timedelta(
        minutes=2
    )
    max_keys_to_human: Annotated[
        Annotated[int, Field(ge=0, le=20, strict=True)] | None, BeforeValidator(_as_limit)
    ] = 3


def declare(site: Site, name: str, written: VariableModel) -> None:
    """Declare a variable; complain where the scripts do not agree on it."""
    at: Location = ("variables", name)
    declared = Variable(
        kind=written.kind,
        initial=_initial(site, written, at),
        is_personal=written.personal,
    )
    before = site.building.variables.get(name)
    if before is None:
        site.building.variables[name] = declared
    elif before.kind is not declared.kind:
        site.complain(
            at,
            found=f"the variable {name} as {declared.kind.value}, which the script that calls "
            f"this one declares as {before.kind.value}",
            expected="one kind",
            advice="rename it in one of the two scripts",
            at_key=True,
        )
    elif None not in (before.initial, declared.initial) and before.initial != declared.initial:
        site.complain(
            (*at, "initial"),
            found=f"another initial value of {name} than in the script that calls this one",
            expected="one initial value",
            advice="rename the variable in one of the two scripts, or `set` it",
        )
    else:
        site.building.variables[name] = Variable(
            kind=before.kind,
            initial=declared.initial if before.initial is None else before.initial,
            is_personal=before.is_personal or declared.is_personal,
        )


def strange_keys(document: Document) -> Iterator[Mistake]:
    """Yield the keys that no head has, and those that this one lacks."""
    expected = tuple(Head.model_fields)
    for found in document.keys_under(()):
        if found.written not in expected:
            yield unknown_key(document, found.location, expected)
    for key in ("entry", "nodes"):
        if not document.has((key,)):
            yield missing_key(document, (), key)


def _initial(site: Site, written: VariableModel, at: Location) -> Value | None:
    if written.initial is None:
        return None
    plain = getattr(written.initial, "written", written.initial)
    found = from_answer(written.kind, plain)
    if found is None:
        site.complain(
            (*at, "initial"),
            found=f"«{plain}»",
            expected=f"a {written.kind.value}",
            advice="correct the value, or the kind",
        )
    return found
