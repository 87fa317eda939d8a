"""
Which menus become scripts of their own, which others call (`kind: call`).

In FreePBX one menu jumps to another (`Goto(ivr-3,s,1)`), and nothing leads back but a key, a way
out or an announcement that is marked «Return»: it goes to the menu from which the caller came,
which the dialplan remembers for each menu (`IVR_CONTEXT_…`, module ivr, functions.inc.php). A jump
between nodes of one script is just that. But a menu to which several menus or numbers lead would
stand in several scripts, and its «Return» would have to lead to one of them; so it becomes a script
that they call, and its «Return» a `return`.

Rule 1: scripts never call themselves, over others either: of menus that lead to one another in a
circle at most one is called, namely the one by which all others are reached.
Rule 2: calls are never nested deeper than scripts allow; where they would be, nothing is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_DEEPEST: Final = 7
"""Calls within calls that our loader allows, and one spared (`settings.ivr.load`)."""


def menus_to_call(
    ways: Mapping[str, frozenset[str]],
    *,
    came_in: Mapping[str, frozenset[str]],
    asking: frozenset[str],
) -> frozenset[str]:
    """
    Return the menus that become scripts of their own.

    Args:
        ways: Menu → the menus that a caller meets next, but for «Return».
        came_in: Where calls come in → the menus that they meet first.
        asking: The menus that have keys; the others are announcements.
    """
    return _Menus(ways, came_in).to_call(asking)


class _Menus:
    def __init__(
        self, ways: Mapping[str, frozenset[str]], came_in: Mapping[str, frozenset[str]]
    ) -> None:
        self._ways, self._came_in = ways, came_in
        self._behind = {menu: self._reached(menu) for menu in ways}

    def to_call(self, asking: frozenset[str]) -> frozenset[str]:
        called = frozenset(each for each in asking if self._is_to_be_called(each))
        return called if self._depth(called) <= _DEEPEST else frozenset()

    def _is_to_be_called(self, menu: str) -> bool:
        ring = self._ring(menu)
        doors = {each for each in ring if self._comers(each, ring)}
        return doors == {menu} and len(self._comers(menu, ring)) > 1

    def _reached(self, menu: str) -> frozenset[str]:
        found, ahead = set[str](), list(self._ways[menu])
        while ahead:
            each = ahead.pop()
            if each not in found:
                found.add(each)
                ahead += self._ways[each]
        return frozenset(found)

    def _ring(self, menu: str) -> frozenset[str]:
        """Return the menus that lead to this one and back, and itself."""
        back = (each for each in self._behind[menu] if menu in self._behind[each])
        return frozenset({menu, *back})

    def _comers(self, menu: str, ring: frozenset[str]) -> frozenset[str]:
        """Return what leads to a menu from outside its ring."""
        menus = {
            f"menu {each}" for each, ways in self._ways.items() if menu in ways and each not in ring
        }
        numbers = {f"number {each}" for each, first in self._came_in.items() if menu in first}
        return frozenset(menus | numbers)

    def _depth(self, called: frozenset[str]) -> int:
        """Return how deep calls are nested at most; none is within itself."""
        depths: dict[str, int] = {}
        # Whoever has fewer menus behind him cannot call one that has more.
        for menu in sorted(called, key=lambda each: len(self._behind[each] - {each})):
            inner = self._behind[menu] & called - {menu}
            depths[menu] = 1 + max((depths[each] for each in inner), default=0)
        return max(depths.values(), default=0)
