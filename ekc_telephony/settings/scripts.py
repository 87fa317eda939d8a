"""
From a script's YAML file to an immutable `Script`, or to all its mistakes at once.

A script is configuration like `ekc.yaml`, so it is read by the same means and complains in the same
words. What is checked here is that it can be walked at all: every target, queue, schedule and
prompt exists, and no circle of nodes goes on without ever waiting for the caller.

Rule 1: there is no half of a script: `Script` or `SettingsError`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.engine.message import INVITATION
from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.kernel.ids import NodeId, PromptKey, QueueId, ScriptId, SkillId
from ekc_telephony.settings.document import Document, Location, read_document
from ekc_telephony.settings.errors import Mistake, SettingsError, suggest
from ekc_telephony.settings.explain import explain
from ekc_telephony.settings.values import Level, Name, PositiveDuration

_OUTCOMES: Final = (
    CallOutcome.SELF_SERVED,
    CallOutcome.INFORMED_AFTER_HOURS,
    CallOutcome.INFORMED_NO_AGENTS,
)


def _may_be_said(outcome: CallOutcome) -> CallOutcome:
    if outcome not in _OUTCOMES:
        raise ValueError("one of: " + ", ".join(each.value for each in _OUTCOMES))
    return outcome


def _as_key(written: object) -> object:
    return str(written)


Key: TypeAlias = Annotated[str, BeforeValidator(_as_key), Field(pattern=r"^[0-9*#A-D]$")]
Prompts: TypeAlias = tuple[Name, ...]


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Play(_Node):
    kind: Literal["play"]
    prompts: Prompts = Field(min_length=1)
    next: Name

    def targets(self) -> Iterator[tuple[Location, str]]:
        yield ("next",), self.next

    def build(self) -> core.Node:
        return core.Play(prompts=_keys(self.prompts), next=NodeId(self.next))


class _Menu(_Node):
    kind: Literal["menu"]
    prompts: Prompts = Field(min_length=1)
    keys: Mapping[Key, Name] = Field(min_length=1)
    timeout: PositiveDuration
    retries: Annotated[int, Field(ge=0, le=9)]
    invalid_prompts: Prompts
    timeout_prompts: Prompts
    exhausted: Name

    def targets(self) -> Iterator[tuple[Location, str]]:
        for key, target in self.keys.items():
            yield ("keys", key), target
        yield ("exhausted",), self.exhausted

    def build(self) -> core.Node:
        return core.Menu(
            prompts=_keys(self.prompts),
            choices={key: NodeId(target) for key, target in self.keys.items()},
            timeout=self.timeout,
            retries=self.retries,
            invalid_prompts=_keys(self.invalid_prompts),
            timeout_prompts=_keys(self.timeout_prompts),
            exhausted=NodeId(self.exhausted),
        )


class _Hours(_Node):
    kind: Literal["hours"]
    schedule: Name
    open: Name
    closed: Name

    def targets(self) -> Iterator[tuple[Location, str]]:
        yield ("open",), self.open
        yield ("closed",), self.closed

    def build(self) -> core.Node:
        return core.Hours(
            schedule=self.schedule, open=NodeId(self.open), closed=NodeId(self.closed)
        )


class _Enqueue(_Node):
    kind: Literal["enqueue"]
    queue: Name
    answer: Literal["at_once", "with_agent"] = "at_once"
    skills: Mapping[Name, Level] = Field(default_factory=dict)
    """What the caller needs besides what the queue asks for."""
    priority: Annotated[int, Field(ge=0, le=100, strict=True)] = 0
    """Besides that of the queue."""

    def targets(self) -> Iterator[tuple[Location, str]]:
        return iter(())

    def build(self) -> core.Node:
        return core.Enqueue(
            queue=QueueId(self.queue),
            answers_at_once=self.answer == "at_once",
            skills={SkillId(skill): level for skill, level in self.skills.items()},
            priority=self.priority,
        )


class _Message(_Node):
    kind: Literal["message"]
    prompts: Prompts = Field(default=INVITATION, min_length=1)
    """What he is asked for; the tone follows."""
    otherwise: Name
    """Where he goes when there is no message and he cannot be called back."""

    def targets(self) -> Iterator[tuple[Location, str]]:
        yield ("otherwise",), self.otherwise

    def build(self) -> core.Node:
        return core.Message(prompts=_keys(self.prompts), otherwise=NodeId(self.otherwise))


class _Goodbye(_Node):
    kind: Literal["goodbye"]
    prompts: Prompts
    outcome: Annotated[CallOutcome, AfterValidator(_may_be_said)]

    def targets(self) -> Iterator[tuple[Location, str]]:
        return iter(())

    def build(self) -> core.Node:
        return core.Goodbye(prompts=_keys(self.prompts), outcome=self.outcome)


class _Number(_Node):
    kind: Literal["number"]
    known: Name
    unknown: Name

    def targets(self) -> Iterator[tuple[Location, str]]:
        yield ("known",), self.known
        yield ("unknown",), self.unknown

    def build(self) -> core.Node:
        return core.KnownNumber(known=NodeId(self.known), unknown=NodeId(self.unknown))


class _Callback(_Node):
    kind: Literal["callback"]
    prompts: Prompts = Field(min_length=1)
    without_number: Name

    def targets(self) -> Iterator[tuple[Location, str]]:
        yield ("without_number",), self.without_number

    def build(self) -> core.Node:
        return core.Callback(
            prompts=_keys(self.prompts), without_number=NodeId(self.without_number)
        )


_AnyNode: TypeAlias = _Play | _Menu | _Hours | _Enqueue | _Message | _Goodbye | _Number | _Callback
_KINDS: Final[Mapping[str, type[_AnyNode]]] = {
    "play": _Play,
    "menu": _Menu,
    "hours": _Hours,
    "enqueue": _Enqueue,
    "message": _Message,
    "goodbye": _Goodbye,
    "number": _Number,
    "callback": _Callback,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNames:
    """What a script may name."""

    queues: frozenset[str]
    skills: frozenset[str]
    schedules: frozenset[str]
    prompts: frozenset[str]


def load_script(file: Path, *, known: KnownNames) -> core.Script:
    """
    Read and check one script; its name is the file's.

    Raises:
        SettingsError: It cannot be used; names every mistake with its place.
    """
    return script_of(read_document(file), known=known)


def version_of(text: str) -> str:
    """Return what tells this text of a script from all others."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def script_of(document: Document, *, known: KnownNames) -> core.Script:
    """
    Check one script that was read; its name is the file's.

    Raises:
        SettingsError: It cannot be used; names every mistake with its place.
    """
    mistakes = list(_strange_keys(document))
    nodes: dict[str, _AnyNode] = {}
    for found in document.keys_under(("nodes",)):
        name = found.written
        try:
            nodes[name] = _read_node(document, ("nodes", found.location[-1]))
        except SettingsError as error:
            mistakes += error.mistakes
    names = frozenset(each.written for each in document.keys_under(("nodes",)))
    mistakes += _dangling(document, nodes, names)
    for name, node in nodes.items():
        mistakes += _unknown_names(document, name, node, known)
    if not mistakes:
        mistakes += _endless(document, nodes)
    if mistakes:
        raise SettingsError(mistakes)
    return core.Script(
        script=ScriptId(document.file.stem),
        entry=NodeId(str(document.spelling(("entry",)))),
        nodes={NodeId(name): node.build() for name, node in nodes.items()},
        version=version_of(document.text),
    )


