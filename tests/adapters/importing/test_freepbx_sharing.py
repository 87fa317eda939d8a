"""Which menus are called: shared ones, by one door, never in a circle, never too deep."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.importing.freepbx.growth.sharing import menus_to_call

MENUS = "abcdef"


def called(ways: Mapping[str, str], came_in: Mapping[str, str] | None = None) -> set[str]:
    """Return the called menus of `{"a": "bc"}`: a leads to b and c."""
    menus = frozenset("".join(ways) + "".join(ways.values()))
    return set(
        menus_to_call(
            {each: frozenset(ways.get(each, "")) for each in menus},
            came_in={each: frozenset(first) for each, first in (came_in or {}).items()},
            asking=menus,
        )
    )


def test_a_menu_of_one_other_is_not_called() -> None:
    assert called({"a": "b"}, {"122": "a"}) == set()


def test_a_menu_of_two_others_or_of_one_and_a_number_is_called() -> None:
    assert called({"a": "c", "b": "c"}) == {"c"}
    assert called({"a": "c"}, {"122": "a", "123": "c"}) == {"c"}


def test_who_leads_back_counts_for_nothing() -> None:
    assert called({"a": "bc", "b": "a", "c": "a"}, {"122": "a"}) == set()


def test_a_ring_is_called_by_its_only_door() -> None:
    assert called({"a": "c", "b": "c", "c": "d", "d": "c"}) == {"c"}
    assert called({"a": "c", "b": "cd", "c": "d", "d": "c"}) == set()


def test_calls_too_deep_for_scripts_are_none_at_all() -> None:
    def chain(length: int) -> dict[str, str]:
        names = [chr(ord("A") + index) for index in range(length)]
        return {"x": "".join(names), "y": "".join(names), **dict(pairwise(names))}

    assert len(called(chain(7))) == 7
    assert called(chain(8)) == set()


@given(st.dictionaries(st.sampled_from(MENUS), st.text(MENUS, max_size=4)))
def test_no_called_menu_leads_to_another_that_leads_to_it(ways: dict[str, str]) -> None:
    def behind(menu: str) -> set[str]:
        found, ahead = set[str](), list(ways.get(menu, ""))
        while ahead:
            each = ahead.pop()
            if each not in found:
                found.add(each)
                ahead += ways.get(each, "")
        return found

    found = called(ways)
    for one in found:
        for other in found - {one}:
            assert other not in behind(one) or one not in behind(other)
