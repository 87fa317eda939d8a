"""
A node of a script's file, read by its kind; and what is wrong with its keys.

Rule 1: mistakes are told with the place of the key, and with the keys that there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from ekc_telephony.settings.document import Document, Location
from ekc_telephony.settings.errors import Mistake, SettingsError, suggest
from ekc_telephony.settings.explain import explain
from ekc_telephony.settings.ivr.kinds import composites, dividing, hearing, leaving, lookups
from ekc_telephony.settings.ivr.kinds.calls import Call, Return
from ekc_telephony.settings.ivr.kinds.node_model import NodeModel
from ekc_telephony.settings.ivr.site import Site

NODE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
"""No dot: that is how the nodes of a called script and the parts of a node are told apart."""
KINDS: Final[Mapping[str, type[NodeModel]]] = {
    "play": hearing.Play,
    "say": hearing.Say,
    "menu": hearing.Menu,
    "collect": hearing.Collect,
    "hours": dividing.Hours,
    "branch": dividing.Branch,
    "set": dividing.Set,
    "lookup": lookups.Lookup,
    "identify": composites.Identify,
    "enqueue": leaving.Enqueue,
    "callback": leaving.Callback,
    "message": leaving.Message,
    "transfer": leaving.Transfer,
    "rate": composites.Rate,
    "survey": composites.Survey,
    "language": dividing.Language,
    "number": dividing.Number,
    "limit": dividing.Limit,
    "call": Call,
    "return": Return,
    "goodbye": leaving.Goodbye,
}


def read_node(document: Document, at: Location) -> NodeModel:
    """
    Read one node.

    Raises:
        SettingsError: It cannot be used; names every mistake with its place.
    """
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
    document: Document, at: Location, model: type[NodeModel], error: ValidationError
) -> Iterator[Mistake]:
    for detail in error.errors():
        place = (*at, *detail["loc"])
        match detail["type"]:
            case "extra_forbidden":
                yield unknown_key(document, place, model.model_fields)
            case "missing":
                yield missing_key(document, place[:-1], str(place[-1]))
            case _:
                detail["loc"] = place
                yield from explain(document, [detail])


def unknown_key(document: Document, place: Location, known: Iterable[str]) -> Mistake:
    """Return the mistake of a key that is not known there."""
    words = sorted(known)
    return document.mistake(
        place,
        found=f"the unknown key {place[-1]}",
        expected="one of: " + ", ".join(words),
        advice=suggest(str(place[-1]), words, "remove it"),
        at_key=True,
    )


def missing_key(document: Document, block: Location, key: str) -> Mistake:
    """Return the mistake of a block that lacks a key."""
    where = f"the node `{block[-1]}`" if block else "the script"
    return document.mistake(
        block,
        found=f"{where} without the key {key}",
        expected=f"the key {key}",
        advice=f"add `{key}:` here; ivr_scripts/README.md explains it",
        at_key=True,
    )


def complain_of_dangling(site: Site, nodes: Mapping[str, NodeModel], names: frozenset[str]) -> None:
    """Complain of every target that is no node."""
    for name, node in nodes.items():
        for where, target in node.targets():
            site.must_exist("node", target, names, ("nodes", name, *where))
    entry = site.document.spelling(("entry",))
    if entry is not None:
        site.must_exist("node", entry, names, ("entry",))


def _at(tree: Any, location: Location) -> Any:
    for step in location:
        tree = tree[step]
    return tree