def _strange_keys(document: Document) -> Iterator[Mistake]:
    expected = ("entry", "nodes")
    for found in document.keys_under(()):
        if found.written not in expected:
            yield _unknown_key(document, found.location, expected)
    for key in expected:
        if not document.has((key,)):
            yield _missing(document, (), key)


def _read_node(document: Document, at: Location) -> _AnyNode:
    kind = document.spelling((*at, "kind"))
    model = _KINDS.get(kind or "")
    if model is None:
        found = "a node without the key kind" if kind is None else f"the unknown kind {kind}"
        advice = suggest(kind or "", _KINDS, "ivr_scripts/README.md explains the kinds")
        expected = "one of: " + ", ".join(_KINDS)
        where = at if kind is None else (*at, "kind")
        raise SettingsError(
            [document.mistake(where, found=found, expected=expected, advice=advice, at_key=True)]
        )
    try:
        return model.model_validate(_at(document.plain, at))
    except ValidationError as error:
        raise SettingsError(_explain_node(document, at, model, error)) from None


def _explain_node(
    document: Document, at: Location, model: type[_AnyNode], error: ValidationError
) -> Iterator[Mistake]:
    for detail in error.errors():
        place = (*at, *detail["loc"])
        match detail["type"]:
            case "extra_forbidden":
                yield _unknown_key(document, place, model.model_fields)
            case "missing":
                yield _missing(document, place[:-1], str(place[-1]))
            case _:
                detail["loc"] = place
                yield from explain(document, [detail])


