"""
The nodes by which scripts call one another: `call` and `return`.

A `return` leads to the `next` of the call; one that names a `way`, to where the call's `ways` lead
it: who calls a script for addresses says where its callers go who would rather have a person.

Rule 1: every way by which a script returns is led somewhere by each of its calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from typing_extensions import override

from ekc_telephony.settings.document import Document
from ekc_telephony.settings.errors import suggest
from ekc_telephony.settings.ivr.kinds.node_model import NodeModel, Targets
from ekc_telephony.settings.ivr.site import Site
from ekc_telephony.settings.values import Name


class Call(NodeModel):
    """`call`: go through another script, and on when it returns."""

    kind: Literal["call"]
    script: Name
    next: Name
    ways: Mapping[Name, Name] = Field(default_factory=dict)
    """The ways by which the script returns that have names → nodes."""
    targets_at = ("next",)

    @override
    def targets(self) -> Targets:
        yield from super().targets()
        for way, target in self.ways.items():
            yield ("ways", way), target


class Return(NodeModel):
    """`return`: go on in the script that called this one."""

    kind: Literal["return"]
    way: Name | None = None
    """None: it leads to the `next` of the call."""

    @override
    def build(self, site: Site, name: str) -> None:
        """Put nothing: whoever leads here goes on in the script that called this one."""


def ways_back(document: Document) -> Mapping[str, str | None]:
    """Return the `return` nodes of a script → the way that each of them names."""
    return {
        found.written: document.spelling(("nodes", found.location[-1], "way"))
        for found in document.keys_under(("nodes",))
        if document.spelling(("nodes", found.location[-1], "kind")) == "return"
    }


def complain_of_ways(site: Site, name: str, node: Call, *, known: frozenset[str]) -> None:
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
