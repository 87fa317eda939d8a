"""
The building of a script: where its nodes are put, and how whoever builds one complains.

A `Building` is the whole script, with those it calls; a `Site` is one document of it, built at one
place: a script that is called twice is built twice, under the names of the nodes that call it.

Rule 1: a node of the core remembers the place it was written at, whatever it was made from.
Rule 2: mistakes are gathered, never raised: all of them are told at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.expressions import Constant, Expression
from ekc_telephony.core.ivr.privacy import is_personal
from ekc_telephony.core.ivr.utterance import Insert, Utterance
from ekc_telephony.core.ivr.values import Variable, VariableKind
from ekc_telephony.core.kernel.ids import NodeId, PromptKey
from ekc_telephony.settings.document import Document, Location
from ekc_telephony.settings.errors import Mistake, suggest
from ekc_telephony.settings.ivr.expressions import (
    ExpressionRefusedError,
    as_kind,
    read_expression,
)
from ekc_telephony.settings.ivr.words import Prompts, Text, WordsRefusedError, read_text


class ServiceRule(Protocol):
    """What an information system can be asked by."""

    def misfit(self, fields: Iterable[str], *, personal: Iterable[str] = ()) -> str | None:
        """Return why it cannot be asked by these fields, in one sentence; None when it can."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNames:
    """What a script may name."""

    queues: frozenset[str]
    skills: frozenset[str]
    schedules: frozenset[str]
    prompts: frozenset[str]
    services: Mapping[str, timedelta] = field(default_factory=dict)
    """Information systems: name → how long an answer may take, all retries included."""
    service_rules: Mapping[str, ServiceRule] = field(default_factory=dict)
    outside: frozenset[str] = frozenset()
    """Numbers outside that callers may be sent on to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a node was written."""

    document: Document
    location: Location


@dataclass(slots=True, kw_only=True)
class Building:
    """One script with all that it calls."""

    known: KnownNames
    mistakes: list[Mistake] = field(default_factory=list)
    nodes: dict[NodeId, core.Node] = field(default_factory=dict)
    places: dict[NodeId, Place] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    languages: tuple[str, ...] = (core.DEFAULT_LANGUAGE,)
    texts: dict[PromptKey, Mapping[str, str]] = field(default_factory=dict)
    """The prompts to be rendered: key → language → text."""

    @property
    def kinds(self) -> Mapping[str, VariableKind]:
        """
        The kinds of all variables that are written in files.

        What `identify` is typed (`who.typed`) is nobody's to read.
        """
        return {name: each.kind for name, each in self.variables.items() if "." not in name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """
    One document, built at one place.

    Its methods take locations within the document.
    """

    building: Building
    document: Document
    prefix: str = ""
    """What its nodes' names begin with in the script."""
    returns: Mapping[str, NodeId] = field(default_factory=dict)
    """Its `return` nodes → where the caller goes on in the script that called this one."""

    def node(self, name: str) -> NodeId:
        """Return the node that a name of this document means."""
        return self.returns.get(name) or NodeId(f"{self.prefix}{name}")

    def put(self, name: str, node: core.Node, *, made_from: str | None = None) -> None:
        """Put a node; `made_from` is the one in the document that it is a part of."""
        full = NodeId(f"{self.prefix}{name}")
        self.building.nodes[full] = node
        location: Location = ("nodes", made_from or name)
        self.building.places[full] = Place(document=self.document, location=location)

    def complain(
        self, at: Location, *, found: str, expected: str, advice: str, at_key: bool = False
    ) -> None:
        """Note a mistake."""
        self.building.mistakes.append(
            self.document.mistake(at, found=found, expected=expected, advice=advice, at_key=at_key)
        )

    def must_exist(self, what: str, written: str, known: Iterable[str], at: Location) -> bool:
        """Complain unless a name is known."""
        if written in known:
            return True
        home = {
            "node": "write the node, or correct the name",
            "prompt": "add it to sounds/manifest.yaml and run `ekc sounds render`",
            "variable": "declare it under `variables:`",
        }.get(what, "add it to ekc.yaml, or correct the name")
        self.complain(
            at,
            found=f"the {what} {written}, which does not exist",
            expected=f"the name of a {what}",
            advice=suggest(written, known, home),
        )
        return False

    def words(self, prompts: Prompts, at: Location) -> Utterance:
        """Return what prompts say."""
        said: list[PromptKey | Insert] = []
        for index, prompt in enumerate(prompts):
            if isinstance(prompt, Text):
                said += self.text(prompt, (*at, index, "text"))
            else:
                self.must_exist("prompt", prompt, self.building.known.prompts, (*at, index))
                said.append(PromptKey(prompt))
        return tuple(said)

    def text(self, text: Text, at: Location) -> Utterance:
        """Return what a text says, and note what has to be rendered for it."""
        try:
            said, rendered = read_text(text, self.building.kinds)
        except WordsRefusedError as refused:
            self.complain(at, found=refused.found, expected=refused.expected, advice=refused.advice)
            return ()
        self.building.texts |= rendered
        return said

    def value(self, written: object, at: Location, kind: VariableKind | None = None) -> Expression:
        """Return an expression of this kind, or of any."""
        try:
            found = read_expression(str(written), self.building.kinds)
            return (found if kind is None else as_kind(found, kind)).expression
        except ExpressionRefusedError as refused:
            self.complain(
                at,
                found=f"{refused.found} in an expression",
                expected=refused.expected,
                advice="ivr_scripts/README.md explains expressions",
            )
            return Constant(value=False)

    def must_fit(self, service: str, fields: Mapping[str, Expression], at: Location) -> None:
        """Complain of a lookup that the information system cannot be asked."""
        rule = self.building.known.service_rules.get(service)
        if rule is None:
            return
        variables = self.building.variables
        personal = [name for name, value in fields.items() if is_personal(value, variables)]
        if (why := rule.misfit(fields, personal=personal)) is not None:
            self.complain(
                at,
                found=f"fields that do not fit: {why}",
                expected="the fields that `services:` of ekc.yaml speaks of",
                advice="correct the fields here, or the service there",
            )

    def condition(self, written: object, at: Location) -> Expression:
        """Return a condition."""
        return self.value(written, at, VariableKind.FLAG)

    def kind_of(self, variable: str, at: Location) -> VariableKind | None:
        """Return the kind of a variable that a node sets; complains of one that is not declared."""
        if not self.must_exist("variable", variable, self.building.variables, at):
            return None
        return self.building.variables[variable].kind