def _unknown_key(document: Document, place: Location, known: Iterable[str]) -> Mistake:
    words = sorted(known)
    return document.mistake(
        place,
        found=f"the unknown key {place[-1]}",
        expected="one of: " + ", ".join(words),
        advice=suggest(str(place[-1]), words, "remove it"),
        at_key=True,
    )


def _missing(document: Document, block: Location, key: str) -> Mistake:
    where = f"the node `{block[-1]}`" if block else "the script"
    return document.mistake(
        block,
        found=f"{where} without the key {key}",
        expected=f"the key {key}",
        advice=f"add `{key}:` here; ivr_scripts/README.md explains it",
        at_key=True,
    )


def _dangling(
    document: Document, nodes: Mapping[str, _AnyNode], names: frozenset[str]
) -> Iterator[Mistake]:
    """Yield every target that is no node."""
    targets = [
        (("nodes", name, *where), target)
        for name, node in nodes.items()
        for where, target in node.targets()
    ]
    entry = document.spelling(("entry",))
    if entry is not None:
        targets.append((("entry",), entry))
    for where, target in targets:
        if target not in names:
            yield _nobody(document, where, "node", target, names)


def _unknown_names(
    document: Document, name: str, node: _AnyNode, known: KnownNames
) -> Iterator[Mistake]:
    at: Location = ("nodes", name)
    if isinstance(node, _Enqueue) and node.queue not in known.queues:
        yield _nobody(document, (*at, "queue"), "queue", node.queue, known.queues)
    if isinstance(node, _Enqueue):
        for skill in node.skills:
            if skill not in known.skills:
                yield _nobody(document, (*at, "skills", skill), "skill", skill, known.skills)
    if isinstance(node, _Hours) and node.schedule not in known.schedules:
        yield _nobody(document, (*at, "schedule"), "schedule", node.schedule, known.schedules)
    for field in ("prompts", "invalid_prompts", "timeout_prompts"):
        for index, prompt in enumerate(getattr(node, field, ())):
            if prompt not in known.prompts:
                yield _nobody(document, (*at, field, index), "prompt", prompt, known.prompts)


def _nobody(
    document: Document, where: Location, what: str, written: str, known: Iterable[str]
) -> Mistake:
    home = {
        "node": "write the node, or correct the name",
        "prompt": "add it to sounds/manifest.yaml and run `ekc sounds render`",
    }.get(what, "add it to ekc.yaml, or correct the name")
    return document.mistake(
        where,
        found=f"the {what} {written}, which does not exist",
        expected=f"the name of a {what}",
        advice=suggest(written, known, home),
    )


_PASSED: Final = (_Hours, _Number, _Callback)
"""Nodes that may lead on at once."""


def _endless(document: Document, nodes: Mapping[str, _AnyNode]) -> Iterator[Mistake]:
    """Yield every node from which callers would walk in a circle without a pause."""
    for name in nodes:
        walked: set[str] = set()
        ahead = [name]
        while ahead:
            node = nodes[ahead.pop()]
            if not isinstance(node, _PASSED):
                continue
            following = {target for _, target in node.targets()} - walked
            walked |= following
            ahead += following
        if name in walked and isinstance(nodes[name], _PASSED):
            yield document.mistake(
                ("nodes", name),
                found=f"a circle of `{nodes[name].kind}` nodes through {name}",
                expected="a way on which the caller hears or does something",
                advice="lead one of its branches to a play, menu, enqueue or goodbye node",
                at_key=True,
            )


def _keys(prompts: Prompts) -> tuple[PromptKey, ...]:
    return tuple(PromptKey(each) for each in prompts)


def _at(tree: Any, location: Location) -> Any:
    for step in location:
        tree = tree[step]
    return tree
