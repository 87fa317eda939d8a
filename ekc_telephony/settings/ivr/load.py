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
from typing import Final

from pydantic import ValidationError

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.kernel.ids import NodeId, PromptKey, ScriptId
from ekc_telephony.settings.document import Document, Location, read_document
from ekc_telephony.settings.errors import Mistake, SettingsError, suggest
from ekc_telephony.settings.explain import explain
from ekc_telephony.settings.ivr.endless import endless
from ekc_telephony.settings.ivr.head import Head, declare, strange_keys
from ekc_telephony.settings.ivr.kinds.calls import Call, Return, complain_of_ways, ways_back
from ekc_telephony.settings.ivr.kinds.node_model import NodeModel
from ekc_telephony.settings.ivr.nodes import NODE_NAME, complain_of_dangling, read_node
from ekc_telephony.settings.ivr.site import Building, KnownNames, Place, Site

_DEEPEST_CALL: Final = 8
_SECTION: Final = re.compile(r"^# -----8<----- script ([A-Za-z0-9_-]+)\n", re.MULTILINE)


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
            self._building.mistakes += endless(self._building)
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
        strange = [*strange_keys(document), *_strange_lines(document)]
        self._building.mistakes += strange
        try:
            head = Head.model_validate(document.plain)
        except ValidationError as error:
            if not strange:
                self._building.mistakes += explain(document, error.errors())
            return None
        for name, written in head.variables.items():
            declare(site, name, written)
        return head

    def _build(self, site: Site, *, calls: tuple[str, ...]) -> None:
        """Put all nodes of one document."""
        document = site.document
        nodes: dict[str, NodeModel] = {}
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
                nodes[found.written] = read_node(document, ("nodes", found.location[-1]))
            except SettingsError as error:
                self._building.mistakes += error.mistakes
        names = frozenset(each.written for each in document.keys_under(("nodes",)))
        complain_of_dangling(site, nodes, names)
        for name, node in nodes.items():
            if isinstance(node, Call):
                self._build_called(site, name, node, calls=calls)
            elif isinstance(node, Return) and len(calls) == 1:
                site.complain(
                    ("nodes", name),
                    found="a return in a script that nobody called",
                    expected="a way that ends: enqueue, callback, message, transfer, goodbye",
                    advice="calls begin in this script; end them here",
                    at_key=True,
                )
            else:
                node.build(site, name)

    def _build_called(self, site: Site, name: str, node: Call, *, calls: tuple[str, ...]) -> None:
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
        ways = ways_back(document)
        complain_of_ways(site, name, node, known=frozenset(filter(None, ways.values())))
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


def _once(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """Return each mistake once: a script that is called twice is built twice."""
    return list(dict.fromkeys(mistakes))


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
