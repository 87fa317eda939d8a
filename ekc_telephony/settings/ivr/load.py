"""
From a script's file, and the files of the scripts that it calls, to one `Script`.

A called script is built in where it is called: its nodes are there under the name of the node that
calls it (`office.greeting`), and its `return` is that node's `next`; one that names a `way` is the
node to which the calling one's `ways` lead it. So the core knows whole scripts only, and what is
proved of one is proved of all that it calls.

A *bundle* is the text of a script with those of all that it calls: what is published, journalled
and told apart by its version.

Rule 1: every target exists, and no circle of nodes goes on without ever waiting for the caller.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from typing_extensions import override

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.values import Value, Variable, VariableKind, from_answer
from ekc_telephony.core.ivr.ways import passes, ways_of
from ekc_telephony.core.kernel.ids import NodeId, PromptKey, ScriptId
from ekc_telephony.settings.document import Document, Location, read_document
from ekc_telephony.settings.errors import Mistake, SettingsError, suggest
from ekc_telephony.settings.explain import explain
from ekc_telephony.settings.ivr import composites, kinds
from ekc_telephony.settings.ivr.site import Building, KnownNames, Place, Site
from ekc_telephony.settings.values import Name, PositiveDuration

NO_LIMIT: Final = "none"
_DEEPEST_CALL: Final = 8
NODE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
"""No dot: that is how the nodes of a called script and the parts of a node are told apart."""
_SECTION: Final = re.compile(r"^# -----8<----- script ([A-Za-z0-9_-]+)\n", re.MULTILINE)


class _Call(kinds.NodeModel):
    kind: Literal["call"]
    script: Name
    next: Name
    ways: Mapping[Name, Name] = Field(default_factory=dict)
    """The ways by which the script returns that have names → nodes."""
    targets_at = ("next",)

    @override
    def targets(self) -> kinds.Targets:
        yield from super().targets()
        for way, target in self.ways.items():
            yield ("ways", way), target


class _Return(kinds.NodeModel):
    kind: Literal["return"]
    way: Name | None = None
    """None: it leads to the `next` of the call."""

    @override
    def build(self, site: Site, name: str) -> None:
        """Put nothing: whoever leads here goes on in the script that called this one."""


_AnyNode: TypeAlias = kinds.NodeModel
KINDS: Final[Mapping[str, type[_AnyNode]]] = {
    "play": kinds.Play,
    "say": kinds.Say,
    "menu": kinds.Menu,
    "collect": kinds.Collect,
    "hours": kinds.Hours,
    "branch": kinds.Branch,
    "set": kinds.Set,
    "lookup": kinds.Lookup,
    "identify": composites.Identify,
    "enqueue": kinds.Enqueue,
    "callback": kinds.Callback,
    "message": kinds.Message,
    "transfer": kinds.Transfer,
    "rate": composites.Rate,
    "survey": composites.Survey,
    "language": kinds.Language,
    "number": kinds.Number,
    "limit": kinds.Limit,
    "call": _Call,
    "return": _Return,
    "goodbye": kinds.Goodbye,
}


class _VariableModel(BaseModel):
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
    variables: Mapping[Name, _VariableModel] = Field(default_factory=dict)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedScript:
    """A script, and what its file says besides."""

    script: core.Script
    places: Mapping[NodeId, Place]
    """Where each node was written."""
    texts: Mapping[PromptKey, Mapping[str, str]]
    """The prompts to be rendered for it: key → language → text."""
    bundle: str
    max_time_to_human: timedelta | None
    """None: the admin wants no limit."""
    max_keys_to_human: int | None


def load_script(file: Path, *, known: KnownNames) -> core.Script:
    """
    Read and check one script; its name is the file's.

    Raises:
        SettingsError: It cannot be used; names every mistake with its place.
    """
    return load(read_document(file), known=known).script


def load_bundle(file: Path, bundle: str, *, known: KnownNames) -> LoadedScript:
    """
    Check a script whose text, with those of the scripts it calls, is not in files any more.

    Args:
        file: Where its text was; names the script, and stands in mistakes.
        bundle: All texts, or the script's alone.
        known: What it may name.

    Raises:
        SettingsError: It cannot be used; names every mistake with its place.
    """
    entry, *rest = _SECTION.split(bundle)
    called = dict(zip(rest[::2], rest[1::2], strict=True))
    return _Loader(read_document(file, text=entry), known=known, bundled=called).load()


def version_of(bundle: str) -> str:
    """Return what tells this bundle of a script from all others."""
    return hashlib.sha256(bundle.encode()).hexdigest()[:16]


def load(document: Document, *, known: KnownNames) -> LoadedScript:
    """
    Check one script that was read, and the scripts that it calls, which lie beside it.

    Raises:
        SettingsError: It cannot be used; names every mistake with its place.
    """
    return _Loader(document, known=known).load()


class _Loader:
    """Builds one script."""

    def __init__(
        self, document: Document, *, known: KnownNames, bundled: Mapping[str, str] | None = None
    ) -> None:
        self._document = document
        self._bundled = bundled or {}
        self._building = Building(known=known)
        self._called: dict[str, Document] = {}

    def load(self) -> LoadedScript:
        """
        Return the script.

        Raises:
            SettingsError: There are mistakes.
        """
        site = Site(building=self._building, document=self._document)
        head = self._read_head(site)
        if head is not None:
            self._building.languages = head.languages
        self._build(site, calls=(self._document.file.stem,))
        if not self._building.mistakes:
            self._building.mistakes += _endless(self._building)
        if self._building.mistakes or head is None:
            raise SettingsError(_once(self._building.mistakes))
        bundle = self._bundle()
        script = core.Script(
            script=ScriptId(self._document.file.stem),
            entry=NodeId(head.entry),
            nodes=self._building.nodes,
            version=version_of(bundle),
            variables=self._building.variables,
            languages=head.languages,
            zone=head.time_zone,
        )
        return LoadedScript(
            script=script,
            places=self._building.places,
            texts=self._building.texts,
            bundle=bundle,
            max_time_to_human=head.max_time_to_human,
            max_keys_to_human=head.max_keys_to_human,
        )

    def _bundle(self) -> str:
        """Return the text with those of all called scripts, which can be told apart again."""
        called = "".join(
            f"# -----8<----- script {name}\n{_whole_lines(each.text)}"
            for name, each in sorted(self._called.items())
        )
        return self._document.text if not called else _whole_lines(self._document.text) + called

    def _read_head(self, site: Site) -> Head | None:
        """Read the keys at the top, and declare the variables."""
        document = site.document
        strange = [*_strange_keys(document), *_strange_lines(document)]
        self._building.mistakes += strange
        try:
            head = Head.model_validate(document.plain)
        except ValidationError as error:
            if not strange:
                self._building.mistakes += explain(document, error.errors())
            return None
        for name, written in head.variables.items():
            self._declare(site, name, written)
        return head

    def _declare(self, site: Site, name: str, written: _VariableModel) -> None:
        at: Location = ("variables", name)
        declared = Variable(
            kind=written.kind,
            initial=_initial(site, written, at),
            is_personal=written.personal,
        )
        before = self._building.variables.get(name)
        if before is None:
            self._building.variables[name] = declared
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
            self._building.variables[name] = Variable(
                kind=before.kind,
                initial=declared.initial if before.initial is None else before.initial,
                is_personal=before.is_personal or declared.is_personal,
            )

    def _build(self, site: Site, *, calls: tuple[str, ...]) -> None:
        """Put all nodes of one document."""
        document = site.document
        nodes: dict[str, _AnyNode] = {}
        for found in document.keys_under(("nodes",)):
            if not NODE_NAME.fullmatch(found.written):
                site.complain(
                    found.location,
                    found=f"the node name «{found.written}»",
                    expected="at most 40 Latin letters, digits, `_` and `-`",
                    advice="rename it",
                    at_key=True,
                )
            try:
                nodes[found.written] = _read_node(document, ("nodes", found.location[-1]))
            except SettingsError as error:
                self._building.mistakes += error.mistakes
        names = frozenset(each.written for each in document.keys_under(("nodes",)))
        _complain_of_dangling(site, nodes, names)
        for name, node in nodes.items():
            if isinstance(node, _Call):
                self._build_called(site, name, node, calls=calls)
            elif isinstance(node, _Return) and len(calls) == 1:
                site.complain(
                    ("nodes", name),
                    found="a return in a script that nobody called",
                    expected="a way that ends: enqueue, callback, message, transfer, goodbye",
                    advice="calls begin in this script; end them here",
                    at_key=True,
                )
            else:
                node.build(site, name)

    def _build_called(self, site: Site, name: str, node: _Call, *, calls: tuple[str, ...]) -> None:
        at: Location = ("nodes", name, "script")
        if node.script in calls or len(calls) > _DEEPEST_CALL:
            site.complain(
                at,
                found=f"a circle of calls: {' → '.join([*calls, node.script])}",
                expected="scripts that do not call themselves",
                advice="lead back by `next` within one script",
            )
            return
        try:
            document = self._read_called(site, node.script, at)
        except SettingsError as error:
            self._building.mistakes += error.mistakes
            return
        if document is None:
            return
        entry = str(document.spelling(("entry",)))
        ways = _ways_back(document)
        _complain_of_ways(site, name, node, known=frozenset(filter(None, ways.values())))
        called = Site(
            building=self._building,
            document=document,
            prefix=f"{site.prefix}{name}.",
            returns={
                each: site.node(node.next if way is None else node.ways.get(way, node.next))
                for each, way in ways.items()
            },
        )
        self._read_head(called)
        self._build(called, calls=(*calls, node.script))
        # The calling node itself is where the caller enters: nothing happens there.
        site.put(name, core.Play(prompts=(), next=called.node(entry)))

    def _read_called(self, site: Site, script: str, at: Location) -> Document | None:
        if script in self._called:
            return self._called[script]
        file = self._document.file.with_name(f"{script}.yaml")
        text = self._bundled.get(script)
        if text is None and not file.exists():
            site.complain(
                at,
                found=f"the script {script}, which does not exist",
                expected=f"the file {file}",
                advice=suggest(
                    script,
                    (each.stem for each in file.parent.glob("*.yaml")),
                    "write it, or correct the name",
                ),
            )
            return None
        self._called[script] = document = read_document(file, text=text)
        return document


def _initial(site: Site, written: _VariableModel, at: Location) -> Value | None:
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


def _once(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """Return each mistake once: a script that is called twice is built twice."""
    return list(dict.fromkeys(mistakes))


def _strange_keys(document: Document) -> Iterator[Mistake]:
    expected = tuple(Head.model_fields)
    for found in document.keys_under(()):
        if found.written not in expected:
            yield _unknown_key(document, found.location, expected)
    for key in ("entry", "nodes"):
        if not document.has((key,)):
            yield _missing(document, (), key)


def _read_node(document: Document, at: Location) -> _AnyNode:
    kind = document.spelling((*at, "kind"))
    model = KINDS.get(kind or "")
    if model is None:
        found = "a node without the key kind" if kind is None else f"the unknown kind {kind}"
        advice = suggest(kind or "", KINDS, "ivr_scripts/README.md explains the kinds")
        expected = "one of: " + ", ".join(KINDS)
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


def _strange_lines(document: Document) -> Iterator[Mistake]:
    for line in _SECTION.finditer(document.text):
        yield Mistake(
            file=document.file,
            line=document.text.count("\n", 0, line.start()) + 1,
            column=1,
            found="the line that divides the scripts of a bundle",
            expected="one script",
            advice="remove the comment",
        )


def _whole_lines(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _missing(document: Document, block: Location, key: str) -> Mistake:
    where = f"the node `{block[-1]}`" if block else "the script"
    return document.mistake(
        block,
        found=f"{where} without the key {key}",
        expected=f"the key {key}",
        advice=f"add `{key}:` here; ivr_scripts/README.md explains it",
        at_key=True,
    )


def _complain_of_dangling(site: Site, nodes: Mapping[str, _AnyNode], names: frozenset[str]) -> None:
    """Complain of every target that is no node."""
    for name, node in nodes.items():
        for where, target in node.targets():
            site.must_exist("node", target, names, ("nodes", name, *where))
    entry = site.document.spelling(("entry",))
    if entry is not None:
        site.must_exist("node", entry, names, ("entry",))


def _ways_back(document: Document) -> Mapping[str, str | None]:
    """Return the `return` nodes of a script → the way that each of them names."""
    return {
        found.written: document.spelling(("nodes", found.location[-1], "way"))
        for found in document.keys_under(("nodes",))
        if document.spelling(("nodes", found.location[-1], "kind")) == "return"
    }


def _complain_of_ways(site: Site, name: str, node: _Call, *, known: frozenset[str]) -> None:
    """Complain of ways by which a called script returns and its call leads nowhere, or reversed."""
    for way in node.ways:
        if way not in known:
            site.complain(
                ("nodes", name, "ways", way),
                found=f"the way {way}, by which {node.script} never returns",
                expected="one of: " + ", ".join(sorted(known)) if known else "no `ways` here",
                advice=suggest(way, known, f"remove it, or name it at a return of {node.script}"),
                at_key=True,
            )
    for way in sorted(known - node.ways.keys()):
        site.complain(
            ("nodes", name, "script"),
            found=f"the script {node.script}, which may return by the way {way}",
            expected=f"`ways: {{{way}: …}}` in this node",
            advice=f"say which node of this script `{way}` leads to",
        )


def _endless(building: Building) -> Iterator[Mistake]:
    """Yield every node from which callers would walk in a circle without a pause."""
    for name, node in building.nodes.items():
        if passes(node) and name in _passed_from(building, name):
            place = building.places[name]
            kind = place.document.spelling((*place.location, "kind"))
            yield place.document.mistake(
                place.location,
                found=f"a circle of `{kind}` nodes through {name}",
                expected="a way on which the caller hears or does something",
                advice="lead one of its branches to a play, menu, enqueue or goodbye node",
                at_key=True,
            )


def _passed_from(building: Building, name: NodeId) -> set[NodeId]:
    """Return the nodes that can be reached over nodes alone that never wait."""
    walked: set[NodeId] = set()
    ahead = [name]
    while ahead:
        node = building.nodes[ahead.pop()]
        if passes(node):
            following = {way.to for way in ways_of(node)} - walked
            walked |= following
            ahead += following
    return walked


def _at(tree: Any, location: Location) -> Any:
    for step in location:
        tree = tree[step]
    return tree
