"""
Circles of nodes that never wait for the caller: whoever came in would walk for ever, in no time.

Rule 1: a script that has one is not loaded; the interpreter raises where one is (its rule 3).
"""

from __future__ import annotations

from collections.abc import Iterator

from ekc_telephony.core.ivr.ways import passes, ways_of
from ekc_telephony.core.kernel.ids import NodeId
from ekc_telephony.settings.errors import Mistake
from ekc_telephony.settings.ivr.site import Building


def endless(building: Building) -> Iterator[Mistake]:
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
